"""When a course run begins and ends: stated, else estimated from activity that no single learner can move."""

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from earlybell.cli.main import app
from earlybell.errors import SettingError, SourceError
from tests.components.extract.moodle_log.classes import (
    FIRST_DAY,
    GRADE_TITLES,
    NAMES,
    Class,
    extracted,
    grades,
    notes,
)
from tests.components.extract.moodle_reports import write

Query = Callable[[Path, str], list[tuple[Any, ...]]]
SPAN = "SELECT starts_at::DATE, ends_at::DATE FROM courses"
TAUGHT = [(date(2024, 9, 23), date(2024, 11, 16))]  # eight weeks; the end is the first day after
_DAY = timedelta(days=1)


def _finished(folder: Path, log: Class) -> Path:
    write(folder / "grades.csv", grades())
    return log.write(folder)


@pytest.mark.parametrize("days", [-70, -200, 250, 1400])
def test_one_click_neither_starts_nor_ends_a_run(days: int, tmp_path: Path, query: Query) -> None:
    log = Class.of()
    log.views("Kit Abel", FIRST_DAY + days * _DAY)
    out = extracted(_finished(tmp_path / "site", log))
    assert query(out, SPAN) == TAUGHT
    assert query(out, "SELECT count(*) FROM events") == [(8 * 3 * 12 * 2 + 2,)]
    where = "before the first" if days < 0 else "after the last"
    assert f"2 events of 1 learner of site {where} day of teaching kept." in notes(out)


