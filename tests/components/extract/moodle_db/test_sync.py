"""A folder of tables that follows a Moodle's database is as extraction would make it anew, whatever has happened."""

import fcntl
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from typer.testing import CliRunner

from components.extract import extract
from components.extract import sync as syncing
from components.extract.differences import Difference
from components.extract.moodle_db import log_store
from components.extract.sifting import read_sifted
from components.extract.sync import Synced, sync
from earlybell.cli.main import app
from earlybell.errors import ConnectionLostError, SettingError, SourceError
from earlybell.tables import checked_facts
from earlybell.tables.pseudonyms import KEY_VARIABLE
from tests.components.extract.moodle_db import random_changes
from tests.components.extract.moodle_db.places import Place, Servers
from tests.components.extract.moodle_db.random_changes import OPTIONS, change, living_site
from tests.components.extract.moodle_db.schema import inserts
from tests.components.extract.moodle_db.site import ANN, BEN, IRA, TOM, at, logged, on

Query = Callable[[Path, str], list[tuple[Any, ...]]]
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a log of a hundred rows is several blocks, and is counted by several questions."""
    monkeypatch.setattr(log_store, "BLOCK", 16)
    monkeypatch.setattr(log_store, "AT_ONCE", 3)


@pytest.fixture
def living(servers: Servers, engine: str) -> Place:
    return servers.make(engine, living_site())


@pytest.fixture
def postgresql(servers: Servers) -> Place:
    """For what is the same on both engines."""
    return servers.make("postgresql", living_site())


def synced(place: Place, out: Path, **settings: Any) -> Synced:
    return sync(place.source(OPTIONS), out, key=KEY, **settings)


def fresh_digest(place: Place, out: Path) -> str:
    return str(extract([place.source(OPTIONS)], out, key=KEY)["digest"])


def add(place: Place, *rows: dict[str, object]) -> None:
    for statement, values in inserts("logstore_standard_log", rows):
        place.execute(statement, values)


def log_rows(out: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query gives of the rows of the log that are kept beside the tables."""
    with duckdb.connect() as connection:
        return connection.execute(
            query.format(f"read_parquet('{out.parent}/.{out.name}.sync/log/*.parquet')")
        ).fetchall()


@pytest.mark.parametrize("seed", range(2))
def test_after_any_changes_the_tables_are_those_of_a_fresh_extraction(living: Place, seed: int, tmp_path: Path) -> None:
    chance, history = random.Random(seed), list[str]()  # noqa: S311
    for number in range(6):
        synced(living, tmp_path / "tables")
        assert checked_facts(tmp_path / "tables")["digest"] == fresh_digest(living, tmp_path / f"{number}"), history
        history += ["|", *change(living, chance, 4)]


def test_of_a_log_that_is_as_it_was_nothing_is_read(living: Place, tmp_path: Path) -> None:
    first = synced(living, tmp_path / "tables")
    assert (first.because, first.differences) == ("the folder is new", None)
    assert first.log_rows == 82
    again = synced(living, tmp_path / "tables")
    assert (again.because, again.differences, again.log_rows) == (None, {}, 0)
    assert again.rows_read == first.rows_read - first.log_rows
    assert again.questions == first.questions - 6  # of the blocks
    add(living, logged(5, ANN, 60, "core viewed course"))
    new = synced(living, tmp_path / "tables")
    assert new.differences == {"events": Difference(new=1)}
    assert new.log_rows <= 16


