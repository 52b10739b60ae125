"""What `moodle-web` reads of recorded answers: tests/moodle/php/runs.php says what is right."""

import base64
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.extract import extract
from components.extract.moodle_web import client
from components.extract.moodle_web import core as module
from components.extract.moodle_web.address import TOKEN, read_address
from earlybell.errors import SettingError, SourceError
from earlybell.tables import read_facts
from tests.components.extract.moodle_web.recorded import Moodle, playing
from tests.fronts import Front, served

Query = Callable[[Path, str], list[tuple[Any, ...]]]
OPTIONS = "match=^WAYS&code=shortname:^([A-Z0-9]+)&pass_mark=40%&rate=100"
CORE = f"{OPTIONS}&report=4&timezone=Asia/Muscat&weekend=fri,sat"
START = datetime(2025, 7, 27, 20)  # midnight in Muscat, of the first run
FIRST, RUNNING = "15", "17"  # its courses
AMAL, BEN, CHLOE, DINA, FARID, GRACE, OPTED_OUT = "804", "805", "806", "807", "809", "810", "826"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "a-token-of-tests")
    monkeypatch.setattr(client, "PAUSES", (0.01, 0.02))


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a site with the plugin."""
    return read("plugin", OPTIONS, tmp_path_factory.mktemp("plugin") / "tables")


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a site without it."""
    return read("core", CORE, tmp_path_factory.mktemp("core") / "tables")


