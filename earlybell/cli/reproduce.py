"""The command `reproduce`: a model again from its snapshot."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from msgspec import structs

from earlybell.bundle import Manifest
from earlybell.cli.model import run_here
from earlybell.cli.options import EngineOption, Json, ModelNameOption, RubricOption, need_training
from earlybell.cli.ready import home, ready_engine, ready_label
from earlybell.errors import ReproductionError
from earlybell.gates import Gates, Verdict, read_verdict
from pipelines.settings import TrainingSettings


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(epilog="Example: earlybell reproduce 3")(reproduce)


def reproduce(
    version: Annotated[str, typer.Argument(help="of the registered model, or its alias", metavar="MODEL_VERSION")],
    model_name: ModelNameOption = TrainingSettings.model_name,
    engine: EngineOption = TrainingSettings.engine,
    rubric: RubricOption = None,
    as_json: Json = False,
) -> None:
    """Train a registered version again from the tables kept of its run, and say whether it is the same.

    It is the same where every file of the bundle is, byte by byte. Nothing is registered.
    """
    need_training("reproduce")
    from components.registry import fetch
    from earlybell.bundle import read_bundle
    from pipelines.snapshots import find
    from pipelines.training import reproduction

    ready_engine(engine)
    place = home()
    with TemporaryDirectory(prefix="earlybell-") as temporary:
        before = read_bundle(fetch(model_name, version, Path(temporary) / "bundle"))
        trained, verdict = before.evaluation.rubric, read_verdict(before.path)
    label = before.manifest.label
    ready_label(label, rubric, trained)
    tables = find(before.manifest.data.digest, place)
    settings = structs.asdict(before.manifest.settings) | {"label_kind": label, "engine": engine}
    settings["rubric"] = str(rubric.absolute()) if rubric else ""
    settings |= _judged_as(verdict)
    outputs = run_here(reproduction, {"tables": str(tables.absolute()), **settings}, "Training")
    after = read_bundle(Path(outputs["Output"].path))
    differing = _differing(before.manifest, after.manifest)
    if as_json:
        comparison = {"same": not differing, "before": before.digest, "after": after.digest, "differing": differing}
        typer.echo(json.dumps(comparison))
    if differing:
        way_out = "Take the code and the locked packages of its time, and the same engine."
        raise ReproductionError(f"version {version} of {model_name} was not reproduced", ", ".join(differing), way_out)
    if not as_json:
        typer.echo(f"Version {version} of {model_name} was trained again and is the same: digest {after.digest}.")


def _judged_as(verdict: Verdict | None) -> dict[str, float | str]:
    """The pipeline's parameters of the gates, as a bundle was judged; of one that never was, its verdict differs."""
    gates, waived = (verdict.gates, verdict.waived) if verdict else (Gates(), "")
    return structs.asdict(gates) | {"without_gates": waived}


def _differing(before: Manifest, after: Manifest) -> list[str]:
    """Names of the files, and of the manifest's facts, that are not the same in both; the time does not count."""
    files = before.files.keys() | after.files.keys()
    facts = {field for field in before.__struct_fields__ if field not in ("files", "created_at")}
    differing = {name for name in files if before.files.get(name) != after.files.get(name)}
    return sorted(differing | {name for name in facts if getattr(before, name) != getattr(after, name)})
