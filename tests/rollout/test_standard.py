"""A release in KServe's Standard mode: two predictors side by side, and an HTTPRoute with their weights."""

import pytest

from earlybell.errors import ClusterError
from tests.rollout.site import ANOTHER, OURS, Object, Site, pin, pods

OLD, NEW = "learner-risk-v3-predictor", "learner-risk-v4-predictor"


def _release(campus: Site, version: int, *options: object) -> list[Object]:
    return campus.release(version, *options, overlay="standard")


def _step(campus: Site, version: int, *options: object, ready: bool = True) -> None:
    campus.apply(_release(campus, version, *options))
    campus.standard_settles(ready=ready)


def _pod(predictor: Object) -> Object:
    """A predictor without how many pods it has."""
    return {key: value for key, value in predictor.items() if key not in ("minReplicas", "maxReplicas")}


def _scaling(predictor: Object) -> Object:
    return {key: predictor.get(key) for key in ("minReplicas", "maxReplicas", "scaleMetric", "scaleTarget")}


@pytest.fixture
def serving(campus: Site) -> Site:
    """Version 3 serves."""
    _step(campus, 3, "--traffic", 100)
    return campus


def test_the_first_release_takes_all_traffic(serving: Site) -> None:
    assert serving.weights == {OLD: 100}
    assert serving.spec["predictor"]["name"] == "v3"
    assert pin(serving.spec["predictor"]) == ("3", OURS)
    assert "canary" not in serving.spec


@pytest.mark.parametrize("options", [(), ("--server-side",)], ids=["client side", "server side"])
def test_kubectl_takes_every_step_up_and_promotes(campus: Site, options: tuple[str, ...]) -> None:
    campus.apply(_release(campus, 3, "--promote"), *options)
    campus.standard_settles()
    champion = campus.spec["predictor"]
    for traffic, weights in ((0, {OLD: 100}), (10, {OLD: 90, NEW: 10}), (50, {OLD: 50, NEW: 50}), (100, {NEW: 100})):
        campus.apply(_release(campus, 4, "--traffic", traffic), *options)
        campus.standard_settles()
        (canary,) = campus.spec["canary"]
        assert (campus.weights, canary["trafficPercent"]) == (weights, traffic)
        assert (canary["predictor"]["name"], pin(canary["predictor"])[0]) == ("v4", "4")
        assert not {"maxReplicas", "scaleMetric", "scaleTarget"} & set(canary["predictor"])
        assert _pod(campus.spec["predictor"]) == _pod(champion)
        assert pods(campus.spec) == {"v3": 2, "v4": 3}
    campus.apply(_release(campus, 4, "--promote"), *options)
    assert "canary" not in campus.spec
    assert (campus.spec["predictor"]["name"], pin(campus.spec["predictor"])[0]) == ("v4", "4")
    assert _scaling(campus.spec["predictor"]) == _scaling(champion)
    assert campus.weights == {NEW: 100}


def test_the_route_moves_before_the_predictors_do(serving: Site) -> None:
    kinds = [resource["kind"] for resource in _release(serving, 4, "--traffic", 0)]
    assert kinds[-2:] == ["HTTPRoute", "InferenceService"]


def test_a_pod_of_the_champion_is_never_touched_by_a_canary(serving: Site) -> None:
    before = serving.get("isvc")
    after = _release(serving, 4, "--traffic", 0)[-1]
    assert _pod(after["spec"]["predictor"]) == _pod(before["spec"]["predictor"])
    assert after["metadata"]["labels"] == before["metadata"]["labels"]


def test_a_version_that_is_not_ready_gets_no_traffic(serving: Site) -> None:
    with pytest.raises(ClusterError, match="not up gets no traffic: version 4.*release 4 --traffic 0"):
        _release(serving, 4, "--traffic", 10)
    _step(serving, 4, "--traffic", 0, ready=False)
    with pytest.raises(ClusterError, match=r"not ready: version 4.*kubectl wait --for=condition=CanaryPredictorReady"):
        _release(serving, 4, "--traffic", 10)
    serving.standard_settles()
    assert _release(serving, 4, "--traffic", 10)[-1]["spec"]["canary"][0]["trafficPercent"] == 10


def test_a_version_gets_no_more_traffic_before_all_its_pods_are_ready(serving: Site) -> None:
    serving.apply(_release(serving, 4, "--traffic", 0))
    serving.standard_settles(pods=1)
    missing = (
        r"not all pods of version 4 .* are ready: 1 of 3.*readyReplicas}'=3 .*deployment/learner-risk-v4-predictor"
    )
    with pytest.raises(ClusterError, match=missing):
        _release(serving, 4, "--traffic", 10)
    serving.standard_settles()
    _step(serving, 4, "--traffic", 50)
    serving.kubectl("delete", "pod", "--all", "--force")
    with pytest.raises(ClusterError, match="0 of 3"):
        _release(serving, 4, "--traffic", 100)
    assert _release(serving, 4, "--traffic", 0)  # the way back is never barred


def test_the_return_takes_the_canary_away(serving: Site) -> None:
    _step(serving, 4, "--traffic", 0)
    _step(serving, 4, "--traffic", 50)
    with pytest.raises(ClusterError, match="has traffic: version 4.*release 4 --traffic 0"):
        _release(serving, 3, "--promote")
    _step(serving, 4, "--traffic", 0)
    assert serving.weights == {OLD: 100}
    _step(serving, 3, "--promote")
    assert "canary" not in serving.spec
    assert pin(serving.spec["predictor"])[0] == "3"
    assert (serving.spec["predictor"]["minReplicas"], serving.spec["predictor"]["maxReplicas"]) == (2, 3)


def test_what_the_gateway_has_not_taken_is_not_promoted(serving: Site) -> None:
    _step(serving, 4, "--traffic", 0)
    serving.apply(_release(serving, 4, "--traffic", 100))
    with pytest.raises(ClusterError, match="0% as yet: the gateway has not taken it"):
        _release(serving, 4, "--promote")
    serving.gateway_takes()
    predictor = _release(serving, 4, "--promote")[-1]["spec"]["predictor"]
    assert predictor["name"] == "v4"
    assert "name" not in predictor["model"]  # of its container: KServe's webhook refuses it but in a canary


def test_a_third_version_is_refused_during_a_canary(serving: Site) -> None:
    _step(serving, 4, "--traffic", 0)
    _step(serving, 4, "--traffic", 10)
    with pytest.raises(ClusterError, match="a canary is under way: version 4"):
        _release(serving, 5, "--traffic", 0)


def test_a_new_image_is_on_trial_beside_the_old_one_and_then_takes_its_name(serving: Site) -> None:
    image = ("--runtime", ANOTHER)
    _step(serving, 3, *image, "--traffic", 0)
    assert serving.spec["canary"][0]["predictor"]["name"] == "v3-9-9-9"
    _step(serving, 3, *image, "--traffic", 100)
    assert serving.weights == {"learner-risk-v3-9-9-9-predictor": 100}
    _step(serving, 3, *image, "--promote")
    assert serving.weights == {OLD: 100}  # KServe lets a predictor have another name with another model alone
    assert (serving.spec["predictor"]["name"], pin(serving.spec["predictor"])) == ("v3", ("3", ANOTHER))
    assert _release(serving, 3, "--promote")[-1]["spec"]["predictor"]["name"] == "v3"
