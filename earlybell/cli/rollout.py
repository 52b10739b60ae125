"""Commands about the cluster: release, status, aliases."""

import json
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earlybell.cli.options import Json, TrailAnchorsOption, TrailOption, WithoutGates, need_training
from earlybell.cli.ready import ready_trail
from earlybell.errors import ClusterError, RegistryError, SettingError
from earlybell.gates import check_reason
from earlybell.trail.anchors import LOG
from pipelines.settings import MODEL_NAME

if TYPE_CHECKING:
    from components.registry import Version
    from rollout.cluster import Cluster
    from rollout.prometheus import Answers, Key
    from rollout.state import Rollout
    from rollout.status import Row

OVERLAY = Path("manifests/learner-risk/overlays/knative")

ModelName = Annotated[
    str, typer.Option(envvar="EARLYBELL_MODEL_NAME", help="name in the registry, and of the InferenceService")
]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="of the site; kubeconfig's or the pod's own if not given")
]
Context = Annotated[str, typer.Option(help="of the kubeconfig; its present one if not given")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: earlybell release 4 --traffic 10 | kubectl apply -f -")(release)
    app.command(epilog="Example: earlybell status --prometheus http://localhost:9090")(status)
    app.command(epilog="Example: earlybell aliases --dry-run")(aliases)


def release(
    version: Annotated[str, typer.Argument(help="of the registered model, or its alias", metavar="MODEL_VERSION")],
    traffic: Annotated[
        int | None, typer.Option(min=0, max=100, help="percent for this version: 0 brings it up, or takes it back")
    ] = None,
    promote: Annotated[bool, typer.Option("--promote", help="this version serves, the other one goes")] = False,
    overlay: Annotated[Path, typer.Option(help="folder of the kustomize overlay")] = OVERLAY,
    runtime: Annotated[
        str, typer.Option(help="another ServingRuntime, as earlybell-0.2.0: a new image goes the same way")
    ] = "",
    namespace: Namespace = "",
    context: Context = "",
    model_name: ModelName = MODEL_NAME,
    without_gates: WithoutGates = None,
    trail: TrailOption = "",
    trail_anchors: TrailAnchorsOption = "",
) -> None:
    """Print the manifest of one step of a release, for `kubectl apply -f -`; what to look at next goes to stderr.

    It reads the registry and the cluster and changes neither, but for the tag and the trail's record of
    --without-gates. --traffic 0, 10, 50, 100, --promote is the way up; --traffic 0 the way back.
    """
    need_training("release")
    if (traffic is None) is not promote:
        value = "both" if promote else "neither"
        raise SettingError("one of --traffic and --promote is needed", value, "Begin with --traffic 0.")
    if without_gates is not None:
        _ready_waiver(without_gates, trail, trail_anchors)
    from components.registry import find
    from rollout.approvals import check_proposal
    from rollout.gates import check_verdict, waive_gates
    from rollout.overlay import check_name, render, to_yaml
    from rollout.release import Step, advice, may_run
    from rollout.release import release as release_objects

    objects = render(overlay)
    check_name(objects, model_name, overlay)
    registered = find(model_name, version)
    cluster = _cluster(namespace, context)
    now = _rollout(cluster, model_name)
    options = _options(overlay, namespace, context, model_name)
    step = Step(registered, None if promote else traffic, runtime, options, cluster.kubectl)
    check_verdict(step, now, waived=without_gates is not None)
    check_proposal(step, now)
    objects_to_apply = release_objects(step, objects, now, cluster.namespace)
    may_run(objects_to_apply, now, cluster)
    if without_gates is not None:
        waive_gates(registered, without_gates, trail, trail_anchors)
    typer.echo(to_yaml(objects_to_apply), nl=False)
    for line in advice(step, objects_to_apply, now):
        typer.echo(line, err=True)


def status(
    prometheus: Annotated[
        str,
        typer.Option(envvar="EARLYBELL_PROMETHEUS", help="its address, for the last ten minutes' errors and times"),
    ] = "",
    namespace: Namespace = "",
    context: Context = "",
    model_name: ModelName = MODEL_NAME,
    as_json: Json = False,
) -> None:
    """Show which version gets how much traffic, with its alias, its pods, its gates, and how it has answered.

    Below stand the proposals of retrainings that wait for a person.
    """
    need_training("status")
    from rollout.prometheus import ask
    from rollout.status import rows

    cluster = _cluster(namespace, context)
    now = _required(_rollout(cluster, model_name), cluster, model_name)
    named, remark = _named(model_name)
    answers = ask(prometheus, cluster.namespace, model_name) if prometheus else None
    verdicts = {} if named is None else _verdicts(model_name, now)
    waiting = [] if named is None else _waiting(model_name)
    deployed = rows(now, cluster.pods(model_name), named, answers, verdicts)
    if as_json:
        versions = [row.to_json() for row in deployed]
        proposals = [{"version": version.version, "proposed": version.proposed} for version in waiting]
        of_model = {"model": model_name, "mode": now.mode, "namespace": cluster.namespace}
        typer.echo(json.dumps(of_model | {"versions": versions, "waiting": proposals}))
        return
    _show(f"{model_name} in {cluster.namespace}, {now.mode} mode", deployed, prometheus=bool(prometheus))
    for line in [*_remarks(deployed, remark, answers), *map(_waits, waiting)]:
        typer.echo(line)


def aliases(
    model_name: ModelName = MODEL_NAME,
    namespace: Namespace = "",
    context: Context = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would change, and change nothing")] = False,
) -> None:
    """Let the registry's aliases follow the traffic: `champion` serves, `challenger` is on trial.

    They follow what the cluster says is so, never what was asked for. Safe to run again at any time, and before the
    first release, when there is nothing to follow. A proposal that the InferenceService's annotation
    earlybell.io/approved-version approves is approved in the registry, too.
    """
    need_training("aliases")
    from components.registry import read_aliases, set_alias
    from rollout.aliases import changes
    from rollout.approvals import take_annotation

    cluster = _cluster(namespace, context)
    now = _rollout(cluster, model_name)
    if now is None:
        typer.echo(f"Nothing serves yet: there is no InferenceService {model_name} in {cluster.namespace}.")
        return
    alias_changes = changes(now, read_aliases(model_name))
    for change in alias_changes:
        if not dry_run:
            set_alias(model_name, change.alias, change.after)
        typer.echo(f"{'would set' if dry_run else 'set'} {change}")
    if not alias_changes:
        typer.echo("The aliases say what gets the traffic: nothing to change.")
    if line := take_annotation(now, model_name, dry_run=dry_run):
        typer.echo(line)


def _ready_waiver(reason: str, trail: str, anchors: str) -> None:
    """
    Raises:
        SettingError: the reason says nothing, or there is no trail that can keep it.
    """
    check_reason(reason)
    if not trail:
        way_out = "Name the audit trail by --trail or EARLYBELL_TRAIL."
        raise SettingError("--without-gates has nowhere to be recorded", reason, way_out)
    if anchors == LOG:
        way_out = "Standard output is the manifest here: name a file, or none."
        raise SettingError("anchors of the trail cannot go to the log", anchors, way_out)
    ready_trail(trail, anchors)


def _options(overlay: Path, namespace: str, context: str, model_name: str) -> str:
    """The options of a release that its next step must have too."""
    named = [("overlay", str(overlay), str(OVERLAY)), ("namespace", namespace, ""), ("context", context, "")]
    named.append(("model-name", model_name, MODEL_NAME))
    return "".join(f" --{name} {shlex.quote(value)}" for name, value, default in named if value != default)


def _cluster(namespace: str, context: str) -> "Cluster":
    from rollout.cluster import Cluster

    return Cluster(namespace, context)


def _rollout(cluster: "Cluster", name: str) -> "Rollout | None":
    """How it stands; None before the first release."""
    from rollout.state import Mode, knative, mode_of, standard

    service = cluster.service(name)
    if service is None:
        return None
    if mode_of(service) is Mode.knative:
        return knative(service, cluster.revisions(name))
    return standard(service, cluster.route(f"{name}-traffic"))


def _required(now: "Rollout | None", cluster: "Cluster", name: str) -> "Rollout":
    if now is None:
        apply = f"{cluster.kubectl} apply -n {cluster.namespace} -f -"
        way_out = f"Release a version: `earlybell release 1 --traffic 100 | {apply}`."
        raise ClusterError(f"there is no InferenceService {name} in namespace", cluster.namespace, way_out)
    return now


def _named(model_name: str) -> tuple[dict[str, str] | None, str]:
    """The registry's aliases, or None and why: the cluster's state is worth seeing without them."""
    from components.registry import read_aliases

    try:
        return read_aliases(model_name), ""
    except RegistryError as error:
        return None, f"No aliases: {error}"


def _verdicts(model_name: str, now: "Rollout") -> dict[str, str]:
    """How the deployed versions were judged, in words, where the registry knows them."""
    from components.registry import find

    words: dict[str, str] = {}
    for version in {deployed.pin.version for deployed in (now.stable, now.trial) if deployed}:
        with suppress(RegistryError):
            words[version] = find(model_name, version).verdict
    return words


def _waiting(model_name: str) -> "list[Version]":
    """The versions whose proposals wait, where the registry can be asked."""
    from components.registry import read_waiting

    with suppress(RegistryError):
        return read_waiting(model_name)
    return []


def _waits(version: "Version") -> str:
    decide = f"`earlybell approve {version.version}` or `earlybell reject {version.version}`"
    return f"Version {version.version} waits for a person: {version.proposed} Decide by {decide}."


def _show(title: str, rows: "list[Row]", *, prometheus: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0)
    )
    for name, right in (("version", False), ("alias", False), ("traffic", True), ("ready", True), ("runtime", False)):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for name in ("age", "errors", "p50", "p99") if prometheus else ("age",):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row, prometheus=prometheus))
    Console(highlight=False).print(table)


