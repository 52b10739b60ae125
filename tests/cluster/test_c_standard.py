"""The same in KServe's Standard mode, where an HTTPRoute of ours splits the traffic; and two sites on one cluster."""

import hashlib
import time

import msgspec
import pytest
from msgspec import structs

from earlybell.bundle import Bundle, read_bundle
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
from tests.cluster.site import Site


@pytest.fixture(scope="module")
def body(college: Site, asking: Caller) -> str:
    return asking.put("college.json", college.request_of_one())


def test_a_version_that_is_not_up_is_refused_traffic(college: Site) -> None:
    assert "--traffic 0" in college.refused("2", 10)


def test_from_two_pods_to_three_under_load(college: Site, asking: Caller, body: str, figures: Figures) -> None:
    # If their start was work enough for a third, the autoscaler takes it back after five minutes.
    wait_for("two pods", 420, lambda: len(college.ready()) == 2)
    began = time.monotonic()
    with asking.asking(**college.load(body=body, threads=24)) as answers:
        wait_for("three pods", 180, lambda: len(college.ready()) == 3)
        figures.seconds("Standard, from two ready pods to three under load", began)
    assert not answers.failures


def test_a_canary_gets_its_share_and_no_request_is_lost(
    college: Site, asking: Caller, body: str, figures: Figures
) -> None:
    college.release("2", 0)
    college.settled("2", 0)
    college.release("2", 20)
    college.settled("2", 20)
    assert_share(college, asking, body, figures)


def test_a_version_is_taken_back_under_load_without_a_failed_request(
    college: Site, asking: Caller, body: str, figures: Figures
) -> None:
    assert_way_back(college, asking, body, figures, share=100)


def test_a_version_is_promoted_under_load_without_a_failed_request(
    college: Site, asking: Caller, body: str, figures: Figures
) -> None:
    assert_promotion(college, asking, body, figures)


def another(bundle: Bundle) -> dict[str, str]:
    """The files that make another bundle of one: it predicts the same, and is as well sealed."""
    sql = f"{bundle.sql}\n-- another"
    digests = bundle.manifest.files | {"features.sql": hashlib.sha256(sql.encode()).hexdigest()}
    manifest = structs.replace(bundle.manifest, files=digests)
    return {"features.sql": sql, "manifest.json": msgspec.json.encode(manifest).decode()}


def test_another_bundle_than_the_released_one_never_gets_traffic(college: Site, asking: Caller, body: str) -> None:
    (champion,) = (row["version"] for row in college.status())
    released = read_bundle(college.folder / "bundle")
    assert_broken_is_refused(college, another(released), released.digest)
    answers = asking.ask(**college.load(body=body, count=200, threads=4))
    assert not answers.failures
    assert set(answers.versions) == {str(champion)}
    college.release(champion, None)


def test_a_new_serving_image_comes_by_canary_too(college: Site, asking: Caller, body: str, figures: Figures) -> None:
    assert_new_image(college, asking, body, figures)
