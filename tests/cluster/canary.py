"""What a canary must hold in either of KServe's modes: its share, and no request lost while traffic moves."""

import time

from tests.cluster.caller import Caller
from tests.cluster.cluster import wait_for
from tests.cluster.figures import Figures
from tests.cluster.site import Site

RATE = 50
VERSION = "EARLYBELL_MODEL_VERSION"


def assert_share(site: Site, asking: Caller, body: str, figures: Figures) -> None:
    """Version 2, which has 20% of the traffic, answers that share of 2,000 requests, and none is lost."""
    answers = asking.ask(**site.load(body=body, count=2000, threads=4))
    share = answers.versions["2"] / len(answers.good)
    figures.tell(f"{site.mode}, canary of 20% over 2,000 requests: share of version 2", share)
    assert not answers.failures
    assert 0.17 < share < 0.23  # five standard deviations are .045; Envoy deals by turns


def assert_promotion(site: Site, asking: Caller, body: str, figures: Figures) -> None:
    """Version 2, on trial without traffic, takes the place of version 1 under load; no request fails in any step."""
    with asking.asking(**site.load(body=body, rate=RATE, threads=16)) as answers:
        time.sleep(5)
        for share in (10, 50, 100):
            commanded = time.time()
            site.release("2", share)
            site.settled("2", share)
            if share == 50:
                assert site.aliases() == {"champion": "1", "challenger": "2"}
        site.release("2", None)
        time.sleep(10)
    assert site.aliases() == {"champion": "2"}
    title = f"{site.mode}, promotion under {RATE} a second"
    figures.tell(f"{title}: failed of {len(answers.all)}", len(answers.bad))
    figures.tell(f"{title}: last answer of the old version", f"{answers.last_of('1') - commanded:.1f} s after 100%")
    assert not answers.failures
    assert answers.versions["2"]


def assert_way_back(site: Site, asking: Caller, body: str, figures: Figures, share: int) -> None:
    """Version 2, on trial, gets a share and loses it under load, and no request fails; then version 1 serves again.

    From 100% Knative has ended the pods of version 1 before that: the way back is through a cold start.
    """
    site.release("2", share)
    site.settled("2", share)
    if cold := site.mode == "Knative" and share == 100:
        wait_for("the pods of version 1 to be gone", 300, lambda: _variables(site, VERSION, ending=True) == {"2"})
    with asking.asking(**site.load(body=body, rate=RATE, threads=16)) as answers:
        time.sleep(5)
        commanded = time.time()
        site.release("2", 0)
        site.settled("2", 0)
        time.sleep(30 if cold else 10)
    back = [answer for answer in answers.good if answer["version"] == "1" and answer["at"] > answers.last_of("2")]
    title = f"{site.mode}, back from {share}% under {RATE} a second"
    figures.tell(f"{title}: failed of {len(answers.all)}", len(answers.bad))
    figures.tell(f"{title}: last answer of the new version", f"{answers.last_of('2') - commanded:.1f} s after")
    figures.tell(f"{title}: longest answer", f"{answers.milliseconds(1) / 1000:.1f} s")
    assert not answers.failures
    assert back


def assert_new_image(site: Site, asking: Caller, body: str, figures: Figures) -> None:
    """Version 2 moves to another runtime under load, in the documented steps, and no request fails."""
    runtime = site.another_runtime("another")
    with asking.asking(**site.load(body=body, rate=RATE, threads=16)) as answers:
        began = time.monotonic()
        site.move("2", runtime)
        figures.seconds(f"{site.mode}, a new serving image: its three steps", began)
        wait_for("the old pods to go", 180, lambda: _variables(site, "EARLYBELL_OF") == {"another"})
        figures.seconds(f"{site.mode}, a new serving image: until the old pods are gone", began)
        site.settled("2", 100)
    title = f"{site.mode}, a new serving image under {RATE} a second: failed of {len(answers.all)}"
    figures.tell(title, len(answers.bad))
    assert not answers.failures


def assert_broken_is_refused(site: Site, files: dict[str, str], why: str) -> None:
    """Version 3, files of which were changed in the store, does not come up, says why, and is refused traffic."""
    site.register(3)
    site.spoil(3, files)
    site.release("3", 0)
    wait_for("the pod to say why", 120, lambda: why in site.says_why("3"))
    assert "not ready" in site.refused("3", 10)


def _variables(site: Site, name: str, ending: bool = False) -> set[str | None]:
    """What a variable is in the pods of the model, also in those that are ending if asked; None where it is not."""
    containers = [pod["spec"]["containers"][0] for pod in site.pods(ending)]
    return {
        next((variable["value"] for variable in each["env"] if variable["name"] == name), None) for each in containers
    }