def test_rows_that_are_seen_late_are_found_and_ids_that_a_restored_site_gives_out_anew(
    living: Place, tmp_path: Path
) -> None:
    last = living.execute("SELECT max(id) FROM mdl_logstore_standard_log")[0][0]
    add(living, *(logged(5, ANN, 60 + n, "core viewed course", id=last + n) for n in (1, 200, 201)))
    synced(living, out := tmp_path / "tables")
    add(living, logged(5, ANN, 61.5, "core viewed course", id=last + 2))  # of a transaction that took long
    late = synced(living, out)
    assert late.differences == {"events": Difference(new=1)}
    assert late.log_rows == 8  # of one block
    living.execute(f"DELETE FROM mdl_logstore_standard_log WHERE id >= {last + 200}")
    add(living, *(logged(5, ANN, 80 + n, "core viewed course", id=last + n) for n in (200, 201)))
    assert synced(living, out).differences == {"events": Difference(new=2, gone=2)}
    assert checked_facts(out)["digest"] == fresh_digest(living, tmp_path / "fresh")


def test_what_moodle_purges_stays_and_what_it_deletes_goes(living: Place, tmp_path: Path, query: Query) -> None:
    """The log keeps from day 20 on; and of what is later, one row is deleted by hand."""
    synced(living, out := tmp_path / "tables")
    before = query(out, "FROM events ORDER BY ALL")
    days = (datetime.now(UTC).replace(tzinfo=None) - at(20)).days
    living.execute(f"DELETE FROM mdl_logstore_standard_log WHERE timecreated < {on(20)}")
    living.execute(f"DELETE FROM mdl_logstore_standard_log WHERE timecreated = {on(31)}")
    living.execute(f"UPDATE mdl_config_plugins SET value = '{days}' WHERE name = 'loglifetime'")
    after = synced(living, out)
    assert after.differences == {"events": Difference(gone=1)}
    assert query(out, "FROM events ORDER BY ALL") == [row for row in before if row[2] != at(31)]
    assert query(out, "SELECT count(*) FROM enrolments WHERE unenrolled_at IS NOT NULL")[0][0] == 4
    assert query(out, "SELECT count(complete_from) FROM courses") == [(0,)]
    extract([living.source(OPTIONS)], tmp_path / "fresh", key=KEY)
    assert len(query(tmp_path / "fresh", "FROM events")) < len(before) - 10
    assert synced(living, out, whole=True).differences == {}  # not even by --full


def test_what_was_purged_before_it_was_read_is_said(postgresql: Place, tmp_path: Path, query: Query) -> None:
    synced(postgresql, out := tmp_path / "tables")
    add(postgresql, logged(5, ANN, 70, "core viewed course"))  # is gone before anybody has read it
    last = postgresql.execute("SELECT max(id) FROM mdl_logstore_standard_log")[0][0]
    postgresql.execute("DELETE FROM mdl_logstore_standard_log")
    add(postgresql, logged(5, ANN, 400, "core viewed course", id=last + 1))
    result = synced(postgresql, out)
    assert "purged before they were read: sync more often" in result.concerns[-1]
    assert result.differences is not None
    assert result.differences["events"] == Difference(new=1)
    assert query(out, "SELECT course_id, complete_from FROM courses ORDER BY 1") == [
        ("5", at(400)),
        ("6", at(400)),
        ("8", at(400)),
    ]


def test_of_people_whom_moodle_has_deleted_nothing_stays(living: Place, tmp_path: Path, query: Query) -> None:
    """Ben by a mark in his row, Ira with her row; Tom was a teacher, by whose acts others were given more time."""
    synced(living, out := tmp_path / "tables")
    assert log_rows(out, f"SELECT 1 FROM {{}} WHERE userid IN ({BEN}, {IRA}, {TOM}) OR relateduserid IN ({BEN}, {IRA})")
    before = query(out, "SELECT count(*) FROM extensions")
    living.execute(f"DELETE FROM mdl_logstore_standard_log WHERE timecreated < {on(20)}")
    living.execute(f"UPDATE mdl_user SET deleted = 1 WHERE id IN ({BEN}, {TOM})")
    living.execute(f"DELETE FROM mdl_user WHERE id = {IRA}")
    synced(living, out)
    everybody = f"{BEN}, {IRA}, {TOM}"
    assert not log_rows(out, f"SELECT 1 FROM {{}} WHERE userid IN ({everybody}) OR relateduserid IN ({everybody})")
    assert before == [(6,)]
    assert query(out, "SELECT count(*) FROM extensions") == [(4,)]  # Ira had two
    granted = query(out, "SELECT granted_at FROM extensions WHERE due_at = '2024-09-22 20:00:00'")
    assert granted == [] or granted == [(at(11),)]


