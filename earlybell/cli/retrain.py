"""Commands about retraining: retrain, approve, reject."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from earlybell.cli.model import run_here
from earlybell.cli.options import (
    Json,
    ModelNameOption,
    Sources,
    TrailAnchorsOption,
    TrailOption,
    need_training,
    options_of,
)
from earlybell.cli.ready import absolute, home, ready_engine, ready_label, ready_name, ready_sources, ready_trail
from earlybell.errors import SettingError
from earlybell.gates import check_reason
from earlybell.writable import check_folder
from pipelines.settings import MODEL_NAME, RetrainingSettings

if TYPE_CHECKING:
    from components.registry import Version
    from components.retraining import Decision

PAGE = "proposal.html"

ModelVersion = Annotated[str, typer.Argument(help="whose proposal waits", metavar="MODEL_VERSION")]
Reason = Annotated[str, typer.Option(help="why, in a sentence; name no learner in it")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: earlybell retrain tables:site --bundle bundle --out retraining")(retrain)
    app.command(epilog='Example: earlybell approve 8 --reason "better in every course run" --trail sqlite:trail.db')(
        approve
    )
    app.command(epilog='Example: earlybell reject 8 --reason "too few learners of one course" --trail sqlite:trail.db')(
        reject
    )


@options_of(RetrainingSettings)
def retrain(
    sources: Sources,
    settings: RetrainingSettings,
    out: Annotated[
        Path | None, typer.Option(help=f"folder for proposal.json and {PAGE}; else retraining in EARLYBELL_HOME")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the retraining pipeline here: whether to train again, and if so a version that waits for a person.

    It trains by calendar, or where a figure of performance is beyond its threshold, never while data are broken, and
    never on the same data with the same settings. It prints why, or why not, and ends by 0 either way. A proposal
    compares the new version with the champion on the same learners; its page's address is printed.
    """
    need_training("retrain")
    from components.evaluate import Policy
    from components.monitor import read_period
    from components.retraining import Decision, check_approval
    from earlybell.bundle.json_files import read_json
    from pipelines.retraining import retraining

    check_approval(settings.approval)
    read_period(settings.since, settings.as_of)
    ready_name(settings.model_name)
    ready_label(settings.label_kind, Path(settings.rubric) if settings.rubric else None)
    ready_engine(settings.engine)
    ready_trail(settings.trail, settings.trail_anchors)
    Policy(settings.capacity, settings.cost_miss or None, settings.cost_false_alarm or None)
    ready_sources(sources)
    folder = out or home() / "retraining"
    check_folder(folder, "--out")
    settings = replace(settings, bundle=absolute(settings.bundle), rubric=absolute(settings.rubric))
    outputs = run_here(retraining, {"sources": sources, **asdict(settings)}, "Retraining")
    decision = read_json(Path(outputs["decision"].path), Decision)
    version = _kept(settings.model_name, decision, folder) if decision.train else None
    if as_json:
        typer.echo(json.dumps({"decision": msgspec.to_builtins(decision), "version": version and asdict(version)}))
        return
    _show(decision, version, folder)


def approve(
    version: ModelVersion,
    reason: Reason,
    model_name: ModelNameOption = MODEL_NAME,
    trail: TrailOption = "",
    trail_anchors: TrailAnchorsOption = "",
) -> None:
    """Approve the proposal of a retraining: the version may then be released, step by step, as any other.

    The audit trail keeps who said so and why, before the registry has it.
    """
    _decide(version, reason, model_name, trail, trail_anchors, approved=True)


def reject(
    version: ModelVersion,
    reason: Reason,
    model_name: ModelNameOption = MODEL_NAME,
    trail: TrailOption = "",
    trail_anchors: TrailAnchorsOption = "",
) -> None:
    """Reject the proposal of a retraining: the version stays in the registry, and is not released.

    The audit trail keeps who said so and why, before the registry has it. It can still be approved later.
    """
    _decide(version, reason, model_name, trail, trail_anchors, approved=False)


def _decide(number: str, reason: str, model_name: str, trail: str, anchors: str, *, approved: bool) -> None:
    command = "approve" if approved else "reject"
    need_training(command)
    check_reason(reason, "--reason")
    if not trail:
        way_out = "Name the audit trail by --trail or EARLYBELL_TRAIL."
        raise SettingError("the decision has nowhere to be recorded", reason, way_out)
    ready_trail(trail, anchors)
    from components.registry import find, settle
    from earlybell.trail import keep_entry, new_approval

    version = find(model_name, number)
    state = "approved" if approved else "rejected"
    if version.proposal in ("", state):
        words = f"it is {state} already, by {version.decided}" if version.proposal else "no retraining proposed it"
        way_out = "`earlybell status` shows what waits."
        raise SettingError(f"there is nothing to {command} of version {version.version}", words, way_out)
    kept = new_approval(
        reason,
        approved=approved,
        model_name=version.name,
        model_version=version.version,
        digest=version.digest,
        proposed=version.proposed,
    )
    keep_entry(kept, trail, anchors)
    settle(version, kept.in_short, approved=approved)
    then = f" Release it: earlybell release {version.version} --traffic 0" if approved else ""
    typer.echo(f"{state.capitalize()} version {version.version} of {version.name}.{then}")


def _kept(model_name: str, decision: "Decision", folder: Path) -> "Version":
    """The version that this training gave; its proposal is copied to the folder."""
    from components.registry import fetch_proposal, find, read_trained

    same = [training for training in read_trained(model_name) if training.version and training.basis == decision.basis]
    version = find(model_name, max(same, key=lambda training: training.at).version)
    fetch_proposal(version, folder)
    return version


def _show(decision: "Decision", version: "Version | None", folder: Path) -> None:
    for warning in decision.warnings:
        typer.echo(f"warning: {warning}")
    if version is None:
        typer.echo(f"No training ({decision.cause}). {decision.sentence}")
        return
    typer.echo(f"Trained ({decision.cause}). {decision.sentence}")
    typer.echo(version.proposed)
    page = (folder / PAGE).absolute().as_uri()
    typer.echo(f"Version {version.version} of {version.name}: {version.proposal}; page: {page}")
