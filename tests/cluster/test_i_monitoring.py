"""A canary under the chart's own monitoring: a challenger that breaks is told of, and every dashboard has data."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
import yaml

from tests.cluster.caller import Caller, node
from tests.cluster.cluster import Cluster, wait_for
from tests.cluster.figures import Figures
from tests.cluster.site import Site
from tests.cluster.stores import Stores
from tests.helm.monitoring.left import leave
from tests.helm.monitoring.plain import DASHBOARDS, Object, faster, pod_targets, queries, routes, scrape_configs
from tests.helm.monitoring.running import Place, Prometheus, Receiver, alertmanager, prometheus, pushgateway, receiver
from tests.helm.monitoring.traffic import of_all_kinds

FACTOR = 20  # three seconds here are a minute of the rules
RATE = 10
FAILS = "EarlybellVersionFails"
TRAIL = "challenger"  # a database of its own, so that it alone can be taken away
QUERIES = {
    f"{path.stem}: {panel}": query
    for path in DASHBOARDS
    for panel, query in queries(path, "university", interval="1m").items()
}


@dataclass(frozen=True)
class Watch:
    """What watches a site, and whom it tells."""

    prometheus: Prometheus
    inbox: Receiver

    def up(self) -> set[str]:
        """The versions whose pods answer Prometheus."""
        return {
            sample["metric"]["model_version"] for sample in self.prometheus.query('up{job="earlybell-serving"} == 1')
        }

    def blamed(self) -> set[tuple[str, str]]:
        """The alerts that name a version, and which."""
        alerts = (alert["labels"] for alert in self.inbox.alerts())
        return {(labels["alertname"], labels["model_version"]) for labels in alerts if labels.get("model_version")}


@pytest.fixture(scope="module")
def place(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The node's network, where pods are reached."""
    if not cluster.state:
        pytest.skip("Prometheus runs in the network of our own node; this is somebody else's cluster")
    return Place(cluster.node, node(cluster, tmp_path_factory.mktemp("node")).shell)


@pytest.fixture(scope="module")
def canary(place: Place, university: Site) -> Iterator[Site]:
    """Version 2 beside version 1, with half of the traffic and its own trail; then version 1 serves alone again."""
    with university.reached():
        university.register(2)
        university.champion("1")
        university.stores.database(TRAIL, owner=university.name)
        address = f"postgresql://{university.name}@postgresql.stores.svc:5432/{TRAIL}"
        options = ("--runtime", university.another_runtime("challenger", EARLYBELL_TRAIL=address))
        try:
            for traffic in (0, 50):
                university.release(2, traffic, *options)
                university.settled(2, traffic)
            wait_for("no other pods than theirs", 180, lambda: len(university.pods()) == 2)
            yield university
        finally:
            university.release(2, 0, *options)
            university.champion("1")


def chart(site: Site, pushgateway: str) -> list[Object]:
    """The objects of the site's chart, as they are where the cluster has the Prometheus operator."""
    values = f"monitoring.force=true,monitoring.interval=1s,pushgateway.address={pushgateway}"
    values += ",networkPolicies.enabled=false"  # else helm, which sees no cluster here, asks where the API server is
    text = site.do(f'helm template earlybell helm/earlybell --namespace "$SITE" --values "$VALUES" --set {values}')
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def rules(objects: list[Object]) -> list[Object]:
    return [
        group for manifest in objects if manifest["kind"] == "PrometheusRule" for group in manifest["spec"]["groups"]
    ]


def this_machine(there: str) -> str:
    """The address at which another network, where `there` is, reaches this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.connect((there, 9))  # sends nothing
        return str(connection.getsockname()[0])


@pytest.fixture(scope="module")
def watch(canary: Site, place: Place, figures: Figures, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Prometheus with the chart's rules and relabelings, faster, and Alertmanager with its routes."""
    began = time.monotonic()
    folder = tmp_path_factory.mktemp("watch")
    (folder / "pods.json").write_text(json.dumps(pod_targets(canary.pods())))
    with (
        receiver(this_machine(place.address)) as inbox,
        pushgateway(folder / "pushgateway", place) as gateway,
        alertmanager(folder / "alertmanager", routes(inbox.url, canary.name), place) as manager,
    ):
        leave(gateway)
        objects = chart(canary, gateway)
        scraped = scrape_configs(objects, folder / "pods.json")
        with prometheus(folder / "prometheus", faster(rules(objects), FACTOR), scraped, manager, place) as running:
            watch = Watch(running, inbox)
            wait_for("both versions to answer Prometheus", 60, lambda: watch.up() == {"1", "2"})
            figures.seconds("monitoring, from its start until both versions are watched", began)
            yield watch


