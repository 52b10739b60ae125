"""Final grades and pass marks: points, percent and letters, and marks of another scale."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from earlybell.errors import SourceError
from tests.components.extract.moodle_log.classes import NAMES, Class, extracted, grades, notes
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
        day, month, rest = row[0].split("/")
        year, clock = rest.split(", ")
        swapped = f"20{year}-{int(day):02}-{month} {clock}:00" if int(day) <= 12 else row[0]
        sheet.append([swapped, *row[1:]])
    (tmp_path / "site").mkdir()
    workbook.save(tmp_path / "site" / "log.xlsx")
    with pytest.raises(
        SourceError, match="Excel has swapped days and months: export again and do not open it in Excel"
    ):
        extracted(tmp_path / "site")
