"""What a step of a release applies: the pinned predictor, the InferenceService around it, and the route's weights."""

import copy
import re
from dataclasses import dataclass
from typing import cast

from components.registry import Version
from earlybell.errors import SettingError
from rollout.objects import (
    HTTPRoute,
    InferenceService,
    Metadata,
    Model,
    PodDisruptionBudget,
    Predictor,
    ServiceSpec,
    Variable,
)
from rollout.state import RUNTIME_LABEL, VERSION_VARIABLE, Mode, Pin, backend

VERSION_LABEL, DIGEST = "earlybell.io/model-version", "earlybell.io/bundle-digest"
_DIGEST_VARIABLE = "EARLYBELL_BUNDLE_DIGEST"
_SCALING = ("minReplicas", "maxReplicas", "scaleTarget", "scaleMetric", "autoScaling")
_READ = ("s3://", "gs://", "https://", "http://", "hdfs://", "webhdfs://", "pvc://", "hf://")
_AZURE = re.compile(r"(?:wasbs|abfss)://([^@/]+)@([^./]+)\.(?:blob|dfs)\.core\.windows\.net/(.+)")
_CONTAINER = "kserve-container"
_PORT = 80  # of the Services that KServe makes


@dataclass(frozen=True)
class Target:
    """What a step leads to.

    Attributes:
        stable: the predictor that serves, or serves the rest; in the Knative mode the only one there is.
        trial: the canary of the Standard mode.
        percent: the share of what is on trial; None where nothing is.
    """

    stable: Predictor
    trial: Predictor | None = None
    percent: int | None = None


def pinned(predictor: Predictor, version: Version, pin: Pin, name: str) -> Predictor:
    """An overlay's predictor for a version of the model.

    The label and the annotation are the predictor's: those of the InferenceService reach the pods of the champion too,
    which would start anew.

    Args:
        name: of the predictor, in the Standard mode; else empty.

    Raises:
        SettingError: the overlay has no model, or KServe cannot fetch the bundle from where it lies.
    """
    spec = copy.deepcopy(without(predictor, "canaryTrafficPercent"))
    if "model" not in spec:
        raise SettingError("the InferenceService has no predictor.model", sorted(spec), "Take one of our overlays.")
    model = spec["model"]
    pins = {VERSION_VARIABLE: pin.version, _DIGEST_VARIABLE: version.digest}
    env = [variable for variable in model.get("env", []) if variable["name"] not in pins]
    model["env"] = [*env, *(Variable(name=name, value=value) for name, value in pins.items())]
    model["runtime"], model["storageUri"] = pin.runtime, _address(model.get("storageUri", ""), version)
    spec["labels"] = spec.get("labels", {}) | {VERSION_LABEL: pin.version, RUNTIME_LABEL: pin.runtime}
    spec["annotations"] = spec.get("annotations", {}) | {DIGEST: version.digest}
    return {**spec, "name": name} if name else spec


def _address(rendered: str, version: Version) -> str:
    """Where the storage initializer fetches the bundle; of an image, the tag is the version's number."""
    if rendered.startswith("oci://"):
        head, _, last = rendered.rpartition("/")
        return f"{head}/{last.partition(':')[0]}:{version.version}"
    if match := _AZURE.fullmatch(version.address):  # MLflow's two names of it; KServe knows a third
        container, account, path = match.groups()
        return f"https://{account}.blob.core.windows.net/{container}/{path}"
    if version.address.startswith(_READ):
        return version.address
    way_out = "Let MLflow keep its artifacts in a store that KServe reads, as S3, and register the bundle again."
    raise SettingError("KServe cannot fetch a bundle from", version.address, way_out)


def canary(rendered: Predictor) -> Predictor:
    """A predictor as a canary of the Standard mode, which KServe does not scale: with all the pods that it may need."""
    # The schema wants the name of its container of a canary alone.
    model: Model = {"name": _CONTAINER, **rendered["model"]}
    return {**without(rendered, *_SCALING), "model": model, "minReplicas": _replicas(rendered)[1]}


def beside(stable: Predictor, rendered: Predictor) -> Predictor:
    """What serves, while a canary is on.

    KServe takes the pods of the canary from the least of these: added here, they leave it the overlay's own least.
    """
    both = sum(_replicas(rendered))
    return {**alone(stable, rendered), "minReplicas": both, "maxReplicas": both}


