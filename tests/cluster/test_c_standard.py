"""The same in KServe's Standard mode, where an HTTPRoute of ours splits the traffic; and two sites on one cluster."""

import time

import pytest

from tests.cluster.caller import Caller
from tests.cluster.figures import Figures
from tests.cluster.site import Site

RATE = 50


@pytest.fixture(scope="module")
def body(college: Site, asking: Caller) -> str:
    return asking.put("college.json", college.request_of_one())


def test_a_version_that_is_not_up_is_refused_traffic(college: Site) -> None:
    refused = college.cluster.run(
        "earlybell", "release", "2", "--traffic", "10", "--namespace", college.name,
        "--overlay", "manifests/learner-risk/overlays/standard", check=False, environment=college.settings,
    )  # fmt: skip
    assert refused.returncode != 0
    assert "--traffic 0" in refused.stderr


def test_a_canary_gets_its_share_and_no_request_is_lost(
    college: Site, asking: Caller, body: str, figures: Figures
) -> None:
    college.release("2", 0)
    college.settled("2", 0)
    college.release("2", 20)
    college.settled("2", 20)
    answers = asking.ask(**college.load(body=body, count=2000, threads=4))
    share = answers.versions["2"] / len(answers.good)
    figures.tell("Standard, canary of 20% over 2,000 requests: share of version 2", share)
    assert answers.bad == []
    assert 0.17 < share < 0.23


@pytest.mark.parametrize(("step", "old", "new"), [("promotion", "1", "2"), ("rollback", "2", "1")])
def test_traffic_moves_under_load_without_a_failed_request(
    college: Site, asking: Caller, body: str, figures: Figures, step: str, old: str, new: str
) -> None:
    college.release(new, 0)
    college.settled(new, 0)
    with asking.asking(**college.load(body=body, rate=RATE, seconds=30, threads=16)) as answers:
        time.sleep(5)
        commanded = time.time()
        college.release(new, 100)
        college.settled(new, 100)
        college.release(new, None)
    figures.tell(f"Standard, {step} under {RATE} a second: failed of {len(answers.all)}", len(answers.bad))
    figures.tell(f"Standard, {step}: last answer of the old version", f"{answers.last_of(old) - commanded:.1f} s after")
    assert answers.bad == []
    assert answers.versions[new]
