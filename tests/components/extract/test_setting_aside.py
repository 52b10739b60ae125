"""A bad value never becomes a false fact: it alone goes, or its learner does, or the run ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.extract import extract
from earlybell.errors import SourceError
from tests.components.extract.conftest import OULAD_TEXTS

Rows = list[tuple[Any, ...]]
WriteTables = Callable[..., Path]
Query = Callable[[Path, str], Rows]
Quarantine = Callable[[Path], Rows]
Read = Callable[..., dict[str, Any]]

COURSES = (
    "course_id,code,starts_at,ends_at,granularity\nc1,c,2024-01-01,2024-05-01,raw\nc2,c,2024-01-01,2024-05-01,raw\n"
)
ENROLMENTS = "course_id,learner_id,enrolled_at,unenrolled_at,prior_attempts\n"
EVENTS = "course_id,learner_id,occurred_at,component,action,target,object_id,count\n"
ASSESSMENTS = "assessment_id,course_id,kind,role,due_at,weight,max_score\na1,c1,quiz,none,2024-02-01,10,10\n"
SUBMISSIONS = "assessment_id,learner_id,submitted_at,graded_at,attempt,score,duration_s\n"
OUTCOMES = "course_id,learner_id,outcome,final_score,decided_at\n"
LEARNERS = "learner_id,gender,age,disability,region,deprivation,education\n"
CLASS = range(100)


def _class(row: str) -> str:
    """A row for each learner of the run c1."""
    return "".join(f"{row.format(number)}\n" for number in CLASS)


GOOD = {
    "courses": COURSES,
    "enrolments": ENROLMENTS + _class("c1,l{},2024-01-01,,0") + "c2,l7,2024-01-01,,1\n",
    "events": EVENTS + _class("c1,l{},2024-01-03 10:00:00,core,viewed,course,,1") + "c2,l7,2024-01-03,core,a,b,,1\n",
    "assessments": ASSESSMENTS,
    "submissions": SUBMISSIONS + _class("a1,l{},2024-01-20,2024-01-21,1,8,60"),
    "outcomes": OUTCOMES + _class("c1,l{},pass,80,2024-05-01"),
}


@pytest.fixture
def read(tables_folder: WriteTables) -> Read:
    """Extracts the good class with a text of a file replaced by another, once; the tables are in `out`."""

    def run(name: str, old: str, new: str, **options: Any) -> dict[str, Any]:
        assert GOOD[name].count(old) == 1, "the text to spoil is there once"
        folder = tables_folder("t", **GOOD | {name: GOOD[name].replace(old, new)})
        return extract([f"tables:{folder}"], tables_folder("out"), key=None, ids="keep", **options)

    return run


GRADED = "2024-01-21 00:00:00"
WORK = "a1,l7,2024-01-20,2024-01-21,1,8,60"


@pytest.mark.parametrize(
    ("row", "becomes", "note"),
    [
        ("a1,l7,2024-01-20,2024-01-21,1,11,60", (GRADED, 11, 60), "above assessments.max_score (as 11.0)"),
        ("a1,l7,2024-01-20,2024-01-21,1,1000,60", (GRADED, None, 60), "above 2 times assessments.max_score"),
        ("a1,l7,2024-01-20,2024-01-21,1,-1,60", (GRADED, None, 60), "below 0 (as -1.0): read as unknown"),
        ("a1,l7,2024-01-20,2024-01-21,1,A+,60", (GRADED, None, 60), "not a number (as x+)"),
        ('a1,l7,2024-01-20,2024-01-21,1,"7,5",60', (GRADED, 7.5, 60), None),
        ("a1,l7,2024-01-20,2024-01-21,1,8,-5", (GRADED, 8, None), "duration_s below 0"),
        ("a1,l7,2024-01-20,2024-01-21,1,8,63072000000", (GRADED, 8, None), "above 3.16224e+07"),
        ("a1,l7,2024-01-20,2024-01-19,1,8,60", ("2024-01-20 00:00:00", 8, 60), "before submitted_at"),
        ("a1,l7,2024-01-20,1970-01-01,1,8,60", (None, 8, 60), "1 value of graded_at read as empty, as no time"),
        ("a1,l7,2024-01-20,later,1,8,60", (None, 8, 60), "not a timestamp (as xxxxx)"),
        ("a1,l7,2024-01-20,0214-01-21,1,8,60", (None, 8, 60), "not between 1990 and 2100"),
    ],
    ids=[
        *("extra credit", "a slip of the pen", "Moodle's -1", "a grade in letters", "a decimal comma"),
        *("negative duration", "two thousand years", "graded before", "year 1970", "no time", "year 214"),
    ],
)  # fmt: skip
def test_work_that_was_handed_in_stays_so_whatever_is_odd_about_it(
    read: Read, query: Query, tables_folder: WriteTables, row: str, becomes: tuple[Any, ...], note: str | None
) -> None:
    facts = read("submissions", WORK, row)
    values = "SELECT graded_at::VARCHAR, score, duration_s FROM submissions WHERE learner_id = 'l7'"
    assert query(tables_folder("out"), values) == [becomes]
    assert facts["rows"] | {"submissions": 100, "enrolments": 101, "outcomes": 100} == facts["rows"]
    assert facts["quarantine"] == []
    assert note is None or [note in text for text in facts["notes"]].count(True) == 1


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("submissions", WORK, WORK.replace("2024-01-20", "soon"), "submitted_at not a timestamp"),
        ("submissions", WORK, WORK.replace(",1,8", ",first,8"), "attempt not an integer"),
        ("outcomes", "c1,l7,pass", "c1,l7,bravo", "outcome not one of"),
        ("outcomes", "c1,l7,pass", "c1,l7,", "outcome missing"),
        ("enrolments", "c1,l7,2024-01-01,,0", "c1,l7,2024-01-01,soon,0", "unenrolled_at not a timestamp"),
        ("enrolments", "c1,l7,2024-01-01,,0", "c1,l7,31.12.2023,,0", "enrolled_at not a timestamp"),
        (
            *("outcomes", "c1,l7,pass,80,2024-05-01\n"),
            *("c1,l7,pass,80,2024-05-01\nc1,l7,fail,20,2024-05-01\n", "same key as another row"),
        ),
    ],
    ids=["handed in", "attempt", "outcome", "no outcome", "left", "came", "two outcomes"],
)
def test_a_learner_of_whom_a_row_cannot_be_read_is_set_aside_with_all_that_is_theirs_in_the_run(
    read: Read,
    query: Query,
    quarantine: Quarantine,
    tables_folder: WriteTables,
    name: str,
    old: str,
    new: str,
    reason: str,
) -> None:
    facts = read(name, old, new, max_bad_share=0.02)
    out = tables_folder("out")
    assert facts["rows"] | {"submissions": 99, "enrolments": 100, "outcomes": 99, "events": 100} == facts["rows"]
    assert query(out, "SELECT course_id FROM enrolments WHERE learner_id = 'l7'") == [("c2",)]
    assert query(out, "SELECT course_id FROM events WHERE learner_id = 'l7'") == [("c2",)]
    faults = [(row[0], f"{row[2]} {row[4]}") for row in quarantine(out)]
    assert {file for file, _ in faults} == {"enrolments.csv", "events.csv", "submissions.csv", "outcomes.csv"}
    assert any(reason in why for _, why in faults)
    assert ("events.csv", "course_id, learner_id its learner is set aside") in faults
    assert any(
        "c1: 1 of 100 learners set aside with all their rows" in note and reason in note for note in facts["notes"]
    )


def test_attributes_go_with_a_learner_who_has_no_other_run(tables_folder: WriteTables, query: Query) -> None:
    work = GOOD["submissions"]
    for learner in ("l7", "l8"):  # l7 takes another run
        work = work.replace(f"a1,{learner},2024-01-20", f"a1,{learner},soon")
    learners = LEARNERS + "l6,F,,,,,\nl7,F,,,,,\nl8,F,,,,,\n"
    folder, out = tables_folder("t", **GOOD | {"submissions": work}, learners=learners), tables_folder("out")
    extract([f"tables:{folder}"], out, key=None, ids="keep", max_bad_share=0.05)
    assert query(out, "SELECT learner_id FROM learners ORDER BY 1") == [("l6",), ("l7",)]


def test_a_run_that_would_lose_more_than_a_few_percent_of_its_learners_is_not_read(
    tables_folder: WriteTables,
) -> None:
    work = GOOD["submissions"] + _class("a2,l{},2024-02-20,2024-02-21,1,8,60")
    for number in range(10, 14):
        work = work.replace(f"a1,l{number},2024-01-20", f"a1,l{number},soon")
    assessments = ASSESSMENTS + "a2,c1,quiz,none,2024-03-01,10,10\n"
    folder = tables_folder("t", **GOOD | {"submissions": work, "assessments": assessments})
    with pytest.raises(SourceError, match="c1: 4 of 100 learners set aside") as error:
        extract([f"tables:{folder}"], tables_folder("out"), key=None, ids="keep", max_bad_share=0.03)
    assert "submitted_at not a timestamp" in str(error.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "part"),
    [
        ("submissions", f"{WORK}\n", "a1,l7,2024-01-20\n", "nobody can tell whose"),
        ("submissions", WORK, WORK.replace("l7", ""), "nobody can tell whose"),
        ("assessments", "2024-02-01", "soon", "everybody in the course run is concerned"),
        ("courses", "c1,c,2024-01-01,2024-05-01", "c1,c,2024-01-01,2023-05-01", "ends_at 2023-05-01 before starts_at"),
    ],
    ids=["half a row", "nobody's", "deadline", "calendar"],
)
def test_what_concerns_nobody_known_or_everybody_ends_the_run(
    read: Read, name: str, old: str, new: str, part: str
) -> None:
    with pytest.raises(SourceError, match=part):
        read(name, old, new, max_bad_share=0.5)


@pytest.mark.parametrize(
    "text", ["1970-01-01 00:00:00", "1970-01-01T01:00:00+01:00", "0000-00-00 00:00:00", "0", "9999-12-31"]
)
def test_a_deadline_of_no_time_is_none(read: Read, query: Query, tables_folder: WriteTables, text: str) -> None:
    facts = read("assessments", "2024-02-01", text)
    assert query(tables_folder("out"), "SELECT due_at FROM assessments") == [(None,)]
    assert any("due_at read as empty, as no time" in note and repr(text) in note for note in facts["notes"])


def test_an_event_that_cannot_be_read_is_left_out_alone(read: Read) -> None:
    facts = read("events", "c1,l7,2024-01-03 10:00:00,core,viewed,course,,1", "c1,l7,noon,core,viewed,course,,1")
    assert facts["rows"] | {"events": 100, "enrolments": 101, "submissions": 100} == facts["rows"]


def test_who_left_before_they_came_was_never_there(read: Read, query: Query, tables_folder: WriteTables) -> None:
    facts = read("enrolments", "c1,l7,2024-01-01,,0", "c1,l7,2024-01-05,2024-01-02,0")
    enrolment = "SELECT unenrolled_at = enrolled_at FROM enrolments WHERE learner_id = 'l7' AND course_id = 'c1'"
    assert query(tables_folder("out"), enrolment) == [(True,)]
    assert any("unenrolled_at before enrolled_at" in note for note in facts["notes"])


def test_submissions_of_one_attempt_at_two_times_are_two_attempts(
    read: Read, query: Query, tables_folder: WriteTables
) -> None:
    facts = read("submissions", WORK, f"{WORK}\na1,l7,2024-01-10,2024-01-11,1,5,60")
    work = "SELECT attempt, submitted_at::DATE::VARCHAR, score FROM submissions WHERE learner_id = 'l7' ORDER BY 1"
    assert query(tables_folder("out"), work) == [(1, "2024-01-10", 5), (2, "2024-01-20", 8)]
    assert facts["quarantine"] == []
    assert any("with the attempt of another counted on by submitted_at" in note for note in facts["notes"])


def test_a_submission_with_two_scores_is_handed_in_and_its_score_unknown(
    read: Read, query: Query, tables_folder: WriteTables
) -> None:
    read("submissions", WORK, f"{WORK}\na1,l7,2024-01-20,2024-02-21,1,5,60")
    work = "SELECT attempt, graded_at::DATE::VARCHAR, score, duration_s FROM submissions WHERE learner_id = 'l7'"
    assert query(tables_folder("out"), work) == [(1, "2024-02-21", None, 60)]


def test_a_learner_with_two_regions_keeps_what_is_the_same(tables_folder: WriteTables, query: Query) -> None:
    learners = LEARNERS + "l1,F,,,Wales,,\nl1,F,35,,Scotland,,\nl2,M,,,NA,,\n"
    folder, out = tables_folder("t", **GOOD, learners=learners), tables_folder("out")
    extract([f"tables:{folder}"], out, key=None, ids="keep")
    assert query(out, "SELECT learner_id, gender, age, region FROM learners ORDER BY 1") == [
        ("l1", "F", "35", None),
        ("l2", "M", None, "NA"),
    ]


def test_a_student_with_two_results_is_set_aside_and_a_score_above_100_kept(
    small_oulad: Callable[..., Path], tmp_path: Path, query: Query
) -> None:
    texts = dict(OULAD_TEXTS)
    texts["studentInfo"] += "AAA,2013J,7700002,M,Scotland,HE Qualification,20-30%,35-55,1,60,Y,Pass\n"
    texts["studentAssessment"] = texts["studentAssessment"].replace("1752,7700001,18,0,78.5", "1752,7700001,18,0,105")
    facts = extract([f"oulad:{small_oulad(**texts)}"], tmp_path / "out", key=None, ids="keep", max_bad_share=0.5)
    assert query(tmp_path / "out", "SELECT learner_id FROM enrolments ORDER BY 1") == [
        (learner,) for learner in ("7700001", "7700001", "7700003")
    ]
    assert query(tmp_path / "out", "SELECT learner_id, score FROM submissions WHERE assessment_id = '1752'") == [
        ("7700001", 105)
    ]
    assert any("AAA_2013J: 1 of 3 learners set aside" in note for note in facts["notes"])


def test_two_registrations_of_one_student_become_one(
    small_oulad: Callable[..., Path], tmp_path: Path, query: Query
) -> None:
    twice = OULAD_TEXTS["studentRegistration"] + "AAA,2013J,7700002,-20,15\n"
    facts = extract([f"oulad:{small_oulad(studentRegistration=twice)}"], tmp_path / "out", key=None, ids="keep")
    dates = (
        "SELECT enrolled_at::DATE::VARCHAR, unenrolled_at::DATE::VARCHAR FROM enrolments WHERE learner_id = '7700002'"
    )
    assert query(tmp_path / "out", dates) == [("2013-09-11", "2013-10-16")]
    assert facts["rows"]["enrolments"] == 4


def test_two_enrolments_of_which_one_was_repaired_are_open_if_one_is(
    read: Read, query: Query, tables_folder: WriteTables
) -> None:
    """The repair is of the row, not of what it was brought together to."""
    row = "c1,l7,2024-01-01,,0"
    read("enrolments", row, f"c1,l7,2024-01-05,2024-01-02,0\n{row}")
    left = "SELECT enrolled_at::VARCHAR, unenrolled_at FROM enrolments WHERE learner_id = 'l7' AND course_id = 'c1'"
    assert query(tables_folder("out"), left) == [("2024-01-01 00:00:00", None)]


@pytest.mark.parametrize("seconds", ["1705708800", "1705708800.0"])
def test_a_time_may_be_seconds_of_unix(read: Read, query: Query, tables_folder: WriteTables, seconds: str) -> None:
    read("submissions", WORK, WORK.replace("2024-01-20", seconds))
    work = "SELECT submitted_at::VARCHAR FROM submissions WHERE learner_id = 'l7'"
    assert query(tables_folder("out"), work) == [("2024-01-20 00:00:00",)]


def test_milliseconds_are_no_time(read: Read, query: Query, tables_folder: WriteTables) -> None:
    facts = read("submissions", WORK, WORK.replace("2024-01-21", "1705795200000"))
    assert query(tables_folder("out"), "SELECT graded_at FROM submissions WHERE learner_id = 'l7'") == [(None,)]
    assert any("1 value of graded_at not a timestamp" in note for note in facts["notes"])


def test_an_id_of_spaces_is_missing(read: Read, quarantine: Quarantine, tables_folder: WriteTables) -> None:
    read("events", "c1,l7,2024-01-03 10:00:00", "c1,  ,2024-01-03 10:00:00")
    assert [(row[2], row[4]) for row in quarantine(tables_folder("out"))] == [("learner_id", "missing")]