def test_who_looks_in_for_months_afterwards_does_not_prolong_a_run(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    for week in range(1, 30):
        for learner in range(3):
            log.views(NAMES[(week + learner) % 12], datetime(2024, 11, 15) + (7 * week + learner) * _DAY)
    assert query(extracted(_finished(tmp_path / "site", log)), SPAN) == TAUGHT


def test_one_eager_learner_makes_no_weeks_of_teaching(tmp_path: Path, query: Query) -> None:
    log = Class.of(names=NAMES[:8])
    for day in range(60):
        log.views("Ada Quill", FIRST_DAY - (day + 1) * _DAY)
    assert query(extracted(_finished(tmp_path / "site", log)), SPAN) == TAUGHT


def test_a_holiday_of_three_weeks_is_within_a_run_and_a_long_gap_is_said(tmp_path: Path, query: Query) -> None:
    log = Class.of(4)
    log.rows += Class.of(4, first=FIRST_DAY + 7 * 7 * _DAY).rows
    out = extracted(_finished(tmp_path / "break", log))
    assert query(out, SPAN) == [(date(2024, 9, 23), date(2024, 12, 7))]
    log = Class.of(4)
    log.rows += Class.of(4, first=FIRST_DAY + 30 * 7 * _DAY).rows
    assert "has a second stretch of activity, 2025-04-21 to 2025-05-16" in notes(
        extracted(_finished(tmp_path / "gap", log))
    )


def test_an_address_states_the_dates_of_a_run(tmp_path: Path, query: Query) -> None:
    folder = _finished(tmp_path / "site", Class.of())
    out = extracted(folder, "?starts_at=2024-09-16&ends_at=2024-11-10")
    assert query(out, SPAN) == [(date(2024, 9, 16), date(2024, 11, 11))]
    assert query(out, "SELECT count(*) FROM outcomes") == [(12,)]


def test_an_address_states_of_which_days_all_records_are_there(tmp_path: Path, query: Query) -> None:
    out = extracted(
        _finished(tmp_path / "site", Class.of()),
        "?timezone=Europe/Berlin&complete_from=2024-10-01&complete_until=2024-11-10",
    )
    rows = query(out, "SELECT complete_from, complete_until FROM courses")
    assert rows == [(datetime(2024, 9, 30, 22), datetime(2024, 11, 10, 23))]


def test_courses_csv_states_what_holds_for_each_run(tmp_path: Path, query: Query) -> None:
    for run in ("a", "b"):
        write(tmp_path / "site" / run / "grades.csv", grades(step=1))
        Class.of().write(tmp_path / "site" / run)
    rows = [
        ("folder", "course_id", "starts_at", "ends_at", "pass_mark", "timezone", "weekend"),
        ("a", "first", "2024-09-22", "", "45", "Asia/Muscat", "Fri, Sat"),
        ("b", "second", "", "2024-12-20", "0", "", ""),
    ]
    write(tmp_path / "site" / "courses.csv", rows)
    out = extracted(tmp_path / "site", timezone="Europe/Berlin")
    assert query(out, "SELECT course_id, starts_at, ends_at, timezone, weekend FROM courses ORDER BY 1") == [
        ("first", datetime(2024, 9, 21, 20), datetime(2024, 11, 15, 20), "Asia/Muscat", "fri,sat"),
        ("second", datetime(2024, 9, 22, 22), datetime(2024, 12, 20, 23), "Europe/Berlin", "sat,sun"),
    ]
    fails = "SELECT course_id, count(*) FILTER (outcome = 'fail') FROM outcomes GROUP BY 1 ORDER BY 1"
    assert query(out, fails) == [("first", 5)]
    assert "site/b begins on 2024-09-23 and counts as under way, as its end is stated as 2024-12-20" in notes(out)


def test_a_course_run_that_courses_csv_states_and_nobody_has_is_refused(tmp_path: Path) -> None:
    for run in ("a", "b"):
        Class.of().write(tmp_path / "site" / run)
    write(tmp_path / "site" / "courses.csv", [("folder", "pass_mark"), ("A", "45")])
    with pytest.raises(SettingError, match="states a course run that is not there: 'site/A'.*: a, b"):
        extracted(tmp_path / "site")
    write(tmp_path / "site" / "courses.csv", [("pass_mark",), ("45",)])
    with pytest.raises(SettingError, match="states a course run that is not there: 'site'"):
        extracted(tmp_path / "site")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("folder,weekend\na,fri,sat\n", 'row 2 has more values than columns.*as "fri,sat"'),
        ("shoe,size\n1,2\n", "has no column that is known: 'shoe,size'. Columns are folder, pass_mark"),
        ("", "has no column that is known: ''"),
        ("Folder;pass_mark\na;half\n", "row 2: pass_mark is no mark: 'half'"),
    ],
)
def test_a_wrong_courses_csv_is_told_by_its_row(text: str, error: str, tmp_path: Path) -> None:
    Class.of().write(tmp_path / "site" / "a")
    (tmp_path / "site" / "courses.csv").write_text(text)
    with pytest.raises(SettingError, match=error):
        extracted(tmp_path / "site")


def test_a_courses_csv_of_excel_is_read_or_its_encoding_named(tmp_path: Path, query: Query) -> None:
    Class.of().write(tmp_path / "site" / "a")
    courses = tmp_path / "site" / "Courses.csv"
    courses.write_bytes("folder;code\r\na;Einf\u00fchrung\r\n;\r\n;\r\n".encode("utf-8-sig"))
    assert query(extracted(tmp_path / "site"), "SELECT code FROM courses") == [("Einf\u00fchrung",)]
    courses.write_bytes("folder;code\r\na;Einf\u00fchrung\r\n".encode("cp1252"))
    with pytest.raises(SettingError, match="Courses.csv is not in UTF-8.*Save it as CSV UTF-8"):
        extracted(tmp_path / "site")


