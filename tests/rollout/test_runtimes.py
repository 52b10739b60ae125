"""A release names a ServingRuntime that is there, or is refused: KServe would wait for it without end."""

import json
from pathlib import Path

import pytest
import yaml

from earlybell.errors import ClusterError
from tests.helm.render import rendered
from tests.helm.site import Site as Namespace
from tests.rollout.site import ANOTHER, OURS, Site, runtime

both = pytest.mark.parametrize("overlay", ["knative", "standard"])


def _settle(site: Site, overlay: str) -> None:
    site.knative_settles() if overlay == "knative" else site.standard_settles()


@pytest.fixture
def promoter(campus: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site as earlybell-promotion sees it, with the rights that the chart gives."""
    name = "earlybell-promotion"
    Namespace(campus.cluster, campus.namespace).apply(
        [resource for resource in rendered() if resource["metadata"]["name"] == name]
    )
    config = yaml.safe_load(campus.cluster.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = campus.kubectl("create", "token", name)
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    return campus


@both
def test_a_runtime_that_is_not_there_is_refused_and_those_that_are_there_are_named(campus: Site, overlay: str) -> None:
    message = rf"no such ServingRuntime in {campus.namespace}: earlybell-9\.0\.0\. .*{OURS}, {ANOTHER}"
    with pytest.raises(ClusterError, match=message):
        campus.release(3, "--traffic", 100, "--runtime", "earlybell-9.0.0", overlay=overlay)
    campus.apply(campus.release(3, "--traffic", 100, overlay=overlay))
    _settle(campus, overlay)
    with pytest.raises(ClusterError, match=message):
        campus.release(4, "--traffic", 0, "--runtime", "earlybell-9.0.0", overlay=overlay)


def test_without_any_runtime_the_chart_is_named(campus: Site) -> None:
    campus.kubectl("delete", "servingruntimes", "--all")
    with pytest.raises(ClusterError, match=f"no such ServingRuntime in {campus.namespace}: {OURS}.*none; the chart"):
        campus.release(3, "--promote")


def test_a_runtime_of_the_whole_cluster_will_do(campus: Site) -> None:
    campus.apply([runtime("earlybell-of-all", "ClusterServingRuntime")])
    objects = campus.release(3, "--promote", "--runtime", "earlybell-of-all")
    assert objects[-1]["spec"]["predictor"]["model"]["runtime"] == "earlybell-of-all"


@both
def test_the_way_back_is_not_barred_by_a_runtime_that_is_gone(campus: Site, overlay: str) -> None:
    new = ("--runtime", ANOTHER)
    for version, options in ((3, ("--traffic", 100)), (4, ("--traffic", 0, *new)), (4, ("--traffic", 50, *new))):
        campus.apply(campus.release(version, *options, overlay=overlay))
        _settle(campus, overlay)
    campus.kubectl("delete", "servingruntimes", "--all")
    assert campus.release(4, "--traffic", 0, *new, overlay=overlay)


def test_the_account_of_a_release_may_see_what_it_needs_and_says_what_it_may_not(promoter: Site) -> None:
    assert promoter.release(3, "--promote")
    with pytest.raises(ClusterError, match=rf"{OURS}.* \(ClusterServingRuntimes you may not list\)\."):
        promoter.release(3, "--promote", "--runtime", "earlybell-9.0.0")