@contextmanager
def without_its_trail(stores: Stores) -> Iterator[None]:
    """The challenger's database is shut meanwhile, as when it is moved: what cannot be recorded is not answered."""
    stores.sql(f"ALTER DATABASE {TRAIL} ALLOW_CONNECTIONS false")
    try:
        stores.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{TRAIL}'")
        yield
    finally:
        stores.sql(f"ALTER DATABASE {TRAIL} ALLOW_CONNECTIONS true")


def test_a_challenger_that_breaks_is_told_of_and_the_champion_is_not(
    canary: Site, watch: Watch, asking: Caller, figures: Figures
) -> None:
    request = canary.load(body=asking.put("watched.json", canary.request_of_one()), threads=16, timeout=20)
    with asking.asking(**request, rate=RATE) as answers:
        time.sleep(20)
        assert watch.blamed() == set()
        broken, began = time.time(), time.monotonic()
        with without_its_trail(canary.stores):
            wait_for("somebody to be told", 70, lambda: watch.inbox.versions(FAILS))
            figures.seconds(f"from a broken challenger to who is told, rules {FACTOR} times as fast", began)
    assert watch.inbox.versions(FAILS) == {"2"}
    assert not [alert for alert, version in watch.blamed() if version == "1"]
    assert [answer for answer in answers.bad if answer["at"] + answer["ms"] / 1000 < broken] == []
    assert {answer["status"] for answer in answers.bad} <= {503, 504}
    assert answers.versions["1"]
    wait_for("the challenger to answer again", 90, lambda: asking.ask(**request, count=20).bad == [])
    wait_for("them to be told that it is over", 120, lambda: watch.inbox.versions(FAILS, "resolved") == {"2"})


@pytest.fixture(scope="module")
def shown(canary: Site, watch: Watch, figures: Figures) -> Prometheus:
    """Prometheus, when both versions have been asked all kinds of things, at their pods, and it can compare them."""
    headers, began = {"authorization": f"Bearer {canary.token}"}, time.monotonic()

    def compared() -> list[Object]:
        for pod in canary.pods():
            with (
                canary.cluster.forward(canary.name, f"pod/{pod['metadata']['name']}", 8080) as port,
                httpx.Client(
                    base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=60
                ) as client,
            ):
                of_all_kinds(client)
        return watch.prometheus.query("earlybell:risk_distance:6h")

    wait_for("the versions to be compared", 120, compared)
    figures.seconds(f"from questions of all kinds to dashboards with data, rules {FACTOR} times as fast", began)
    compared()
    time.sleep(3)  # for the rules to see the last
    return watch.prometheus


@pytest.mark.parametrize("panel", QUERIES)
def test_a_dashboards_query_finds_something_on_a_cluster(panel: str, shown: Prometheus) -> None:
    assert shown.query(QUERIES[panel]), QUERIES[panel]


def test_the_dashboards_figures_are_there_by_version(shown: Prometheus) -> None:
    for record in ("asked:per_second", "errors:ratio10m", "seconds:p95_10m", "risk:mean6h", "out_of_range:ratio6h"):
        samples = shown.query(f"last_over_time(earlybell:version_{record}[2m])")
        assert {sample["metric"]["model_version"] for sample in samples} == {"1", "2"}, record


def test_status_tells_how_both_versions_have_answered(canary: Site, shown: Prometheus) -> None:
    status = json.loads(canary.do(f'earlybell status --namespace "$SITE" --prometheus {shown.url} --json'))
    assert {str(version["version"]) for version in status["versions"] if version["answers"]["requests"]} == {"1", "2"}
