"""What a canary must hold in either of KServe's modes: its share, and no request lost while traffic moves."""

import time

from tests.cluster.caller import Caller
from tests.cluster.figures import Figures
from tests.cluster.site import Site

RATE = 50


def assert_share(site: Site, asking: Caller, body: str, figures: Figures) -> None:
    """Version 2, which has 20% of the traffic, answers that share of 2,000 requests, and none is lost."""
    answers = asking.ask(**site.load(body=body, count=2000, threads=4))
    share = answers.versions["2"] / len(answers.good)
    figures.tell(f"{site.mode}, canary of 20% over 2,000 requests: share of version 2", share)
    assert answers.bad == []
    assert 0.17 < share < 0.23  # five standard deviations are .045; Envoy deals by turns


def assert_moves(site: Site, asking: Caller, body: str, figures: Figures, step: str, old: str, new: str) -> None:
    """All traffic moves to a version under load, in the documented steps, and no request fails."""
    site.release(new, 0)
    site.settled(new, 0)
    with asking.asking(**site.load(body=body, rate=RATE, threads=16)) as answers:
        time.sleep(5)
        commanded = time.time()
        site.release(new, 100)
        site.settled(new, 100)
        site.release(new, None)
        time.sleep(10)
    figures.tell(f"{site.mode}, {step} under {RATE} a second: failed of {len(answers.all)}", len(answers.bad))
    figures.tell(
        f"{site.mode}, {step}: last answer of the old version", f"{answers.last_of(old) - commanded:.1f} s after"
    )
    assert answers.bad == []
    assert answers.versions[new]
