"""Where a rollout stands: which versions are deployed, and which share of the traffic each gets.

Shares come from the status, which says what is, and not from the spec, which says what is wanted.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from earlybell.errors import ClusterError
from rollout.objects import (
    ComponentStatus,
    HTTPRoute,
    InferenceService,
    Pod,
    Predictor,
    Revision,
    Rule,
    Status,
    Variable,
)

VERSION_VARIABLE = "EARLYBELL_MODEL_VERSION"
RUNTIME_LABEL = "earlybell.io/runtime"
_MODE = "serving.kserve.io/deploymentMode"


class Mode(StrEnum):
    """How KServe deploys: both have other ways to split traffic."""

    knative = "Knative"
    standard = "Standard"


@dataclass(frozen=True)
class Pin:
    """What is deployed: a version of the registered model, and the ServingRuntime (our image) that serves it."""

    version: str
    runtime: str

    def __str__(self) -> str:
        return f"version {self.version} on {self.runtime}"


@dataclass(frozen=True)
class Deployed:
    """A version on the cluster.

    Attributes:
        pin: what it is.
        name: of its Knative revision, or of its predictor in the Standard mode; empty while there is none yet.
        traffic: the percentage that it gets, by the status.
        desired_traffic: the percentage that the spec asks for.
        ready: whether it can answer.
        predictor: its spec; empty where the InferenceService no longer holds it (a Knative revision of before).
    """

    pin: Pin
    name: str
    traffic: int
    desired_traffic: int
    ready: bool
    predictor: Predictor = field(default_factory=Predictor, compare=False, repr=False)


@dataclass(frozen=True)
class Rollout:
    """An InferenceService as it stands.

    Attributes:
        mode: how KServe deploys it.
        stable: what serves, or, during a trial, serves the rest.
        trial: what is on trial, even with no traffic.
        service: the InferenceService itself.
    """

    mode: Mode
    stable: Deployed
    trial: Deployed | None
    service: InferenceService = field(compare=False, repr=False)


def mode_of(service: InferenceService) -> Mode:
    """How KServe deploys an InferenceService.

    Raises:
        ClusterError: it does not say.
    """
    mode = service["metadata"].get("annotations", {}).get(_MODE) or service.get("status", {}).get("deploymentMode")
    known = {"Knative": Mode.knative, "Serverless": Mode.knative}
    known |= {"Standard": Mode.standard, "RawDeployment": Mode.standard}
    if mode in known:
        return known[mode]
    way_out = f"Annotate it with {_MODE}: Knative or Standard."
    raise ClusterError("the InferenceService is of no mode that is known here", mode, way_out)


def pin_of(predictor: Predictor) -> Pin:
    """What a predictor's spec is pinned to; empty where it does not say."""
    model = predictor.get("model", {})
    return Pin(_variable(model.get("env", [])), model.get("runtime", ""))


def knative(service: InferenceService, revisions: dict[str, Revision]) -> Rollout:
    """The state in the Knative mode.

    KServe splits the latest ready revision against the last one that had all traffic, while `canaryTrafficPercent` is
    in the spec; without it the latest ready revision has all of it.
    """
    predictor = service["spec"]["predictor"]
    status, desired = _component(service), pin_of(predictor)
    shares = Counter[str]()
    for target in status.get("traffic", []):
        shares[target.get("revisionName", "")] += target.get("percent") or 0
    pins = {name: _pin_of_revision(revision) for name, revision in revisions.items()}
    newest = status.get("latestCreatedRevision", "")
    # Of another pin, it is from before the spec, which the controller has not seen yet.
    newest = newest if newest in pins and _matches(pins[newest], desired) else ""
    percent = predictor.get("canaryTrafficPercent")

    def deployed(name: str, pin: Pin, share: int, spec: Predictor) -> Deployed:
        ready = bool(name) and (
            name == status.get("latestReadyRevision") or (name in revisions and _ready(revisions[name]))
        )
        return Deployed(pin, name, shares[name] if name else 0, share, ready, spec)

    if percent is None:
        name = newest if shares[newest] or not shares else max(shares, key=lambda revision_name: shares[revision_name])
        return Rollout(Mode.knative, deployed(name, pins.get(name, desired), 100, predictor), None, service)
    base = status.get("latestRolledoutRevision", "")
    base = base if base != newest else status.get("previousRolledoutRevision", "")
    stable = deployed(base, pins.get(base, Pin("", "")), 100 - percent, {})
    return Rollout(Mode.knative, stable, deployed(newest, desired, percent, predictor), service)


