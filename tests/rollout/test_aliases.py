"""MLflow's aliases follow the traffic, by what the cluster says is so."""

from pathlib import Path

import pytest

from components.registry import register
from earlybell.errors import ClusterError
from tests.rollout.site import MODEL, Site

KNATIVE, STANDARD = "knative", "standard"
both = pytest.mark.parametrize("mode", [KNATIVE, STANDARD])


def _apply(campus: Site, mode: str, version: int, *options: object) -> None:
    campus.apply(campus.release(version, *options, overlay=mode))


def _settle(campus: Site, mode: str, *, ready: bool = True) -> None:
    campus.knative_settles(ready=ready) if mode == KNATIVE else campus.standard_settles(ready=ready)


def _follow(campus: Site) -> dict[str, str]:
    campus.run("aliases")
    return campus.aliases


@both
def test_aliases_follow_a_release_all_the_way(campus: Site, mode: str) -> None:
    expected: list[tuple[int, tuple[object, ...], dict[str, str]]] = [
        (3, ("--traffic", 100), {"champion": "3"}),
        (4, ("--traffic", 0), {"champion": "3"}),
        (4, ("--traffic", 10), {"champion": "3", "challenger": "4"}),
        (4, ("--traffic", 100), {"champion": "3", "challenger": "4"}),
        (4, ("--promote",), {"champion": "4"}),
    ]
    for version, options, aliases in expected:
        _apply(campus, mode, version, *options)
        _settle(campus, mode)
        assert _follow(campus) == aliases
        assert "nothing to change" in campus.run("aliases").stdout


@both
def test_aliases_never_run_ahead_of_the_traffic(campus: Site, mode: str) -> None:
    _apply(campus, mode, 3, "--traffic", 100)
    assert _follow(campus) == {}
    _settle(campus, mode)
    assert _follow(campus) == {"champion": "3"}
    _apply(campus, mode, 4, "--traffic", 0)
    _settle(campus, mode)
    _apply(campus, mode, 4, "--traffic", 50)
    assert _follow(campus) == {"champion": "3"}
    _settle(campus, mode)
    _apply(campus, mode, 4, "--traffic", 100)
    _settle(campus, mode)
    assert _follow(campus) == {"champion": "3", "challenger": "4"}


@both
def test_what_is_taken_back_is_no_challenger(campus: Site, mode: str) -> None:
    for version, traffic in ((3, 100), (4, 0), (4, 50)):
        _apply(campus, mode, version, "--traffic", traffic)
        _settle(campus, mode)
    assert _follow(campus) == {"champion": "3", "challenger": "4"}
    _apply(campus, mode, 4, "--traffic", 0)
    _settle(campus, mode)
    assert _follow(campus) == {"champion": "3"}


def test_a_dry_run_says_what_would_change_and_changes_nothing(campus: Site) -> None:
    _apply(campus, KNATIVE, 3, "--traffic", 100)
    _settle(campus, KNATIVE)
    assert campus.run("aliases", "--dry-run").stdout == "would set champion: none -> 3\n"
    assert campus.aliases == {}


def test_a_training_that_ends_during_a_canary_changes_nothing_of_it(campus: Site, bundle: Path) -> None:
    for version, traffic in ((3, 100), (4, 10)):
        _apply(campus, KNATIVE, version, "--traffic", traffic)
        _settle(campus, KNATIVE)
    aliases, service = _follow(campus), campus.get("isvc")
    trained = register(bundle, name=MODEL)
    assert _follow(campus) == aliases == {"champion": "3", "challenger": "4"}
    assert campus.get("isvc") == service
    with pytest.raises(ClusterError, match="a canary is under way: version 4"):
        campus.release(5, "--traffic", 10)
    campus.registry.delete_model_version(MODEL, trained.version)


def test_before_the_first_release_there_is_nothing_to_follow(campus: Site) -> None:
    output = campus.run("aliases").stdout  # which the chart's job does from the first minute
    assert output == f"Nothing serves yet: there is no InferenceService {MODEL} in {campus.namespace}.\n"
    assert campus.aliases == {}
