"""helm's install, upgrade, rollback and uninstall on a real API server: what a model runs by stays as it is."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from earlybell import __version__
from tests.apiserver import program
from tests.helm.render import CHART, NAMED, OVERLAYS, SITES, Object, built, named
from tests.helm.site import Site

Helm = Callable[..., subprocess.CompletedProcess[str]]
NEXT = "9.9.9"


@pytest.fixture
def release(site: Site) -> Iterator[Helm]:
    """helm at a site with the chart installed and a model in the middle of a canary."""

    def helm(verb: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [program("helm"), verb, "earlybell", *arguments, "--namespace", site.name]
        return subprocess.run([*command, "--kubeconfig", site.server.kubeconfig], text=True, capture_output=True)

    done = helm("install", CHART)
    assert done.returncode == 0, done.stderr
    model = named(built(OVERLAYS[0]))["InferenceService/learner-risk"]
    predictor = model["spec"]["predictor"] | {"canaryTrafficPercent": 20}
    site.apply([model | {"spec": model["spec"] | {"predictor": predictor}}])
    yield helm
    helm("uninstall")


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The chart as its next version will be."""
    chart = Path(shutil.copytree(CHART, tmp_path / "earlybell"))
    about = (chart / "Chart.yaml").read_text()
    (chart / "Chart.yaml").write_text(about.replace(__version__, NEXT))
    return chart


def test_an_upgrade_and_its_rollback_change_nothing_that_a_canary_runs_by(
    release: Helm, later: Path, site: Site
) -> None:
    before = _model(site)
    ours = f"earlybell-{__version__}"
    for step, runtimes in (("upgrade", [ours, f"earlybell-{NEXT}"]), ("rollback", [ours])):
        done = release(step, later if step == "upgrade" else "1")
        assert done.returncode == 0, done.stderr
        now = _model(site)
        assert now["InferenceService/learner-risk"] == before["InferenceService/learner-risk"]
        assert now[f"ServingRuntime/earlybell-{__version__}"] == before[f"ServingRuntime/earlybell-{__version__}"]
        assert {f"ServingRuntime/{name}" for name in runtimes} <= now.keys()
    assert release("upgrade", later).returncode == 0


def test_a_runtime_that_a_model_may_run_by_is_never_changed(release: Helm, site: Site) -> None:
    before = _model(site)
    done = release("upgrade", CHART, "--set", "serving.resources.limits.memory=2Gi")
    assert done.returncode != 0
    assert "set serving.revision" in done.stderr
    done = release("upgrade", CHART, "--set", "serving.resources.limits.memory=2Gi,serving.revision=2gi")
    assert done.returncode == 0, done.stderr
    now = _model(site)
    assert now[f"ServingRuntime/earlybell-{__version__}"] == before[f"ServingRuntime/earlybell-{__version__}"]
    assert f"ServingRuntime/earlybell-{__version__}-2gi" in now


def test_what_a_model_needs_outlives_the_release_and_is_taken_up_again(release: Helm, site: Site) -> None:
    done = release("upgrade", CHART, *SITES["gateway"])
    assert done.returncode == 0, done.stderr
    before = _model(site)
    assert {"Gateway/earlybell", "HTTPRoute/earlybell-redirect"} < before.keys()
    assert release("uninstall").returncode == 0
    assert _model(site) == before
    done = release("install", CHART, *SITES["gateway"])
    assert done.returncode == 0, done.stderr
    assert _model(site) == before


def test_what_outlived_the_release_goes_by_the_commands_of_the_readme(release: Helm, site: Site) -> None:
    assert release("upgrade", CHART, *SITES["gateway"]).returncode == 0
    assert release("uninstall").returncode == 0
    commands = re.findall(r"(?m)^kubectl -n site (delete .*)$", (CHART / "README.md").read_text())
    for command in commands:
        done = site.ask(*command.split())
        assert done.returncode == 0, done.stderr
    assert _model(site) == {}


def test_a_site_that_keeps_nothing_keeps_no_gateway(release: Helm, site: Site) -> None:
    assert release("upgrade", CHART, *SITES["gateway"], "--set", "serving.keep=false").returncode == 0
    assert release("uninstall").returncode == 0
    assert not _model(site).keys() & {"Gateway/earlybell", "HTTPRoute/earlybell-redirect"}


def _model(site: Site) -> dict[str, Object]:
    """The model and what it runs by, of this namespace: by kind and name, what each says."""
    resources = "inferenceservices,servingruntimes,configmaps,serviceaccounts,gateways,httproutes"
    manifests = yaml.safe_load(site.ask("get", resources, "-o", "yaml").stdout)["items"]
    names = {"learner-risk", "earlybell-settings", "earlybell-serving"}
    kinds = {"ServingRuntime", "Gateway", "HTTPRoute"}
    served = [manifest for manifest in manifests if manifest["kind"] in kinds or manifest["metadata"]["name"] in names]
    return {f"{manifest['kind']}/{manifest['metadata']['name']}": _content(manifest) for manifest in served}


def _content(manifest: Object) -> Object:
    """The whole object but for its bookkeeping, and how often its spec was changed."""
    about = {key: manifest["metadata"].get(key) for key in ("name", "generation")}
    return {key: manifest.get(key) for key in ("spec", "data", "secrets")} | about


def test_jobs_and_steps_reach_the_api_server_that_helm_finds_and_nothing_else_over_the_network(
    release: Helm, site: Site
) -> None:
    command = ("get", "service/kubernetes", "endpointslice/kubernetes", "-n", "default", "-o", "yaml")
    service, slice_ = yaml.safe_load(site.server.kubectl(*command).stdout)["items"]
    behind = [address for endpoint in slice_["endpoints"] for address in endpoint["addresses"]]
    expected = [
        ({f"{address}/32" for address in addresses}, {port["port"] for port in ports})
        for addresses, ports in ((service["spec"]["clusterIPs"], service["spec"]["ports"]), (behind, slice_["ports"]))
    ]
    assert all(addresses for addresses, _ in expected)
    for name in ("jobs", "pipelines"):
        policy = yaml.safe_load(site.ask("get", "networkpolicy", f"earlybell-{name}", "-o", "yaml").stdout)
        rules = [rule for rule in policy["spec"]["egress"] if any("ipBlock" in peer for peer in rule["to"])]
        allowed = [
            ({peer["ipBlock"]["cidr"] for peer in rule["to"]}, {port["port"] for port in rule["ports"]})
            for rule in rules
        ]
        assert allowed == expected, name


def test_who_may_not_look_for_the_api_server_names_it(site: Site) -> None:
    admin = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "admin"}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    who = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "of-the-site"}
    site.apply([admin | {"roleRef": role, "subjects": [who]}])  # all rights, in this namespace
    where = ("--namespace", site.name, "--kubeconfig", str(site.server.kubeconfig))
    command = [program("helm"), "install", "earlybell", str(CHART), *where, "--kube-as-user", "of-the-site"]
    refused = subprocess.run(command, text=True, capture_output=True)
    assert refused.returncode != 0
    assert "networkPolicies.apiServer" in refused.stderr
    done = subprocess.run([*command, *NAMED], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
