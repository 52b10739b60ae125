"""The command `earlybell`."""

import os
import sys

import typer

from earlybell.cli import (
    card,
    data,
    demo,
    mlbackend,
    model,
    monitor,
    moodle,
    reproduce,
    retrain,
    rollout,
    serve,
    site,
    trail,
)
from earlybell.cli.options import tell_in_red
from earlybell.errors import INTERRUPTED, ended_by_own_errors, exit_codes
from earlybell.home import home_folder
from earlybell.moved import in_addresses

app = typer.Typer(
    help="Early warning for courses on Moodle: who drifts towards failing or leaving, why, and how far to trust it.",
    epilog=exit_codes(),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
demo.add_to(app)
data.add_to(app)
moodle.add_to(app)
model.add_to(app)
site.add_to(app)
monitor.add_to(app)
retrain.add_to(app)
card.add_to(app)
reproduce.add_to(app)
serve.add_to(app)
mlbackend.add_to(app)
rollout.add_to(app)
trail.add_to(app)


def main() -> None:
    """Run a command; an error that a user can mend is one line on stderr and its exit code."""
    # Matplotlib's list of fonts lies with our own files, and not in the home folder of whoever trains.
    os.environ.setdefault("MPLCONFIGDIR", str(home_folder().absolute() / "matplotlib"))
    try:
        with ended_by_own_errors(tell_in_red):
            app(in_addresses(sys.argv[1:], lambda text: typer.echo(text, err=True)))
    except (KeyboardInterrupt, SystemExit, RuntimeError) as error:
        if not _interrupted(error):
            raise
        tell_in_red("interrupted: nothing that was there before has changed")
        sys.exit(INTERRUPTED)


def _interrupted(error: BaseException) -> bool:
    """Whether it was Ctrl-C, which Typer turns into its own exit and DuckDB, in a query, into an error of its own."""
    if isinstance(error, SystemExit):
        return error.code == INTERRUPTED
    return isinstance(error, KeyboardInterrupt) or str(error) == "Query interrupted"
