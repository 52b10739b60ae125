"""The command `demo`: the main job from beginning to end."""

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from earlybell.cli import show
from earlybell.cli.model import copy_bundle, run_training
from earlybell.cli.options import SOURCE_HELP
from earlybell.cli.ready import home, ready_sources
from earlybell.tables.pseudonyms import KEY_VARIABLE
from pipelines.settings import TrainingSettings


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(epilog="Example: earlybell demo oulad:data/oulad")(demo)


def demo(
    source: Annotated[str, typer.Argument(help=SOURCE_HELP)] = "simulate:",
) -> None:
    """Train on a source and show who is at risk, why, and how far to trust it. Without a source: a simulated site."""
    from earlybell.bundle import read_bundle
    from earlybell.predict import Predictor

    # The demo's own key lasts as long as the demo: nobody can turn its pseudonyms back.
    os.environ.setdefault(KEY_VARIABLE, secrets.token_hex(32))
    ready_sources([source])
    outputs = run_training([source], TrainingSettings())
    bundle = home() / "demo"
    shutil.rmtree(bundle, ignore_errors=True)
    copy_bundle(outputs, bundle)
    tables = Path(outputs["tables"].path)
    as_of, note = _now(tables)
    predictor = Predictor(read_bundle(bundle))
    evaluation = predictor.bundle.evaluation
    show.at_risk(predictor.predict_tables(tables, as_of), evaluation)
    typer.echo(f"{note}\n")
    show.comparison(evaluation)
    show.trust(evaluation)
    version: dict[str, Any] = json.loads(Path(outputs["version"].path).read_text())
    show.places(bundle, version)
    typer.echo("Next: open the report in a browser; `earlybell --help` lists what else there is.")


_UNDER_WAY = """
    SELECT course_id, max(occurred_at) + INTERVAL 1 SECOND FROM events
    WHERE course_id NOT IN (SELECT course_id FROM outcomes) GROUP BY course_id ORDER BY 2 DESC LIMIT 1"""


def _now(tables: Path) -> tuple[str, str]:
    """A moment to predict for: the last known one of a course run under way, else 40% of finished ones."""
    from earlybell.predict import open_tables

    for course, at in open_tables(tables).execute(_UNDER_WAY).fetchall():
        return str(at), f"{course} is under way, as of {at:%d %B %Y}; the model has not seen its outcomes."
    return "0.4", (
        "All course runs of this source are finished, so these are as of 40% of each, by a model that was trained on\n"
        "their outcomes: they show what a teacher sees. How well it does with runs it has not seen is below."
    )
