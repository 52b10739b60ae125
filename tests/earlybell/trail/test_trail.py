"""Appending: what was acknowledged is there, in whatever store, from however many callers."""

import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from earlybell.errors import EarlybellError, SettingError, TrailError
from earlybell.predict.answer import ROW
from earlybell.trail import Record, erase, open_trail, read_records, verify
from earlybell.trail.records import body_of, record_of
from earlybell.trail.stores import StoreError, open_store, shown
from tests.earlybell.trail.places import NOON, PROCESSES, Place, append_many, postgresql_place, record
from tests.postgresql import Server

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False)
_TIME = st.datetimes(timezones=st.just(UTC))
_RECORDS = st.builds(
    Record,
    **dict.fromkeys(
        ["request_id", "course_id", "learner_id", "model_name", "model_version", "catalogue_hash", "band", "caller"],
        _TEXT,
    ),
    **dict.fromkeys(["time", "as_of"], _TIME),
    **dict.fromkeys(["risk", "low", "high"], _NUMBER),
    features=st.lists(_NUMBER).map(tuple),
    correction=st.floats(-1, 1),
    doubt=_TEXT,
    trial=_TEXT,
)


@given(_RECORDS)
def test_a_record_comes_back_from_its_json_as_it_was(prediction: Record) -> None:
    assert record_of(body_of(prediction).text) == prediction


_JSON = (
    '{"kind":"prediction","request_id":"1","time":"2026-03-02T12:00:00+00:00","course_id":"run 1",'
    '"learner_id":"b\\u00f8b","as_of":"2026-03-02T12:00:00+00:00","model_name":"learner-risk","model_version":"3",'
    '"catalogue_hash":"abc","features":[1.5,null,0.1],"risk":null,"low":0.1,"high":0.5,"band":"medium",'
    '"caller":"moodle"'
)


def test_the_json_that_is_kept_is_what_it_was_in_every_version() -> None:
    prediction = record("1", "bøb", risk=None)
    assert body_of(prediction).text == f"{_JSON}}}"
    assert record_of(f'{_JSON},"writer":"00ff","seq":7}}') == prediction


def test_a_record_has_the_correction_of_its_course_and_one_without_it_was_not_corrected() -> None:
    corrected = structs.replace(record("1", "bøb", risk=None), correction=-0.25)
    assert body_of(corrected).text == f'{_JSON},"correction":-0.25}}'
    assert record_of(body_of(corrected).text) == corrected
    assert record_of(f"{_JSON}}}").correction == 0


def test_a_record_has_its_doubt_and_one_without_it_had_none() -> None:
    doubted = structs.replace(record("1", "bøb", risk=None), doubt="course_level")
    assert body_of(doubted).text == f'{_JSON},"doubt":"course_level"}}'
    assert record_of(body_of(doubted).text) == doubted
    assert record_of(f"{_JSON}}}").doubt == ""


def test_a_record_has_the_trial_of_its_course_run_and_one_without_it_had_none() -> None:
    tried = structs.replace(record("1", "bøb", risk=None), trial="0a" * 32)
    assert body_of(tried).text == f'{_JSON},"trial":"{"0a" * 32}"}}'
    assert record_of(body_of(tried).text) == tried
    assert record_of(f"{_JSON}}}").trial == ""


def test_a_trail_with_records_from_before_and_after_corrections_is_whole(place: Place) -> None:
    with place.open() as trail:
        trail.append([record("1")]).result()
        trail.append([structs.replace(record("2"), correction=0.5)]).result()
    assert [entry.correction for entry in read_records(place.address)] == [0, 0.5]
    assert verify(place.address, place.anchors).whole


@pytest.mark.parametrize("payload", ["", "[]", "{}", f'{_JSON},"band":7}}'])
def test_what_is_no_record_is_named_as_such(payload: str) -> None:
    with pytest.raises(TrailError, match="a record of the trail cannot be read"):
        record_of(payload)


def test_a_record_has_every_column_of_a_prediction() -> None:
    assert set(ROW) - {"reasons"} <= set(Record.__struct_fields__)


def test_what_was_acknowledged_is_read_back(place: Place) -> None:
    mine = [record("1", "ann"), record("1", "bøb", risk=None), record("2", "anonymous")]
    with place.open() as trail:
        trail.append(mine[:2]).result()
        trail.append(mine[2:]).result()
        trail.append([]).result()
        assert list(read_records(place.address)) == mine
    assert list(read_records(place.address, learner="bøb")) == [mine[1]]
    assert list(read_records(place.address, request="1")) == mine[:2]
    assert list(read_records(place.address, request="1", learner="nobody")) == []


def test_a_trail_opened_again_goes_on_and_is_whole(place: Place) -> None:
    for number in range(3):
        with place.open() as trail:
            trail.append([record(str(number))]).result()
    audit = verify(place.address, place.anchors)
    assert (audit.whole, audit.entries, audit.writers) == (True, 3, 3)


