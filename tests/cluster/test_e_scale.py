"""How large and how fast: to zero and back, to three under load, what the gateway costs, memory, a minute's work."""

import json
import re
import time
from collections.abc import Iterator

import pytest

from components.extract.simulate import parse, simulate
from tests.cluster.caller import Caller
from tests.cluster.cluster import HERE, Cluster, wait_for
from tests.cluster.figures import Figures
from tests.cluster.site import OF_MODEL, TAG, Site, gateway


@pytest.fixture(scope="module", autouse=True)
def alone(university: Site) -> None:
    """One version is measured, and nothing beside it."""
    university.alone("1")


@pytest.fixture(scope="module")
def learner_body(university: Site, asking: Caller) -> str:
    return asking.put("one.json", university.request_of_one())


@pytest.fixture(scope="module")
def course(university: Site, asking: Caller, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A request about a course of 200 learners."""
    tables = tmp_path_factory.mktemp("large") / "tables"
    simulate(tables, parse("learners=1000,weeks=10,events=400,seed=5"))
    return asking.put("course.json", university.request_of_all(tables))


@pytest.fixture(scope="module")
def empty(cluster: Cluster) -> Iterator[str]:
    """The host of a KServe model that answers a constant, on the same way: what the way itself costs."""
    cluster.create("empty")
    cluster.kubectl("apply", "-f", "-", stdin=(HERE / "empty.yaml").read_text().replace("TAG", TAG))
    cluster.kubectl("-n", "empty", "wait", "inferenceservice/empty", "--for=condition=Ready", "--timeout=180s")
    yield "empty-predictor-empty.example.com"
    cluster.remove("empty", wait=False)


def times(caller: Caller, **request: object) -> str:
    caller.ask(**request | {"count": 30})
    answers = caller.ask(**request)
    assert not answers.failures
    return f"p50 {answers.milliseconds(0.5):.1f} ms, p99 {answers.milliseconds(0.99):.1f} ms"


def test_the_way_through_the_gateway_beside_the_pod_and_an_empty_model(
    university: Site, cluster: Cluster, asking: Caller, learner_body: str, empty: str, figures: Figures
) -> None:
    (pod,) = university.pods()
    at_pod = f"http://{pod['status']['podIP']}:8080"
    request = university.load(body=learner_body, count=400)
    figures.tell("one learner, at the pod", times(asking, **request | {"address": at_pod}))
    figures.tell("one learner, through the gateway with TLS", times(asking, **request))
    nothing = {"address": gateway(cluster, "knative"), "host": empty, "path": "/v1/models/empty:predict", "count": 400}
    body = asking.put("nothing.json", json.dumps({"instances": []}))
    figures.tell("an empty KServe model, through the gateway with TLS", times(asking, **nothing, body=body))


def memory(site: Site) -> str:
    """As metrics-server knows it."""
    selector = ("-l", OF_MODEL, "--containers", "--no-headers")

    def usage() -> list[str]:
        return re.findall(r"kserve-container\s+\S+\s+(\S+)", site.kubectl("top", "pod", *selector, check=False))

    return ", ".join(wait_for("metrics-server to know the pod", 90, usage))


def test_memory_and_how_many_courses_a_pod_answers_a_minute(
    university: Site, asking: Caller, course: str, figures: Figures
) -> None:
    (pod,) = university.pods()
    figures.tell("memory of a serving pod at rest", memory(university))
    address = f"http://{pod['status']['podIP']}:8080"
    with asking.asking(**university.load(address, body=course, threads=2)) as answers:
        time.sleep(40)  # metrics-server looks every 15 s
        under_load = memory(university)
    assert not answers.failures
    figures.tell("memory of a serving pod under load of whole courses", under_load)
    figures.tell("courses of 200 learners that a pod answers a minute", 60 * answers.per_second())


def test_from_one_pod_to_three_under_load(
    university: Site, asking: Caller, learner_body: str, figures: Figures
) -> None:
    began = time.monotonic()
    with asking.asking(**university.load(body=learner_body, threads=24)) as answers:
        wait_for("three pods", 120, lambda: len(university.ready()) == 3)
        figures.seconds("Knative, from one ready pod to three under load", began)
    assert not answers.failures


def test_to_zero_and_back(university: Site, asking: Caller, learner_body: str, figures: Figures) -> None:
    at_once = {
        "autoscaling.knative.dev/scale-to-zero-pod-retention-period": "0s",
        "autoscaling.knative.dev/window": "6s",
    }
    service = university.cluster.get("-n", university.name, "inferenceservice", "learner-risk")
    before = service["metadata"]["annotations"]
    _patch(university, {"metadata": {"annotations": at_once}, "spec": {"predictor": {"minReplicas": 0}}})
    wait_for("no pod", 240, lambda: not university.pods())
    (answer,) = asking.ask(**university.load(body=learner_body, count=1, timeout=120)).all
    assert answer["status"] == 200
    figures.tell("Knative, from no pod to the first answer", f"{answer['ms'] / 1000:.1f} s")
    annotations = {name: before.get(name) for name in at_once}
    _patch(university, {"metadata": {"annotations": annotations}, "spec": {"predictor": {"minReplicas": 1}}})
    university.settled("1", 100)


def _patch(site: Site, change: dict[str, object]) -> None:
    site.kubectl("patch", "inferenceservice", "learner-risk", "--type=merge", "-p", json.dumps(change))
