"""A canary in KServe's Knative mode, by the documented commands: split, promoted, taken back, and never a request lost."""

import json
import time

import pytest

from tests.cluster.caller import Caller
from tests.cluster.cluster import wait_for
from tests.cluster.figures import Figures
from tests.cluster.site import Site

RATE = 50


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
    answers = asking.ask(**university.load(body=body, count=2000, threads=4))
    share = answers.versions["2"] / len(answers.good)
    figures.tell("Knative, canary of 20% over 2,000 requests: share of version 2", share)
    assert answers.bad == []
    assert 0.17 < share < 0.23  # five standard deviations are .045; Envoy deals by turns


@pytest.mark.parametrize(("step", "version"), [("promotion", "2"), ("rollback", "1")])
def test_traffic_moves_under_load_without_a_failed_request(
    university: Site, asking: Caller, body: str, figures: Figures, step: str, version: str
) -> None:
    other = {"1": "2", "2": "1"}[version]
    university.champion(other)
    university.release(version, 0)
    university.settled(version, 0)
    with asking.asking(**university.load(body=body, rate=RATE, seconds=60, threads=16)) as answers:
        time.sleep(10)
        commanded = time.time()
        university.release(version, 100)
        university.promote(version)
    figures.tell(f"Knative, {step} under {RATE} a second: failed of {len(answers.all)}", len(answers.bad))
    figures.tell(f"Knative, {step}: last answer of the old version after", f"{answers.last_of(other) - commanded:.1f} s")
    assert answers.bad == []
    assert answers.all[-1]["version"] == version
