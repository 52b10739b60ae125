"""The rules of a course run and of its outcomes, in SQL and in Python, at their edges."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from earlybell.tables import DEFAULT_WEEKS
from earlybell.tables.outcomes import BAD_OUTCOMES, bad_outcome, is_bad
from earlybell.tables.run_end import RUN_END, run_end
from earlybell.tables.schema import OUTCOMES
from earlybell.tables.sql import connect, identifier, quoted

START = datetime(2024, 9, 2, 8, 30)


@pytest.mark.parametrize("end", [None, START, START + timedelta(weeks=3), START + timedelta(weeks=60)])
def test_a_run_ends_as_it_says_or_a_sites_usual_length_after_its_start(end: datetime | None) -> None:
    expected = end or START + timedelta(weeks=DEFAULT_WEEKS)
    query = f"SELECT {RUN_END} FROM (SELECT ?::TIMESTAMP AS starts_at, ?::TIMESTAMP AS ends_at)"
    assert connect().execute(query, [START, end]).fetchall() == [(expected,)]
    assert run_end(np.datetime64(START, "us"), np.datetime64(end or "NaT", "us")).item() == expected


def test_the_outcomes_that_are_warned_of_are_outcomes_and_not_all() -> None:
    assert set(BAD_OUTCOMES) < set(OUTCOMES)


@pytest.mark.parametrize(
    ("outcome", "label"), [("fail", 1), ("withdrawn", 1), ("pass", 0), ("distinction", 0), ("Fail", 0), (None, None)]
)
def test_the_label_is_1_for_a_bad_outcome_and_null_without_one(outcome: str | None, label: int | None) -> None:
    query = f"SELECT {bad_outcome('o.outcome')}, {is_bad('o.outcome')} FROM (SELECT ?::VARCHAR AS outcome) AS o"
    assert connect().execute(query, [outcome]).fetchall() == [(label, None if label is None else bool(label))]


@pytest.mark.parametrize("text", ["", "it's", "''", 'say "a"', "a\nb", "--", "Ünïcode", "a;DROP TABLE b"])
def test_a_text_and_a_name_come_through_sql_as_they_are(text: str) -> None:
    assert connect().execute(f"SELECT {quoted(text)}").fetchall() == [(text,)]
    if text:
        description = connect().execute(f"SELECT 1 AS {identifier(text)}").description
        assert description
        assert description[0][0] == text
