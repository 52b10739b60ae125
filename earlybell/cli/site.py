"""The command `predict-site`: the prediction pipeline, run here."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from earlybell.cli.model import AsOf, Capacity, WorklistFile, run_here
from earlybell.cli.options import (
    BadShare,
    Json,
    ModelVersionOption,
    PassMark,
    Sources,
    Timezone,
    TrailAnchorsOption,
    TrailOption,
    need_training,
)
from earlybell.cli.ready import ready_files, ready_sources, ready_trail
from earlybell.predict import check_as_of, check_capacity


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(epilog="Example: earlybell predict-site tables:site --version champion --worklist today.csv")(
        predict_site
    )


def predict_site(
    sources: Sources,
    model_name: Annotated[str, typer.Option(help="name in the registry")] = "learner-risk",
    version: Annotated[str, typer.Option(help="version in the registry, or alias")] = "champion",
    bundle: Annotated[Path | None, typer.Option(help="folder of a sealed bundle, instead of a version")] = None,
    as_of: AsOf = "now",
    capacity: Capacity = None,
    out: Annotated[Path | None, typer.Option(help="Parquet file to write, a row a learner and moment")] = None,
    worklist: WorklistFile = None,
    trail: TrailOption = "",
    trail_anchors: TrailAnchorsOption = "",
    model_version: ModelVersionOption = "",
    max_bad_share: BadShare = 0.01,
    pass_mark: PassMark = "",
    timezone: Timezone = "UTC",
    as_json: Json = False,
) -> None:
    """Run the prediction pipeline here: a whole site by a registered version, to predictions and worklists.

    A registered version keeps its number: --model-version is for --bundle.
    The files of a run are kept under .earlybell/runs (or EARLYBELL_HOME). `earlybell predict` is the light way.
    """
    need_training("predict-site")
    check_as_of(as_of)
    if capacity is not None:
        check_capacity(capacity)
    ready_sources(sources)
    ready_files({"--out": out, "--worklist": worklist})
    ready_trail(trail, trail_anchors)
    from pipelines.prediction import prediction

    model = {"model_name": model_name, "version": version, "bundle": str(bundle.absolute()) if bundle else ""}
    policy = {"as_of": as_of, "capacity": capacity or 0.0}
    kept = {"trail": trail, "trail_anchors": trail_anchors, "model_version": model_version}
    site = {"max_bad_share": max_bad_share, "pass_mark": pass_mark, "timezone": timezone}
    outputs = run_here(prediction, {"sources": sources, **model, **policy, **kept, **site}, "Predicting")
    copies = {"predictions": out, "worklist": worklist}
    places = {name: _copy(Path(outputs[name].path), place) for name, place in copies.items()}
    _say(_facts(outputs["predictions"].metadata) | {name: str(place) for name, place in places.items()}, as_json)


def _copy(source: Path, out: Path | None) -> Path:
    """Copy a file whole or not at all, if it is asked for; where it lies."""
    if out is None:
        return source
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    shutil.copyfile(source, part)
    return part.replace(out)


def _facts(metadata: dict[str, Any]) -> dict[str, Any]:
    """What the predict step said, with counts as they were: KFP makes every number a float."""
    return {name: _facts(value) if isinstance(value, dict) else _count(value) for name, value in metadata.items()}


def _count(value: Any) -> Any:
    """A whole number as one; a fraction, and whatever is no number, as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _say(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found))
        return
    bands = ", ".join(f"{count:,} {band}" for band, count in found["bands"].items()) or "nobody is enrolled now"
    typer.echo(f"{found['learners']:,} learners in {found['runs']} course runs, as of {found['as_of']}: {bands}")
    typer.echo(f"Predictions: {found['predictions']}")
    typer.echo(f"Worklist:    {found['worklist']}")
