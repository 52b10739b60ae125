"""Something dies under load: what fails, for how long, and that the trail holds every acknowledged prediction."""

import subprocess
import time
from collections.abc import Callable

import pytest

from tests.cluster.caller import Answers, Caller, node
from tests.cluster.cluster import HERE, Cluster, wait_for
from tests.cluster.figures import Figures
from tests.cluster.site import OF_MODEL, Site

RATE = 20


@pytest.fixture(scope="module")
def outside(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Caller:
    """Asks from the node's network, since pods end too."""
    if not cluster.state:
        pytest.skip("the node of somebody else's cluster is not ended")
    return node(cluster, tmp_path_factory.mktemp("outside"))


def under_load(site: Site, outside: Caller, seconds: float, act: Callable[[], object]) -> Answers:
    """Ask for so long, and do something after five seconds; then hold every answer against the trail."""
    body = outside.put("one.json", site.request_of_one())
    with outside.asking(**site.load(body=body, rate=RATE, seconds=seconds, threads=32, timeout=20)) as answers:
        time.sleep(5)
        act()
    wait_for("an answer again", 180, lambda: outside.ask(**site.load(body=body, count=1, timeout=20)).good)
    assert missing(site, answers) == []
    return answers


def missing(site: Site, answers: Answers) -> list[str]:
    """The acknowledged predictions that the trail does not have."""
    assert answers.good
    records = site.records()
    return [answer["id"] for answer in answers.good if answer["id"] not in records]


def tell(figures: Figures, title: str, answers: Answers) -> None:
    failures = f"{len(answers.bad)} of {len(answers.all)} failed, from the first to the last {answers.outage():.1f} s"
    figures.tell(f"kill, {title}", f"{failures}; acknowledged and missing from the trail: 0")


def test_the_serving_pod(university: Site, outside: Caller, figures: Figures) -> None:
    def act() -> None:
        university.kubectl("delete", "pod", "-l", OF_MODEL, "--grace-period=0", "--force")

    tell(figures, "the serving pod", under_load(university, outside, 25, act))


def test_postgresql(university: Site, outside: Caller, figures: Figures) -> None:
    def act() -> None:
        # Killed after a second, and not by force: that would let a second server start on the same files beside it.
        university.cluster.kubectl("-n", "stores", "delete", "pod", "postgresql-0", "--grace-period=1")

    answers = under_load(university, outside, 25, act)
    tell(figures, "PostgreSQL", answers)
    assert {answer["status"] for answer in answers.bad} <= {503, 504}


def test_the_s3_store_which_only_a_new_pod_needs(university: Site, outside: Caller, figures: Figures) -> None:
    stores = ("-n", "stores", "scale", "statefulset/s3")

    def act() -> None:
        university.cluster.kubectl(*stores, "--replicas=0")

    try:
        answers = under_load(university, outside, 15, act)
    finally:
        university.cluster.kubectl(*stores, "--replicas=1")
    tell(figures, "the S3 store", answers)
    assert not answers.failures


def test_kubelet_of_the_node(university: Site, outside: Caller, figures: Figures) -> None:
    state = university.cluster.state
    assert state

    def act() -> None:
        subprocess.run(["kill", "-9", (state / "log/kubelet.pid").read_text().strip()], check=True)
        time.sleep(15)
        university.cluster.run(HERE / "up", state)

    answers = under_load(university, outside, 40, act)
    tell(figures, "kubelet, for 15 s", answers)
    assert not answers.failures


def test_a_node_that_restarts(university: Site, outside: Caller, figures: Figures) -> None:
    """Asked from the machine around the node, whose own network ends with it."""
    cluster = university.cluster
    assert cluster.state
    (port,) = (
        port
        for port in cluster.get("-n", "kourier-system", "service", "kourier")["spec"]["ports"]
        if port["port"] == 443
    )
    machine = Caller((), outside.python, outside.environment, outside.folder)
    body = machine.put("one.json", university.request_of_one())
    request = university.load(f"https://{cluster.node}:{port['nodePort']}", body=body, timeout=5)
    with machine.asking(**request, rate=RATE, threads=150) as answers:
        time.sleep(5)
        for step in ("down", "up"):
            cluster.run(HERE / step, cluster.state)
        wait_for("an answer again", 400, lambda: machine.ask(**request, count=1).good)
        time.sleep(5)
    tell(figures, "a node that restarts", answers)
    assert missing(university, answers) == []