def alone(predictor: Predictor, rendered: Predictor) -> Predictor:
    """What serves, or what was a canary, as it serves alone: scaled as the overlay says."""
    scaling = cast(Predictor, {key: value for key, value in rendered.items() if key in _SCALING})
    # KServe's webhook refuses the name of a container here, which its schema wants of a canary.
    model = cast(Model, {key: value for key, value in predictor["model"].items() if key != "name"})
    return {**without(predictor, *_SCALING), **scaling, "model": model}


def without(predictor: Predictor, *names: str) -> Predictor:
    """A predictor without some of its fields."""
    return cast(Predictor, {key: value for key, value in predictor.items() if key not in names})


def _replicas(rendered: Predictor) -> tuple[int, int]:
    """The least and the most pods, by KServe's defaults where the overlay does not say."""
    least = max(1, rendered.get("minReplicas", 1))
    return least, max(least, rendered.get("maxReplicas", least))


def service(base: InferenceService, target: Target, mode: Mode, champion: str) -> InferenceService:
    """An InferenceService with the target's predictors and the rest as in `base`, which may come from the cluster."""
    passed_on = {
        key: value for key, value in base["metadata"].items() if key in ("name", "namespace", "labels") and value
    }
    metadata = cast(Metadata, passed_on)
    notes = base["metadata"].get("annotations", {})
    # Its label is the champion's, for people; the pods have their predictor's own.
    metadata["labels"] = metadata.get("labels", {}) | {VERSION_LABEL: champion}
    metadata["annotations"] = {
        key: value for key, value in notes.items() if not key.startswith("kubectl.kubernetes.io/")
    }
    unchanged = {key: value for key, value in base["spec"].items() if key not in ("predictor", "canary")}
    spec = cast(ServiceSpec, unchanged | {"predictor": dict(target.stable)})
    if mode is Mode.knative and target.percent is not None:
        spec["predictor"]["canaryTrafficPercent"] = target.percent
    if target.trial is not None:
        spec["canary"] = [{"trafficPercent": target.percent or 0, "predictor": target.trial}]
    return {"apiVersion": base["apiVersion"], "kind": base["kind"], "metadata": metadata, "spec": spec}


def predictors(service: InferenceService) -> list[Predictor]:
    """What an InferenceService deploys: its predictor, and its canaries in the Standard mode."""
    return [service["spec"]["predictor"], *(canary["predictor"] for canary in service["spec"].get("canary", []))]


def budgets(rendered: PodDisruptionBudget, serving: Pin, other: Pin | None) -> list[PodDisruptionBudget]:
    """The overlay's budget of disruptions for what serves, and one for what is on trial or goes.

    They are two, so that the pods of one version never count for the other; and of fixed names, since kubectl removes
    none. Their selectors are disjoint: a pod with two budgets cannot be evicted.
    """
    name = rendered["metadata"]["name"]
    named = ((name, serving), (f"{name}-trial", other))
    return [_budget(rendered, own, pin) for own, pin in named if pin and pin.version and pin.runtime]


def _budget(rendered: PodDisruptionBudget, name: str, pin: Pin) -> PodDisruptionBudget:
    budget = copy.deepcopy(rendered)
    budget["metadata"]["name"] = name
    budget["spec"]["selector"]["matchLabels"] |= {VERSION_LABEL: pin.version, RUNTIME_LABEL: pin.runtime}
    return budget


def route(rendered: HTTPRoute, name: str, target: Target) -> HTTPRoute:
    """An overlay's HTTPRoute with the weights of the target; a Service without weight is left out.

    A gateway answers 500 for a Service that is not there yet, and some do so whatever its weight.
    """
    weighted = copy.deepcopy(rendered)
    percent = target.percent or 0
    shares = [(target.stable, 100 - percent), *([(target.trial, percent)] if target.trial is not None else [])]
    for rule in weighted["spec"].get("rules", []):
        if reference := next(iter(rule.get("backendRefs", [])), None):
            rule["backendRefs"] = [
                {"port": _PORT, **reference, "name": backend(name, predictor.get("name", "")), "weight": weight}
                for predictor, weight in shares
                if weight
            ]
    return weighted
