"""What the chart and the manifests may not do, on any site."""

import json
import re
from pathlib import Path

import pytest

from earlybell import __version__
from earlybell.bundle.manifest import READABLE
from serving.mlbackend.routes import AT_ONCE
from serving.mlbackend.settings import Limits
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
    for name, manifest in named(rendered(*SITES[site])).items():
        assert manifest["kind"] not in ("ClusterRole", "ClusterRoleBinding"), name
        for rule in manifest.get("rules", []) if manifest["kind"] == "Role" else []:
            assert not any("*" in word for words in rule.values() for word in words), name


@ALL_SITES
def test_nothing_but_steps_of_kfp_reads_a_secret_through_the_api(site: str) -> None:
    for name, manifest in named(rendered(*SITES[site])).items():
        for rule in manifest["rules"] if manifest["kind"] == "Role" else []:
            if "secrets" in rule["resources"]:
                assert name == "Role/earlybell-pipeline"
                assert rule["resourceNames"] == ["mlpipeline-minio-artifact"]
                assert rule["verbs"] == ["get"]


@ALL_SITES
def test_the_chart_holds_no_secret(site: str) -> None:
    secret = re.compile(r"(?i)password|secret_access|_key$|token$|connection_string")
    for name, manifest in named(rendered(*SITES[site])).items():
        assert manifest["kind"] != "Secret"
        if manifest["kind"] == "ConfigMap":
            assert not [key for key in manifest["data"] if secret.search(key)], name
        for pod in pods([manifest]).values():
            variables = [variable for container in pod["containers"] for variable in container.get("env", [])]
            plain = [variable["name"] for variable in variables if "value" in variable]
            assert not [variable for variable in plain if secret.search(variable)], name


@ALL_SITES
def test_a_token_of_the_cluster_is_mounted_only_where_the_cluster_is_asked(site: str) -> None:
    manifests = named(rendered(*SITES[site]))
    asking = {name for name, pod in pods(list(manifests.values())).items() if pod.get("automountServiceAccountToken")}
    assert asking <= {"CronJob/earlybell-aliases", "Pod/earlybell-test-cluster"}
    accounts = {name: manifest for name, manifest in manifests.items() if manifest["kind"] == "ServiceAccount"}
    mounted = {name for name, account in accounts.items() if account["automountServiceAccountToken"]}
    assert mounted == {"ServiceAccount/earlybell-pipeline"}


def test_pods_that_others_make_can_pull_from_a_private_registry() -> None:
    manifests = named(rendered(*SITES["private_registry"]))
    assert manifests["ServiceAccount/earlybell-pipeline"]["imagePullSecrets"] == [{"name": "registry"}]  # KFP's
    assert manifests[f"ServingRuntime/earlybell-{__version__}"]["spec"]["imagePullSecrets"] == [
        {"name": "registry"}
    ]  # KServe's


@ALL_SITES
def test_the_chart_never_renders_a_model(site: str) -> None:
    manifests = named(rendered(*SITES[site]))
    kinds = {manifest["kind"] for name, manifest in manifests.items() if name != "Service/earlybell-mlbackend"}
    assert not kinds & {"InferenceService", "Service", "PodDisruptionBudget", "Namespace"}


def test_the_back_end_of_moodles_analytics_is_there_only_where_it_is_wanted() -> None:
    assert not [name for name in named(rendered()) if name.endswith("mlbackend")]


