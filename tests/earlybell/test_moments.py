"""Moments: which ones a text names, and who is enrolled then; the tables' rule in SQL and that of a request are one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlybell.errors import SettingError
from earlybell.predict import open_tables
from earlybell.predict.moments import check_as_of, create_moments, moments_of
from earlybell.predict.nobody import why_nobody
from earlybell.tables import BY_NAME, DEFAULT_WEEKS, SQL_TYPES
from earlybell.tables.codec import Instance, decode
from earlybell.tables.sql import connect

START, END = datetime(2026, 2, 2), datetime(2026, 3, 30)
AS_OF = datetime(2026, 3, 2, 12)
SECOND = timedelta(seconds=1)
Who = Callable[[Instance], list[str]]
_WHOLE = "NULL::TIMESTAMP AS complete_from, NULL::TIMESTAMP AS complete_until"

# enrolled_at, unenrolled_at, and whether the learner is enrolled at AS_OF, by the words of `create_moments`
EDGES = {
    "joined long before": (START, None, True),
    "joined a second before": (AS_OF - SECOND, None, True),
    "joins at that very moment": (AS_OF, None, False),
    "joins a second later": (AS_OF + SECOND, None, False),
    "left a second before": (START, AS_OF - SECOND, False),
    "leaves at that very moment": (START, AS_OF, True),
    "leaves a second later": (START, AS_OF + SECOND, True),
    "joined and left in the second before": (AS_OF - SECOND, AS_OF - SECOND, False),
    "joins and leaves at that very moment": (AS_OF, AS_OF, False),
}
# a run's start and end, and whether a learner who joined before it is enrolled at AS_OF
RUNS = {
    "begins at that very moment": (AS_OF, END, False),
    "began a second before": (AS_OF - SECOND, END, True),
    "ends at that very moment": (START, AS_OF, True),
    "ended a second before": (START, AS_OF - SECOND, False),
    "without an end: within the weeks of a site": (AS_OF - timedelta(weeks=DEFAULT_WEEKS), None, True),
    "without an end: a second after them": (AS_OF - timedelta(weeks=DEFAULT_WEEKS) - SECOND, None, False),
}


# from and until when the records are whole, and whether a learner of the run is there at AS_OF
WHOLE = {
    "from that very moment": (AS_OF, None, False),
    "from a second before": (AS_OF - SECOND, None, True),
    "until that very moment": (None, AS_OF, True),
    "until a second before": (None, AS_OF - SECOND, False),
    "around it": (START, END, True),
    "long before": (START - 10 * SECOND, START, False),
}


def _instance(
    start: datetime,
    end: datetime | None,
    enrolments: list[tuple[datetime, datetime | None]],
    as_of: datetime,
    whole: tuple[datetime | None, datetime | None] = (None, None),
) -> Instance:
    course: dict[str, object] = {
        "course_id": "c",
        "code": "c",
        "starts_at": start,
        "ends_at": end,
        "granularity": "raw",
        **dict(zip(("complete_from", "complete_until"), whole, strict=True)),
    }
    rows: list[dict[str, object]] = [
        {"learner_id": f"l{number}", "enrolled_at": joined, "unenrolled_at": left}
        for number, (joined, left) in enumerate(enrolments)
    ]
    written = [_as_json(row) for row in (course, *rows)]
    data = {"as_of": as_of.isoformat(), "courses": written[:1], "enrolments": written[1:]}
    return decode(data, "instances[0]", as_of)


def _as_json(row: dict[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def _by_numpy(instance: Instance) -> list[str]:
    return [str(learner) for learner in moments_of(instance)["learner_id"]]


def _by_sql(instance: Instance) -> list[str]:
    connection = connect()
    for name in ("courses", "enrolments"):
        columns = {column: values for column, values in instance.rows[name].items() if column != "prior_attempts"}
        connection.register(f"{name}_given", columns)
        typed = ", ".join(f"{column}::{SQL_TYPES[BY_NAME[name].column(column).type]} AS {column}" for column in columns)
        connection.execute(f"CREATE TABLE {name} AS SELECT {typed} FROM {name}_given")
    try:
        create_moments(connection, f"{instance.as_of.isoformat()}+00:00")
    except SettingError:  # nobody is enrolled then
        return []
    return [row[0] for row in connection.execute("SELECT learner_id FROM moments ORDER BY moment_id").fetchall()]


@pytest.mark.parametrize("who", [_by_numpy, _by_sql])
@pytest.mark.parametrize("edge", EDGES)
def test_who_is_enrolled_at_the_edges(who: Who, edge: str) -> None:
    joined, left, enrolled = EDGES[edge]
    assert who(_instance(START, END, [(joined, left)], AS_OF)) == (["l0"] if enrolled else [])


@pytest.mark.parametrize("who", [_by_numpy, _by_sql])
@pytest.mark.parametrize("run", RUNS)
def test_a_moment_is_within_a_run_from_after_its_start_to_its_end(who: Who, run: str) -> None:
    start, end, within = RUNS[run]
    joined = start - timedelta(days=3)
    assert who(_instance(start, end, [(joined, None)], AS_OF)) == (["l0"] if within else [])


@pytest.mark.parametrize("who", [_by_numpy, _by_sql])
@pytest.mark.parametrize("records", WHOLE)
def test_where_records_are_not_whole_there_is_no_moment(who: Who, records: str) -> None:
    since, until, there = WHOLE[records]
    instance = _instance(START, END, [(START, None)], AS_OF, (since, until))
    assert who(instance) == (["l0"] if there else [])
    assert ("lies where records are not whole" in why_nobody(instance)) is not there


def test_moments_are_numbered_from_1_in_the_order_of_course_learner_and_moment() -> None:
    connection = duckdb.connect()
    connection.execute(f"""
        CREATE TABLE courses AS SELECT course_id, TIMESTAMP '2026-02-02' AS starts_at,
            TIMESTAMP '2026-02-23' AS ends_at, NULL::VARCHAR AS timezone, {_WHOLE}
            FROM (VALUES ('b'), ('a')) AS c(course_id);
        CREATE TABLE enrolments AS SELECT course_id, learner_id, TIMESTAMP '2026-02-01' AS enrolled_at,
            NULL::TIMESTAMP AS unenrolled_at
            FROM (VALUES ('b', 'z'), ('b', 'x'), ('a', 'y')) AS e(course_id, learner_id)""")
    assert create_moments(connection, "weekly") == 6
    order = [(course, learner, day) for course, learner in ("ay", "bx", "bz") for day in ("02-09", "02-16")]
    rows = connection.execute("FROM moments").fetchall()
    assert rows == [(number, *row[:2], datetime.fromisoformat(f"2026-{row[2]}")) for number, row in enumerate(order, 1)]


def test_a_requests_moments_are_in_the_order_of_learners() -> None:
    instance = _instance(START, END, [(START, None)] * 4, AS_OF)
    instance.rows["enrolments"]["learner_id"][:] = ["d", "a", "c", "b"]
    moments = moments_of(instance)
    assert moments["learner_id"].tolist() == ["a", "b", "c", "d"]
    assert moments["course_id"].tolist() == ["c"] * 4
    assert (moments["as_of"] == np.array([AS_OF] * 4, dtype="datetime64[us]")).all()


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        ("yesterday", "neither a share, a date, `now` nor `weekly`: 'yesterday'"),
        ("1.5", "above 0 and at most 1: '1.5'"),
        ("0", "above 0 and at most 1"),
        ("1999-01-01", "nobody is enrolled as of: '1999-01-01'. Course runs: "),
    ],
)
def test_a_moment_that_cannot_be_is_refused(site: Path, as_of: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        create_moments(open_tables(site), as_of)


def test_where_nobody_is_enrolled_each_course_run_says_why() -> None:
    connection = duckdb.connect()
    connection.execute(f"""
        CREATE TABLE courses AS SELECT *, NULL::VARCHAR AS timezone, {_WHOLE}
            FROM (VALUES ('over', TIMESTAMP '2026-02-02', TIMESTAMP '2026-05-24'),
            ('later', TIMESTAMP '2026-09-01', NULL), ('empty', TIMESTAMP '2026-01-01', TIMESTAMP '2026-12-31'))
            AS c(course_id, starts_at, ends_at);
        CREATE TABLE enrolments AS FROM (VALUES ('empty', 'a', TIMESTAMP '2026-09-01', NULL::TIMESTAMP),
            ('empty', 'b', TIMESTAMP '2026-01-01', TIMESTAMP '2026-02-02'),
            ('empty', 'c', TIMESTAMP '2026-08-01', NULL))
            AS e(course_id, learner_id, enrolled_at, unenrolled_at)""")
    with pytest.raises(SettingError) as found:
        create_moments(connection, "2026-07-01")
    assert found.value.way_out == (
        "Course runs: empty, from 2026-01-01 to 2026-12-31, had nobody enrolled (enrolments that begin later: 2, that "
        "had ended: 1); later, from 2026-09-01 to an open end, taken to be 2026-12-22, had not begun; over, from "
        "2026-02-02 to 2026-05-24, was over. Choose a moment within one."
    )


def test_where_no_records_are_whole_the_course_run_says_so() -> None:
    connection = _run("2026-02-02", "2026-05-24", None)
    connection.execute("UPDATE courses SET complete_until = TIMESTAMP '2026-03-01'")
    with pytest.raises(SettingError) as refused:
        create_moments(connection, "2026-04-01")
    assert "run, from 2026-02-02 to 2026-05-24, had no whole records (complete_from, complete_until)" in (
        refused.value.way_out
    )
    assert create_moments(connection, "2026-02-20") == 1


def test_nobody_enrolled_now_is_no_error(site: Path) -> None:
    assert create_moments(open_tables(site), "now") == 0


def _run(start: str, end: str, zone: str | None) -> duckdb.DuckDBPyConnection:
    """A course run with one learner, enrolled before its start."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE courses AS SELECT 'run' AS course_id, ?::TIMESTAMP AS starts_at, ?::TIMESTAMP AS ends_at, "
        f"?::VARCHAR AS timezone, {_WHOLE}",
        [start, end, zone],
    )
    connection.execute("""
        CREATE TABLE enrolments AS SELECT 'run' AS course_id, 'somebody' AS learner_id,
            starts_at - INTERVAL 1 DAY AS enrolled_at, NULL::TIMESTAMP AS unenrolled_at FROM courses""")
    return connection