def _cells(row: "Row", *, prometheus: bool) -> list[str]:
    aside = f" (of {row.asked}%)" if row.traffic != row.asked else ""
    ready = f"{row.ready}/{row.pods}"
    ready = ready if row.ready == row.pods and (row.pods or not row.traffic) else f"[yellow]{ready}[/]"
    aliases = "?" if row.aliases is None else ", ".join(row.aliases)
    cells = [row.version or "?", aliases, f"{row.traffic}%{aside}", ready, row.runtime, row.age]
    if prometheus and row.answers is not None:
        errors = _share(row.answers.errors)
        errors = f"[red]{errors}[/]" if row.answers.errors else errors
        cells += [f"{errors} of {row.answers.requests:,.0f}", _time(row.answers.p50), _time(row.answers.p99)]
    return cells


def _share(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}%"


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:,.0f} ms"


def _remarks(rows: "list[Row]", remark: str, answers: "dict[Key, Answers] | None") -> list[str]:
    verdicts = {row.version: row.gates for row in rows if row.gates}
    lines: list[Any] = [remark, *(f"Gates of version {version}: {words}." for version, words in verdicts.items())]
    if any(row.traffic != row.asked for row in rows):
        lines.append("Traffic is not yet as asked: a pod is not ready, or the gateway has not taken it.")
    if answers == {}:
        lines.append("Prometheus has no figures of it yet, or not the chart's rules (helm/earlybell/files/rules).")
    if answers is None:
        lines.append("For requests, errors and times give --prometheus URL (a `kubectl port-forward` to it will do).")
    return [line for line in lines if line]