def test_it_has_one_pod_a_volume_that_stays_and_a_password_that_no_manifest_holds() -> None:
    manifests = named(rendered(*SITES["mlbackend"]))
    deployment = manifests["Deployment/earlybell-mlbackend"]["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"][-1] == "--max-fits=2"
    assert container["env"][0]["valueFrom"] == {"secretKeyRef": {"name": "earlybell-mlbackend", "key": "password"}}
    assert {container[probe]["httpGet"]["port"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")} == {
        "http"
    }
    volume = manifests["PersistentVolumeClaim/earlybell-mlbackend"]
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == volume["metadata"]["name"]
    assert volume["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    selector = manifests["Service/earlybell-mlbackend"]["spec"]["selector"]
    assert selector.items() <= deployment["template"]["metadata"]["labels"].items()
    assert manifests["PodMonitor/earlybell-mlbackend"]


def test_it_is_asked_by_moodle_the_gateway_and_prometheus_and_asks_nobody() -> None:
    policy = named(rendered(*SITES["mlbackend"]))["NetworkPolicy/earlybell-mlbackend"]["spec"]
    (rule,) = policy["ingress"]
    names = {peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in rule["from"]}
    assert names == {"kourier-system", "knative-serving", "traefik", "lms", "monitoring"}
    assert _ports(rule) == {8080}
    assert policy["egress"] == []


def test_where_nobody_may_ask_it_nobody_does() -> None:
    nobody = ("--set-json", "networkPolicies.gateways=[]", "--set-json", "networkPolicies.prometheus=[]")
    policy = named(rendered("--set", "mlbackend.enabled=true", *nobody))["NetworkPolicy/earlybell-mlbackend"]["spec"]
    assert policy["ingress"] == []  # `from: null` would let everybody in


def test_a_gateway_waits_as_long_as_the_back_end_may_take() -> None:
    """For its turn at the model, for its turn at the processor, for the fit; and for the body before."""
    site = SITES["mlbackend_behind_the_gateway"]
    for seconds, arguments in ((1800, ()), (600, ("--set", "mlbackend.seconds=600"))):
        manifests = named(rendered(*site, *arguments))
        (container,) = manifests["Deployment/earlybell-mlbackend"]["spec"]["template"]["spec"]["containers"]
        assert f"--max-seconds={seconds}" in container["args"]
        (rule,) = manifests["HTTPRoute/earlybell-mlbackend"]["spec"]["rules"]
        assert rule["timeouts"] == {"request": f"{3 * seconds + 300}s"}


def test_its_scratch_holds_the_uploads_of_all_that_wait_run_and_are_read() -> None:
    limits = Limits()
    pod = named(rendered(*SITES["mlbackend"]))["Deployment/earlybell-mlbackend"]["spec"]["template"]["spec"]
    scratch = next(volume for volume in pod["volumes"] if volume["name"] == "scratch")["emptyDir"]["sizeLimit"]
    most = (limits.waiting + limits.fits + AT_ONCE) * limits.body_bytes
    assert int(scratch.removesuffix("Gi")) * 2**30 >= most


def test_it_has_a_host_of_its_own_with_tls() -> None:
    manifests = named(rendered(*SITES["mlbackend_behind_the_gateway"]))
    listeners = {one["name"]: one for one in manifests["Gateway/earlybell"]["spec"]["listeners"]}
    assert listeners["mlbackend"]["hostname"] == "analytics.example.org"
    assert listeners["mlbackend"]["tls"]["certificateRefs"][0]["name"] == "earlybell-mlbackend-tls"
    route = manifests["HTTPRoute/earlybell-mlbackend"]["spec"]
    assert route["parentRefs"] == [{"name": "earlybell", "sectionName": "mlbackend"}]
    assert route["hostnames"] == ["analytics.example.org"]
    assert route["rules"][0]["backendRefs"] == [{"name": "earlybell-mlbackend", "port": 80}]


@ALL_SITES
def test_every_object_says_whose_it_is(site: str) -> None:
    for name, manifest in named(rendered(*SITES[site])).items():
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "earlybell", name
        assert labels.keys() >= {f"app.kubernetes.io/{key}" for key in ("name", "component", "version", "managed-by")}
        assert manifest["metadata"]["name"].startswith("earlybell"), name


def test_nothing_reaches_a_pod_that_no_policy_names() -> None:
    policies = {
        name: manifest["spec"] for name, manifest in named(rendered()).items() if manifest["kind"] == "NetworkPolicy"
    }
    denied = policies.pop("NetworkPolicy/earlybell-default-deny")
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    coming = {name for name, policy in policies.items() if "ingress" in policy}
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
    going = {port["port"] for port in to_pods[0]["ports"]}
    assert [rule for rule in policy["ingress"] if models in rule["from"] and going <= _ports(rule)]


def test_a_sync_reaches_the_sources_of_data_and_nothing_else() -> None:
    policies = [one["spec"] for one in named(rendered(*SITES["sync"])).values() if one["kind"] == "NetworkPolicy"]
    template = named(rendered(*SITES["sync"]))["CronJob/earlybell-sync"]["spec"]["jobTemplate"]["spec"]["template"]
    labels = template["metadata"]["labels"]
    rules = [rule for policy in policies if _chooses(policy, labels) for rule in policy.get("egress", [])]
    database = {"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [{"protocol": "TCP", "port": 5432}]}
    assert [rule for rule in rules if _ports(rule) != {53}] == [database]
    assert "NetworkPolicy/earlybell-sync" not in named(rendered())


def _chooses(policy: Object, labels: dict[str, str]) -> bool:
    """Whether a policy is of pods with these labels."""
    selector = policy["podSelector"]
    equal = selector.get("matchLabels", {}).items() <= labels.items()
    expressions = selector.get("matchExpressions", [])
    return equal and all(labels.get(one["key"]) in one.get("values", []) for one in expressions)


def test_steps_reach_the_pushgateway_where_the_site_says_it_is() -> None:
    place = [{"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [443]}]
    settings = (
        "--set-json",
        f"networkPolicies.pushgateway={json.dumps(place)}",
        "--set",
        "pushgateway.address=https://push",
    )
    for arguments, reached in ((settings, True), (settings[:2], False)):
        rules = named(rendered(*arguments))["NetworkPolicy/earlybell-pipelines"]["spec"]["egress"]
        assert bool([rule for rule in rules if rule["to"] == place[0]["to"] and _ports(rule) == {443}]) is reached


def _ports(rule: Object) -> set[int]:
    return {port["port"] for port in rule["ports"]}


def test_http_reaches_no_pod() -> None:
    redirect = named(rendered(*SITES["gateway"]))["HTTPRoute/earlybell-redirect"]["spec"]
    assert [parent["sectionName"] for parent in redirect["parentRefs"]] == ["http"]
    assert all("backendRefs" not in rule for rule in redirect["rules"])


@ALL_OVERLAYS
def test_a_model_names_a_runtime_a_version_and_where_it_lies_and_nothing_of_how_it_runs(overlay: Path) -> None:
    model = _predictor(overlay)["model"]
    assert model["runtime"].startswith("earlybell-")
    assert model["modelFormat"] == {"name": "earlybell"}
    assert not model.keys() & {"image", "args", "command", "securityContext", "resources"}
    assert [variable["name"] for variable in model["env"]] == ["EARLYBELL_MODEL_VERSION"]


@ALL_SITES
def test_a_runtime_says_which_formats_of_a_bundle_it_reads(site: str) -> None:
    runtimes = [one for name, one in named(rendered(*SITES[site])).items() if name.startswith("ServingRuntime/")]
    assert runtimes
    for runtime in runtimes:
        formats = runtime["spec"]["supportedModelFormats"]
        assert [(one["name"], one["version"]) for one in formats] == [("earlybell", str(format)) for format in READABLE]


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
    spread = {constraint["topologyKey"] for constraint in _predictor(overlay)["topologySpreadConstraints"]}
    assert spread == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


@ALL_OVERLAYS
def test_a_model_has_no_label_that_reaches_another_version(overlay: Path) -> None:
    service = named(built(overlay))["InferenceService/learner-risk"]
    assert "earlybell.io/model-version" not in service["metadata"]["labels"]
    assert service["spec"]["predictor"]["labels"] == {"earlybell.io/model-version": "0"}


def test_only_our_route_reaches_a_model_in_standard_mode() -> None:
    manifests = named(built(next(path for path in OVERLAYS if path.name == "standard")))
    labels = manifests["InferenceService/learner-risk"]["metadata"]["labels"]
    assert labels["networking.kserve.io/visibility"] == "cluster-local"
    route = manifests["HTTPRoute/learner-risk-traffic"]["spec"]
    gateway = named(rendered(*SITES["gateway"]))["Gateway/earlybell"]
    assert route["parentRefs"] == [{"name": gateway["metadata"]["name"], "sectionName": "https"}]


def _predictor(overlay: Path) -> Object:
    predictor: Object = named(built(overlay))["InferenceService/learner-risk"]["spec"]["predictor"]
    return predictor