def _moments(connection: duckdb.DuckDBPyConnection, as_of: str) -> list[str]:
    create_moments(connection, as_of)
    return [f"{row[0]:%m-%d %H:%M}" for row in connection.execute("SELECT as_of FROM moments ORDER BY 1").fetchall()]


@pytest.mark.parametrize("zone", [None, "Asia/Kathmandu"])
def test_now_is_the_present_moment_whatever_the_sites_clock_shows(zone: str | None) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    begin, end = (f"{now + timedelta(days=days)}" for days in (-10, 10))
    connection = _run(begin, end, zone)
    create_moments(connection, "now")
    ((as_of,),) = connection.execute("SELECT as_of FROM moments").fetchall()
    assert abs(as_of - now) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("start", "end", "moments"),
    [
        # Monday, 00:00 in Berlin, of each week: 23:00 in UTC in winter, 22:00 in summer.
        ("2026-03-15 23:00", "2026-04-12 22:00", ["03-22 23:00", "03-29 22:00", "04-05 22:00"]),
        ("2026-10-11 22:00", "2026-11-08 23:00", ["10-18 22:00", "10-25 23:00", "11-01 23:00"]),
    ],
    ids=["clocks forward on 29 March", "clocks back on 25 October"],
)
def test_weekly_moments_are_at_the_sites_clock_across_its_changes(start: str, end: str, moments: list[str]) -> None:
    assert _moments(_run(start, end, "Europe/Berlin"), "weekly") == moments