def test_dates_without_any_activity_between_them_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match="no activity of site lies between its dates: '2023-09-23 to 2023-11-15; activity"
    ):
        extracted(_finished(tmp_path / "site", Class.of()), "?starts_at=2023-09-23&ends_at=2023-11-15")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("?ends_at=soon", "ends_at is no day: 'soon'"),
        ("?pass_mark=half", "pass_mark is no mark: 'half'"),
        ("?pass_mark=120%", "pass_mark is no mark: '120%'"),
        ("?weekend=sunny", "weekend is no weekend: 'sunny'"),
        ("?timezone=Mars/Olympus", "no such time zone: 'Mars/Olympus'"),
        ("?starts_at=2024-11-01&ends_at=2024-10-01", "ends_at is before starts_at"),
        ("?complete_from=2024-11-01&complete_until=2024-10-01", "complete_until is before complete_from"),
        ("?running=perhaps", "running is neither yes nor no: 'perhaps'"),
        ("?colour=red", "no such option: 'colour'"),
        ("?pass_mark", "an option without a value: 'pass_mark'"),
        ("?pass_mark=50&pass_mark=60", "an option is given twice"),
        ("?starts_at=2024-09-231", "starts_at is no day: '2024-09-231'"),
    ],
)
def test_an_option_that_says_nothing_is_refused_by_its_name(options: str, error: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=error):
        extracted(_finished(tmp_path / "site", Class.of()), options)


def test_while_a_run_is_under_way_its_grades_are_no_outcomes(tmp_path: Path, query: Query) -> None:
    folder = _finished(tmp_path / "site", Class.of(6))
    assert query(extracted(folder, "?ends_at=2024-11-20"), "SELECT count(*) FROM outcomes") == [(12,)]
    for options in ("?running=yes", "?ends_at=2024-12-20"):
        out = extracted(folder, options)
        assert query(out, "SELECT count(*) FROM enrolments") == [(12,)]
        assert not (out / "outcomes.parquet").exists()
    assert query(extracted(folder, "?running=yes"), SPAN) == [(date(2024, 9, 23), None)]
    assert query(extracted(folder, "?ends_at=2024-12-20"), SPAN) == [(date(2024, 9, 23), date(2024, 12, 21))]


def test_a_running_course_is_predicted_without_a_pass_mark(tmp_path: Path, bundle: Path) -> None:
    """Nobody knows yet who passes: neither with a grade book beside the log nor without one is a mark asked for."""
    log = Class.of(6)
    sources = [_finished(tmp_path / "grades", log), log.write(tmp_path / "log")]
    for source, options in zip(sources, ("?running=yes", ""), strict=True):
        command = ["predict", str(bundle), f"moodle-log:{source}{options}", "--as-of", "2024-10-28", "--json"]
        done = CliRunner().invoke(app, [*command, "--ids", "keep"])
        assert done.exit_code == 0, done.output
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert {row["learner_id"] for row in rows} >= {str(number) for number in range(101, 113)}


def test_a_grade_book_that_was_exported_while_learners_were_there_holds_no_outcomes(
    tmp_path: Path, query: Query
) -> None:
    titles = (*GRADE_TITLES, "Last downloaded from this course")
    for name, exported, outcomes in (("during", datetime(2024, 11, 17), 0), ("after", datetime(2024, 12, 20), 12)):
        stamp = str(int(exported.replace(tzinfo=UTC).timestamp()))
        write(tmp_path / name / "grades.csv", [titles, *((*row, stamp) for row in grades()[1:])])
        out = extracted(Class.of().write(tmp_path / name))
        assert query(out, "SELECT count(*) FROM enrolments") == [(12,)]
        assert (out / "outcomes.parquet").exists() == bool(outcomes)


def test_a_course_that_is_taught_today_is_under_way(tmp_path: Path) -> None:
    first = datetime.combine(date.today() - 33 * _DAY, datetime.min.time())
    folder = _finished(tmp_path / "site", Class.of(5, first=first))
    assert "counts as under way, as learners were active until" in notes(extracted(folder))