def test_a_course_that_moodle_has_deleted_goes_from_the_kept_log(postgresql: Place, tmp_path: Path) -> None:
    synced(postgresql, out := tmp_path / "tables")
    assert log_rows(out, "SELECT 1 FROM {} WHERE courseid = 8")
    postgresql.execute("UPDATE mdl_course SET category = 99 WHERE id = 8")
    synced(postgresql, out)
    assert log_rows(out, "SELECT 1 FROM {} WHERE courseid = 8")  # it may be asked for again
    postgresql.execute("DELETE FROM mdl_course WHERE id = 8")
    synced(postgresql, out)
    assert not log_rows(out, "SELECT 1 FROM {} WHERE courseid = 8")


def test_of_a_course_that_is_not_asked_for_the_log_stays_and_what_is_new_of_it_is_read_when_it_is(
    postgresql: Place, tmp_path: Path, query: Query
) -> None:
    """The log keeps from day 20 on; what it had of course 8 was read before; later an act is new, and one deleted."""
    run = "SELECT * FROM {} WHERE courseid = 8 ORDER BY id"
    days = (datetime.now(UTC).replace(tzinfo=None) - at(20)).days
    add(postgresql, logged(8, ANN, 60, "core viewed course"), logged(8, ANN, 61, "core viewed course"))
    synced(postgresql, out := tmp_path / "tables")
    before, events = log_rows(out, run), query(out, "FROM events WHERE course_id = '8' ORDER BY ALL")
    postgresql.execute("UPDATE mdl_course SET category = 99 WHERE id = 8")
    synced(postgresql, out)
    postgresql.execute(f"DELETE FROM mdl_logstore_standard_log WHERE timecreated < {on(20)}")
    postgresql.execute(f"UPDATE mdl_config_plugins SET value = '{days}' WHERE name = 'loglifetime'")
    add(postgresql, logged(5, ANN, 62, "core viewed course"))
    synced(postgresql, out, whole=True)
    assert log_rows(out, run) == before
    assert query(out, "FROM events WHERE course_id = '8'") == []
    postgresql.execute(f"DELETE FROM mdl_logstore_standard_log WHERE courseid = 8 AND timecreated = {on(61)}")
    add(postgresql, logged(8, ANN, 63, "core viewed course"))
    postgresql.execute("UPDATE mdl_course SET category = 3 WHERE id = 8")
    synced(postgresql, out)
    after = query(out, "FROM events WHERE course_id = '8' ORDER BY ALL")
    assert {row[2] for row in after} - {row[2] for row in events} == {at(63)}
    assert {row[2] for row in events} - {row[2] for row in after} == {at(61)}
    assert query(out, "SELECT complete_from FROM courses WHERE course_id = '8'") == [(None,)]


def test_of_a_course_that_is_asked_for_again_what_was_purged_unread_is_said(
    postgresql: Place, tmp_path: Path, query: Query
) -> None:
    """Syncs of the others went on, so that nothing of these is missing."""
    synced(postgresql, out := tmp_path / "tables")
    postgresql.execute("UPDATE mdl_course SET category = 99 WHERE id = 8")
    synced(postgresql, out)
    record = tmp_path / ".tables.sync/log/record.json"
    written = msgspec.json.decode(record.read_bytes(), type=log_store.Record)
    written.left[8] = msgspec.structs.replace(written.left[8], read_at=on(20))
    record.write_bytes(msgspec.json.encode(written))
    days = (datetime.now(UTC).replace(tzinfo=None) - at(30)).days
    postgresql.execute(f"UPDATE mdl_config_plugins SET value = '{days}' WHERE name = 'loglifetime'")
    synced(postgresql, out)
    postgresql.execute("UPDATE mdl_course SET category = 3 WHERE id = 8")
    synced(postgresql, out)
    complete: dict[str, datetime | None] = dict(query(out, "SELECT course_id, complete_from FROM courses"))
    assert (complete["5"], complete["8"] is not None) == (None, True)


