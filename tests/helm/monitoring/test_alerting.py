"""From a failure to whom it concerns: a challenger is broken on purpose, and Alertmanager tells a receiver."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx

from tests.earlybell.extracts import EXTRACT
from tests.helm.monitoring.plain import faster, groups, routes
from tests.helm.monitoring.running import alertmanager, prometheus, receiver, until
from tests.helm.monitoring.test_dashboards import targets
from tests.helm.monitoring.traffic import PREDICT
from tests.serving.running import Server, end, started

# A minute of the rules is three seconds here: a store that is locked refuses only every eight seconds
# (`TRAIL_SECONDS`), and the rules' windows of five minutes must see several of these.
FACTOR = 20


def test_a_broken_challenger_and_then_a_dead_one_are_told_of_and_the_champion_is_not(
    small_bundle: Path, tmp_path: Path
) -> None:
    for name in "34":
        (tmp_path / name).mkdir()
    with (
        started(small_bundle, tmp_path / "3", "--model-version", "3", "--rate", "100000") as champion,
        started(small_bundle, tmp_path / "4", "--model-version", "4", "--rate", "100000") as challenger,
        receiver() as inbox,
        alertmanager(tmp_path / "alertmanager", routes(inbox.url, "site")) as manager,
        prometheus(
            tmp_path / "prometheus",
            faster(groups("site"), FACTOR),
            [targets({"v3": champion, "v4": challenger})],
            manager,
        ) as running,
    ):
        until(lambda: len(running.query('up{job="earlybell-serving"} == 1')) == 2, 30)
        with _traffic(champion), _traffic(challenger):
            time.sleep(5)
            assert not running.firing()
            with _locked(challenger):
                for alert in ("EarlybellVersionFails", "EarlybellTrailAway"):
                    until(partial(inbox.versions, alert), 180, lambda: running.query("ALERTS"))
        assert inbox.versions("EarlybellVersionFails") == inbox.versions("EarlybellTrailAway") == {"4"}
        end(challenger.process)
        until(lambda: inbox.versions("EarlybellVersionDown"), 180, lambda: running.query("ALERTS"))
        assert inbox.versions("EarlybellVersionDown") == {"4"}
        until(lambda: inbox.versions("EarlybellVersionFails", "resolved"), 180, lambda: inbox.notices)


def test_an_alert_of_another_site_is_not_told(tmp_path: Path) -> None:
    with receiver() as inbox, alertmanager(tmp_path, routes(inbox.url, "site")) as manager:
        alerts = [
            {"labels": {"alertname": name, "namespace": site, "severity": "critical"}}
            for name, site in (("EarlybellGone", "other"), ("Watchdog", "site"), ("EarlybellGone", "site"))
        ]
        httpx.post(f"{manager}/api/v2/alerts", json=alerts, trust_env=False).raise_for_status()
        until(inbox.alerts, 20)
        time.sleep(2)
        notified = {(alert["labels"]["alertname"], alert["labels"]["namespace"]) for alert in inbox.alerts()}
    assert notified == {("EarlybellGone", "site")}


@contextmanager
def _traffic(server: Server) -> Iterator[None]:
    """Asked again and again meanwhile, by four at a time, whatever it answers."""
    enough = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
            while not enough.wait(0.1):
                client.post(PREDICT, json={"instances": [EXTRACT]})

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        enough.set()
        for thread in threads:
            thread.join()


@contextmanager
def _locked(server: Server) -> Iterator[None]:
    """The store of its trail is taken, as by a long backup: what it cannot record it does not answer."""
    connection = sqlite3.connect(server.trail.removeprefix("sqlite:"), isolation_level=None, timeout=30)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()
