"""A site on the API server: commands as a person gives them, and what the controllers would write of it.

No controller runs here. `knative_settles` and `standard_settles` write into the status what KServe 0.20 does by its
sources (ksvc_reconciler.go, PropagateStatus, reconcileCanaryDeployments); tests/cluster has the controllers themselves.
"""

import json
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from kubernetes import config
from mlflow import MlflowClient
from typer.testing import CliRunner, Result

from earlybell import __version__
from earlybell.cli.main import app
from rollout.cluster import GATEWAY, KNATIVE, KSERVE
from tests.apiserver import ApiServer

MODEL, VERSIONS = "learner-risk", 5
OURS, ANOTHER = f"earlybell-{__version__}", "earlybell-9.9.9"  # the runtimes of this release, and of one to come
OVERLAYS = Path(__file__).parents[2] / "manifests" / MODEL / "overlays"
_KINDS = {
    "isvc": f"{KSERVE}//inferenceservices",
    "revision": f"{KNATIVE}//revisions",
    "httproute": f"{GATEWAY}//httproutes",
}
_SHARES = ("canaryTrafficPercent", "minReplicas", "maxReplicas")  # not of a revision

Object = dict[str, Any]


@dataclass
class Site:
    """A namespace, and who asks in it."""

    cluster: ApiServer
    namespace: str
    registry: MlflowClient
    revisions: list[Object] = field(default_factory=list)

    def run(self, *words: object) -> Result:
        """`earlybell` in this namespace; an error is raised."""
        result = CliRunner().invoke(app, [*map(str, words), "--namespace", self.namespace])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    def release(self, version: object, *options: object, overlay: str = "knative") -> list[Object]:
        """What `earlybell release` prints, not applied."""
        printed = self.run("release", version, *options, "--overlay", OVERLAYS / overlay).stdout
        return list(yaml.safe_load_all(printed))

    def apply(self, objects: list[Object], *options: str) -> None:
        """`kubectl apply -f -` of it."""
        self.kubectl("apply", *options, "-f", "-", stdin=yaml.safe_dump_all(objects))

    def kubectl(self, *words: str, stdin: str = "") -> str:
        return self.cluster.kubectl("-n", self.namespace, *words, stdin=stdin).stdout

    def get(self, kind: str, name: str = MODEL) -> Object:
        """An object as it stands."""
        return self._ask("GET", f"{_KINDS[kind]}/{name}")

    @property
    def spec(self) -> Object:
        """The InferenceService's spec as it stands."""
        spec: Object = self.get("isvc")["spec"]
        return spec

    @property
    def aliases(self) -> dict[str, str]:
        aliases = self.registry.get_registered_model(MODEL).aliases
        return {alias: str(version) for alias, version in aliases.items()}

    def has_pod(self, name: str, labels: dict[str, str], *, ready: bool) -> None:
        """A pod that kubelet says is ready, or is not."""
        spec = {"containers": [{"name": "kserve-container", "image": "dev.local/x:1"}]}
        self.apply([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}])
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]}
        self.kubectl("patch", "pod", name, "--subresource=status", "-p", json.dumps({"status": status}))

    def patch_status(self, kind: str, name: str, status: Object) -> None:
        self._ask("PATCH", f"{_KINDS[kind]}/{name}/status", {"status": status})

    def _ask(self, method: str, path: str, body: Object | None = None) -> Object:
        api, _, resource = path.partition("//")
        headers = {"Content-Type": "application/merge-patch+json", "Accept": "application/json"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return dict(
                self._client.call_api(
                    f"{api}/namespaces/{self.namespace}/{resource}",
                    method,
                    body=body,
                    header_params=headers,
                    auth_settings=["BearerToken"],
                    response_type="object",
                    _return_http_data_only=True,
                )
            )

    @cached_property
    def _client(self) -> Any:
        return config.new_client_from_config(str(self.cluster.kubeconfig))

    # Knative

    def knative_settles(self, *, ready: bool = True) -> None:
        """A new template is a new revision; the latest ready one gets the canary's share, or all."""
        service = self.get("isvc")
        predictor = service["spec"]["predictor"]
        template = {key: value for key, value in predictor.items() if key not in _SHARES}
        if not self.revisions or self.revisions[-1]["template"] != template:
            self._make_revision(template, ready=ready)
        before = service.get("status", {}).get("components", {}).get("predictor", {})
        after = self._split(before, predictor.get("canaryTrafficPercent"))
        all_ready = self.revisions[-1]["ready"]
        self.patch_status("isvc", MODEL, _status({"PredictorReady": all_ready, "Ready": all_ready}, predictor=after))

    def _make_revision(self, template: Object, *, ready: bool) -> None:
        name = f"{MODEL}-predictor-{len(self.revisions) + 1:05}"
        container = {"name": "kserve-container", "image": "dev.local/x:1", "env": template["model"]["env"]}
        labels = template["labels"] | {"serving.kserve.io/inferenceservice": MODEL}
        manifest = {"apiVersion": "serving.knative.dev/v1", "kind": "Revision", "spec": {"containers": [container]}}
        self.apply([manifest | {"metadata": {"name": name, "labels": labels}}], "--server-side")
        self.patch_status("revision", name, _status({"Ready": ready}))
        self.revisions.append({"name": name, "template": template, "ready": ready})

    def _split(self, before: Object, percent: int | None) -> Object:
        latest = next(revision["name"] for revision in reversed(self.revisions) if revision["ready"])
        rolled = before.get("latestRolledoutRevision", "")
        share = 100 if percent is None or not rolled else percent
        traffic = [{"revisionName": latest, "latestRevision": True, "percent": share}]
        traffic += [{"revisionName": rolled, "latestRevision": False, "percent": 100 - share}] if share < 100 else []
        after = {"latestReadyRevision": latest, "latestCreatedRevision": self.revisions[-1]["name"], "traffic": traffic}
        after |= {key: before.get(key, "") for key in ("latestRolledoutRevision", "previousRolledoutRevision")}
        if share == 100 and rolled != latest:
            return after | {"latestRolledoutRevision": latest, "previousRolledoutRevision": rolled}
        if share < 100 and rolled == latest == self.revisions[-1]["name"] and before["previousRolledoutRevision"]:
            back = before["previousRolledoutRevision"]  # rolled out whole and then taken back
            return self._split(after | {"latestRolledoutRevision": back}, percent)
        return after

    # Standard

    def standard_settles(self, *, ready: bool = True, pods: int | None = None) -> None:
        """Every predictor is up, if the canary is `ready`, with `pods` of its pods or all; the route is taken."""
        canaries = self.spec.get("canary", [])
        statuses = [
            {"name": canary["predictor"]["name"], "ready": ready, "trafficPercent": canary["trafficPercent"]}
            for canary in canaries
        ]
        conditions = {"PredictorReady": True, "Ready": True} | ({"CanaryPredictorReady": ready} if canaries else {})
        self.patch_status("isvc", MODEL, _status(conditions) | {"canaryStatuses": statuses})
        for canary in canaries if ready else []:
            self._has_pods(canary["predictor"]["name"], pods or canary["predictor"]["minReplicas"])
        self.gateway_takes()

    def _has_pods(self, predictor: str, number: int) -> None:
        labels = {"serving.kserve.io/inferenceservice": MODEL, "app": f"isvc.{MODEL}-{predictor}-predictor"}
        for each in range(number):
            self.has_pod(f"{predictor}-{each}", labels, ready=True)

    def gateway_takes(self) -> None:
        route = self.get("httproute", f"{MODEL}-traffic")
        generation = route["metadata"]["generation"]
        conditions = [
            _condition(kind, True) | {"observedGeneration": generation} for kind in ("Accepted", "ResolvedRefs")
        ]
        parents = [
            {"parentRef": parent, "controllerName": "tests/gateway", "conditions": conditions}
            for parent in route["spec"]["parentRefs"]
        ]
        self.patch_status("httproute", f"{MODEL}-traffic", {"parents": parents})

    @property
    def weights(self) -> dict[str, int]:
        """The weight of each Service behind the route."""
        (rule,) = self.get("httproute", f"{MODEL}-traffic")["spec"]["rules"]
        return {reference["name"]: reference["weight"] for reference in rule["backendRefs"]}


def pin(predictor: Object) -> tuple[str, str]:
    """The version and the runtime of a predictor, after all that must agree with it."""
    model, version = predictor["model"], predictor["labels"]["earlybell.io/model-version"]
    digest = f"{int(version):064x}"
    variables = {"EARLYBELL_MODEL_VERSION": version, "EARLYBELL_BUNDLE_DIGEST": digest}
    assert model["env"] == [{"name": name, "value": value} for name, value in variables.items()]
    assert model["storageUri"] == f"s3://earlybell/artifacts/m-{version}/artifacts/bundle"
    assert predictor["annotations"]["earlybell.io/bundle-digest"] == digest
    assert predictor["labels"]["earlybell.io/runtime"] == model["runtime"]
    return version, model["runtime"]


def pods(spec: Object) -> dict[str, int]:
    """How many pods each predictor has at least, by KServe's rule in reconcileRawDeployment and canaryReplicaCount.

    What its webhook wants of them is asserted (validateCanarySpecs, validateReplicas).
    """
    stable, canaries = spec["predictor"], [canary["predictor"] for canary in spec.get("canary", [])]
    canary_pods = {canary["name"]: canary["minReplicas"] for canary in canaries}
    assert stable["minReplicas"] <= stable["maxReplicas"]
    assert all(number <= stable["minReplicas"] for number in canary_pods.values())
    assert not any(canary.keys() & {"maxReplicas", "scaleTarget", "scaleMetric", "autoScaling"} for canary in canaries)
    return {stable["name"]: max(1, stable["minReplicas"] - sum(canary_pods.values()))} | canary_pods


def runtime(name: str, kind: str = "ServingRuntime") -> Object:
    """A runtime; what it runs does not matter where no pod does."""
    spec = {"containers": [{"name": "kserve-container", "image": "dev.local/x:1"}]}
    return {"apiVersion": "serving.kserve.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _status(conditions: dict[str, bool], **components: Object) -> Object:
    return {"conditions": [_condition(kind, true) for kind, true in conditions.items()]} | (
        {"components": components} if components else {}
    )


def _condition(kind: str, true: bool) -> Object:
    now = "2026-01-01T00:00:00Z"
    return {"type": kind, "status": str(true), "reason": "Tests", "message": "", "lastTransitionTime": now}
