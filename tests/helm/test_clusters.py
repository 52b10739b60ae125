"""The chart on clusters of other kinds: rendered, as none is at hand. A real API server takes it in test_accepted."""

import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import pytest
from requests.utils import get_environ_proxies  # type: ignore[import-untyped]

from earlybell import __version__
from tests.helm.render import NAMED, SITES, Object, built, helm, named, pods, rendered
from tests.helm.tools import ROOT

PROXIED = {"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"}
# What OpenShift's constraint restricted-v2 lets a pod mount.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def site_pods(site: str) -> dict[str, Object]:
    """Every pod of a site, those of the trail's Job among them."""
    return pods(rendered("--set", "trail.owner.role=owner", *SITES[site]))


def egress(policy: str, *arguments: str) -> list[Object]:
    """What a policy lets out."""
    rules: list[Object] = named(rendered(*arguments))[f"NetworkPolicy/earlybell-{policy}"]["spec"]["egress"]
    return rules


def blocks(rules: list[Object]) -> set[tuple[str, int]]:
    """The addresses of rules, each with a port."""
    return {
        (peer["ipBlock"]["cidr"], port["port"])
        for rule in rules
        for peer in rule["to"]
        if "ipBlock" in peer
        for port in rule["ports"]
    }


def variables(container: Object) -> dict[str, Any]:
    """What a container's own variables are."""
    return {variable["name"]: variable.get("value", variable.get("valueFrom")) for variable in container["env"]}


def test_no_pod_goes_to_an_address_that_the_values_do_not_name() -> None:
    rules = [rule for policy in ("dns", "jobs", "pipelines", "serving") for rule in egress(policy)]
    assert blocks(rules) == {("169.254.20.10/32", 53), ("10.96.0.1/32", 443)}  # the latter is the tests'
    assert all(rule["to"] for rule in rules)


def test_where_helm_cannot_look_into_a_cluster_the_api_server_is_asked_for_with_the_way_to_find_it() -> None:
    done = helm("template", "earlybell", ".", "--namespace", "site")
    assert done.returncode != 0
    for word in ("networkPolicies.apiServer", "kubectl get service,endpointslice kubernetes -n default", "::/0"):
        assert word in done.stderr
    off = helm("template", "earlybell", ".", "--namespace", "site", "--set", "networkPolicies.enabled=false")
    assert off.returncode == 0, off.stderr


def test_the_constraint_of_openshift_takes_every_pod() -> None:
    for name, pod in site_pods("openshift").items():
        assert {key for volume in pod.get("volumes", []) for key in volume} - {"name"} <= VOLUMES, name
        for context in (
            pod.get("securityContext", {}),
            *(container["securityContext"] for container in pod["containers"]),
        ):
            assert not context.keys() & {"runAsUser", "runAsGroup", "fsGroup", "supplementalGroups"}, name
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}
            assert (context["allowPrivilegeEscalation"], context["runAsNonRoot"]) == (False, True)
            assert context["capabilities"] == {"drop": ["ALL"]}


def test_every_other_site_names_the_user_of_the_images() -> None:
    for name, pod in site_pods("defaults").items():
        contexts = [container["securityContext"] for container in pod["containers"]]
        assert {(context["runAsUser"], context["runAsGroup"]) for context in contexts} == {(65532, 65532)}, name


def test_names_are_asked_for_where_openshift_has_its_dns() -> None:
    (rule,) = egress("dns", *SITES["openshift"])
    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "openshift-dns"}}}]
    assert [(port["protocol"], port["port"]) for port in rule["ports"]] == [("TCP", 5353), ("UDP", 5353)]


@pytest.mark.parametrize(
    ("site", "places"),
    [("defaults", {"169.254.20.10/32"}), ("nodelocal_dns_of_another_address", {"10.96.0.10/32", "169.254.25.10/32"})],
)
def test_names_are_asked_for_at_the_nodes_own_cache(site: str, places: set[str]) -> None:
    rules = egress("dns", *SITES[site])
    assert blocks(rules) == {(place, 53) for place in places}
    assert {port["protocol"] for rule in rules for port in rule["ports"]} == {"TCP", "UDP"}