def test_a_last_week_that_the_clock_makes_shorter_is_not_lost() -> None:
    assert _moments(_run("2026-03-22 23:00", "2026-03-29 22:30", "Europe/Berlin"), "weekly") == ["03-29 22:00"]
    assert _moments(_run("2026-10-18 22:00", "2026-10-25 23:30", "Europe/Berlin"), "weekly") == ["10-25 23:00"]


@pytest.mark.parametrize(
    ("as_of", "zone", "moment"),
    [
        ("2026-04-01", "Europe/Berlin", "03-31 22:00"),
        ("2026-04-01", "America/Lima", "04-01 05:00"),
        ("2026-04-01", "Asia/Kathmandu", "03-31 18:15"),
        ("2026-04-01", None, "04-01 00:00"),
        ("2026-04-01T12:00", "America/Lima", "04-01 17:00"),
        ("2026-04-01T12:00Z", "America/Lima", "04-01 12:00"),
        ("2026-04-01T12:00+02:00", "America/Lima", "04-01 10:00"),
    ],
)
def test_a_date_is_the_start_of_the_sites_day_and_a_time_with_a_zone_stays(
    as_of: str, zone: str | None, moment: str
) -> None:
    assert _moments(_run("2026-03-15 23:00", "2026-06-12 22:00", zone), as_of) == [moment]