def test_concurrent_callers_share_commits_and_none_is_lost(place: Place) -> None:
    with place.open() as trail, ThreadPoolExecutor(16) as callers:
        list(callers.map(lambda number: trail.append([record(str(number))] * 2).result(), range(400)))
        commits = len(place.anchors.read_text().splitlines()) - 1
    request_ids = [record.request_id for record in read_records(place.address)]
    assert sorted(request_ids) == sorted(2 * [str(number) for number in range(400)])
    assert request_ids[::2] == request_ids[1::2]
    assert commits < 300
    assert verify(place.address, place.anchors).whole


def test_several_processes_write_to_one_store(place: Place, tmp_path: Path) -> None:
    acknowledged = tmp_path / "acknowledged"
    processes = [
        PROCESSES.Process(target=append_many, args=(place.address, place.anchors, name, 60, acknowledged))
        for name in "abc"
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert len(acknowledged.read_text().split()) == 180
    audit = verify(place.address, place.anchors)
    assert (audit.whole, audit.entries, audit.writers) == (True, 180, 3)


def test_lag_and_pending_tell_what_waits(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    with open_trail(f"sqlite:{path}") as trail, closing(sqlite3.connect(path)) as other:
        assert (trail.lag, trail.pending) == (0.0, 0)
        other.execute("BEGIN IMMEDIATE")
        futures = [trail.append([record("1")] * 3), trail.append([record("2")])]
        time.sleep(0.2)
        assert trail.pending == 4
        assert trail.lag >= 0.2
        other.rollback()
        assert [future.result() for future in futures] == [None, None]
        assert (trail.lag, trail.pending) == (0.0, 0)


def test_closing_commits_what_waits_and_then_takes_no_more(place: Place) -> None:
    trail = place.open()
    futures = [trail.append([record(str(number))]) for number in range(50)]
    trail.close()
    assert all(future.done() and future.exception() is None for future in futures)
    trail.close()
    with pytest.raises(TrailError, match="was closed"):
        trail.append([record("late")])
    assert threading.active_count() == 1 or not any(
        thread.name == "earlybell-trail" for thread in threading.enumerate()
    )


def test_what_a_caller_cancelled_in_time_is_left_out_and_the_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    with open_trail(f"sqlite:{path}") as trail, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        first = trail.append([record("in the commit")])
        time.sleep(0.1)
        cancelled = trail.append([record("cancelled")])
        assert cancelled.cancel()
        assert not first.cancel()
        other.rollback()
        trail.append([record("after")]).result()
    assert [record.request_id for record in read_records(f"sqlite:{path}")] == ["in the commit", "after"]


_WRONG: list[tuple[str, Any, str]] = [
    ("risk", float("inf"), "not finite"),
    ("features", (1.0, float("-inf")), "not finite"),
    ("as_of", NOON.replace(tzinfo=None), "no time with a zone"),
    ("time", "2026-03-02", "no time with a zone"),
    ("learner_id", "a\0b", "character that is none"),
    ("course_id", "\ud800", "character that is none"),
    ("caller", None, "not text"),
]


@pytest.mark.parametrize(
    ("name", "value", "message"), _WRONG, ids=lambda value: str(value)[:20].encode("unicode_escape")
)
def test_a_record_that_no_store_can_keep_is_refused_by_name(
    tmp_path: Path, name: str, value: Any, message: str
) -> None:
    with open_trail(f"sqlite:{tmp_path}/trail.db") as trail:
        with pytest.raises(TrailError, match=f"{name} of a record.*{message}"):
            trail.append([record("good"), structs.replace(record("bad"), **{name: value})])
        trail.append([record("next")]).result()
    assert [record.request_id for record in read_records(f"sqlite:{tmp_path}/trail.db")] == ["next"]


def test_a_missing_number_and_another_zone_are_kept_in_one_form() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=5)))
    prediction = structs.replace(record("1"), features=(float("nan"), 1), risk=float("nan"), as_of=east)
    other = structs.replace(record("1"), features=(None, 1.0), risk=None)
    assert body_of(prediction) == body_of(other)


_BAD_ADDRESSES: list[tuple[str, dict[str, Any], type[EarlybellError], str]] = [
    ("mysql://root:secret@host/db", {}, SettingError, "names no store"),
    ("sqlite:", {}, SettingError, "names no store"),
    ("postgresql://host/db", {}, SettingError, "anchors of a trail in PostgreSQL are not named"),
    ("sqlite:/nowhere/at/all/trail.db", {"anchors": "none"}, TrailError, "unable to open database file"),
]