def test_the_latest_run_of_a_course_that_is_much_shorter_than_the_others_is_under_way(
    tmp_path: Path, query: Query
) -> None:
    for year, weeks in ((2021, 12), (2022, 12), (2023, 5)):
        _finished(tmp_path / "site" / str(year), Class.of(weeks, first=FIRST_DAY.replace(year=year)))
    out = extracted(tmp_path / "site")
    assert query(out, "SELECT year(starts_at) FROM courses WHERE ends_at IS NULL") == [(2023,)]
    assert "it has 33 days so far, where earlier runs of the course took 82" in notes(out)


def test_a_stated_end_is_over_where_the_log_goes_on_until_then(tmp_path: Path, query: Query) -> None:
    """Learners come until 15 November, the exam is five weeks later, and the teacher's marks follow it."""
    log = Class.of()
    stated = "?starts_at=2024-09-23&ends_at=2024-12-20"
    out = extracted(_finished(tmp_path / "until-november", log), stated)
    assert query(out, "SELECT count(*) FROM outcomes") == [(0,)]
    log.views("Tess Teacher", datetime(2024, 12, 21))
    out = extracted(_finished(tmp_path / "until-december", log), stated)
    assert query(out, "SELECT count(*) FROM outcomes") == [(12,)]
    assert query(out, "SELECT ends_at FROM courses") == [(datetime(2024, 12, 21),)]


def test_the_name_that_moodle_gives_a_file_says_when_it_was_exported(tmp_path: Path) -> None:
    site = _finished(tmp_path / "site", Class.of(6))  # until 1 November
    log, grade_book = site / "log.csv", site / "grades.csv"
    log.rename(site / "logs_CS101_20241101-1201.csv")
    assert "learners were active until 2024-11-01, and it was exported on 2024-11-01" in notes(extracted(site))
    (site / "logs_CS101_20241101-1201.csv").rename(log)
    grade_book.rename(site / "CS101 Grades-20241105_0830-comma_separated.csv")
    assert "learners were active until 2024-11-01, and it was exported on 2024-11-05" in notes(extracted(site))


@pytest.mark.parametrize(
    "name", ["logs_CS101_20241220-1201.csv", "log-20241001-1201.csv", "log-20249901-1201.csv", "log 120241101-1201.csv"]
)
def test_a_name_of_another_day_leaves_a_run_over(name: str, tmp_path: Path, query: Query) -> None:
    """Long after the end; before the log's last row, so of something else; and none of a day."""
    site = _finished(tmp_path / "site", Class.of(6))
    (site / "log.csv").rename(site / name)
    assert query(extracted(site), "SELECT count(*) FROM outcomes") == [(12,)]


@pytest.mark.parametrize(("written", "over"), [("2024-11-03", False), ("2024-12-20", True), ("2024-10-01", True)])
def test_a_file_was_exported_before_it_was_last_written(
    written: str, *, over: bool, tmp_path: Path, query: Query
) -> None:
    """An unpacked archive keeps the time. One before the log's last row is of no use."""
    site = _finished(tmp_path / "site", Class.of(6))
    moment = datetime.fromisoformat(written).replace(hour=12, tzinfo=UTC).timestamp()
    os.utime(site / "log.csv", (moment, moment))
    out = extracted(site)
    assert query(out, "SELECT ends_at IS NOT NULL FROM courses") == [(over,)]
    assert ("exported on 2024-11-03" in notes(out)) is not over


def test_a_run_that_ends_where_its_log_does_is_warned_of_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing tells an export in week 6 from one of a course of 6 weeks: neither may pass without a word."""
    log, words = Class.of(6), "nothing shows that site is over: its log ends on 2024-11-01, with its teaching"
    site = _finished(tmp_path / "site", log)
    assert words in notes(extracted(site))
    assert f"look: moodle-log:{site}?pass_mark=50&timezone=UTC: {words}" in capsys.readouterr().err
    for options in ("?running=no", "?running=yes", "?ends_at=2024-11-01"):
        assert words not in notes(extracted(site, options))
    log.views("Tess Teacher", datetime(2024, 11, 20))
    assert "nothing shows" not in notes(extracted(_finished(tmp_path / "site", log)))
