"""Final grades and pass marks: points, percent and letters, and marks of another scale."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from earlybell.errors import SourceError
from tests.components.extract.moodle_log.classes import GRADE_TITLES, NAMES, Class, extracted, grades, notes
from tests.components.extract.moodle_reports import write

Query = Callable[[Path, str], list[tuple[Any, ...]]]
FAILS = "SELECT learner_id FROM outcomes WHERE outcome = 'fail' ORDER BY 1"


def _site(folder: Path, book: list[Any]) -> Path:
    write(folder / "grades.csv", book)
    return Class.of().write(folder)


def _shown(title: str, form: str, factor: float = 1.0) -> list[Any]:
    """The grade book with its totals under another title and in another form."""
    rows = grades()
    return [(*rows[0][:4], title), *((*row[:4], form.format(float(row[4]) * factor)) for row in rows[1:])]


@pytest.mark.parametrize(
    ("title", "form", "mark"),
    [
        ("Course total (Percentage)", "{:.2f} %", "50"),
        ("Course total (Percentage)", "{:.2f} %", "50%"),
        ("Course total (Percentage)", "{:.2f}", "50%"),
        ("Course total (Real)", "{:.2f} %", "50"),
        ("Course total", "{:.2f}%", "50"),
        ("Kurs gesamt (Prozentsatz)", "{:.2f} %", "50"),
        ("Total del curso (Porcentaje)", "{:.2f} %", "50"),
    ],
)
def test_percent_is_of_a_hundred(title: str, form: str, mark: str, tmp_path: Path, query: Query) -> None:
    out = extracted(_site(tmp_path / "site", _shown(title, form)), mark=mark)
    assert query(out, FAILS) == [("101",), ("102",)]
    assert query(out, "SELECT max(final_score) FROM outcomes") == [(95,)]


def test_a_mark_in_percent_is_of_the_highest_grade(tmp_path: Path, query: Query) -> None:
    book = _shown("Course total (Real)", "{:.2f}", 0.2)
    with pytest.raises(
        SourceError,
        match="needs the highest possible grade.*Export the grade book with both Real and Percentage, or state",
    ):
        extracted(_site(tmp_path / "unknown", book), mark="50%")
    assert query(extracted(_site(tmp_path / "stated", book), "?max_grade=20", "50%"), FAILS) == [("101",), ("102",)]
    both = [
        (*points, row[4]) for points, row in zip(book, _shown("Course total (Percentage)", "{:.2f} %"), strict=True)
    ]
    assert query(extracted(_site(tmp_path / "both", both), mark="50%"), FAILS) == [("101",), ("102",)]


def test_points_and_percent_are_never_compared_with_each_other(tmp_path: Path, query: Query) -> None:
    titles = (*grades()[0], "Course total (Percentage)")
    book = [titles, *((*row, "90.00 %") for row in grades(first=200)[1:])]
    book[1] = (*book[1][:4], "-", "90.00 %")
    out = extracted(_site(tmp_path / "site", book), mark="228")
    assert query(out, "SELECT count(*) FROM outcomes WHERE learner_id = '101'") == [(0,)]
    assert query(out, FAILS) == [(str(number),) for number in range(102, 107)]
    assert query(extracted(_site(tmp_path / "percent", book), mark="50%"), FAILS) == []


def test_a_mark_of_another_scale_is_refused_by_run(tmp_path: Path, query: Query) -> None:
    _site(tmp_path / "site" / "of-100", grades())
    Class.of().write(tmp_path / "site" / "of-20")
    write(tmp_path / "site" / "of-20" / "grades.csv", _shown("Course total (Real)", "{:.2f}", 0.2))
    write(tmp_path / "site" / "courses.csv", [("folder", "course_id"), ("of-20", "twenty")])
    with pytest.raises(
        SourceError, match="in site/of-20 all 12 grades are below the pass mark of 50: 'the highest is 19'"
    ):
        extracted(tmp_path / "site")
    write(tmp_path / "site" / "courses.csv", [("folder", "course_id", "pass_mark"), ("of-20", "twenty", "10")])
    out = extracted(tmp_path / "site")
    by_run = "SELECT course_id, count(*) FILTER (outcome = 'fail') FROM outcomes GROUP BY 1 ORDER BY 1"
    assert query(out, by_run) == [("Invented Course 101_2024-09", 2), ("twenty", 2)]


def test_a_run_that_everybody_failed_is_said(tmp_path: Path) -> None:
    text = notes(extracted(_site(tmp_path / "site", grades(first=30, step=1))))
    assert "in site all 12 grades are below the pass mark of 50; the highest is 41" in text


def test_a_pass_mark_can_be_0(tmp_path: Path, query: Query) -> None:
    out = extracted(_site(tmp_path / "site", grades()), mark="0")
    assert query(out, "SELECT outcome, count(*) FROM outcomes GROUP BY 1") == [("pass", 12)]


def test_a_grade_that_is_no_number_costs_the_outcome_and_not_the_learner(tmp_path: Path, query: Query) -> None:
    book = grades()
    book[3] = (*book[3][:4], "absent")
    folder = _site(tmp_path / "site", book)
    many = [f"Learner N{n}" for n in range(100)]
    write(folder / "grades.csv", [*book, *grades(many)[1:]])
    out = extracted(folder)
    assert query(out, "SELECT count(*) FROM enrolments") == [(112,)]
    assert query(out, "SELECT count(*) FROM outcomes WHERE learner_id = '103'") == [(0,)]
    assert NAMES[2] not in notes(out)


def test_an_excel_that_swaps_days_and_months_is_refused(tmp_path: Path) -> None:
    import openpyxl

    from tests.components.extract.moodle_reports import ENGLISH

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(ENGLISH)
    for row in Class.of().rows:
        day, month, year_and_clock = row[0].split("/")
        year, clock = year_and_clock.split(", ")
        swapped = f"20{year}-{int(day):02}-{month} {clock}:00" if int(day) <= 12 else row[0]
        sheet.append([swapped, *row[1:]])
    (tmp_path / "site").mkdir()
    workbook.save(tmp_path / "site" / "log.xlsx")
    with pytest.raises(
        SourceError, match="Excel has swapped days and months: export again and do not open it in Excel"
    ):
        extracted(tmp_path / "site")


def _scores(folder: Path, totals: list[str], query: Query, title: str = GRADE_TITLES[-1]) -> list[Any]:
    """The final scores of the first learners, whose totals are these."""
    names = NAMES[: len(totals)]
    rows = [(*row[:4], total) for row, total in zip(grades(names)[1:], totals, strict=True)]
    write(folder / "grades.csv", [(*GRADE_TITLES[:4], title), *rows])
    out = extracted(Class.of(names=names).write(folder))
    return query(out, "SELECT final_score FROM outcomes ORDER BY learner_id")


def test_a_grade_with_thousands_apart_is_the_number_that_it_is(tmp_path: Path, query: Query) -> None:
    totals = ["1.234,5", "1,234.5", "900", "1\N{NARROW NO-BREAK SPACE}000,25", "7,5", "1234567"]
    assert _scores(tmp_path / "site", totals, query) == [(1234.5,), (1234.5,), (900,), (1000.25,), (7.5,), (1234567,)]


def test_three_digits_after_a_comma_are_decimals_where_all_grades_have_them(tmp_path: Path, query: Query) -> None:
    assert _scores(tmp_path / "site", ["45,000", "-", "50,125", "100,000"], query) == [(45,), (50.125,), (100,)]
    assert _scores(tmp_path / "of-100", ["45,000 %", "50,125 %"], query) == [(45,), (50.125,)]
    with pytest.raises(SourceError, match="row 2: total #,### not a number"):
        _scores(tmp_path / "mixed", ["1,234", "900", "800"], query)


@pytest.mark.parametrize("total", [".5", "5.", "12.34.56", "1e3", "2024-01", "A1"])
def test_what_a_bad_grade_looks_like_is_no_grade(total: str, tmp_path: Path, query: Query) -> None:
    with pytest.raises(SourceError, match="row 2: total [#x.-]+ not a number"):
        _scores(tmp_path / "site", [total, "60", "70"], query)


def test_words_for_unknown_are_no_grades(tmp_path: Path, query: Query) -> None:
    assert _scores(tmp_path / "site", ["NA", "null", "nan", "?", "", "60", "45"], query) == [(60,), (45,)]
    assert "5 learners of the grade book of site without a final grade" in notes(tmp_path / "out-1")
    percent = _scores(tmp_path / "percent", ["NA", "45,5 %", "60 %"], query, title="Course total (Percentage)")
    assert percent == [(45.5,), (60,)]
