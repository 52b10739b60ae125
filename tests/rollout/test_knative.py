"""A release in KServe's Knative mode: a share for the latest revision, the rest for the last one that had all."""

import re

import pytest

from earlybell.errors import ClusterError, SettingError
from tests.rollout.site import ANOTHER, OURS, Site, pin


def _step(campus: Site, version: int, *options: object, ready: bool = True) -> None:
    campus.apply(campus.release(version, *options))
    campus.knative_settles(ready=ready)


@pytest.fixture
def serving(campus: Site) -> Site:
    """Version 3 serves."""
    _step(campus, 3, "--traffic", 100)
    return campus


def test_the_first_release_takes_all_traffic_and_is_pinned(campus: Site) -> None:
    objects = campus.release(3, "--traffic", 100)
    service = objects[-1]
    assert service["kind"] == "InferenceService"
    assert {resource["metadata"]["namespace"] for resource in objects} == {campus.namespace}
    assert pin(service["spec"]["predictor"]) == ("3", OURS)
    assert "canaryTrafficPercent" not in service["spec"]["predictor"]
    assert service["metadata"]["labels"]["earlybell.io/model-version"] == "3"
    with pytest.raises(ClusterError, match="first release takes all traffic.*--traffic 100"):
        campus.release(3, "--traffic", 10)


@pytest.mark.parametrize("options", [(), ("--server-side",)], ids=["client side", "server side"])
def test_kubectl_takes_every_step_up_and_promotes(campus: Site, options: tuple[str, ...]) -> None:
    campus.apply(campus.release(3, "--promote"), *options)
    campus.knative_settles()
    for traffic in (0, 10, 50, 100):
        campus.apply(campus.release(4, "--traffic", traffic), *options)
        campus.knative_settles()
        assert (pin(campus.spec["predictor"]), campus.spec["predictor"]["canaryTrafficPercent"]) == (
            ("4", OURS),
            traffic,
        )
    campus.apply(campus.release(4, "--promote"), *options)
    campus.knative_settles()
    assert "canaryTrafficPercent" not in campus.spec["predictor"]
    assert len(campus.revisions) == 2


def test_only_the_share_changes_once_a_version_is_on_trial(serving: Site) -> None:
    _step(serving, 4, "--traffic", 10)
    before = serving.spec["predictor"]
    after = serving.release(4, "--traffic", 50)[-1]["spec"]["predictor"]
    assert after == before | {"canaryTrafficPercent": 50}


@pytest.mark.parametrize("reached", [10, 50, 100])
def test_a_version_is_taken_back_from_any_share(serving: Site, reached: int) -> None:
    for traffic in (0, reached, 0):
        _step(serving, 4, "--traffic", traffic)
    status = serving.get("isvc")["status"]["components"]["predictor"]["traffic"]
    assert [(target["revisionName"][-1], target["percent"]) for target in status] == [("2", 0), ("1", 100)]


def test_the_return_to_the_old_version_never_sends_all_to_what_was_taken_back(serving: Site) -> None:
    _step(serving, 4, "--traffic", 50)
    with pytest.raises(
        ClusterError, match=r"has traffic: version 4 .* with 50%\. Take it back first: `earlybell release 4 --traffic 0"
    ):
        serving.release(3, "--promote")
    _step(serving, 4, "--traffic", 0)
    with pytest.raises(ClusterError, match=r"all traffic to what was taken back.*release 3 --traffic 0.*kubectl wait"):
        serving.release(3, "--promote")
    _step(serving, 3, "--traffic", 0, ready=False)
    with pytest.raises(ClusterError, match="what is on trial is not ready"):
        serving.release(3, "--promote")
    serving.revisions[-1]["ready"] = True
    serving.knative_settles()
    _step(serving, 3, "--promote")
    (target,) = serving.get("isvc")["status"]["components"]["predictor"]["traffic"]
    assert (target["revisionName"][-1], target["percent"]) == ("3", 100)
    assert pin(serving.spec["predictor"]) == ("3", OURS)


