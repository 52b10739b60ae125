"""Patterns that cannot be: each is made by hand, in tables that are good but for it."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.extract import extract
from earlybell.errors import SourceError

WriteTables = Callable[..., Path]
Read = Callable[..., list[str]]

HEADERS = {
    "courses": "course_id,code,starts_at,ends_at,granularity",
    "enrolments": "course_id,learner_id,enrolled_at,unenrolled_at,prior_attempts",
    "events": "course_id,learner_id,occurred_at,component,action,target,object_id,count",
    "assessments": "assessment_id,course_id,kind,role,due_at,weight,max_score",
    "submissions": "assessment_id,learner_id,submitted_at,graded_at,attempt,score,duration_s",
    "outcomes": "course_id,learner_id,outcome,final_score,decided_at",
}
FIRST, LAST = date(2019, 9, 9), date(2019, 11, 29)
EARLIER = ["c0,c,2018-09-09,2018-11-29,raw", "c2,c,2017-09-09,2017-11-29,raw"]
CLASS = range(20)
DAYS = [FIRST + timedelta(days) for days in range((LAST - FIRST).days + 1) if (FIRST + timedelta(days)).weekday() < 5]
SCORES = list(zip(range(15, 20), (60, 750, 90, 85, 40), strict=True))


def _days(days: list[date]) -> list[str]:
    return [f"c1,l{number},{day} 10:0{number % 10}:00,core,viewed,course,,1" for day in days for number in CLASS]


def _swapped(day: date) -> date:
    return date(day.year, day.day, day.month) if day.day <= 12 else day


GOOD = {
    "courses": [f"c1,c,{FIRST},{LAST} 23:59:59,raw"],
    "enrolments": [f"c1,l{number},2019-09-0{1 + number % 7},,0" for number in CLASS],
    "events": _days(DAYS),
    "assessments": ["a1,c1,quiz,none,2019-10-15,10,10"],
    "submissions": [f"a1,l{number},2019-10-14 10:00:{number:02},2019-10-20,1,{number % 10},60" for number in CLASS],
    "outcomes": [f"c1,l{number},{'pass' if number % 2 else 'fail'},,2019-12-01" for number in CLASS],
}


@pytest.fixture
def read(tables_folder: WriteTables) -> Read:
    """Extracts the good run with some tables replaced; its notes on patterns, without the name of the run."""

    def run(**tables: list[str]) -> list[str]:
        texts = {name: "\n".join([HEADERS[name], *rows, ""]) for name, rows in (GOOD | tables).items()}
        folder = tables_folder("t", **texts)
        facts = extract([f"tables:{folder}"], tables_folder("out"), key=None, ids="keep")
        return [note.removeprefix("Course run c1: ") for note in facts["notes"] if note.startswith("Course run c1")]

    return run


def test_a_usual_run_is_noted_for_nothing(read: Read) -> None:
    assert read() == []


def test_days_and_months_that_a_spreadsheet_swapped_end_the_run(read: Read) -> None:
    with pytest.raises(SourceError, match="days and months of events are swapped in 9 months.*spreadsheet"):
        read(events=_days([_swapped(day) for day in DAYS]))


def test_swapped_dates_without_those_that_could_not_be_swapped_end_the_run(read: Read) -> None:
    with pytest.raises(SourceError, match="no event is after the 12th in any of 12 months"):
        read(events=_days([_swapped(day) for day in DAYS if day.day <= 12]))


def test_swapped_days_of_submissions_end_the_run(read: Read) -> None:
    days = [_swapped(day) for day in DAYS]
    work = [f"a1,l{number % 20},{day} 10:00:00,,{1 + number // 20},5," for number, day in enumerate(days)]
    with pytest.raises(SourceError, match="days and months of submissions are swapped"):
        read(submissions=work)


def test_a_run_of_a_year_with_quiet_months_is_no_swap(read: Read) -> None:
    days = [date(2019, month, day) for month in range(1, 13) for day in (2, 5, 8, 11)]
    days += [date(2019, month, 20) for month in range(1, 12, 2)]
    assert read(events=_days(days), courses=["c1,c,2019-01-01,2019-12-31,raw"]) == []


def test_scores_on_another_scale_than_their_maximum_end_the_run(read: Read) -> None:
    percent = [
        row.replace(f",{number % 10},60", f",{60 + number},60") for number, row in enumerate(GOOD["submissions"])
    ]
    with pytest.raises(SourceError, match="20 scores of a1 are above its max_score of 10.*one scale"):
        read(submissions=percent)


def test_a_few_scores_above_the_maximum_are_extra_credit(read: Read) -> None:
    extra = [row.replace(",9,60", ",11,60") for row in GOOD["submissions"]]
    assert read(submissions=extra) == []


@pytest.mark.parametrize(
    ("course", "idle"),
    [
        (f"{FIRST},2020-03-01,raw,,2019-11-30", False),
        (f"{FIRST},2020-03-01,raw,,2020-02-20", True),
        (f"2019-06-01,{LAST} 23:59:59,raw,2019-09-02,", False),
        (f"2019-06-01,{LAST} 23:59:59,raw,2019-06-20,", True),
    ],
    ids=["they end early", "they end later", "they begin late", "they begin earlier"],
)
def test_days_without_records_are_not_days_without_teaching(
    read: Read, monkeypatch: pytest.MonkeyPatch, course: str, idle: bool
) -> None:
    monkeypatch.setitem(HEADERS, "courses", f"{HEADERS['courses']},complete_from,complete_until")
    notes = read(courses=[f"c1,c,{course}"])
    assert [note for note in notes if "are active from" in note] == notes
    assert len(notes) == idle


def test_attempts_counted_from_0_end_the_run(read: Read) -> None:
    with pytest.raises(SourceError, match="all 20 submissions are attempt 0.*attemptnumber"):
        read(submissions=[row.replace(",1,", ",0,") for row in GOOD["submissions"]])


@pytest.mark.parametrize(
    ("tables", "note"),
    [
        ({"courses": [f"c1,c,{FIRST},{FIRST} 20:00:00,raw"]}, "it lasts 0 days. State starts_at"),
        ({"courses": [f"c1,c,{FIRST},2019-09-10,raw"]}, "it lasts 1 day. State starts_at"),
        ({"courses": [f"c1,c,{FIRST},2022-09-09,raw"]}, "it lasts 1,096 days. State starts_at"),
        (
            {"courses": [f"c1,c,{FIRST},2020-03-01,raw"]},
            "it lasts 174 days, and its learners are active from 2019-09-09 to 2019-11-29",
        ),
        (
            {"courses": [f"c1,c,{FIRST},2020-03-01,raw", *EARLIER]},
            "it lasts 174 days, other runs of its course 81",
        ),
        ({"outcomes": [row.replace("pass", "fail") for row in GOOD["outcomes"]]}, "all its 20 learners have failed"),
        (
            {"outcomes": [row.replace("fail", "distinction") for row in GOOD["outcomes"]]},
            "none of its 20 learners has failed or left",
        ),
        (
            {"enrolments": [f"c1,l{number},2019-10-20 10:15:00,,0" for number in CLASS]},
            "20 learners were enrolled in the same second, 2019-10-20 10:15:00, after its start",
        ),
        (
            {"submissions": [f"a1,l{number},2020-01-20 10:15:00,,1,5," for number in CLASS]},
            "20 learners handed in a1 in the same second, 2020-01-20 10:15:00",
        ),
        ({"courses": [f"c1,c,2019-09-30,{LAST} 23:59:59,raw"]}, "300 of 1,200 events are before it"),
        ({"courses": [f"c1,c,{FIRST},2019-11-15,raw"]}, "200 of 1,200 events are after it"),
        (
            {"enrolments": [f"c1,l{number},2020-02-0{1 + number % 7},,0" for number in CLASS]},
            "20 of 20 learners were enrolled after it",
        ),
        ({"events": [*_days(DAYS), *_days([date(2098, 2, 3)])]}, "20 events are in the future, up to 2098-02-03"),
        (
            {"assessments": ["a1,c1,quiz,none,2042-10-15,10,10"]},
            "1 deadline is more than 60 days outside of it, as that of a1: 2042-10-15",
        ),
        (
            {"submissions": [f"a1,l{n},2019-10-14 10:00:{n:02},2019-10-20,1,{n / 20},60" for n in CLASS]},
            "none of 20 scores of a1 is above 1, and its max_score is 10",
        ),
        (
            {"outcomes": [*GOOD["outcomes"][:15], *(f"c1,l{n},pass,{score},2019-12-01" for n, score in SCORES)]},
            "one final score is 750, and the next best 90",
        ),
    ],
    ids=[
        *("some hours", "a day", "three years", "longer than its activity", "longer than its siblings"),
        *("all fail", "nobody fails"),
        *("enrolled at once", "handed in at once", "before", "after", "enrolled after", "future", "deadline"),
        *("fractions", "a digit too many"),
    ],
)  # fmt: skip
def test_what_is_hardly_possible_is_noted_with_the_run_and_the_remedy(
    read: Read, tables: dict[str, Any], note: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [text.startswith(note) for text in read(**tables)].count(True) == 1
    assert f"look: Course run c1: {note}" in capsys.readouterr().err
