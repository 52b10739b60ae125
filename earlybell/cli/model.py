"""Commands about models: train, predict, evaluate."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from earlybell.cli import show
from earlybell.cli.options import (
    AsOfOption,
    BundlePath,
    Ids,
    IdsOption,
    Json,
    ModelVersionOption,
    RubricOption,
    Source,
    Sources,
    TrailAnchorsOption,
    TrailOption,
    WithoutGates,
    need_training,
    options_of,
)
from earlybell.cli.ready import (
    absolute,
    home,
    ready_engine,
    ready_files,
    ready_label,
    ready_name,
    ready_sources,
    ready_trail,
)
from earlybell.cli.tables import refuse_own_ids, tables_of
from earlybell.counts import counted
from earlybell.errors import TrainingError
from earlybell.gates import check_reason
from earlybell.predict import check_as_of, check_capacity
from earlybell.whole import written_whole
from earlybell.writable import check_new_folder
from pipelines.settings import TrainingSettings

Capacity = Annotated[
    float | None,
    typer.Option(
        help="worklist: learners of a course run that staff can see; below 1: a share (else the bundle's own)"
    ),
]
CorrectionsFile = Annotated[
    Path | None, typer.Option(help="JSON file to write, what the risks of each course run were corrected by")
]
WorklistFile = Annotated[Path | None, typer.Option(help="worklist: CSV file to write, by course run and rank")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: earlybell train oulad:data/oulad --out bundle")(train)
    app.command(epilog="Example: earlybell predict bundle oulad:data/oulad --as-of 0.4 --out risks.parquet")(predict)
    app.command(epilog="Example: earlybell evaluate bundle tables:spring --as-of 0.2 --as-of 0.4")(evaluate)


@options_of(TrainingSettings)
def train(
    sources: Sources,
    out: Annotated[Path, typer.Option(help="folder of the bundle to write")],
    settings: TrainingSettings,
    without_gates: WithoutGates = None,
    as_json: Json = False,
) -> None:
    """Run the training pipeline here: from sources to a sealed bundle and a version in the registry.

    The files of a run are kept under .earlybell/runs (or EARLYBELL_HOME). The registry is MLflow: SQLite there, or the
    server of MLFLOW_TRACKING_URI. The trail is only written to with --without-gates.
    """
    need_training("train")
    from components.evaluate import Policy
    from earlybell.bundle import read_bundle

    check_new_folder(out, "the bundle's folder")
    ready_name(settings.model_name)
    ready_label(settings.label_kind, Path(settings.rubric) if settings.rubric else None)
    ready_engine(settings.engine)
    if without_gates is not None:
        check_reason(without_gates)
        ready_trail(settings.trail, settings.trail_anchors)
    Policy(settings.capacity, settings.cost_miss or None, settings.cost_false_alarm or None)
    outputs = run_training(
        sources, replace(settings, rubric=absolute(settings.rubric), without_gates=without_gates or "")
    )
    copy_bundle(outputs, out)
    evaluation = read_bundle(out).evaluation
    version = json.loads(Path(outputs["version"].path).read_text())
    if as_json:
        typer.echo(json.dumps({"bundle": str(out), "version": version, "chosen": evaluation.chosen}))
        return
    show.comparison(evaluation)
    show.trust(evaluation)
    show.places(out, version)


def predict(
    bundle: BundlePath,
    source: Source,
    as_of: AsOfOption = "0.4",
    out: Annotated[Path | None, typer.Option(help="Parquet file to write, a row a learner and moment")] = None,
    capacity: Capacity = None,
    worklist: WorklistFile = None,
    corrections: CorrectionsFile = None,
    trail: TrailOption = "",
    trail_anchors: TrailAnchorsOption = "",
    model_version: ModelVersionOption = "",
    ids: IdsOption = Ids.pseudonymous,
    as_json: Json = False,
) -> None:
    """Predict the risk of everybody enrolled at a moment, with the band, the reasons and how sure it is.

    With --capacity or --worklist: the learners of each course run by priority, as many as the staff can see.
    """
    from earlybell.bundle import read_bundle
    from earlybell.predict import (
        Predictor,
        bundle_capacity,
        course_corrections,
        json_rows,
        make_worklist,
        write_corrections,
        write_predictions,
        write_worklist,
    )

    check_as_of(as_of)
    if capacity is not None:
        check_capacity(capacity)
    ready_files({"--out": out, "--worklist": worklist, "--corrections": corrections})
    if trail:
        refuse_own_ids(source, ids)
    ready_trail(trail, trail_anchors)
    predictor = Predictor(read_bundle(bundle))
    ready_sources([source], ids)
    with_worklist = capacity is not None or worklist is not None
    with tables_of([source], ids) as tables:
        predictions = predictor.predict_tables(tables, as_of)
    places = bundle_capacity(predictor.bundle) if capacity is None else capacity
    entries = make_worklist(predictions, places, predictor.bundle.catalogue) if with_worklist else []
    of_courses = course_corrections(predictions, predictor.bundle.digest)
    if trail:
        from earlybell.trail.predicted import keep_batch

        version = model_version or predictor.bundle.version
        keep_batch(predictions, predictor.bundle, trail, version=version, caller="predict", anchors=trail_anchors)
    if out:
        write_predictions(predictions, out)
    if worklist:
        write_worklist(entries, worklist)
    if corrections:
        write_corrections(of_courses, corrections)
    if as_json:
        for row in json_rows(predictions):
            typer.echo(row)
        return
    evaluation = predictor.bundle.evaluation
    if not len(predictions.risk):
        typer.echo("Nobody is enrolled now.")
    elif with_worklist:
        show.worklist(entries, predictions, evaluation)
    else:
        show.at_risk(predictions, evaluation)
    show.corrections(of_courses)
    if worklist:
        typer.echo(f"Wrote {counted(len(entries), 'learner')} to {worklist}.")
    if out:
        typer.echo(f"Wrote {len(predictions.risk):,} predictions to {out}.")
    if corrections:
        typer.echo(f"Wrote {len(of_courses):,} corrections to {corrections}.")


def evaluate(
    bundle: BundlePath,
    sources: Sources,
    as_of: Annotated[list[str], typer.Option("--as-of", help="may be given several times")] = ["0.2", "0.4", "0.6"],  # noqa: B006 (Typer reads it, nobody changes it)
    rubric: RubricOption = None,
    as_json: Json = False,
) -> None:
    """Measure a bundle on sources whose outcomes are known, with intervals from resampled learners.

    It is measured by its own label: one that was trained with a rubric by what the rubric says of these sources.
    Figures of course runs that the bundle was trained on are too good: give it others.
    """
    need_training("evaluate")
    from components.evaluate.batch import measure_bundle
    from components.label import known_labels
    from earlybell.bundle import read_bundle

    for moment in as_of:
        check_as_of(moment)
    opened = read_bundle(bundle)
    kind = opened.manifest.label
    ready_label(kind, rubric, opened.evaluation.rubric)
    ready_sources(sources, Ids.keep)
    moments = [f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}" if moment == "now" else moment for moment in as_of]
    with tables_of(sources, Ids.keep) as tables:
        rows = [
            row
            for moment in moments
            for row in measure_bundle(opened, tables, moment, known_labels(kind, tables, moment, rubric))
        ]
    if not rows:
        raise TrainingError(f"no learner enrolled then has an {kind}", ", ".join(as_of), "Give finished course runs.")
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(rows), indent=1))
        return
    show.metrics(rows)


def run_training(sources: list[str], settings: TrainingSettings) -> dict[str, Any]:
    """Run the training pipeline in a folder of its own; its outputs."""
    need_training("train")
    ready_sources(sources)
    place = home()
    from pipelines.snapshots import keep
    from pipelines.training import training

    arguments = {"sources": sources, **asdict(settings)}
    outputs = run_here(training, arguments, "Training", {"extract": _extracted})
    keep(Path(outputs["tables"].path), place)
    return outputs


def _extracted(run: Path) -> Table | None:
    """What a run learns from, once its first step has ended."""
    tables = next(run.glob("artifacts/*/extract/tables"), None)
    return show.course_runs(tables) if tables else None


def run_here(
    pipeline: Callable[..., Any],
    arguments: dict[str, Any],
    doing: str,
    shown: Mapping[str, Callable[[Path], Table | None]] | None = None,
) -> dict[str, Any]:
    """Run a pipeline in a folder of its own, telling its progress; its outputs.

    Args:
        shown: what is shown of that folder at the end of a step, by the step's name; None: nothing.
    """
    from earlybell.cli.progress import progress
    from pipelines.local import LOG, run, steps

    folder = home() / "runs" / f"{datetime.now():%Y%m%d-%H%M%S-%f}"
    after = {step: partial(table, folder) for step, table in (shown or {}).items()}
    with progress(folder / LOG, doing, steps(pipeline), after) as tell:
        return dict(run(pipeline, arguments, folder, tell))


def copy_bundle(outputs: dict[str, Any], out: Path) -> None:
    """Copy the bundle of a run, with its report beside the sealed files, whole or not at all."""
    with written_whole(out) as part:
        shutil.copytree(outputs["bundle"].path, part)
        shutil.copyfile(outputs["report"].path, part / "report.html")