def standard(service: InferenceService, route: HTTPRoute | None) -> Rollout:
    """The state in the Standard mode: KServe deploys each predictor apart, the HTTPRoute has the weights.

    Raises:
        ClusterError: there is more than one canary.
    """
    spec, status = service["spec"], service.get("status", {})
    weights, settled = _weights(route), route is not None and route_settled(route)
    canaries = {canary["name"]: canary.get("ready", False) for canary in status.get("canaryStatuses", [])}

    def deployed(predictor: Predictor, ready: bool) -> Deployed:
        name = predictor.get("name", "")
        weight = weights.get(backend(service["metadata"]["name"], name), 0)
        return Deployed(pin_of(predictor), name, weight if settled and ready else 0, weight, ready, predictor)

    trials = [
        deployed(canary["predictor"], canaries.get(canary["predictor"]["name"], False))
        for canary in spec.get("canary", [])
    ]
    if len(trials) > 1:
        names = ", ".join(trial.name for trial in trials)
        raise ClusterError("there is more than one canary", names, "Leave one in spec.canary of the InferenceService.")
    stable = deployed(spec["predictor"], condition(status, "PredictorReady"))
    return Rollout(Mode.standard, stable, trials[0] if trials else None, service)


def backend(service: str, predictor: str) -> str:
    """The name of the Service that KServe makes for a predictor in the Standard mode."""
    return f"{service}-{predictor}-predictor" if predictor else f"{service}-predictor"


def revision(deployed: Deployed, now: Rollout) -> str:
    """What tells its pods from all others: Knative's revision, or the Deployment; empty while there is none yet.

    The chart's PodMonitor puts it on every sample as `revision`.
    """
    return deployed.name if now.mode is Mode.knative else backend(now.service["metadata"]["name"], deployed.name)


def belongs(pod: Pod, deployed: Deployed, now: Rollout) -> bool:
    """Whether a pod of the InferenceService is of this version."""
    labels, name = pod["metadata"].get("labels", {}), revision(deployed, now)
    if now.mode is Mode.knative:
        return bool(name) and labels.get("serving.knative.dev/revision") == name
    return bool(labels.get("app") == f"isvc.{name}")


def condition(status: Status, kind: str) -> bool:
    """Whether a condition of a status is true."""
    return any(entry["type"] == kind and entry["status"] == "True" for entry in status.get("conditions", []))


def route_settled(route: HTTPRoute) -> bool:
    """Whether every gateway that an HTTPRoute names has taken it as it is now, with all that it leads to."""
    parents = route.get("status", {}).get("parents", [])
    return bool(parents) and all(_taken(parent, route["metadata"].get("generation", 0)) for parent in parents)


def _taken(parent: Status, generation: int) -> bool:
    now = {
        entry["type"]: entry
        for entry in parent.get("conditions", [])
        if entry.get("observedGeneration", 0) >= generation
    }
    return all(kind in now and now[kind]["status"] == "True" for kind in ("Accepted", "ResolvedRefs"))


def _weights(route: HTTPRoute | None) -> dict[str, int]:
    """The percentage of each Service behind the HTTPRoute's first rule that leads anywhere."""
    rules: list[Rule] = route["spec"].get("rules", []) if route else []
    references = next((rule["backendRefs"] for rule in rules if rule.get("backendRefs")), [])
    weights = {reference["name"]: reference.get("weight", 1) for reference in references}
    total = sum(weights.values()) or 1
    return {name: round(100 * weight / total) for name, weight in weights.items()}


def _matches(revision: Pin, desired: Pin) -> bool:
    """A revision that was not made by a release has no label that names its runtime."""
    return revision.version == desired.version and revision.runtime in ("", desired.runtime)


def _component(service: InferenceService) -> ComponentStatus:
    return service.get("status", {}).get("components", {}).get("predictor", {})


def _pin_of_revision(revision: Revision) -> Pin:
    containers = revision.get("spec", {}).get("containers", [])
    versions = (_variable(container.get("env", [])) for container in containers)
    return Pin(next(filter(None, versions), ""), revision["metadata"].get("labels", {}).get(RUNTIME_LABEL, ""))


def _ready(revision: Revision) -> bool:
    return condition(revision.get("status", {}), "Ready")


def _variable(env: list[Variable]) -> str:
    return next((str(variable.get("value", "")) for variable in env if variable["name"] == VERSION_VARIABLE), "")
