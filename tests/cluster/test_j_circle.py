"""The whole circle by the commands of docs/tutorial: Moodle, tables, a model, its canary, a teacher's page, tables."""

import os
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from components.extract.moodle_db.address import PASSWORD
from earlybell.tables.sql import connect
from tests.cluster.cluster import Cluster
from tests.cluster.documented import commands
from tests.cluster.site import Site, installed
from tests.cluster.stores import stores
from tests.fronts import Front, served
from tests.moodle import site as moodle
from tests.moodle.ways import logged_in

LEARNERS = 80
RUNS = "280,226,174,122,70,6"  # weeks ago that each began; the last is under way
OPTIONS = "match=^WAYS&code=shortname:^([A-Z0-9]+)&pass_mark=40%"
TEACHER = "waysteacher"
LATER = 61  # seconds after which a message goes


@dataclass(frozen=True)
class Circle:
    """A site on the cluster, a Moodle beside it, and the course run under way in it."""

    site: Site
    moodle: moodle.Site
    course: int


@contextmanager
def gateway_of(site: Site) -> Iterator[str]:
    """The cluster's gateway by an address of this machine, as a proxy of the university's would name it."""
    trust = ssl.create_default_context(cafile=str(site.folder / "gateway.crt"))
    with httpx.Client(verify=trust, timeout=60, trust_env=False) as client:

        class Gateway(Front):
            def reply(self, body: bytes) -> None:
                left_out = ("host", "content-length", "accept-encoding", "connection")
                headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
                answer = client.request(
                    self.command,
                    f"https://{site.settings['GATEWAY']}{self.path}",
                    content=body,
                    headers=headers | {"host": site.host},
                    extensions={"sni_hostname": site.host},
                )
                self.answer(answer.status_code, answer.content, {"content-type": answer.headers["content-type"]})

        with served(Gateway) as address:
            yield address


@pytest.fixture(scope="module")
def circle(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Circle]:
    """All of it, up to the night in which Moodle asks for the first time."""
    checkout = os.environ.get("EARLYBELL_MOODLE", "")
    if not checkout:
        pytest.skip("no checkout of Moodle is named: make test-cluster MOODLE=DIR")
    folder = tmp_path_factory.mktemp("circle")
    with (
        moodle.installed(Path(checkout), tmp_path_factory.mktemp("moodle")) as running,
        stores(cluster, "circle-stores") as own,
        own.clients() as clients,
    ):
        made = running.script("runs.php", str(LEARNERS), str(int(time.time())), RUNS)
        settings = clients | {
            "MOODLE": running.database.source(OPTIONS),
            "MOODLE_ROOT": str(running.root),
            PASSWORD: running.database.password,
            "PHP_INI_SCAN_DIR": running.environment["PHP_INI_SCAN_DIR"],
        }
        with installed(own, "circle", folder, settings) as site, site.gateway(), gateway_of(site) as address:
            site.do(commands("From Moodle to tables"))
            site.do(commands("From tables to a model"))
            site.do(commands("From a model to a service"))
            site.do(commands("A second version on trial"))
            site.settled(2, 20)
            steps = running.script("prepare.php", address, site.token, site.settings["EARLYBELL_PSEUDONYM_KEY"])
            assert steps[-1][1] is None, steps[-1]
            printed = site.do(commands("From the service to a teacher's page"))
            assert "; 0 marks wait" in printed, printed
            yield Circle(site, running, made["courses"][-1]["id"])


def test_the_night_stores_what_the_trail_says_that_was_answered(circle: Circle) -> None:
    """A course is one request, so one of the two versions answers."""
    rows = circle.moodle.query("SELECT userid, band, modelversion FROM {local_earlybell_risk}")
    assert len(rows) > LEARNERS / 2
    assert {row["band"] for row in rows} - {"insufficient_evidence"}
    (version,) = {row["modelversion"] for row in rows}
    recorded = [record for records in circle.site.records().values() for record in records]
    assert len([record for record in recorded if record["model_version"] == version]) >= len(rows)
    shares = {row["version"]: row["traffic"] for row in circle.site.status()}
    assert shares == {"1": 80, "2": 20}


def test_a_teacher_sees_whom_to_look_at_and_a_message_comes_back_as_an_intervention(circle: Circle) -> None:
    with logged_in(circle.moodle.url, TEACHER, "Earlybell.1") as session:
        course = session.get("/course/view.php", params={"id": circle.course}).text
        assert f"/local/earlybell/view.php?id={circle.course}" in course
        assert "Learners at risk" in course
        page = session.get("/local/earlybell/view.php", params={"id": circle.course}).text
        first = re.search(r"act\.php\?id=\d+&amp;user=(\d+)", page)
        assert first, page[-3000:]
        learner = int(first[1])
        _write(session, circle.course, learner)
    before = circle.moodle.query("SELECT userid, timesent FROM {local_earlybell_action} WHERE kind = 'message'")
    assert before == [{"userid": str(learner), "timesent": "0"}]
    time.sleep(LATER)
    assert "messages sent: 1" in circle.moodle.task("drain")
    printed = circle.site.do(commands("Back to the tables"))
    assert "interventions" in printed
    with connect() as connection:
        tables = circle.site.folder / "tables"
        rows: list[tuple[Any, ...]] = connection.execute(
            f"SELECT e.learner_id IS NOT NULL, i.kind FROM '{tables}/interventions.parquet' i"
            f" LEFT JOIN '{tables}/enrolments.parquet' e USING (course_id, learner_id)"
        ).fetchall()
    assert rows == [(True, "message")]


def _write(session: httpx.Client, course: int, learner: int) -> None:
    """Send the form of a message, as a browser does."""
    about: dict[str, str | int] = {"id": course, "user": learner, "kind": "message"}
    form = session.get("/local/earlybell/act.php", params=about).text
    key = re.search(r'name="sesskey"[^>]*value="(\w+)"|"sesskey":"(\w+)"', form)
    assert key
    fields = {
        "_qf__local_earlybell_form_act": "1",
        "sesskey": key[1] or key[2],
        "text": "Come and see me on Monday.",
        "submitbutton": "Send",
    }
    answer = session.post("/local/earlybell/act.php", params=about, data=fields)
    assert answer.status_code == 200, answer.text[-2000:]
