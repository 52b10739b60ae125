"""A canary in KServe's Knative mode, by the documented commands: split, promoted, taken back, no request lost."""

import json

import pytest

from tests.cluster.caller import Caller
from tests.cluster.canary import (
    assert_broken_is_refused,
    assert_new_image,
    assert_promotion,
    assert_share,
    assert_way_back,
)
from tests.cluster.cluster import wait_for
from tests.cluster.figures import Figures
from tests.cluster.site import KSERVICE, Site


@pytest.fixture(scope="module")
def body(university: Site, asking: Caller) -> str:
    """A request about one learner, where it can be asked."""
    return asking.put("one.json", university.request_of_one())


@pytest.fixture(scope="module", autouse=True)
def second(university: Site) -> None:
    """Version 2 of the model: the same bundle again."""
    university.register(2)


def test_a_canary_gets_its_share_and_no_request_is_lost(
    university: Site, asking: Caller, body: str, figures: Figures
) -> None:
    university.release(2, 20)
    university.settled(2, 20)
    assert_share(university, asking, body, figures)


@pytest.mark.parametrize("share", [50, 100])
def test_a_version_is_taken_back_under_load_without_a_failed_request(
    university: Site, asking: Caller, body: str, figures: Figures, share: int
) -> None:
    assert_way_back(university, asking, body, figures, share)


def test_a_version_is_promoted_under_load_without_a_failed_request(
    university: Site, asking: Caller, body: str, figures: Figures
) -> None:
    assert_promotion(university, asking, body, figures)


def test_a_new_serving_image_comes_by_canary_too(university: Site, asking: Caller, body: str, figures: Figures) -> None:
    assert_new_image(university, asking, body, figures)


def taken(site: Site) -> bool:
    """Whether KServe has told Knative to move half of the traffic, and Knative has acted on it."""
    service = site.cluster.get("-n", site.name, KSERVICE, "learner-risk-predictor")
    shares = {share.get("percent", 0) for share in service["spec"]["traffic"]}
    return shares == {50} and service["status"]["observedGeneration"] == service["metadata"]["generation"]


def test_a_broken_bundle_never_gets_traffic(university: Site, asking: Caller, body: str) -> None:
    (champion,) = (row["version"] for row in university.status())
    assert_broken_is_refused(university, {"features.sql": "SELECT 1"}, "features.sql")
    # Whoever applies it all the same moves nothing: Knative gives no traffic to a revision that was never ready.
    patch = {"spec": {"predictor": {"canaryTrafficPercent": 50}}}
    university.kubectl("patch", "inferenceservice", "learner-risk", "--type=merge", "-p", json.dumps(patch))
    wait_for("KServe and Knative to have taken that", 60, lambda: taken(university))
    answers = asking.ask(**university.load(body=body, count=200, threads=4))
    assert not answers.failures
    assert set(answers.versions) == {str(champion)}
    university.release("3", 0)
    university.alone("1")