@pytest.mark.parametrize(
    ("share", "moment"),
    [
        ("0.001", "03-01 00:24"),
        ("0.4", "03-07 16:00"),
        (".25", "03-05 04:00"),
        ("1", "03-17 16:00"),
        ("1.0", "03-17 16:00"),
    ],
)
def test_a_share_is_of_the_time_from_start_to_end(share: str, moment: str) -> None:
    assert _moments(_run("2026-03-01 00:00", "2026-03-17 16:00", None), share) == [moment]


def test_a_share_is_to_a_thousandth_of_the_run_and_cut_to_microseconds() -> None:
    connection = _run("2026-03-01 00:00", "2026-03-01 00:00:00.000777", None)
    create_moments(connection, "0.0196")  # 0.02
    assert connection.execute("SELECT as_of FROM moments").fetchall() == [(datetime(2026, 3, 1, 0, 0, 0, 15),)]


def test_a_run_without_an_end_has_weeks_up_to_a_sites_length() -> None:
    connection = _run("2026-02-02 00:00", "2026-02-02 00:00", None)
    connection.execute("UPDATE courses SET ends_at = NULL")
    assert len(_moments(connection, "weekly")) == DEFAULT_WEEKS - 1
    assert _moments(connection, "1") == ["05-25 00:00"]


@pytest.mark.parametrize("as_of", ["now", "weekly", "0.4", "1", "2026-03-01", "2026-03-01T12:00Z"])
def test_what_names_a_moment_passes(as_of: str) -> None:
    check_as_of(as_of)


@pytest.mark.parametrize("as_of", ["yesterday", "0", "-0.1", "1.001", "nan", "0001-01-01T00:00+14:00"])
def test_what_names_none_is_refused_before_any_table_is_read(as_of: str) -> None:
    with pytest.raises(SettingError, match=f"--as-of .*{as_of.partition('+')[0]}"):
        check_as_of(as_of)


@pytest.mark.parametrize("as_of", ["weekly", "0.5", "1", "2026-03-08"])
def test_a_run_without_enrolments_is_named_whatever_moment_is_asked_for(as_of: str) -> None:
    connection = _run("2026-03-01 00:00", "2026-03-15 00:00", None)
    connection.execute("DELETE FROM enrolments")
    said = f"nobody is enrolled as of: '{as_of}'. Course runs: run, from 2026-03-01 to 2026-03-15, had nobody enrolled"
    with pytest.raises(SettingError, match=said):
        create_moments(connection, as_of)


def test_weekly_moments_are_a_week_apart_from_the_start(site: Path) -> None:
    connection = open_tables(site)
    create_moments(connection, "weekly")
    days = connection.execute("""
        SELECT DISTINCT epoch(as_of - starts_at) / 86400 % 7 FROM moments JOIN courses USING (course_id)""").fetchall()
    assert days == [(0,)]


_TIMES = st.sampled_from([timedelta(), SECOND, -SECOND, timedelta(microseconds=1), -timedelta(microseconds=1)])
_NEAR = st.builds(
    lambda base, by: base + by, st.sampled_from([START, AS_OF, END, AS_OF - timedelta(weeks=DEFAULT_WEEKS)]), _TIMES
)


@st.composite
def _instances(draw: st.DrawFn) -> Instance:
    start, end = draw(_NEAR), draw(st.none() | _NEAR)
    if end is not None and end < start:
        start, end = end, start
    enrolments = []
    for _ in range(draw(st.integers(0, 4))):
        joined, left = draw(_NEAR), draw(st.none() | _NEAR)
        enrolments.append((joined, max(joined, left) if left else None))
    return _instance(start, end, enrolments, draw(_NEAR))


@settings(max_examples=60, deadline=None)
@given(instance=_instances())
def test_both_rules_are_one(instance: Instance) -> None:
    assert _by_numpy(instance) == _by_sql(instance)