def test_a_third_version_is_refused_during_a_canary(serving: Site) -> None:
    _step(serving, 4, "--traffic", 10)
    for traffic in (0, 10, 100):
        with pytest.raises(
            ClusterError, match=r"a canary is under way: version 4 on .* with 10%\. Promote it, or take"
        ):
            serving.release(5, "--traffic", traffic)
    _step(serving, 4, "--traffic", 0)
    with pytest.raises(ClusterError, match="not up gets no traffic.*release 5 --traffic 0"):
        serving.release(5, "--traffic", 10)
    _step(serving, 5, "--traffic", 0)
    assert pin(serving.spec["predictor"]) == ("5", OURS)


@pytest.mark.parametrize("image", [(), ("--runtime", ANOTHER)], ids=["version", "image"])
def test_what_is_not_on_trial_yet_gets_half_of_the_traffic_at_most(serving: Site, image: tuple[str, ...]) -> None:
    version = 3 if image else 4
    steps = r"First `.*--traffic 0 .*`kubectl wait --for=condition=PredictorReady .*--traffic 10 "
    for traffic in (51, 100):
        with pytest.raises(ClusterError, match=rf"gets at most 50%: version {version} on .* with {traffic}%\. {steps}"):
            serving.release(version, *image, "--traffic", traffic)
    assert serving.release(version, *image, "--traffic", 50)
    _step(serving, version, *image, "--traffic", 0)
    assert serving.release(version, *image, "--traffic", 100)


def test_only_what_has_all_traffic_is_promoted(serving: Site) -> None:
    _step(serving, 4, "--traffic", 50)
    with pytest.raises(ClusterError, match=r"only what has all traffic is promoted, and this has: 50%.*--traffic 100"):
        serving.release(4, "--promote")
    with pytest.raises(ClusterError, match="this is not on trial: version 5"):
        serving.release(5, "--promote")


def test_a_bundle_that_never_gets_ready_gets_no_more_traffic(serving: Site) -> None:
    _step(serving, 4, "--traffic", 10, ready=False)
    with pytest.raises(ClusterError, match=r"not ready: version 4 .*--traffic 0.*kubectl wait"):
        serving.release(4, "--traffic", 50)


def test_what_serves_is_not_split_with_itself(serving: Site) -> None:
    ways_out = "release 3 --promote.*another version up: `earlybell release OTHER --traffic 0"
    for traffic in (0, 10):
        with pytest.raises(ClusterError, match=f"nothing to split: version 3.*{ways_out}"):
            serving.release(3, "--traffic", traffic)
    assert serving.release(3, "--promote")[-1]["spec"]["predictor"]["model"]["runtime"] == OURS


def test_a_new_image_goes_the_same_way(serving: Site) -> None:
    image, both = ("--runtime", ANOTHER), re.escape(", ".join(sorted((OURS, ANOTHER))))
    for step in (("--traffic", 0), ("--traffic", 20), ("--traffic", 100)):
        _step(serving, 3, *image, *step)
        assert pin(serving.spec["predictor"]) == ("3", ANOTHER)
    with pytest.raises(ClusterError, match=rf"under way.*release 3 --runtime {re.escape(ANOTHER)} --traffic 0"):
        serving.release(4, "--traffic", 0)
    with pytest.raises(SettingError, match=rf"deployed on two runtimes.*{both}.*--runtime"):
        serving.release(3, "--promote")
    _step(serving, 3, *image, "--promote")
    assert pin(serving.spec["predictor"]) == ("3", ANOTHER)


def test_an_image_with_the_model_in_it_is_pinned_by_its_tag(campus: Site) -> None:
    predictor = campus.release(3, "--promote", overlay="oci")[-1]["spec"]["predictor"]
    assert predictor["model"]["storageUri"] == "oci://ghcr.io/earlybell/learner-risk:3"