@pytest.mark.parametrize(("address", "settings", "kind", "message"), _BAD_ADDRESSES, ids=lambda value: str(value)[:15])
def test_a_wrong_address_is_refused_without_its_password(
    address: str, settings: dict[str, Any], kind: type[EarlybellError], message: str
) -> None:
    with pytest.raises(kind, match=message) as refused:
        open_trail(address, **settings)
    assert "secret" not in str(refused.value)


def test_a_server_that_is_not_there_is_refused_without_its_password() -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed (extra postgresql)")
    with pytest.raises(TrailError, match="refused") as refused:
        open_trail("postgresql://ann:secret@127.0.0.1:1/db", anchors="none")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("address", ["postgresql://u:secret/x@h/db", "postgresql://u:%zzsecret@h/db"])
def test_an_address_that_cannot_be_read_is_refused_without_its_password(address: str) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed (extra postgresql)")
    with pytest.raises(SettingError, match="address of a trail cannot be read") as refused:
        open_trail(address, anchors="none")
    assert "secret" not in str(refused.value)


_SHOWN = {
    "sqlite:a/b.db": "sqlite:a/b.db",
    "postgresql://u:secret@host:5432/db?sslmode=require&password=secret": "postgresql://host:5432/db",
    "postgresql://host/db": "postgresql://host/db",
    "postgresql://u:secret/1@host/db": "postgresql:…",
    "postgresql://u:1/secret@host/db": "postgresql:…",
    "postgresql://u:se?cret@host/db": "postgresql:…",
    "postgresql://host/db?password=a@secret": "postgresql:…",
}


@pytest.mark.parametrize("address", _SHOWN)
def test_an_address_is_shown_without_user_and_password(address: str) -> None:
    assert shown(address) == _SHOWN[address]


def test_reading_makes_no_trail(tmp_path: Path) -> None:
    with pytest.raises(TrailError, match="cannot be read"):
        list(read_records(f"sqlite:{tmp_path}/trail.db"))
    assert list(tmp_path.iterdir()) == []


def test_another_format_is_refused(place: Place) -> None:
    place.open().close()
    place.tamper("UPDATE trail_format SET version = 99")
    with pytest.raises(TrailError, match=r"another format: \[99\]"):
        place.open()
    with pytest.raises(TrailError, match="another format"):
        verify(place.address, place.anchors)


def test_a_store_that_holds_other_tables_is_no_trail(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    with pytest.raises(TrailError, match="no such table"):
        verify(f"sqlite:{tmp_path}/other.db", "none")


def test_the_store_itself_refuses_to_change_or_shorten_the_chain(place: Place) -> None:
    with place.open() as trail:
        trail.append([record("1")]).result()
    statements = ["UPDATE trail_chain SET seq = 2", "DELETE FROM trail_chain", "UPDATE trail_payload SET payload = ''"]
    with open_store(place.address) as store:
        for statement in statements:
            with pytest.raises(StoreError, match="append-only"):
                store.execute(statement)
    assert verify(place.address, place.anchors).whole


def test_anchors_that_cannot_be_written_are_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(TrailError, match="anchors of the trail cannot be written"):
        open_trail(f"sqlite:{tmp_path}/trail.db", anchors=tmp_path)


def test_the_time_of_a_record_is_utc_whatever_the_machines_clock_says() -> None:
    assert '"time":"2026-03-02T12:00:00+00:00"' in body_of(record("1")).text
    assert datetime.fromisoformat("2026-03-02T12:00:00+00:00") == NOON


def test_a_role_that_may_only_insert_and_read_is_enough_to_write(postgresql: Server, tmp_path: Path) -> None:
    place = postgresql_place(tmp_path, postgresql.address, "least")
    place.open().close()
    place.tamper("CREATE ROLE writer LOGIN")
    place.tamper("GRANT USAGE ON SCHEMA least TO writer")
    place.tamper("GRANT SELECT ON ALL TABLES IN SCHEMA least TO writer")
    place.tamper("GRANT INSERT ON trail_chain, trail_payload TO writer")
    address = place.address.replace("//earlybell@", "//writer@")
    with open_trail(address, anchors=place.anchors) as trail:
        trail.append([record("1")]).result()
    assert verify(address, place.anchors).entries == 1
    with pytest.raises(TrailError, match="permission denied"):
        erase(address, "ann", "why", anchors=place.anchors)


_LOADED = """
import sys
sys.modules["psycopg"] = None
import earlybell.trail
from earlybell.errors import MissingPackageError
try:
    earlybell.trail.open_trail("postgresql://host/db", anchors="none")
except MissingPackageError as error:
    print(error)
print({"numpy", "duckdb", "pandas", "typer"} & set(sys.modules))
"""


def test_the_trail_loads_none_of_the_models_libraries_and_says_what_postgresql_needs() -> None:
    output = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True).stdout
    assert "pip install earlybell[postgresql]" in output
    assert output.endswith("set()\n")
