"""The command `earlybell`."""

import os
import sys

import typer

from earlybell.cli import card, data, demo, model, reproduce, rollout, serve, site, trail
from earlybell.errors import EarlybellError
from earlybell.home import home_folder
from earlybell.moved import check_moved

EXIT_CODES = """
Exit codes: 0 done, 1 a defect of ours, 2 a wrong setting, 3 a source that cannot be used, 4 too little to train on,
5 a gate was missed, 6 a bundle that cannot be trusted, 7 the registry, 8 a package is missing,
9 a model that was not reproduced, 10 the audit trail is not whole or cannot be kept, 11 a request that does not hold
what it must, 12 the cluster, 13 Kubeflow Pipelines, 130 interrupted.
"""

app = typer.Typer(
    help="Early warning for courses on Moodle: who drifts towards failing or leaving, why, and how far to trust it.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
demo.add_to(app)
data.add_to(app)
model.add_to(app)
site.add_to(app)
card.add_to(app)
reproduce.add_to(app)
serve.add_to(app)
rollout.add_to(app)
trail.add_to(app)


def main() -> None:
    """Run a command; an error that a user can mend is one line on stderr and its exit code."""
    # Matplotlib's list of fonts lies with our own files, and not in the home folder of whoever trains.
    os.environ.setdefault("MPLCONFIGDIR", str(home_folder().absolute() / "matplotlib"))
    try:
        for argument in sys.argv[1:]:
            check_moved(argument.partition("=")[0])
        app()
    except EarlybellError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, SystemExit, RuntimeError) as error:
        if not _interrupted(error):
            raise
        typer.secho("interrupted: nothing that was there before has changed", fg="red", err=True)
        sys.exit(130)


def _interrupted(error: BaseException) -> bool:
    """Whether it was Ctrl-C, which Typer turns into its own exit and DuckDB, in a query, into an error of its own."""
    if isinstance(error, SystemExit):
        return error.code == 130
    return isinstance(error, KeyboardInterrupt) or str(error) == "Query interrupted"
