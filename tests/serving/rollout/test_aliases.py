"""MLflow's aliases follow the traffic, by what the cluster says is so."""

from pathlib import Path

import pytest

from components.registry import register
from earlybell.errors import ClusterError
from tests.serving.rollout.site import MODEL, Site

KNATIVE, STANDARD = "knative", "standard"
both = pytest.mark.parametrize("mode", [KNATIVE, STANDARD])


def _apply(site: Site, mode: str, version: int, *options: object) -> None:
    site.apply(site.release(version, *options, overlay=mode))


def _settle(site: Site, mode: str, *, ready: bool = True) -> None:
    site.knative_settles(ready=ready) if mode == KNATIVE else site.standard_settles(ready=ready)


def _follow(site: Site) -> dict[str, str]:
    site.run("aliases")
    return site.aliases


@both
def test_aliases_follow_a_release_all_the_way(site: Site, mode: str) -> None:
    expected: list[tuple[int, tuple[object, ...], dict[str, str]]] = [
        (3, ("--traffic", 100), {"champion": "3"}),
        (4, ("--traffic", 0), {"champion": "3"}),
        (4, ("--traffic", 10), {"champion": "3", "challenger": "4"}),
        (4, ("--traffic", 100), {"champion": "3", "challenger": "4"}),
        (4, ("--promote",), {"champion": "4"}),
    ]
    for version, options, aliases in expected:
        _apply(site, mode, version, *options)
        _settle(site, mode)
        assert _follow(site) == aliases
        assert "nothing to change" in site.run("aliases").stdout


@both
def test_aliases_never_run_ahead_of_the_traffic(site: Site, mode: str) -> None:
    _apply(site, mode, 3, "--traffic", 100)
    assert _follow(site) == {}
    _settle(site, mode)
    assert _follow(site) == {"champion": "3"}
    _apply(site, mode, 4, "--traffic", 0)
    _settle(site, mode)
    _apply(site, mode, 4, "--traffic", 50)
    assert _follow(site) == {"champion": "3"}
    _settle(site, mode)
    _apply(site, mode, 4, "--traffic", 100)
    _settle(site, mode)
    assert _follow(site) == {"champion": "3", "challenger": "4"}


@both
def test_what_is_taken_back_is_no_challenger(site: Site, mode: str) -> None:
    for version, traffic in ((3, 100), (4, 0), (4, 50)):
        _apply(site, mode, version, "--traffic", traffic)
        _settle(site, mode)
    assert _follow(site) == {"champion": "3", "challenger": "4"}
    _apply(site, mode, 4, "--traffic", 0)
    _settle(site, mode)
    assert _follow(site) == {"champion": "3"}


def test_a_dry_run_says_what_would_change_and_changes_nothing(site: Site) -> None:
    _apply(site, KNATIVE, 3, "--traffic", 100)
    _settle(site, KNATIVE)
    assert site.run("aliases", "--dry-run").stdout == "would set champion: none -> 3\n"
    assert site.aliases == {}


def test_a_training_that_ends_during_a_canary_changes_nothing_of_it(site: Site, bundle: Path) -> None:
    for version, traffic in ((3, 100), (4, 10)):
        _apply(site, KNATIVE, version, "--traffic", traffic)
        _settle(site, KNATIVE)
    aliases, service = _follow(site), site.get("isvc")
    trained = register(bundle, name=MODEL)
    assert _follow(site) == aliases == {"champion": "3", "challenger": "4"}
    assert site.get("isvc") == service
    with pytest.raises(ClusterError, match="a canary is under way: version 4"):
        site.release(5, "--traffic", 10)
    site.registry.delete_model_version(MODEL, trained.version)


def test_before_the_first_release_there_is_nothing_to_follow(site: Site) -> None:
    with pytest.raises(ClusterError, match=f"no InferenceService {MODEL} in namespace: {site.namespace}. Release"):
        site.run("aliases")
