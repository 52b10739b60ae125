"""What each account may and may not do, asked of a real API server, which takes the model's pods as `restricted`."""

import copy

import pytest

from earlybell import __version__
from tests.apiserver import ApiServer
from tests.helm.render import OVERLAYS, Object, built, named, rendered
from tests.helm.site import Site, make

KSERVE, KNATIVE, ROUTES = "serving.kserve.io", "serving.knative.dev", "httproutes.gateway.networking.k8s.io"
SERVICES = f"inferenceservices.{KSERVE}"
RUNTIMES, REVISIONS = f"servingruntimes.{KSERVE}", f"revisions.{KNATIVE}"
BUDGETS, AUTOSCALERS = "poddisruptionbudgets.policy", "horizontalpodautoscalers.autoscaling"
MAY = {
    "earlybell-serving": [],
    "earlybell-promotion": [
        *(f"{verb} {SERVICES}" for verb in ("get", "list", "create", "patch", "update")),
        *(f"{verb} {ROUTES}" for verb in ("get", "create", "patch", "update")),
        *(f"patch {BUDGETS}", f"get {RUNTIMES}", "list pods", f"list {REVISIONS}"),
        *(f"get {AUTOSCALERS}", f"delete {AUTOSCALERS}"),
    ],
    "earlybell-aliases": [f"list {SERVICES}", f"get {ROUTES}", f"list {REVISIONS}"],
    "earlybell-viewer": [
        *(f"list {SERVICES}", f"get {RUNTIMES}", f"get {ROUTES}", f"list {REVISIONS}", "list pods", "get pods/log"),
        *("list events", "list cronjobs.batch", "list deployments.apps"),
    ],
    "earlybell-pipeline": [
        *("create workflowtaskresults.argoproj.io", "get pods"),
        *("get configmaps:kfp-launcher", "get secrets:mlpipeline-minio-artifact"),
    ],
}
# Nobody may these, where MAY does not say so.
MAY_NOT = [
    *("get secrets", "list secrets", "get secrets:earlybell-trail", "get secrets:earlybell-tokens", "get configmaps"),
    *("create pods", "create pods/exec", "create pods/portforward", "delete pods", "create serviceaccounts/token"),
    *(f"delete {SERVICES}", f"patch {SERVICES}", f"patch {RUNTIMES}", f"patch {ROUTES}", f"delete {ROUTES}"),
    *("patch networkpolicies.networking.k8s.io", "create rolebindings.rbac.authorization.k8s.io"),
    *("impersonate serviceaccounts", "get configmaps:earlybell-settings", "delete deployments.apps"),
    *(f"patch {AUTOSCALERS}", f"delete {AUTOSCALERS}"),
    *("create persistentvolumeclaims", "delete persistentvolumeclaims:earlybell-sources"),
]


@pytest.fixture(scope="module")
def site(server: ApiServer) -> Site:
    """A site with the chart, and another one."""
    for name in ("another", "rights"):
        site = make(server, name)
        site.apply(rendered())
    return site


@pytest.mark.parametrize("account", MAY)
def test_an_account_may_what_it_must_and_nothing_else(account: str, site: Site) -> None:
    both = [right for right in MAY_NOT if right in MAY[account]]
    assert site.may(account, MAY[account] + MAY_NOT) == MAY[account] + both


@pytest.mark.parametrize("account", MAY)
def test_an_account_may_nothing_in_another_site(account: str, site: Site) -> None:
    assert not site.may(account, MAY[account] + MAY_NOT, where="another")


def test_who_promotes_may_remove_the_autoscaler_that_kserve_leaves(site: Site) -> None:
    name = "learner-risk-v3-predictor"
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}, "maxReplicas": 3}
    left = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name}, "spec": spec}
    site.apply([left])
    for account, code in (("earlybell-viewer", 1), ("earlybell-promotion", 0)):
        done = site.ask("delete", "hpa", name, f"--as=system:serviceaccount:{site.name}:{account}")
        assert done.returncode == code, done.stderr


def test_a_pod_of_the_model_is_taken_and_one_with_more_rights_is_refused(site: Site) -> None:
    pod = _pod()
    assert not site.apply([pod])
    wrong = copy.deepcopy(pod)
    wrong["metadata"]["name"] = "wrong"
    wrong["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    done = site.ask("apply", "--server-side", "-f", "-", objects=[wrong])
    assert done.returncode != 0
    assert 'violates PodSecurity "restricted' in done.stderr


def _pod() -> Object:
    """A pod as KServe makes it, its storage initializer with the settings of KServe's own chart."""
    runtime = named(rendered())[f"ServingRuntime/earlybell-{__version__}"]["spec"]
    predictor = named(built(OVERLAYS[0]))["InferenceService/learner-risk"]["spec"]["predictor"]
    fetching = {
        "name": "storage-initializer",
        "image": "kserve/storage-initializer:v0.20.0",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {key: predictor[key] for key in ("serviceAccountName", "securityContext", "automountServiceAccountToken")}
    spec |= {"containers": runtime["containers"], "volumes": runtime["volumes"], "initContainers": [fetching]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "model"}, "spec": spec}