def read(name: str, options: str, out: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch, playing(name) as moodle:
        patch.setenv(TOKEN, "a-token-of-tests")
        extract([f"moodle-web:{moodle.address}?{options}"], out, key=None, ids="keep")
    return out


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def test_the_plugin_gives_who_came_and_who_left(plugin: Path, query: Query) -> None:
    rows = query(plugin, f"SELECT learner_id, enrolled_at, unenrolled_at FROM enrolments WHERE course_id = '{FIRST}'")
    times = {learner: (came, left) for learner, came, left in rows}
    assert len(times) == 10
    assert times[AMAL] == (at(-3), None)
    assert times[DINA] == (at(10) + timedelta(minutes=3), None)
    assert times[FARID] == (at(-3) + timedelta(minutes=5), at(40))


def test_the_plugin_gives_outcomes_deadlines_and_what_was_done(plugin: Path, query: Query) -> None:
    outcomes: dict[str, str] = dict(
        query(plugin, f"SELECT learner_id, outcome FROM outcomes WHERE course_id = '{FIRST}'")
    )
    assert outcomes[FARID] == "withdrawn"
    assert GRACE not in outcomes  # suspended
    extensions = query(
        plugin,
        f"SELECT due_at, granted_at FROM extensions WHERE learner_id = '{CHLOE}' AND assessment_id[:6] = 'assign' "
        "ORDER BY 1",
    )
    hours = timedelta(hours=2)
    assert extensions == [(at(21 + 5), at(14) + hours), (at(49 + 5), at(42) + hours)]
    assert query(plugin, "FROM interventions") == [(FIRST, AMAL, "message", datetime(2025, 8, 7, 20, 53, 20), None)]
    assert query(plugin, f"FROM enrolments WHERE learner_id = '{OPTED_OUT}'") == []
    notes = "\n".join(read_facts(plugin)["notes"])
    assert "1 learner left out of a run under way, having opted out" in notes
    assert "1 dismiss" in notes


def test_without_the_plugin_there_is_nobody_who_left_and_notes_say_so(core: Path, plugin: Path, query: Query) -> None:
    with_plugin = "SELECT * FROM enrolments WHERE unenrolled_at IS NULL ORDER BY ALL"
    without = f"SELECT * FROM enrolments WHERE learner_id <> '{OPTED_OUT}' ORDER BY ALL"
    assert query(core, without) == query(plugin, with_plugin)
    ended = "FROM outcomes WHERE outcome <> 'withdrawn' ORDER BY ALL"
    assert query(core, ended) == query(plugin, ended) != []
    work = "SELECT assessment_id, due_at, round(weight, 1), max_score FROM assessments ORDER BY ALL"
    assert query(core, work) == query(plugin, work)
    notes = "\n".join(read_facts(core)["notes"])
    for sentence in ("have no log", "nobody has withdrawn", "state pass_mark", "since when a learner is suspended"):
        assert sentence in notes


def test_without_the_plugin_a_suspended_learners_marks_are_asked_for_one_by_one(core: Path, query: Query) -> None:
    rows = query(core, f"SELECT count(*) FROM submissions WHERE learner_id = '{GRACE}'")
    assert rows != [(0,)]


def test_the_token_is_in_no_address_and_courses_are_asked_for_where_rows_have_any(tmp_path: Path) -> None:
    with playing("plugin") as moodle:
        extract([f"moodle-web:{moodle.address}?{OPTIONS}"], tmp_path / "tables", key=None, ids="keep")
    assert {form["wstoken"] for form in moodle.asked} == {"a-token-of-tests"}
    by_table = {form["table"]: form.get("courses", "") for form in moodle.asked if "table" in form}
    assert (by_table["user"], by_table["logstore_standard_log"], by_table["course"]) == ("", by_table["enrol"], "")
    assert FIRST in by_table["enrol"].split(",")
    assert len(moodle.asked) < 60


def ask(moodle: Moodle, options: str = OPTIONS) -> None:
    with client.Client(read_address(f"{moodle.address}?{options}")) as asking:
        asking.call("core_webservice_get_site_info", object)


@pytest.mark.parametrize(
    ("answer", "words", "way_out"),
    [
        ({"errorcode": "invalidtoken"}, "wrong, or has expired", "Make a new token"),
        ({"errorcode": "accessexception", "message": "Access control"}, "Access control", "Add the function"),
        (
            {"errorcode": "nopermissions", "message": "Sorry (View hidden)"},
            "View hidden",
            "capability that Moodle names",
        ),
        ({"errorcode": "sitemaintenance"}, "sitemaintenance", "maintenance mode"),
        ({"errorcode": "sitepolicynotagreed"}, "sitepolicynotagreed", "Log in as the token's user once"),
        ({"errorcode": "invalidrecord"}, "invalidrecord", "this Moodle has the function"),
        ({"errorcode": "dmlreadexception", "message": "Error reading"}, "Error reading", "what Moodle says"),
    ],
)
def test_a_call_that_failed_is_an_error_with_the_way_out(answer: dict[str, str], words: str, way_out: str) -> None:
    with playing("core") as moodle:
        moodle.changed["core_webservice_get_site_info"] = json.dumps(
            {"exception": "moodle_exception"} | answer
        ).encode()
        with pytest.raises(SourceError, match=words) as raised:
            ask(moodle)
    assert way_out in str(raised.value)
    assert "a-token-of-tests" not in str(raised.value)
    assert len(moodle.asked) == 1  # what Moodle refuses is not asked again


@pytest.mark.parametrize(
    ("status", "body", "headers", "words"),
    [
        (503, b"<html>", {}, "maintenance mode, or overloaded"),
        (403, b"", {}, "Switch on web services"),
        (404, b"<html>", {}, "front page"),
        (500, b"", {}, "log of Moodle's web server"),
        (429, b"", {"retry-after": "0"}, "state rate"),
        (302, b"", {"location": "https://sso.example.org/login?x=1"}, "asks for a login"),
        (301, b"", {"location": "https://moodle.example.org/webservice/rest/server.php"}, "Write https://"),
        (200, b"<!DOCTYPE html><title>Hello", {}, "something else"),
        (200, b'{"version": ', {}, "something else"),
    ],
)
def test_what_is_no_answer_of_moodle_says_what_to_do(
    status: int, body: bytes, headers: dict[str, str], words: str
) -> None:
    with playing("core") as moodle:
        moodle.next = [(status, body, headers)] * 3
        with pytest.raises(SourceError, match=words):
            ask(moodle)
        again = status in (429, 503)
    assert len(moodle.asked) == (3 if again else 1)


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    with playing("core") as moodle:
        moodle.next = [(503, b"", {"retry-after": "0"}), (502, b"", {})]
        ask(moodle)
    assert len(moodle.asked) == 3


def test_calls_keep_their_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = 100.0, list[float]()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", slept.append)
    with playing("core") as moodle, client.Client(read_address(f"{moodle.address}?rate=4")) as asking:
        asking.call("core_webservice_get_site_info", object)
        asking.call("core_webservice_get_site_info", object)
    assert slept == [0.0, 0.25]


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = read_address(f"http://127.0.0.1:{listening.getsockname()[1]}")
        with client.Client(address) as asking, pytest.raises(SourceError, match="does not answer"):
            asking.call("core_webservice_get_site_info", object)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with (
        client.Client(read_address(f"http://127.0.0.1:{port}")) as asking,
        pytest.raises(SourceError, match="Start it"),
    ):
        asking.call("core_webservice_get_site_info", object)


def test_a_server_without_tls_is_told_from_a_wrong_certificate() -> None:
    with playing("core") as moodle:
        address = read_address(moodle.address.replace("http:", "https:"))
        with client.Client(address) as asking, pytest.raises(SourceError, match="HTTP without TLS"):
            asking.call("core_webservice_get_site_info", object)


def _openssl(folder: Path, words: str) -> None:
    command = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-days", "2", *words.split()]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a server with a certificate of its own authority, and the authority's file."""
    _openssl(tmp_path, "-x509 -keyout ca.key -out ca.pem -subj /CN=authority -addext basicConstraints=critical,CA:TRUE")
    _openssl(
        tmp_path,
        "-x509 -CA ca.pem -CAkey ca.key -keyout own.key -out own.pem -subj /CN=127.0.0.1 "
        "-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE",
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "own.key")

    class Empty(Front):
        def reply(self, body: bytes) -> None:
            self.answer(200, b"{}", {})

    with served(Empty, context) as address:
        yield address, tmp_path / "ca.pem"


def test_the_authority_of_a_certificate_can_be_stated(encrypted: tuple[str, Path]) -> None:
    url, authority = encrypted
    with client.Client(read_address(url)) as asking, pytest.raises(SourceError, match="ca=FILE"):
        asking.call("core_webservice_get_site_info", object)
    with client.Client(read_address(f"{url}?ca={authority}")) as asking:
        asking.call("core_webservice_get_site_info", object)


def test_a_proxy_gets_its_own_user_and_password(monkeypatch: pytest.MonkeyPatch) -> None:
    got = list[str | None]()

    class Proxy(Front):
        def reply(self, body: bytes) -> None:
            got.append(self.headers["proxy-authorization"])
            self.answer(200, b"{}", {})

    with served(Proxy) as proxy:
        monkeypatch.setattr(client, "proxy_of", lambda _: proxy.replace("//", "//ann:se%40cret@"))
        ask(Moodle("http://127.0.0.1"))
    assert got == [f"Basic {base64.b64encode(b'ann:se@cret').decode()}"]


@pytest.mark.parametrize(
    "proxy", ["proxy:3128", "ann:secret@proxy:3128", "http://", "socks5://proxy", "http://proxy:x"]
)
def test_a_proxy_that_is_no_address_is_refused(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "proxy_of", lambda _: proxy)
    with pytest.raises(SettingError, match=r"proxy of the environment is no address.*http://HOST:PORT") as raised:
        client.Client(read_address("https://moodle.example.org"))
    assert "secret" not in str(raised.value)


def test_many_courses_are_asked_about_in_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PHP drops what is over 1,000 variables; here it answers that no course has anything."""
    monkeypatch.setattr(module, "COURSES_AT_ONCE", 1)
    with playing("core") as moodle:
        moodle.changed["mod_assign_get_assignments"] = b'{"courses": []}'
        moodle.changed["mod_quiz_get_quizzes_by_courses"] = b'{"quizzes": []}'
        with pytest.raises(SourceError, match="'events'"):
            extract([f"moodle-web:{moodle.address}?{CORE}"], tmp_path / "tables", key=None, ids="keep")
    for function in ("mod_assign_get_assignments", "mod_quiz_get_quizzes_by_courses"):
        asked = [form for form in moodle.asked if form["wsfunction"] == function]
        assert {FIRST, RUNNING} <= {form["courseids[0]"] for form in asked}
        assert not any("courseids[1]" in form for form in asked)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("http://moodle.example.org", "not encrypted"),
        ("https://user:secret@moodle.example.org", "a user or a token in it"),
        ("ftp://moodle.example.org", "cannot be read"),
        ("https://", "cannot be read"),
        ("https://moodle.example.org?rate=0", "rate is none"),
        ("https://moodle.example.org?report=x", "report is no id"),
        ("https://moodle.example.org?prefix=mdl_", "no such option"),
    ],
)
def test_a_wrong_address_is_refused(place: str, words: str) -> None:
    with pytest.raises(SettingError, match=words) as raised:
        read_address(place)
    assert "secret" not in str(raised.value)


def test_without_a_token_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN)
    with pytest.raises(SettingError, match="no token"):
        client.Client(read_address("https://moodle.example.org"))


def test_paths_of_moodles_pages_are_taken_off() -> None:
    for end in ("", "/", "/index.php", "/webservice/rest/server.php"):
        assert read_address(f"https://moodle.example.org/learn{end}").url == "https://moodle.example.org/learn"


def test_a_plugin_of_another_version_is_refused(tmp_path: Path) -> None:
    with playing("plugin") as moodle:
        page = {"columns": "id", "rows": "", "lastid": 0, "more": False}
        moodle.changed["local_earlybell_extract"] = json.dumps(page).encode()
        with pytest.raises(SourceError, match="Install the plugin of this version"):
            extract([f"moodle-web:{moodle.address}?{OPTIONS}"], tmp_path / "tables", key=None, ids="keep")


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ({"headers": ["Full name with link"], "rows": [], "totalrowcount": 0}, "columns are missing"),
        (
            {"totalrowcount": 1, "rows": [{"columns": ["Moodle", "Amal Learner", "", "", "", "Active"]}]},
            "without an id",
        ),
        (
            {"totalrowcount": 1, "rows": [{"columns": ["?id=1'", "?id=2'", "12 mars 2025", "", "", "Active"]}]},
            "99 xxxx 9999",
        ),
    ],
)
def test_a_report_that_cannot_be_read_is_refused(report: dict[str, object], words: str, tmp_path: Path) -> None:
    titles = [
        "Course short name with link",
        "Full name with link",
        "Time created",
        "Time started",
        "Time ended",
        "Status",
    ]
    with playing("core") as moodle:
        data = {"data": {"headers": titles} | report}
        moodle.changed["core_reportbuilder_retrieve_report"] = json.dumps(data).encode()
        with pytest.raises(SourceError, match=words) as raised:
            extract([f"moodle-web:{moodle.address}?{CORE}"], tmp_path / "tables", key=None, ids="keep")
    assert "Amal" not in str(raised.value)
