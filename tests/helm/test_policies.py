"""What the chart and the manifests may not do, on any site."""

import json
import re
from pathlib import Path

import pytest

from earlybell import __version__
from tests.helm.render import OVERLAYS, SITES, Object, built, named, pods, rendered

ALL_SITES = pytest.mark.parametrize("site", SITES)
ALL_OVERLAYS = pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: f"{path.parents[1].name}-{path.name}")


@ALL_SITES
def test_no_container_runs_as_root_or_writes_to_its_image(site: str) -> None:
    for name, pod in pods(rendered(*SITES[site])).items():
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["runAsNonRoot"], name
            assert context["readOnlyRootFilesystem"], name
            assert not context["allowPrivilegeEscalation"], name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name


@ALL_SITES
def test_every_container_says_what_it_needs_and_what_it_may_use(site: str) -> None:
    for name, pod in pods(rendered(*SITES[site])).items():
        for container in pod["containers"]:
            assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, name
            limits = {"memory"} if site == "no_processor_limit" else {"cpu", "memory"}
            assert container["resources"]["limits"].keys() == limits, name


@ALL_SITES
def test_every_image_has_a_version(site: str) -> None:
    for name, pod in pods(rendered(*SITES[site])).items():
        for container in pod["containers"]:
            assert re.search(r":(?!latest$)[\w.-]+$", container["image"]), name


@ALL_SITES
def test_no_role_has_a_wildcard_and_none_outside_of_the_namespace(site: str) -> None:
    for name, found in named(rendered(*SITES[site])).items():
        assert found["kind"] not in ("ClusterRole", "ClusterRoleBinding"), name
        for rule in found.get("rules", []) if found["kind"] == "Role" else []:
            assert not any("*" in word for words in rule.values() for word in words), name


@ALL_SITES
def test_nothing_but_steps_of_kfp_reads_a_secret_through_the_api(site: str) -> None:
    for name, found in named(rendered(*SITES[site])).items():
        for rule in found["rules"] if found["kind"] == "Role" else []:
            if "secrets" in rule["resources"]:
                assert name == "Role/earlybell-pipeline"
                assert rule["resourceNames"] == ["mlpipeline-minio-artifact"]
                assert rule["verbs"] == ["get"]


@ALL_SITES
def test_the_chart_holds_no_secret(site: str) -> None:
    secret = re.compile(r"(?i)password|secret_access|_key$|token$|connection_string")
    for name, found in named(rendered(*SITES[site])).items():
        assert found["kind"] != "Secret"
        if found["kind"] == "ConfigMap":
            assert not [key for key in found["data"] if secret.search(key)], name
        for pod in pods([found]).values():
            given = [one for container in pod["containers"] for one in container.get("env", []) if "value" in one]
            assert not [one["name"] for one in given if secret.search(one["name"])], name


@ALL_SITES
def test_a_token_of_the_cluster_is_mounted_only_where_the_cluster_is_asked(site: str) -> None:
    found = named(rendered(*SITES[site]))
    asking = {name for name, pod in pods(list(found.values())).items() if pod.get("automountServiceAccountToken")}
    assert asking <= {"CronJob/earlybell-aliases", "Pod/earlybell-test-cluster"}
    accounts = {name: one for name, one in found.items() if one["kind"] == "ServiceAccount"}
    mounted = {name for name, one in accounts.items() if one["automountServiceAccountToken"]}
    assert mounted == {"ServiceAccount/earlybell-pipeline"}


def test_pods_that_others_make_can_pull_from_a_private_registry() -> None:
    found = named(rendered(*SITES["private_registry"]))
    assert found["ServiceAccount/earlybell-pipeline"]["imagePullSecrets"] == [{"name": "registry"}]  # KFP's
    assert found[f"ServingRuntime/earlybell-{__version__}"]["spec"]["imagePullSecrets"] == [
        {"name": "registry"}
    ]  # KServe's


@ALL_SITES
def test_the_chart_never_renders_a_model(site: str) -> None:
    kinds = {found["kind"] for found in rendered(*SITES[site])}
    assert not kinds & {"InferenceService", "Service", "PodDisruptionBudget", "Namespace"}


