"""The plugin in a real Moodle, against a real server: `make test-moodle MOODLE=DIR`."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.moodle.browser import need_browser, walked
from tests.moodle.documented import send_corrections
from tests.moodle.plugin import KEY, PLUGIN, ROOT
from tests.moodle.site import Site, installed, phpunit
from tests.serving.conftest import serving
from tests.serving.running import Server, started_guarded

__all__ = ["serving"]

LEARNERS = 60
WEEKS = 6


@pytest.fixture(scope="module")
def service(serving: None, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server that asks for a token, and one that is good."""
    with started_guarded(bundle, tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def filled(moodle: Site, service: tuple[Server, str]) -> dict[str, Any]:
    """The ids of a course run under way, whose learners the service was asked about for some weeks."""
    server, token = service
    ids: dict[str, Any] = moodle.script("fill.php", str(LEARNERS))
    steps = moodle.script("prepare.php", server.url, token, KEY)
    assert [failure for _, failure, _ in steps] == [
        "notset",
        "blockedhost",
        "blockedport",
        "token",
        "certificate",
        None,
    ]
    assert steps[1][2] == "127.0.0.0/8"
    asked = moodle.script("weeks.php", str(WEEKS))
    assert asked["learners"] > LEARNERS * WEEKS / 2
    return ids


@pytest.mark.parametrize("site", ["moodle", "moodle_on_mariadb"])
def test_phpunit_is_green(site: str, request: pytest.FixtureRequest) -> None:
    printed = phpunit(request.getfixturevalue(site))
    # The issues of PHPUnit 11 are deprecations then: a warning fails.
    assert re.search(r"^OK( \(|, but there were issues!$)", printed, re.MULTILINE), printed


def test_every_learner_has_an_answer_and_some_have_too_little_evidence(moodle: Site, filled: dict[str, Any]) -> None:
    rows = moodle.query("SELECT userid, band FROM {local_earlybell_risk}")
    assert sorted(int(row["userid"]) for row in rows) == sorted(filled["learners"])
    # One of eight has been here for two days.
    few = {int(row["userid"]) for row in rows if row["band"] == "insufficient_evidence"}
    assert few >= set(filled["learners"][7::8])
    assert moodle.query("SELECT courseid, failure, detail FROM {local_earlybell_course}")[0]["failure"] == ""
    weeks = moodle.query("SELECT week, COUNT(*) AS rows FROM {local_earlybell_history} GROUP BY week")
    assert len(weeks) in (WEEKS, WEEKS + 1)


def test_a_teacher_and_a_learner_walk_through_every_page(moodle: Site, filled: dict[str, Any], tmp_path: Path) -> None:
    need_browser()
    language = moodle.root.parent / "data" / "lang" / "ar"
    language.mkdir(parents=True)
    (language / "langconfig.php").write_text(
        "<?php\n$string['thislanguage'] = 'العربية';\n"
        "$string['thisdirection'] = 'rtl';\n$string['parentlanguage'] = '';\n"
    )
    moodle.php("admin/cli/purge_caches.php")
    top = moodle.query(
        "SELECT u.username, r.risk FROM {local_earlybell_risk} r"
        " JOIN {user} u ON u.id = r.userid WHERE r.risk IS NOT NULL"
    )
    top.sort(key=lambda row: -float(row["risk"]))
    whom = {"contesting": top[0]["username"], "quizzing": top[-1]["username"]}
    seen = walked(moodle, tmp_path, filled | whom)
    assert [page for page in seen if page.get("axe") or page.get("overflow", 0) > 0 or "javascript" in page] == []
    assert len([page for page in seen if "page" in page]) > 20
    _after(moodle, whom)


def _after(moodle: Site, whom: dict[str, str]) -> None:
    """What was done in the browser: it is stored, and a quiz leads to a new risk by the next run of the task."""
    kinds = [row["kind"] for row in moodle.query("SELECT id, kind FROM {local_earlybell_action} ORDER BY id")]
    expected = [
        "message",
        "undo",
        "message",
        "note",
        "task",
        "snooze",
        "dismiss",
        "wrong",
        "contest",
        "optout",
        "optin",
    ]
    assert kinds == expected
    user = f"(SELECT id FROM {{user}} WHERE username = '{whom['quizzing']}')"
    (mark,) = moodle.query(
        f"SELECT userid, marks, timedirty FROM {{local_earlybell_dirty}} WHERE urgent = 1 AND userid = {user}"
    )
    (before,) = moodle.query(f"SELECT id, timecreated FROM {{local_earlybell_risk}} WHERE userid = {user}")
    moodle.task("drain")
    (after,) = moodle.query(f"SELECT id, timecreated FROM {{local_earlybell_risk}} WHERE userid = {user}")
    assert int(after["timecreated"]) > int(mark["timedirty"]) > int(before["timecreated"])
    assert moodle.query("SELECT id FROM {local_earlybell_dirty}") == []


def test_corrections_go_in_and_what_was_done_comes_out_by_the_web_services(
    moodle: Site, filled: dict[str, Any], tmp_path: Path
) -> None:
    tokens = moodle.script("token.php")
    (version,) = moodle.query("SELECT courseid, modelversion FROM {local_earlybell_course}")
    entry = {"bundle": "0a" * 32, "course_id": str(filled["course"]), "as_of": "2026-03-01T02:00:00", "shift": 0.25}
    more = {"basis": "earlier_runs", "runs": 3, "expected": 0.3, "mean_risk": 0.2, "corrected_risk": 0.25}
    path = tmp_path / "corrections.json"
    path.write_text(json.dumps([entry | more | {"words": "This course looks harder."}]))
    assert send_corrections(moodle.url, tokens["local_earlybell_corrections"], path) == {"stored": 1, "unknown": []}
    learner = filled["learners"][0]
    moodle.script("act.php", str(filled["course"]), str(learner), str(filled["teacher"]))
    asked = {"table": "local_earlybell_action", "courses": str(filled["course"])}
    page = _rest(moodle, tokens["local_earlybell_extract"], "local_earlybell_extract", asked)
    last = dict(zip(page["columns"].split(), page["rows"].splitlines()[-1].split(","), strict=True))
    assert (last["kind"], last["userid"]) == ('"note"', str(learner))
    assert "Not to be told" not in json.dumps(page)
    refused = _rest(moodle, tokens["local_earlybell_corrections"], "local_earlybell_extract", asked)
    assert refused["exception"]
    assert version["modelversion"]


def _rest(moodle: Site, token: str, function: str, fields: dict[str, str]) -> Any:
    sent = {"wstoken": token, "wsfunction": function, "moodlewsrestformat": "json"} | fields
    return httpx.post(f"{moodle.url}/webservice/rest/server.php", data=sent, trust_env=False, timeout=120).json()


def test_the_service_away_loses_nothing(moodle: Site, filled: dict[str, Any], service: tuple[Server, str]) -> None:
    server, _ = service
    away = server.url.replace(str(server.port), "9")
    moodle.php("admin/cli/cfg.php", "--component=local_earlybell", "--name=endpoint", f"--set={away}")
    moodle.task("refresh")
    time.sleep(1)  # a mark of this very second waits, as another of the same second may follow
    assert "left alone" in moodle.task("drain")
    assert len(moodle.query("SELECT id FROM {local_earlybell_dirty}")) == len(filled["learners"])
    moodle.php("admin/cli/cfg.php", "--component=local_earlybell", "--name=endpoint", f"--set={server.url}")
    moodle.php("admin/cli/cfg.php", "--component=local_earlybell", "--name=circuituntil", "--set=0")
    moodle.task("drain")
    assert moodle.query("SELECT id FROM {local_earlybell_dirty}") == []


def test_the_archive_installs_through_moodles_own_page(checkout: Path, tmp_path: Path) -> None:
    need_browser()
    archive = tmp_path / "local_earlybell.zip"
    subprocess.run(["make", "-s", "plugin", f"PLUGIN={archive}"], cwd=ROOT, check=True, timeout=60)
    with installed(checkout, tmp_path, plugin=False) as site:
        assert not (site.public / "local" / "earlybell").exists()
        walked(site, tmp_path, {"archive": str(archive)}, seconds=900)
        version = re.search(r"\$plugin->version = (\d+);", (PLUGIN / "version.php").read_text())
        assert version
        stored = "SELECT value FROM {config_plugins} WHERE plugin = 'local_earlybell' AND name = 'version'"
        assert site.query(stored) == [{"value": version.group(1)}]
        assert "neither an address nor a key" in site.task("drain")