@pytest.mark.parametrize(("site", "host"), [("defaults", "0.0.0.0"), ("ipv6_only", "::"), ("dual_stack", "::")])  # noqa: S104
def test_the_model_listens_to_the_kind_of_addresses_that_the_cluster_has(site: str, host: str) -> None:
    runtime = pods(rendered(*SITES[site]))[f"ServingRuntime/earlybell-{__version__}"]["containers"][0]
    assert f"--host={host}" in runtime["args"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert "host" not in runtime[probe]["httpGet"]  # the pod's own address, of whatever kind


def test_a_cluster_of_ipv6_alone_has_no_address_of_ipv4_in_its_rules() -> None:
    rules = [rule for policy in ("dns", "jobs", "pipelines", "serving") for rule in egress(policy, *SITES["ipv6_only"])]
    assert blocks(rules) == {("fd00::1/128", 443), ("fd00::a/128", 53)}


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_what_a_site_reaches_anywhere_it_reaches_by_both_kinds_of_addresses(cloud: str) -> None:
    assert {("0.0.0.0/0", 443), ("::/0", 443)} <= blocks(egress("serving", *SITES[cloud]))


def test_every_pod_has_the_proxy_and_the_sites_variables_in_both_spellings() -> None:
    for name, pod in site_pods("proxy_and_authorities").items():
        for container in pod["containers"]:
            env = variables(container)
            assert env["TZ"] == "Europe/Berlin", name
            assert {key for key in env if "proxy" in key.lower()} == PROXIED, name
            assert env["https_proxy"] == env["HTTPS_PROXY"] == "http://proxy.example.org:3128"
            assert env["no_proxy"] == env["NO_PROXY"]
            assert len(env) == len(container["env"]), "a variable is given twice, which an API server refuses"


def test_the_cluster_itself_is_never_asked_through_the_proxy() -> None:
    (pod, *_) = site_pods("proxy_and_authorities").values()
    direct = variables(pod["containers"][0])["NO_PROXY"].split(",")
    cluster = {"localhost", "127.0.0.1", "::1", ".svc", ".cluster.local", ".kubeflow", "$(KUBERNETES_SERVICE_HOST)"}
    assert set(direct) == cluster | {".example.org"}


def test_a_proxys_password_is_in_its_secret_alone() -> None:
    for name, pod in site_pods("proxy_with_a_password").items():
        env = variables(pod["containers"][0])
        for spelt in ("HTTP_PROXY", "HTTPS_PROXY"):
            key = {"secretKeyRef": {"name": "proxy", "key": spelt, "optional": True}}
            assert env[spelt] == env[spelt.lower()] == key, name


def test_every_pod_reaches_the_proxy_and_none_where_there_is_none() -> None:
    policy = named(rendered(*SITES["proxy_and_authorities"]))["NetworkPolicy/earlybell-proxy"]["spec"]
    assert policy["podSelector"] == {}
    assert blocks(policy["egress"]) == {("10.1.2.3/32", 3128)}
    place = SITES["proxy_and_authorities"][-2:]
    assert "NetworkPolicy/earlybell-proxy" not in named(rendered(*place))


def test_a_variable_of_the_site_wins_over_the_charts() -> None:
    env = variables(
        pods(rendered("--set", "trust.configMap=a,env.AWS_CA_BUNDLE=/x"))["CronJob/earlybell-aliases"]["containers"][0]
    )
    assert (env["AWS_CA_BUNDLE"], env["SSL_CERT_FILE"]) == ("/x", "/etc/earlybell/trust/ca.crt")


def test_every_pod_goes_to_the_nodes_that_are_ours_and_a_job_has_their_classes() -> None:
    scheduling = json.loads(SITES["nodes"][1].partition("=")[2]) | {"runtimeClassName": "kata"}
    classes = {"priorityClassName", "runtimeClassName"}
    more = ("--set", "scheduling.runtimeClassName=kata")
    for name, pod in pods(rendered(*SITES["nodes"], *more)).items():
        expected = scheduling.keys() - (classes if name.startswith("ServingRuntime/") else set())
        assert {key: pod[key] for key in scheduling if key in pod} == {key: scheduling[key] for key in expected}, name


def test_the_notes_say_what_else_a_site_with_authorities_does() -> None:
    done = helm(
        "install", "earlybell", ".", "--namespace", "site", "--dry-run=client", *NAMED, *SITES["proxy_and_authorities"]
    )
    assert "serving.kserve.io/s3-cabundle-configmap=authorities" in done.stdout.partition("\nNOTES:\n")[2], done.stderr


def test_an_overlay_of_a_sites_own_gives_the_model_its_classes_as_the_document_says(tmp_path: Path) -> None:
    text = (ROOT / "docs/how-to/change-the-pods.md").read_text()
    (block,) = re.findall(r"```yaml\n# (manifests/\S+)\n(.*?)```", text, re.DOTALL)
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    file = tmp_path / block[0]
    file.parent.mkdir()
    file.write_text(block[1])
    predictor = named(built(file.parent))["InferenceService/learner-risk"]["spec"]["predictor"]
    assert (predictor["priorityClassName"], predictor["runtimeClassName"], predictor["maxReplicas"]) == (
        "teaching",
        "kata",
        6,
    )
    assert predictor["scaleMetric"] == "concurrency"  # of the overlay below it


@pytest.mark.parametrize("api", ["10.96.0.1", "fd00::1"])
def test_clients_ask_the_cluster_directly_and_all_else_through_the_proxy(
    api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pod, *_) = site_pods("proxy_and_authorities").values()
    proxies = {name: value for name, value in variables(pod["containers"][0]).items() if name in PROXIED}
    for name, value in proxies.items():
        monkeypatch.setenv(name, value.replace("$(KUBERNETES_SERVICE_HOST)", api))  # as kubelet does
    at = f"[{api}]" if ":" in api else api
    inside = [f"https://{at}:443/api", "https://mlflow.stores.svc/x", "https://s3.stores.svc.cluster.local:8333"]
    inside += ["https://ml-pipeline.kubeflow:8888", "https://a.example.org", "https://localhost:8080"]
    for address in inside:
        assert get_environ_proxies(address) == {}, address
        assert proxy_bypass(urlsplit(address).hostname or ""), address
    assert get_environ_proxies("https://mlflow.example.com")["https"] == "http://proxy.example.org:3128"
    assert not proxy_bypass("mlflow.example.com")
