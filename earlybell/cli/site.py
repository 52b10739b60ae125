"""The command `predict-site`: the prediction pipeline, run here."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from earlybell.cli import show
from earlybell.cli.model import CorrectionsFile, WorklistFile, run_here
from earlybell.cli.options import Json, Sources, need_training, options_of
from earlybell.cli.ready import absolute, ready_files, ready_sources, ready_trail
from earlybell.counts import counted
from earlybell.predict import check_as_of, check_capacity, read_corrections
from earlybell.whole import written_whole
from pipelines.settings import PredictionSettings


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(epilog="Example: earlybell predict-site tables:site --version champion --worklist today.csv")(
        predict_site
    )


@options_of(PredictionSettings)
def predict_site(
    sources: Sources,
    settings: PredictionSettings,
    out: Annotated[Path | None, typer.Option(help="Parquet file to write, a row a learner and moment")] = None,
    worklist: WorklistFile = None,
    corrections: CorrectionsFile = None,
    as_json: Json = False,
) -> None:
    """Run the prediction pipeline here: a whole site by a registered version, to predictions and worklists.

    A registered version keeps its number: --model-version is for --bundle.
    The files of a run are kept under .earlybell/runs (or EARLYBELL_HOME). `earlybell predict` is the light way.
    """
    need_training("predict-site")
    check_as_of(settings.as_of)
    if settings.capacity:
        check_capacity(settings.capacity)
    ready_sources(sources)
    ready_files({"--out": out, "--worklist": worklist, "--corrections": corrections})
    ready_trail(settings.trail, settings.trail_anchors)
    from pipelines.prediction import prediction

    settings = replace(settings, bundle=absolute(settings.bundle))
    outputs = run_here(prediction, {"sources": sources, **asdict(settings)}, "Predicting")
    copies = {"predictions": out, "worklist": worklist, "corrections": corrections}
    places = {name: _copy(Path(outputs[name].path), place) for name, place in copies.items()}
    _print_facts(
        _facts(outputs["predictions"].metadata) | {name: str(place) for name, place in places.items()}, as_json
    )


def _copy(source: Path, out: Path | None) -> Path:
    """Copy a file whole or not at all, if it is asked for; where it lies."""
    if out is None:
        return source
    with written_whole(out) as part:
        shutil.copyfile(source, part)
    return out


def _facts(metadata: dict[str, Any]) -> dict[str, Any]:
    """What the predict step said, with counts as they were: KFP makes every number a float."""
    return {name: _facts(value) if isinstance(value, dict) else _count(value) for name, value in metadata.items()}


def _count(value: Any) -> Any:
    """A whole number as one; a fraction, and whatever is no number, as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _print_facts(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(facts))
        return
    bands = ", ".join(f"{count:,} {band}" for band, count in facts["bands"].items()) or "nobody is enrolled now"
    learners, runs = counted(facts["learners"], "learner"), counted(facts["runs"], "course run")
    typer.echo(f"{learners} in {runs}, as of {facts['as_of']}: {bands}")
    show.corrections(read_corrections(Path(facts["corrections"])))
    typer.echo(f"Predictions: {facts['predictions']}")
    typer.echo(f"Worklist:    {facts['worklist']}")
    typer.echo(f"Corrections: {facts['corrections']}")