def test_what_was_read_is_on_the_disk_before_what_it_replaces_is_gone(
    postgresql: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names too: a folder has them on the disk when it was synced itself."""
    synced(postgresql, out := tmp_path / "tables")
    log, happened = tmp_path / ".tables.sync/log", list[tuple[str, Path]]()
    synced_to_disk, replace, unlink = os.fsync, Path.replace, Path.unlink

    def fsync(handle: int) -> None:
        happened.append(("fsync", Path(f"/proc/self/fd/{handle}").readlink()))
        synced_to_disk(handle)

    def replaced(path: Path, target: Path) -> Path:
        happened.append(("replace", target))
        return replace(path, target)

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        happened.append(("unlink", path))
        unlink(path, missing_ok)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replaced)
    monkeypatch.setattr(Path, "unlink", unlinked)
    add(postgresql, logged(5, ANN, 60, "core viewed course"))
    synced(postgresql, out)
    record = log / "record.json"
    new = next(n for n, (what, path) in enumerate(happened) if what == "fsync" and path.suffix == ".parquet")
    written = next(n for n, event in enumerate(happened) if event == ("replace", record))
    gone = next(n for n, (what, path) in enumerate(happened) if what == "unlink" and path.parent == log)
    assert happened[gone][1].suffix == ".parquet"
    folder = [n for n, event in enumerate(happened) if event == ("fsync", log)]
    assert any(new < n < written for n in folder)
    assert any(written < n < gone for n in folder)


def test_the_rows_of_the_log_are_its_owners_alone_again_if_rights_were_given(postgresql: Place, tmp_path: Path) -> None:
    """As a cluster does that mounts the volume for a group."""
    synced(postgresql, out := tmp_path / "tables")
    (log := tmp_path / ".tables.sync/log").chmod(0o775)
    synced(postgresql, out)
    assert log.stat().st_mode & 0o777 == 0o700


def test_of_texts_that_can_hold_anything_only_those_that_are_used_are_kept(postgresql: Place, tmp_path: Path) -> None:
    add(postgresql, logged(5, ANN, 60, "core searched course", other='{"query":"my illness"}'))
    synced(postgresql, out := tmp_path / "tables")
    assert log_rows(out, "SELECT DISTINCT target FROM {} WHERE other IS NOT NULL") == [("user_enrolment",)]
    assert (out.parent / ".tables.sync/log").stat().st_mode & 0o077 == 0


def test_another_site_is_refused(postgresql: Place, tmp_path: Path) -> None:
    synced(postgresql, out := tmp_path / "tables")
    before = checked_facts(out)
    postgresql.execute("UPDATE mdl_config SET value = 'installed anew' WHERE name = 'siteidentifier'")
    with pytest.raises(SettingError, match="the folder is of another Moodle site than the address"):
        synced(postgresql, out)
    assert checked_facts(out) == before
    assert b"abc127" not in (tmp_path / ".tables.sync/log/record.json").read_bytes()


def test_a_folder_that_is_not_of_a_sync_is_refused(postgresql: Place, tmp_path: Path) -> None:
    extract([postgresql.source(OPTIONS)], tmp_path / "plain", key=KEY)
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("plain")
    for name in ("plain", "file", "link"):
        with pytest.raises(SettingError, match=r"not the folder of a sync.*Name a new folder"):
            synced(postgresql, tmp_path / name)
    with pytest.raises(SettingError, match="cannot be written"):
        synced(postgresql, tmp_path / "file" / "tables")
    (tmp_path / "empty").mkdir()
    synced(postgresql, tmp_path / "empty")
    assert checked_facts(tmp_path / "empty")


def test_a_broken_record_is_told(postgresql: Place, tmp_path: Path) -> None:
    synced(postgresql, out := tmp_path / "tables")
    log = tmp_path / ".tables.sync/log"
    next(log.glob("*.parquet")).unlink()
    with pytest.raises(SourceError, match=r"a file of the synced log is missing.*backup"):
        synced(postgresql, out)
    (log / "record.json").write_text('{"format": 2}')
    with pytest.raises(SourceError, match="is of another format"):
        synced(postgresql, out)
    (log / "record.json").write_text("{")
    with pytest.raises(SourceError, match=r"record of a synced log cannot be read.*backup"):
        synced(postgresql, out)
    assert checked_facts(out)


def test_tables_that_somebody_has_broken_are_made_anew(postgresql: Place, tmp_path: Path) -> None:
    synced(postgresql, out := tmp_path / "tables")
    digest = checked_facts(out)["digest"]
    for name, text in (("events.parquet", "PAR1"), ("tables.json", "{")):
        (out / name).write_text(text)
        assert "the tables before cannot be read" in str(synced(postgresql, out).because)
        assert checked_facts(out)["digest"] == digest


def test_tables_that_are_reached_by_a_link_are_not_taken_for_old_ones(postgresql: Place, tmp_path: Path) -> None:
    """Neither where a folder above them is a link, nor where their versions lie on another disk."""
    (tmp_path / "disk" / "versions").mkdir(parents=True)
    (tmp_path / "way").symlink_to("disk")
    (tmp_path / "disk" / ".other.sync").symlink_to("versions")
    for name in ("tables", "other"):
        out = tmp_path / "way" / name
        for _ in range(4):
            synced(postgresql, out)
            assert checked_facts(out)
        assert len(list(out.with_name(f".{name}.sync").glob("tables-*"))) == 2


def test_extraction_over_tables_of_a_sync_is_refused(postgresql: Place, tmp_path: Path) -> None:
    """It would put a folder in the place of the link, and no sync could go on."""
    synced(postgresql, out := tmp_path / "tables")
    with pytest.raises(SettingError, match=r"kept by a sync.*/tables.*earlybell sync.*another folder"):
        extract([postgresql.source(OPTIONS)], out, key=KEY)
    assert synced(postgresql, out).differences == {}


def test_two_syncs_at_once_are_refused(postgresql: Place, tmp_path: Path) -> None:
    synced(postgresql, out := tmp_path / "tables")
    with (tmp_path / ".tables.sync/lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SettingError, match="another sync of the folder is at work"):
            synced(postgresql, out)
    assert synced(postgresql, out).differences == {}


def test_a_moodle_that_cannot_be_read_any_more_changes_nothing(postgresql: Place, tmp_path: Path) -> None:
    synced(postgresql, out := tmp_path / "tables")
    before = checked_facts(out)
    faults = {
        "INSERT INTO mdl_config (name, value) VALUES ('upgraderunning', '1764460000')": "being upgraded",
        "UPDATE mdl_config_plugins SET value = 'x' WHERE name = 'enabled_stores'": "standard log is off",
        "DROP TABLE mdl_config": "may not be read",
    }
    for statement, message in faults.items():
        postgresql.execute(statement)
        with pytest.raises(SourceError, match=message):
            synced(postgresql, out)
        postgresql.execute("DELETE FROM mdl_config WHERE name = 'upgraderunning'") if "upgrade" in statement else None
        assert checked_facts(out) == before


def test_a_connection_that_breaks_is_tried_again_and_what_was_read_stays(
    living: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncing, "WAITS", (0, 0))
    breaks, read = [True, False], log_store._Reading.read

    def read_and_break(self: Any, start: int, *others: Any) -> None:
        if start == 48 and (not breaks or breaks.pop(0)):
            living.disconnect_others()
        read(self, start, *others)

    monkeypatch.setattr(log_store._Reading, "read", read_and_break)
    first = synced(living, out := tmp_path / "tables")
    assert first.log_rows == len(log_rows(out, "SELECT 1 FROM {} WHERE id >= 48"))
    assert checked_facts(out)["digest"] == fresh_digest(living, tmp_path / "fresh")
    before = checked_facts(out)
    with pytest.raises(ConnectionLostError, match="The connection broke"):
        synced(living, out, whole=True)  # breaks each time
    assert checked_facts(out) == before
    monkeypatch.setattr(log_store._Reading, "read", read)
    assert synced(living, out).log_rows == 0


def test_a_first_reading_that_broke_off_goes_on_with_courses_that_have_come_since(
    postgresql: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql.execute("UPDATE mdl_course SET category = 99 WHERE id = 8")

    def stop(self: Any) -> None:
        raise SourceError("stopped", "here", "Go on.")

    with monkeypatch.context() as patch:
        patch.setattr(log_store._Reading, "forget", stop)
        with pytest.raises(SourceError, match="stopped"):
            synced(postgresql, tmp_path / "tables")
    postgresql.execute("UPDATE mdl_course SET category = 3 WHERE id = 8")
    result = synced(postgresql, tmp_path / "tables")
    assert 45 <= result.log_rows < 82  # of course 8, and what lies in its blocks
    assert checked_facts(tmp_path / "tables")["digest"] == fresh_digest(postgresql, tmp_path / "fresh")


def test_another_key_or_other_columns_of_the_log_are_told(
    postgresql: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: Query
) -> None:
    """What was purged from Moodle stays, though the rest of the log is read again."""
    synced(postgresql, out := tmp_path / "tables")
    postgresql.execute(f"DELETE FROM mdl_logstore_standard_log WHERE timecreated < {on(20)}")
    events = len(query(out, "FROM events"))
    result = sync(postgresql.source(OPTIONS), out, key=KEY[::-1])
    assert (result.because, result.differences) == ("the key is another, and so is every pseudonym", None)
    monkeypatch.setattr(log_store, "_form", lambda: "another")
    result = synced(postgresql, out)
    assert result.log_rows == 9  # what Moodle still has
    assert len(query(out, "FROM events")) == events
    assert synced(postgresql, out).log_rows == 0
    whole = synced(postgresql, out, whole=True)
    assert (whole.because, whole.differences) == ("it was asked for", {})
    assert whole.log_rows == result.log_rows


def test_who_reads_a_version_may_go_on_until_the_sync_after_the_next(postgresql: Place, tmp_path: Path) -> None:
    synced(postgresql, out := tmp_path / "tables")
    first = out.resolve()
    synced(postgresql, out)
    assert out.resolve() != first
    assert checked_facts(first)
    synced(postgresql, out)
    assert not first.exists()
    assert {path.name for path in (tmp_path / ".tables.sync").iterdir()} == {"lock", "log", "tables-2", "tables-3"}


def test_an_extraction_of_the_tables_reads_one_version_to_its_end(
    postgresql: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though a sync puts another version in its place meanwhile."""
    synced(postgresql, out := tmp_path / "tables")
    digest, reader = checked_facts(out)["digest"], "components.extract.canonical.read_sifted"

    def sync_and_read(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(reader, read_sifted)
        add(postgresql, logged(5, ANN, 60, "core viewed course"))
        synced(postgresql, out)
        return read_sifted(*arguments, **named)

    monkeypatch.setattr(reader, sync_and_read)
    facts = extract([f"tables:{out}"], tmp_path / "read", key=KEY)
    assert facts["digest"] == digest != checked_facts(out)["digest"]


# What is killed: before or after the call of a function, by its number.
KILLS: dict[str, tuple[str, int, str]] = {
    "while blocks are read": ("log_store._Reading.read", 3, "after"),
    "before a record is there": ("Path.replace", 2, "before"),
    "while tables are copied": ("Workspace.copy", 20, "before"),
    "before anything is shown": ("syncing.differences", 1, "before"),
    "with a version that no link names": ("Path.rename", 1, "after"),
    "with a link that is not in its place": ("Path.symlink_to", 1, "after"),
    "with the new version": ("syncing._Home.show", 1, "after"),
}
_KILLED = """
import os, signal, sys
from pathlib import Path
from components.extract import sync as syncing
from components.extract.moodle_db import log_store
from components.extract.moodle_db.workspace import Workspace

log_store.BLOCK, calls = 16, 0
source, out, key, where, number, when = sys.argv[1:]
owner, _, name = where.rpartition(".")
owner = eval(owner)
function = getattr(owner, name)

def killed(*arguments, **named):
    global calls
    calls += 1
    if calls == int(number) and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = function(*arguments, **named)
    if calls == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(owner, name, killed)
syncing.sync(source, Path(out), key=key)
"""


def test_whoever_is_killed_leaves_whole_tables_and_the_next_goes_on(postgresql: Place, tmp_path: Path) -> None:
    synced(postgresql, out := tmp_path / "tables")
    chance = random.Random(5)  # noqa: S311
    for case, (where, number, when) in KILLS.items():
        before = checked_facts(out)
        with postgresql.connected() as run:
            for _ in range(3):
                random_changes.new_acts(run, chance)
        arguments = [postgresql.source(OPTIONS), str(out), KEY, where, str(number), when]
        killed = subprocess.run([sys.executable, "-c", _KILLED, *arguments], capture_output=True)
        assert killed.returncode == -signal.SIGKILL, (case, killed.stderr)
        after = checked_facts(out)
        assert (after["digest"] == before["digest"]) == (case != "with the new version"), case
    synced(postgresql, out)
    assert checked_facts(out)["digest"] == fresh_digest(postgresql, tmp_path / "fresh")
    left = {path.name for path in (tmp_path / ".tables.sync").iterdir()}
    assert left == {"lock", "log"} | {name for name in left if re.fullmatch(r"tables-\d+", name)}
    assert len(left) == 4
    assert all(path.is_file() for path in (tmp_path / ".tables.sync/log").iterdir())


def test_the_command_says_in_a_line_what_has_changed(postgresql: Place, tmp_path: Path) -> None:
    run = CliRunner()
    environment = {KEY_VARIABLE: KEY}
    arguments = ["sync", postgresql.source(OPTIONS), str(tmp_path / "tables")]
    first = run.invoke(app, arguments, env=environment)
    assert first.exit_code == 0, first.output
    line = first.stdout.splitlines()[-1]
    assert re.fullmatch(
        r"Synced in \d+\.\d s \(the folder is new\): 121 rows in 8 tables; 82 rows of the log read, \d+ in all, by \d+ "
        r"questions\.",
        line,
    ), line
    add(postgresql, logged(5, ANN, 60, "core viewed course"))
    postgresql.execute(f"UPDATE mdl_quiz SET timeclose = {on(25)} WHERE id = 30")
    second = run.invoke(app, arguments, env=environment)
    assert re.search(r" s: events 1 new; assessments 1 changed; \d+ rows", second.stdout), second.stdout
    third = run.invoke(app, [*arguments, "--full", "--json"], env=environment)
    assert '"because": "it was asked for"' in third.stdout
    for source, out in (("tables:x", "a"), (postgresql.source("colour=red"), "b")):
        wrong = run.invoke(app, ["sync", source, str(tmp_path / out)], env=environment)
        assert isinstance(wrong.exception, SettingError)
        assert not (tmp_path / f".{out}.sync").exists()
