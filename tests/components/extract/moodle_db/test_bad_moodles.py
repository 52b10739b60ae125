"""Databases that are no Moodle, or none that can be read, are told what is wrong; what is odd is read all the same."""

import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from components.extract import extract
from components.extract.moodle_db import databases
from components.extract.moodle_db.address import PASSWORD, read_address
from components.extract.moodle_db.workspace import Workspace
from earlybell.cli.main import app
from earlybell.errors import EarlybellError, SettingError, SourceError
from earlybell.tables import read_facts
from tests.components.extract.moodle_db.conftest import OPTIONS
from tests.components.extract.moodle_db.places import Place, Servers
from tests.components.extract.moodle_db.site import ANN, Rows, at, changed, log, logged, on, site

Query = Callable[[Path, str], list[tuple[Any, ...]]]


def run(place: Place, folder: Path, options: str = OPTIONS) -> Path:
    extract([place.source(options)], folder / "out", key=None, ids="keep")
    return folder / "out"


def config(name: str, value: str | None) -> Rows:
    """The site with another setting of Moodle's."""
    values = {} if value is None else {"value": value}
    return changed(site(), "config", "name", name, **values)


def plugin(name: str, value: str) -> Rows:
    return changed(site(), "config_plugins", "name", name, value=value)


REFUSED: dict[str, tuple[Rows, str]] = {
    "too old": (config("version", "2024042200.00"), "too old.*moodle-log"),
    "never installed": (config("version", None), "says no version"),
    "half upgraded": (
        {**site(), "config": [*site()["config"], {"name": "upgraderunning", "value": "1764460000"}]},
        "being upgraded, or its upgrade has stopped half-way",
    ),
    "log store off": (plugin("enabled_stores", "logstore_database"), "standard log is off.*Manage log stores"),
    "no learner": (
        {**site(), "role_assignments": [], "logstore_standard_log": [], "grade_grades_history": []},
        "no course has a learner",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_moodle_that_cannot_be_read_is_refused(case: str, servers: Servers, engine: str, tmp_path: Path) -> None:
    rows, message = REFUSED[case]
    with pytest.raises(SourceError, match=re.compile(message, re.DOTALL)):
        run(servers.make(engine, rows), tmp_path)


def test_a_database_that_is_not_moodle_is_refused(servers: Servers, engine: str, tmp_path: Path) -> None:
    place = servers.empty(engine)
    place.execute("CREATE TABLE mine (id int)")
    with pytest.raises(SourceError, match="is not a Moodle"):
        run(place, tmp_path)


def test_another_prefix_is_named(servers: Servers, engine: str, tmp_path: Path) -> None:
    place = servers.make(engine, site(), prefix="m_")
    with pytest.raises(SourceError, match=r"no Moodle with the prefix mdl_: 'm_'\. State .*prefix=m_"):
        run(place, tmp_path)
    out = run(place, tmp_path, f"prefix=m_&{OPTIONS}")
    assert read_facts(out)["rows"]["outcomes"] == 6


def test_columns_that_are_not_there_are_named(servers: Servers, engine: str, tmp_path: Path) -> None:
    place = servers.make(engine, site())
    place.execute("ALTER TABLE mdl_course DROP COLUMN relativedatesmode")
    with pytest.raises(SourceError, match=r"columns of mdl_course .*'relativedatesmode'.*upgrade"):
        run(place, tmp_path)


def test_an_activity_that_the_site_has_not_is_no_fault(
    servers: Servers, engine: str, tmp_path: Path, query: Query
) -> None:
    place = servers.make(engine, site())
    for table in ("lesson", "lesson_grades", "lesson_overrides"):
        place.execute(f"DROP TABLE mdl_{table}")
    out = run(place, tmp_path)
    assert not query(out, "FROM assessments WHERE kind = 'lesson'")
    assert any(
        "tables of these activities are not there, or may not be read: lesson." in note
        for note in read_facts(out)["notes"]
    )


def test_a_wrong_password_user_or_database_is_told(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = servers.make("mysql", {})
    monkeypatch.setenv(PASSWORD, "another")
    with pytest.raises(SourceError, match=PASSWORD) as raised:
        run(place, tmp_path)
    assert "another" not in str(raised.value)
    other = servers.empty("postgresql")
    for wrong in (
        Place("postgresql", other.port, "nobody_here", other.database),
        Place("postgresql", other.port, other.user, "none"),
    ):
        with pytest.raises(SourceError, match="connecting to"):
            run(wrong, tmp_path)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_is_not_there_is_told(scheme: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SourceError, match="cannot be read"):
        run(Place(scheme, port, "a", "b"), tmp_path)


def test_what_changes_while_it_is_read_changes_nothing(
    by_hand: Place, servers: Servers, engine: str, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that vanish, and rows that come, between two tables: all are of the moment at which reading began."""
    place, copy = servers.make(engine, site()), Workspace.copy

    def copy_and_change(self: Workspace, database: Any, read: Any, table: Any, *others: Any) -> int:
        rows = copy(self, database, read, table, *others)
        if table.name == "course":
            for name in ("user_enrolments", "quiz_attempts", "grade_items", "logstore_standard_log"):
                place.execute(f"DELETE FROM mdl_{name}")
            place.execute("INSERT INTO mdl_role_assignments (roleid, contextid, userid) VALUES (5, 105, 16)")
        return rows

    monkeypatch.setattr(Workspace, "copy", copy_and_change)
    assert read_facts(run(place, tmp_path))["digest"] == read_facts(tables)["digest"]
    assert not place.execute("SELECT * FROM mdl_user_enrolments")


def test_a_connection_that_breaks_is_told(
    servers: Servers, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, copy = servers.make(engine, site()), Workspace.copy

    def copy_and_kill(self: Workspace, database: Any, read: Any, table: Any, *others: Any) -> int:
        if table.name == "quiz_attempts":
            place.disconnect_others()
        return copy(self, database, read, table, *others)

    monkeypatch.setattr(Workspace, "copy", copy_and_kill)
    with pytest.raises(SourceError, match="The connection broke, or the server stopped"):
        run(place, tmp_path)


def test_a_server_that_hangs_is_left(
    servers: Servers, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, copy = servers.make(engine, site()), Workspace.copy
    server = servers.postgresql() if engine == "postgresql" else servers.mariadb()
    monkeypatch.setattr(databases, "SECONDS", 15)  # the connection has its own time-outs by then
    thawed = threading.Event()

    def copy_and_freeze(self: Workspace, database: Any, read: Any, table: Any, *others: Any) -> int:
        if table.name != "quiz":
            return copy(self, database, read, table, *others)
        monkeypatch.setattr(databases, "SECONDS", 1)
        with server.frozen():
            try:
                return copy(self, database, read, table, *others)
            finally:
                thawed.set()

    monkeypatch.setattr(Workspace, "copy", copy_and_freeze)
    with pytest.raises(SourceError, match="does not answer"):
        run(place, tmp_path)
    assert thawed.is_set()


ADDRESSES = {
    "oracle://u@h/d": "cannot be read",
    "postgresql://h/d": "cannot be read",
    "postgresql://u@h": "cannot be read",
    "postgresql://u@h:port/d": "cannot be read",
    "postgresql://u:hidden@h/d": "has a password in it.*EARLYBELL_MOODLE_PASSWORD",
    "mysql://u@h/d?prefix=mdl-": "is no prefix",
    "mysql://u@h/d?pw=hidden": "no such option",
    "mysql://u@h/d?code=fullname:x": "is no rule",
    "mysql://u@h/d?code=field": "is no rule",
    "mysql://u@h/d?code=idnumber:(": "no regular expression",
    "mysql://u@h/d?category=a": "has no ids",
    "mysql://u@h/d?breaks=2024-12-24..2024-12-20": "ends before it begins",
    "mysql://u@h/d?attributes=name:firstname": "is no attribute",
    "mysql://u@h/d?timezone=Mars": "no such time zone",
    "mysql://u@h/d?sslmode=prefer": "One of disable, require, verify-full",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_wrong_address_is_told_without_its_password(address: str) -> None:
    with pytest.raises(SettingError, match=ADDRESSES[address]) as raised:
        read_address(address)
    assert "hidden" not in str(raised.value)


def test_a_certificate_authority_that_cannot_be_used_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    (no_certificate := tmp_path / "ca.pem").write_text("no certificate")
    for file, says in ((tmp_path / "nowhere.pem", "No such file"), (no_certificate, "name a file")):
        address = f"mysql://u@127.0.0.1:1/d?sslmode=verify-full&sslrootcert={file}"
        with pytest.raises(SettingError, match=f"sslrootcert cannot be read.*{file.name}.*{says}"):
            databases.connect(read_address(address)).__enter__()
    with pytest.raises(SettingError, match="without an authority"):
        databases.connect(read_address("mysql://u@127.0.0.1:1/d?sslmode=verify-full")).__enter__()


def test_an_address_is_understood() -> None:
    address = read_address(
        "mariadb://a%40b@db.example:3307/moodle?prefix=x_&code=category&breaks=2024-12-24..2025-01-06"
    )
    assert (address.engine, address.user, address.port, address.options.prefix) == ("mysql", "a@b", 3307, "x_")
    assert str(address) == "mysql://db.example:3307/moodle"
    assert read_address("postgresql://u@h/d").port == 5432


def test_what_the_address_chooses_alone_is_read(servers: Servers, engine: str, tmp_path: Path, query: Query) -> None:
    place = servers.make(engine, site())
    chosen = {
        "category=4": ["5", "6"],
        "category=3": ["5", "6", "8"],
        "match=^CHEM": ["8"],
        "since=2025-01-01": ["6"],
    }
    for number, (option, courses) in enumerate(chosen.items()):
        (folder := tmp_path / str(number)).mkdir()
        out = run(place, folder, option)
        assert query(out, "SELECT course_id FROM courses ORDER BY 1") == [(course,) for course in courses]
    with pytest.raises(SourceError, match="no course is asked for"):
        run(place, tmp_path, "match=^PHYS")


def test_what_was_purged_from_the_log_is_said_of_the_runs_that_it_is_of(
    servers: Servers, engine: str, tmp_path: Path, query: Query
) -> None:
    """A log that keeps as many days as lie since day 10 of course 5: of it alone earlier activity is missing."""
    days = (datetime.now(UTC).replace(tzinfo=None) - at(10)).days
    out = run(servers.make(engine, plugin("loglifetime", str(days))), tmp_path)
    found = query(out, "SELECT course_id, starts_at, complete_from, complete_until FROM courses ORDER BY course_id")
    known = {course: since for course, starts, since, _ in found if since}
    assert known.keys() == {course for course, starts, *_ in found if starts < at(10)}
    assert "5" in known
    assert all(at(10) <= since <= at(11) for since in known.values())
    assert {until for *_, until in found} == {None}


def test_breaks_clock_weekend_and_pass_mark_can_be_stated(
    servers: Servers, engine: str, tmp_path: Path, query: Query
) -> None:
    """Course 8 has no end: with a pass mark and totals it ended when its learners were last there, on day 18."""
    rows = site()
    rows["grade_items"].append(
        {"id": 800, "courseid": 8, "itemtype": "course", "iteminstance": 80, "gradetype": 1, "grademax": 50}
    )
    rows["grade_grades"].append(
        {"itemid": 800, "userid": ANN, "finalgrade": 20, "rawgrademax": 50, "timemodified": on(20)}
    )
    place = servers.make(engine, rows)
    out = run(place, tmp_path, "match=CHEM&pass_mark=50%&timezone=UTC&weekend=sun&breaks=2024-09-10..2024-09-11")
    assert query(out, "SELECT starts_at, ends_at::VARCHAR, timezone, weekend FROM courses") == [
        (at(0), "2024-09-21 00:00:00", "UTC", "sun")
    ]
    assert query(out, "SELECT learner_id, outcome, final_score FROM outcomes") == [(str(ANN), "fail", 40)]
    assert query(out, "SELECT starts_at::VARCHAR, ends_at::VARCHAR FROM breaks") == [
        ("2024-09-10 00:00:00", "2024-09-11 23:59:59")
    ]


def test_a_clock_that_moodle_does_not_say_is_noted(servers: Servers, tmp_path: Path) -> None:
    out = run(servers.make("postgresql", config("timezone", "99")), tmp_path)
    assert any("its clock is not known" in note for note in read_facts(out)["notes"])


def test_texts_of_any_kind_are_read_as_they_are(servers: Servers, engine: str, tmp_path: Path, query: Query) -> None:
    """Quotes, commas, line ends, backslashes and letters of four bytes, in a column of texts."""
    odd = "a \"b\", c\\n\\\nüß 学 🎓; '%s'"
    rows = site()
    rows["logstore_standard_log"] = [*log(), logged(5, ANN, 9, "core viewed course") | {"action": odd}]
    out = run(servers.make(engine, rows), tmp_path)
    assert query(out, "SELECT action FROM events WHERE occurred_at = TIMESTAMP '2024-09-10 20:00:00'") == [(odd,)]


def test_more_rows_than_a_piece_holds_are_all_read(
    by_hand: Place, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.extract.moodle_db.workspace.PIECE", 7)
    assert read_facts(run(by_hand, tmp_path))["digest"] == read_facts(tables)["digest"]


def test_the_commands_show_runs_and_grants_and_end_by_their_codes(by_hand: Place) -> None:
    cli = CliRunner()
    shown = cli.invoke(app, ["courses", by_hand.source(OPTIONS)])
    assert shown.exit_code == 0, shown.output
    assert "STAT101: 2 runs" in shown.stdout
    assert re.search(r"5 +2024-09-01 to 2024-12-20 +12 enrolled +STAT-24", shown.stdout)
    assert "not read, as their dates are relative to each learner: 1 course" in shown.stdout
    as_json = cli.invoke(app, ["courses", by_hand.source(), "--json"])
    assert '"by_rule": false' in as_json.stdout
    granted = cli.invoke(app, ["moodle-grants", by_hand.source()])
    assert "GRANT SELECT (" in granted.stdout
    wrong = cli.invoke(app, ["courses", "tables:x"])
    assert isinstance(wrong.exception, EarlybellError)
    assert wrong.exception.exit_code == 2