@ALL_SITES
def test_every_object_says_whose_it_is(site: str) -> None:
    for name, found in named(rendered(*SITES[site])).items():
        labels = found["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "earlybell", name
        assert labels.keys() >= {f"app.kubernetes.io/{key}" for key in ("name", "component", "version", "managed-by")}
        assert found["metadata"]["name"].startswith("earlybell"), name


def test_nothing_reaches_a_pod_that_no_policy_names() -> None:
    policies = {name: one["spec"] for name, one in named(rendered()).items() if one["kind"] == "NetworkPolicy"}
    denied = policies.pop("NetworkPolicy/earlybell-default-deny")
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    coming = {name for name, one in policies.items() if "ingress" in one}
    assert coming == {"NetworkPolicy/earlybell-serving"}
    ingress = policies["NetworkPolicy/earlybell-serving"]["ingress"]
    assert ingress
    assert all(rule.get("from") and rule.get("ports") for rule in ingress)
    for name, policy in policies.items():
        assert all(rule.get("to") for rule in policy.get("egress", [])), name


def test_a_mirror_reaches_the_challengers_pods_and_no_others() -> None:
    policy = named(rendered())["NetworkPolicy/earlybell-serving"]["spec"]
    models = {"podSelector": policy["podSelector"]}
    to_pods = [rule for rule in policy["egress"] if any("podSelector" in peer for peer in rule["to"])]
    assert [rule["to"] for rule in to_pods] == [[models]]
    going = {one["port"] for one in to_pods[0]["ports"]}
    assert [rule for rule in policy["ingress"] if models in rule["from"] and going <= _ports(rule)]


def test_steps_reach_the_pushgateway_where_the_site_says_it_is() -> None:
    place = [{"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [443]}]
    given = (
        "--set-json",
        f"networkPolicies.pushgateway={json.dumps(place)}",
        "--set",
        "pushgateway.address=https://push",
    )
    for arguments, reached in ((given, True), (given[:2], False)):
        rules = named(rendered(*arguments))["NetworkPolicy/earlybell-pipelines"]["spec"]["egress"]
        assert bool([rule for rule in rules if rule["to"] == place[0]["to"] and _ports(rule) == {443}]) is reached


def _ports(rule: Object) -> set[int]:
    return {one["port"] for one in rule["ports"]}


def test_http_reaches_no_pod() -> None:
    redirect = named(rendered(*SITES["gateway"]))["HTTPRoute/earlybell-redirect"]["spec"]
    assert [one["sectionName"] for one in redirect["parentRefs"]] == ["http"]
    assert all("backendRefs" not in rule for rule in redirect["rules"])


@ALL_OVERLAYS
def test_a_model_names_a_runtime_a_version_and_where_it_lies_and_nothing_of_how_it_runs(overlay: Path) -> None:
    model = _predictor(overlay)["model"]
    assert model["runtime"].startswith("earlybell-")
    assert model["modelFormat"] == {"name": "earlybell", "version": "1"}
    assert not model.keys() & {"image", "args", "command", "securityContext", "resources"}
    assert [one["name"] for one in model["env"]] == ["EARLYBELL_MODEL_VERSION"]


@ALL_OVERLAYS
def test_a_model_runs_without_root_and_without_a_token(overlay: Path) -> None:
    predictor = _predictor(overlay)
    assert predictor["serviceAccountName"] == "earlybell-serving"
    assert predictor["automountServiceAccountToken"] is False
    assert predictor["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


@ALL_OVERLAYS
def test_a_drained_node_takes_one_pod_of_a_model_and_a_zone_never_all(overlay: Path) -> None:
    budget = named(built(overlay))["PodDisruptionBudget/learner-risk"]["spec"]
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
    spread = {one["topologyKey"] for one in _predictor(overlay)["topologySpreadConstraints"]}
    assert spread == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


@ALL_OVERLAYS
def test_a_model_has_no_label_that_reaches_another_version(overlay: Path) -> None:
    service = named(built(overlay))["InferenceService/learner-risk"]
    assert "earlybell.io/model-version" not in service["metadata"]["labels"]
    assert service["spec"]["predictor"]["labels"] == {"earlybell.io/model-version": "0"}


def test_only_our_route_reaches_a_model_in_standard_mode() -> None:
    found = named(built(next(path for path in OVERLAYS if path.name == "standard")))
    labels = found["InferenceService/learner-risk"]["metadata"]["labels"]
    assert labels["networking.kserve.io/visibility"] == "cluster-local"
    route = found["HTTPRoute/learner-risk-traffic"]["spec"]
    gateway = named(rendered(*SITES["gateway"]))["Gateway/earlybell"]
    assert route["parentRefs"] == [{"name": gateway["metadata"]["name"], "sectionName": "https"}]


def _predictor(overlay: Path) -> Object:
    predictor: Object = named(built(overlay))["InferenceService/learner-risk"]["spec"]["predictor"]
    return predictor
