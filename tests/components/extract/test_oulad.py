"""OULAD's files as canonical tables."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from components.extract import extract
from earlybell.errors import SettingError, SourceError
from earlybell.tables import read_facts
from earlybell.tables.pseudonyms import pseudonym

Rows = list[tuple[Any, ...]]
WriteOulad = Callable[..., Path]
Query = Callable[[Path, str], Rows]
Quarantine = Callable[[Path], Rows]


def test_course_runs_start_on_the_first_of_october_or_february(extracted: Path, query: Query) -> None:
    assert query(extracted, "FROM courses ORDER BY ALL") == [
        ("AAA_2013J", "AAA", datetime(2013, 10, 1), datetime(2014, 6, 26), "daily", "UTC", "sat,sun", None, None),
        ("AAA_2014B", "AAA", datetime(2014, 2, 1), datetime(2014, 9, 29), "daily", "UTC", "sat,sun", None, None),
    ]


def test_files_that_end_early_say_so_in_their_address(small_oulad: WriteOulad, query: Query, tmp_path: Path) -> None:
    folder = small_oulad()
    extract([f"oulad:{folder}?complete_until=30"], tmp_path / "tables", key="k" * 32)
    rows = query(tmp_path / "tables", "SELECT course_id, complete_from, complete_until FROM courses ORDER BY ALL")
    assert rows == [("AAA_2013J", None, datetime(2013, 11, 1)), ("AAA_2014B", None, datetime(2014, 3, 4))]
    for options, message in (("complete_until=soon", "is no day of a run: 'soon'"), ("until=3", "no such option")):
        with pytest.raises(SettingError, match=message):
            extract([f"oulad:{folder}?{options}"], tmp_path / "none", key="k" * 32)


def test_enrolments_are_dated_at_the_end_of_their_day_and_start_with_the_run_where_no_day_is_known(
    extracted: Path, query: Query
) -> None:
    assert query(extracted, "FROM enrolments WHERE course_id = 'AAA_2013J' ORDER BY learner_id") == [
        ("AAA_2013J", "7700001", datetime(2013, 9, 1, 23, 59, 59), None, 0),
        ("AAA_2013J", "7700002", datetime(2013, 9, 28, 23, 59, 59), datetime(2013, 10, 13, 23, 59, 59), 1),
        ("AAA_2013J", "7700003", datetime(2013, 10, 1), None, 0),
    ]


def test_events_are_views_in_moodles_words_and_equal_rows_stay(extracted: Path, query: Query) -> None:
    columns = "learner_id, occurred_at, component, action, target, object_id, count"
    day = datetime(2013, 9, 30, 23, 59, 59)
    assert query(extracted, f"SELECT {columns} FROM events ORDER BY ALL") == [
        ("7700001", day, "mod_forum", "viewed", "course_module", "11", 2),
        ("7700001", day, "mod_forum", "viewed", "course_module", "11", 2),
        ("7700001", datetime(2013, 10, 1, 23, 59, 59), "core", "viewed", "course", "10", 3),
        ("7700001", datetime(2014, 2, 1, 23, 59, 59), "mod_newthing", "viewed", "course_module", "13", 4),
        ("7700002", datetime(2013, 10, 6, 23, 59, 59), "mod_book", "viewed", "course_module", "12", 1),
    ]


def test_assessments_have_moodles_kinds_and_an_exam_without_a_date_no_deadline(extracted: Path, query: Query) -> None:
    assert query(extracted, "SELECT * EXCLUDE (course_id) FROM assessments ORDER BY ALL") == [
        ("1752", "assignment", "none", datetime(2013, 10, 20, 23, 59, 59), 10, 100),
        ("1753", "quiz", "none", datetime(2013, 11, 24, 23, 59, 59), 90, 100),
        ("1757", "exam", "none", None, 100, 100),
        ("1760", "assignment", "none", datetime(2014, 2, 21, 23, 59, 59), 100, 100),
    ]


def test_scores_are_known_after_a_lag_banked_ones_at_once_and_missing_ones_never(extracted: Path, query: Query) -> None:
    assert query(extracted, "FROM submissions ORDER BY ALL") == [
        (
            "1752",
            "7700001",
            datetime(2013, 10, 19, 23, 59, 59),
            datetime(2013, 11, 2, 23, 59, 59),
            1,
            78.5,
            None,
        ),
        ("1753", "7700001", datetime(2013, 11, 24, 23, 59, 59), datetime(2013, 11, 25, 23, 59, 59), 1, 60, None),
        ("1753", "7700002", datetime(2013, 10, 11, 23, 59, 59), None, 1, None, None),
        ("1760", "7700001", datetime(2014, 1, 31, 23, 59, 59), datetime(2014, 1, 31, 23, 59, 59), 0, 80, None),
    ]


def test_outcomes_are_decided_at_the_end_and_a_withdrawal_on_its_day_where_known(extracted: Path, query: Query) -> None:
    assert query(extracted, "SELECT learner_id, outcome, final_score, decided_at FROM outcomes ORDER BY ALL") == [
        ("7700001", "distinction", None, datetime(2014, 9, 29)),
        ("7700001", "fail", None, datetime(2014, 6, 26)),
        ("7700002", "withdrawn", None, datetime(2013, 10, 13, 23, 59, 59)),
        ("7700003", "withdrawn", None, datetime(2014, 6, 26)),
    ]


def test_learners_have_the_attributes_of_their_latest_run_and_unknown_deprivation_is_null(
    extracted: Path, query: Query
) -> None:
    assert query(extracted, "FROM learners ORDER BY ALL") == [
        ("7700001", "F", "35-55", "N", "London Region", "90-100%", "A Level"),
        ("7700002", "M", "35-55", "Y", "Scotland", "20-30%", "HE Qualification"),
        ("7700003", "M", "35-55", "N", "Scotland", None, "HE Qualification"),
    ]


@pytest.mark.parametrize(
    "note",
    [
        "1 enrolment without a day of registration counts",
        "1 withdrawal without a day of unregistration is",
        "1 submission banked from",
        "1 learner in several runs",
        "activity type newthing is not known; it becomes mod_newthing",
        "14 days after submission (TMA, Exam), or 1 (CMA)",
        "columns that are not read: studied_credits",
        "columns that are not read: week_from, week_to",
    ],
)
def test_the_notes_say_what_was_assumed(extracted: Path, note: str) -> None:
    assert [note in text for text in read_facts(extracted)["notes"]].count(True) == 1


def test_files_may_be_csv_compressed_csv_or_parquet(small_oulad: WriteOulad, extracted: Path, tmp_path: Path) -> None:
    folder = small_oulad()
    with duckdb.connect() as connection:
        vle, assessed = folder / "studentVle", folder / "studentAssessment"
        connection.execute(f"COPY (FROM '{vle}.csv') TO '{vle}.parquet'")
        connection.execute(f"COPY (FROM '{assessed}.csv') TO '{assessed}.csv.gz'")
    (folder / "studentVle.csv").unlink()
    (folder / "studentAssessment.csv").unlink()
    facts = extract([f"oulad:{folder}"], tmp_path / "out", key=None, ids="keep")
    assert facts["digest"] == read_facts(extracted)["digest"]


@pytest.mark.parametrize("name", ["vle", "studentRegistration"])
def test_a_missing_file_is_named(small_oulad: WriteOulad, tmp_path: Path, name: str) -> None:
    folder = small_oulad(**{name: None})
    with pytest.raises(SourceError, match=name):
        extract([f"oulad:{folder}"], tmp_path / "out", key=None, ids="keep")


def test_a_file_that_is_there_twice_is_an_error(small_oulad: WriteOulad, tmp_path: Path) -> None:
    folder = small_oulad()
    (folder / "vle.csv.gz").write_bytes(b"")
    with pytest.raises(SourceError, match="more than one form"):
        extract([f"oulad:{folder}"], tmp_path / "out", key=None, ids="keep")


_RUN, _IN_RUN = "code_module, code_presentation", "code_module, code_presentation, id_student"
_BAD = [  # a line, and the quarantine's row, column, value and reason
    (
        "studentInfo",
        "AAA,2013J,7700004,F,Wales,A,?,0-35,0,60,N,Passed",
        6,
        "final_result",
        "Passed",
        "not one of Pass, Distinction, Fail, Withdrawn",
    ),
    (
        "studentInfo",
        "AAA,2015J,7700002,F,Wales,A,?,0-35,0,60,N,Pass",
        7,
        _RUN,
        "AAA, 2015J",
        "not found together in courses",
    ),
    ("studentAssessment", "9999,7700001,5,0,50", 6, "id_assessment", "9999", "not found in assessments"),
    (
        "studentAssessment",
        "1760,7700003,5,0,50",
        7,
        "id_assessment, id_student",
        "1760, 7700003",
        "not found together in studentInfo",
    ),
    ("studentVle", "AAA,2013J,7700001,10,5.5,1", 7, "date", "5.5", "not an integer"),
    ("studentVle", "AAA,2013J,7700001,10,5,0", 8, "sum_click", "0", "below 1"),
    (
        "studentVle",
        "AAA,2014B,7700002,13,5,1",
        9,
        _IN_RUN,
        "AAA, 2014B, 7700002",
        "not found together in studentInfo",
    ),
    (
        "studentVle",
        "AAA,2013J,7700001,99,5,1",
        10,
        f"id_site, {_RUN}",
        "99, AAA, 2013J",
        "not found together in vle",
    ),
]


def test_bad_rows_are_set_aside_as_they_stood_and_the_rest_stays(
    small_oulad: WriteOulad, oulad_texts: dict[str, str], extracted: Path, quarantine: Quarantine, tmp_path: Path
) -> None:
    texts = dict(oulad_texts)
    for name, line, *_ in _BAD:
        texts[name] += f"{line}\n"
    facts = extract([f"oulad:{small_oulad(**texts)}"], tmp_path / "out", key=None, ids="keep", max_bad_share=0.6)
    assert quarantine(tmp_path / "out") == [(f"{name}.csv", *expected) for name, _, *expected in _BAD]
    assert facts["digest"] == read_facts(extracted)["digest"]


@pytest.mark.parametrize(
    ("name", "line", "part"),
    [
        ("courses", "AAA,2013X,200", "row 4: code_presentation 2013X not of the form"),
        ("courses", "BBB,2013B,long", "row 4: module_presentation_length long not an integer"),
        ("assessments", "AAA,2013J,1999,XYZ,5,10", "row 6: assessment_type XYZ not one of TMA, CMA, Exam"),
        ("vle", "14,AAA,2013J", "row 6: too few fields"),
    ],
    ids=["presentation", "length", "type", "half a row"],
)
def test_what_concerns_everybody_ends_the_run(
    small_oulad: WriteOulad, oulad_texts: dict[str, str], tmp_path: Path, name: str, line: str, part: str
) -> None:
    folder = small_oulad(**{name: f"{oulad_texts[name]}{line}\n"})
    with pytest.raises(SourceError, match="everybody in the course run is concerned") as error:
        extract([f"oulad:{folder}"], tmp_path / "out", key=None, ids="keep", max_bad_share=0.9)
    assert part in str(error.value)
    assert "max-bad-share" not in str(error.value)


def test_students_without_a_registration_are_more_than_an_accident_if_they_are_many(
    small_oulad: WriteOulad, oulad_texts: dict[str, str], tmp_path: Path
) -> None:
    cut = "".join(oulad_texts["studentRegistration"].splitlines(keepends=True)[:-1])
    with pytest.raises(SourceError, match="1 of 4 students not in studentRegistration"):
        extract([f"oulad:{small_oulad(studentRegistration=cut)}"], tmp_path / "out", key=None, ids="keep")


def test_the_real_data_set_is_extracted_whole(oulad: Path, query: Query, tmp_path: Path) -> None:
    facts = extract([f"oulad:{oulad}"], tmp_path / "out", key="a key for tests only")
    with duckdb.connect() as connection:

        def count(file: str) -> int:
            rows: int = connection.execute(f"SELECT count(*) FROM '{oulad}/{file}'").fetchall()[0][0]
            return rows

        students, clicks = count("studentInfo.csv"), count("studentVle.parquet")
        assert facts["rows"]["courses"] == count("courses.csv")
        assert facts["rows"]["enrolments"] == facts["rows"]["outcomes"] == facts["rows"]["learners"] == students
        assert facts["rows"]["events"] == clicks
        assert facts["rows"]["assessments"] == count("assessments.csv")
        assert facts["rows"]["submissions"] == count("studentAssessment.csv")
        total = connection.execute(f"SELECT sum(sum_click) FROM '{oulad}/studentVle.parquet'").fetchall()
    assert facts["rows"] | {"events": 584_248, "submissions": 12_889, "assessments": 18} == facts["rows"]
    assert facts["quarantine"] == []
    assert query(tmp_path / "out", "SELECT sum(count) FROM events") == total
    hashed = pseudonym("a key for tests only", "11391")
    assert query(tmp_path / "out", f"SELECT outcome FROM outcomes WHERE learner_id = '{hashed}'") == [("pass",)]
