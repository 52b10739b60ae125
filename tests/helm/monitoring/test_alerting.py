"""From a failure to whom it concerns: a challenger is broken on purpose, and Alertmanager tells a receiver."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.earlybell.extracts import EXTRACT
from tests.helm.monitoring.plain import FILES, faster, groups
from tests.helm.monitoring.running import alertmanager, prometheus, receiver, until
from tests.helm.monitoring.test_dashboards import FACTOR, targets
from tests.helm.monitoring.traffic import PREDICT
from tests.serving.running import Server, end, started


def test_a_broken_challenger_and_then_a_dead_one_are_told_of_and_the_champion_is_not(
    small_bundle: Path, tmp_path: Path
) -> None:
    for name in "34":
        (tmp_path / name).mkdir()
    with (
        started(small_bundle, tmp_path / "3", "--model-version", "3", "--rate", "100000") as champion,
        started(small_bundle, tmp_path / "4", "--model-version", "4", "--rate", "100000") as challenger,
        receiver() as inbox,
        alertmanager(tmp_path / "alertmanager", routes(inbox.url)) as manager,
        prometheus(
            tmp_path / "prometheus",
            faster(groups("site"), FACTOR),
            [targets({"v3": champion, "v4": challenger})],
            manager,
        ) as running,
    ):
        until(lambda: len(running.query('up{job="earlybell-serving"} == 1')) == 2, 30)
        with _asked(champion), _asked(challenger):
            time.sleep(5)
            assert not running.firing()
            with _locked(challenger):
                until(lambda: _told(inbox.alerts(), "EarlybellVersionFails"), 90, lambda: running.query("ALERTS"))
        assert _told(inbox.alerts(), "EarlybellVersionFails") == {"4"}
        end(challenger.process)
        until(lambda: _told(inbox.alerts(), "EarlybellVersionDown"), 90, lambda: running.query("ALERTS"))
        assert _told(inbox.alerts(), "EarlybellVersionDown") == {"4"}
        until(lambda: _told(inbox.alerts("resolved"), "EarlybellVersionFails"), 90, lambda: inbox.notices)


def routes(webhook: str) -> dict[str, Any]:
    """The chart's routes to a webhook, without the time that they gather alerts for."""
    text = (FILES / "alertmanager/alertmanager.yml").read_text().replace("NAMESPACE", "site")
    found: dict[str, Any] = yaml.safe_load(text)
    found["route"]["routes"][0] |= {"group_wait": "1s", "group_interval": "1s"}
    found["receivers"][1]["webhook_configs"][0]["url"] = webhook
    return found


def test_an_alert_of_another_site_is_not_told(tmp_path: Path) -> None:
    with receiver() as inbox, alertmanager(tmp_path, routes(inbox.url)) as manager:
        alerts = [
            {"labels": {"alertname": name, "namespace": site, "severity": "critical"}}
            for name, site in (("EarlybellGone", "other"), ("Watchdog", "site"), ("EarlybellGone", "site"))
        ]
        httpx.post(f"{manager}/api/v2/alerts", json=alerts, trust_env=False).raise_for_status()
        until(inbox.alerts, 20)
        time.sleep(2)
        told = {(one["labels"]["alertname"], one["labels"]["namespace"]) for one in inbox.alerts()}
    assert told == {("EarlybellGone", "site")}


def _told(alerts: list[dict[str, Any]], name: str) -> set[str]:
    """The versions that alerts of a name are about."""
    return {one["labels"]["model_version"] for one in alerts if one["labels"]["alertname"] == name}


@contextmanager
def _asked(server: Server) -> Iterator[None]:
    """Asked again and again meanwhile, by four at a time, whatever it answers."""
    enough = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
            while not enough.wait(0.1):
                client.post(PREDICT, json={"instances": [EXTRACT]})

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        enough.set()
        for one in threads:
            one.join()


@contextmanager
def _locked(server: Server) -> Iterator[None]:
    """The store of its trail is taken, as by a long backup: what it cannot record it does not answer."""
    connection = sqlite3.connect(server.trail.removeprefix("sqlite:"), isolation_level=None, timeout=30)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()
