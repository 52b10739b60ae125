"""Install, upgrade, rollback and uninstall by helm, on a real API server: what a model runs by stays, and stays the same."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.helm.apiserver import ApiServer
from tests.helm.render import CHART, OVERLAYS, Object, built
from tests.helm.tools import program

Helm = Callable[..., subprocess.CompletedProcess[str]]
NEXT = "9.9.9"


@pytest.fixture
def release(api_server: ApiServer, request: pytest.FixtureRequest) -> Iterator[Helm]:
    """helm at a namespace with the chart installed and a model in the middle of a canary."""
    namespace = api_server.namespace(f"release-{abs(hash(request.node.name))}")

    def helm(verb: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [program("helm"), verb, "earlybell", *arguments, "--namespace", namespace]
        return subprocess.run([*command, "--kubeconfig", api_server.kubeconfig], text=True, capture_output=True)

    done = helm("install", CHART)
    assert done.returncode == 0, done.stderr
    model = next(one for one in built(OVERLAYS[0]) if one["kind"] == "InferenceService")
    model["spec"]["predictor"]["canaryTrafficPercent"] = 20
    api_server.apply(namespace, [model])
    yield helm
    helm("uninstall")


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The chart as its next version will be."""
    chart = Path(shutil.copytree(CHART, tmp_path / "earlybell"))
    about = (chart / "Chart.yaml").read_text()
    (chart / "Chart.yaml").write_text(about.replace("0.1.0", NEXT))
    return chart


def test_an_upgrade_and_its_rollback_change_nothing_that_a_canary_runs_by(
    release: Helm, later: Path, api_server: ApiServer
) -> None:
    before = _model(release, api_server)
    for step, runtimes in (("upgrade", ["earlybell-0.1.0", f"earlybell-{NEXT}"]), ("rollback", ["earlybell-0.1.0"])):
        done = release(step, later if step == "upgrade" else "1")
        assert done.returncode == 0, done.stderr
        now = _model(release, api_server)
        assert now["InferenceService/learner-risk"] == before["InferenceService/learner-risk"]
        assert now["ServingRuntime/earlybell-0.1.0"] == before["ServingRuntime/earlybell-0.1.0"]
        assert {f"ServingRuntime/{name}" for name in runtimes} <= now.keys()
    assert release("upgrade", later).returncode == 0


def test_a_runtime_that_a_model_may_run_by_is_never_changed(release: Helm, api_server: ApiServer) -> None:
    before = _model(release, api_server)
    done = release("upgrade", CHART, "--set", "serving.resources.limits.memory=2Gi")
    assert done.returncode != 0
    assert "set serving.revision" in done.stderr
    done = release("upgrade", CHART, "--set", "serving.resources.limits.memory=2Gi,serving.revision=2gi")
    assert done.returncode == 0, done.stderr
    now = _model(release, api_server)
    assert now["ServingRuntime/earlybell-0.1.0"] == before["ServingRuntime/earlybell-0.1.0"]
    assert "ServingRuntime/earlybell-0.1.0-2gi" in now


def test_what_a_model_needs_outlives_the_release_and_is_taken_up_again(release: Helm, api_server: ApiServer) -> None:
    before = _model(release, api_server)
    assert release("uninstall").returncode == 0
    assert _model(release, api_server) == before
    done = release("install", CHART)
    assert done.returncode == 0, done.stderr
    assert _model(release, api_server) == before


def _model(release: Helm, api_server: ApiServer) -> dict[str, Object]:
    """What a model runs by, and itself: by kind and name, what they say without their bookkeeping."""
    namespace = release("status").args[-3]
    places = ["inferenceservices", "servingruntimes", "configmaps", "serviceaccounts"]
    done = api_server.kubectl("get", ",".join(places), "-n", namespace, "-o", "yaml")
    found = yaml.safe_load(done.stdout)["items"]
    return {f"{one['kind']}/{one['metadata']['name']}": _said(one) for one in found if _kept(one)}


def _kept(found: Object) -> bool:
    return found["metadata"]["name"] not in ("default", "kube-root-ca.crt") and (
        found["kind"] != "ServiceAccount" or found["metadata"]["name"] == "earlybell-serving"
    )


def _said(found: Object) -> Object:
    return {key: found.get(key) for key in ("spec", "data", "secrets")} | {
        "generation": found["metadata"].get("generation")
    }
