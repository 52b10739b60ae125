"""The dashboards: each query is one, and finds something in a real Prometheus that asks real servers."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from serving.runtime.access import add_token, revoke
from tests.helm.monitoring.left import leave
from tests.helm.monitoring.plain import DASHBOARDS, Object, faster, groups, queries
from tests.helm.monitoring.running import Prometheus, prometheus, pushgateway, until
from tests.helm.monitoring.traffic import of_all_kinds
from tests.serving.running import Server, started

EXPIRES = "earlybell_token_expires_timestamp_seconds"
FACTOR = 60  # a minute of the rules is a second here
QUERIES = {
    f"{path.stem}: {place}": query
    for path in DASHBOARDS
    for place, query in queries(path, "site", interval="5s").items()
}


@pytest.fixture(scope="module")
def canary(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus with the chart's rules, that asks a champion, a challenger and a Pushgateway."""
    folder = tmp_path_factory.mktemp("canary")
    file = folder / "tokens.json"
    token, _ = (add_token(file, name, 90, datetime.now(UTC)) for name in ("moodle", "gone"))
    with (
        pushgateway(folder / "pushgateway") as gateway,
        started(small_bundle, _made(folder / "3"), "--model-version", "3", "--tokens", str(file)) as champion,
        started(small_bundle, _made(folder / "4"), "--model-version", "4", "--tokens", str(file)) as challenger,
    ):
        leave(gateway)
        scraped = [targets({"v3": champion, "v4": challenger}), _gateway(gateway)]
        with prometheus(folder / "prometheus", faster(groups("site"), FACTOR), scraped) as running:
            _ask(running, [champion, challenger], token)
            revoke(file, "gone")
            until(lambda: len(running.query(f"{EXPIRES} == Inf")) == 2, 30)
            yield running


def targets(servers: dict[str, Server]) -> Object:
    """Servers by their revision, labelled as the chart's PodMonitor labels pods."""
    labels = {"namespace": "site", "inferenceservice": "learner-risk"}
    configs = [
        {
            "targets": [f"127.0.0.1:{server.port}"],
            "labels": labels | {"revision": name, "pod": name, "model_version": name[1:]},
        }
        for name, server in servers.items()
    ]
    return {"job_name": "earlybell-serving", "honor_labels": True, "static_configs": configs}


def _gateway(address: str) -> Object:
    static = {"targets": [address.removeprefix("http://")], "labels": {"namespace": "site"}}
    return {"job_name": "earlybell-pipelines", "honor_labels": True, "static_configs": [static]}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _ask(running: Prometheus, servers: list[Server], token: str) -> None:
    """Ask until Prometheus has the figures of both."""
    headers = {"authorization": f"Bearer {token}"}
    until(lambda: len(running.query('up{job="earlybell-serving"} == 1')) == 2, 30)
    time.sleep(2)  # a first sample from before the first request

    def compared() -> list[Object]:
        for server in servers:
            with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=60) as client:
                of_all_kinds(client)
        return running.query("earlybell:risk_distance:6h")

    until(compared, 60)
    for _ in range(3):
        compared()
        time.sleep(1)


@pytest.mark.parametrize("place", QUERIES)
def test_a_dashboards_query_finds_something(place: str, canary: Prometheus) -> None:
    assert canary.query(QUERIES[place]), QUERIES[place]


def test_a_caller_who_has_no_token_any_more_is_on_no_dashboard(canary: Prometheus) -> None:
    (query,) = (query for query in QUERIES.values() if EXPIRES in query)
    assert {sample["metric"]["caller"] for sample in canary.query(query)} == {"moodle"}


def test_the_figures_are_there_by_version_and_revision(canary: Prometheus) -> None:
    for record in ("asked:per_second", "errors:ratio10m", "seconds:p95_10m", "risk:mean6h", "out_of_range:ratio6h"):
        samples = canary.query(f"last_over_time(earlybell:version_{record}[2m])")
        shown = {(sample["metric"]["model_version"], sample["metric"]["revision"]) for sample in samples}
        assert shown == {("3", "v3"), ("4", "v4")}, record


def test_no_rule_fails(canary: Prometheus) -> None:
    answer = httpx.get(f"{canary.url}/api/v1/rules", trust_env=False).json()
    rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
    assert rules
    assert not [rule for rule in rules if rule["health"] == "err"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_can_be_read(path: Path) -> None:
    dashboard = json.loads(path.read_text())
    assert dashboard["uid"] == path.stem
    assert [variable["name"] for variable in dashboard["templating"]["list"]][:2] == ["datasource", "namespace"]
    assert len(dashboard["panels"]) < 12
    for panel in dashboard["panels"]:
        assert panel["title"]
        assert len(panel["description"].split()) > 2, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "$datasource"
    assert not [query for query in queries(path, "site").values() if "$" in query]
