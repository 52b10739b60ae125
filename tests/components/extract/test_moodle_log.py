"""Moodle's log reports and grade books as canonical tables."""

import gzip
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from components.extract import extract
from components.features import compute_features
from components.label import label_outcomes
from earlybell.errors import SettingError, SourceError
from earlybell.tables import read_facts
from earlybell.tables.pseudonyms import pseudonym
from tests.components.extract.moodle_reports import (
    ADDRESSES,
    FIRST,
    LANGUAGES,
    MAILS,
    MOMENTS,
    NAMES,
    Language,
    gradebook,
    log,
    write,
)

Rows = list[tuple[Any, ...]]
Query = Callable[[Path, str], Rows]
Quarantine = Callable[[Path], Rows]
REAL = Path(__file__).parents[4] / "shared" / "data" / "moodle_log"
PASSED_AT = "pass_mark=40"


def run(folder: Path, options: str = PASSED_AT, **settings: Any) -> Path:
    """The tables of a folder of reports, with ids kept."""
    out = folder.with_name("out")
    extract([f"moodle-log:{folder}?{options}"], out, **{"key": None, "ids": "keep"} | settings)
    return out


def both(folder: Path, language: Language = FIRST) -> Path:
    write(folder / "log.csv", log(language))
    return write(folder / "grades.csv", gradebook(language))


def notes(out: Path) -> str:
    return "\n".join(read_facts(out)["notes"])


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_a_report_in_any_language_becomes_the_same_tables(language: Language, tmp_path: Path, query: Query) -> None:
    out = run(both(tmp_path / "site", language))
    assert query(out, "FROM courses") == [
        (
            "Statistics_2024-09",
            "Statistics",
            datetime(2024, 9, 2),
            datetime(2024, 9, 28),
            "raw",
            "UTC",
            "sat,sun",
            None,
            None,
        )
    ]
    assert query(out, "SELECT learner_id, outcome, final_score FROM outcomes ORDER BY ALL") == [
        ("7", "fail", 39.5),
        ("8", "pass", 62),
        ("9", "pass", 88.25),
    ]
    assert query(out, "SELECT DISTINCT occurred_at FROM events ORDER BY ALL") == [(at,) for at in MOMENTS]
    assert query(
        out, "SELECT component, action, target, object_id, sum(count) FROM events GROUP BY ALL ORDER BY 1"
    ) == [
        ("core", "viewed", "course", None, 15),
        ("mod_forum", "viewed", "course_module", "12", 15),
        ("mod_quiz", "submitted", "attempt", "12", 15),
    ]
    assert "not known" not in notes(out)


@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t"), ("a.csv.gz", ","), ("a.xlsx", "")]
)
def test_a_report_in_any_format_becomes_the_same_tables(name: str, delimiter: str, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write(folder / f"log-{name}", log(), delimiter)
    write(folder / f"grades-{name}", gradebook(), delimiter)
    expected = read_facts(run(both(tmp_path / "plain" / "site")))
    assert read_facts(run(folder))["digest"] == expected["digest"]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".xlsx", ".json"])
def test_a_name_in_capitals_is_read_as_any_other(suffix: str, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write(folder / f"log{suffix}", log())
    write(folder / "grades.csv", gradebook())
    (folder / f"log{suffix}").rename(folder / f"LOG{suffix.upper()}")
    assert read_facts(run(folder))["digest"] == read_facts(run(both(tmp_path / "plain" / "site")))["digest"]


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_a_log_in_json_is_read_in_any_language(language: Language, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write(folder / "log.json", log(language))
    write(folder / "grades.csv", gradebook(language))
    out = run(folder)
    assert read_facts(out)["digest"] == read_facts(run(both(tmp_path / "plain" / "site", language)))["digest"]
    assert "not known" not in notes(out)


@pytest.mark.parametrize("with_header", [True, False], ids=["with titles", "without titles"])
@pytest.mark.parametrize("in_sheets", [True, False], ids=["list of sheets", "one list"])
def test_a_log_in_json_may_have_lists_for_rows(with_header: bool, in_sheets: bool, tmp_path: Path) -> None:
    folder = both(tmp_path / "site")
    (folder / "log.csv").unlink()
    rows = log()[not with_header :]
    (folder / "log.json").write_text(json.dumps([rows] if in_sheets else rows))
    expected = read_facts(run(both(tmp_path / "plain" / "site")))
    assert read_facts(run(folder))["digest"] == expected["digest"]


def test_a_list_of_participants_in_json_is_read(tmp_path: Path, query: Query) -> None:
    folder = write(tmp_path / "site" / "log.csv", log())
    write(folder / "people.json", [["First name", "Last name", "Email address"], ["Åsa", "Öberg", "x@x.test"]])
    assert query(run(folder, ""), "SELECT learner_id FROM enrolments") == [("7",)]


def test_a_row_of_json_is_found_by_its_number(tmp_path: Path, quarantine: Quarantine) -> None:
    folder = both(tmp_path / "site")
    (folder / "log.csv").unlink()
    write(folder / "log.json", [*log(), ["soon", *log()[1][1:]]])
    assert quarantine(run(folder, max_bad_share=0.5)) == [("log.json", 63, "Time", "xxxx", "not a timestamp")]


BEFORE = {
    "semicolons stated": ("sep=;\n", ";"),
    "semicolons stated in capitals and quotes": ('"SEP=;"\r\n', ";"),
    "a tab stated": ("sep=\t\r\n", "\t"),
    "another character stated": ("sep=|\n", "|"),
    "an empty line": ("\n", ","),
    "empty lines, and one of empty cells": ("\r\n  \r\n;;;;\r\n", ";"),
    "an empty line and a statement": ("\nsep=;\n", ";"),
}


@pytest.mark.parametrize(("before", "delimiter"), BEFORE.values(), ids=list(BEFORE))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_what_is_before_a_header_is_no_row(
    before: str, delimiter: str, encoding: str, tmp_path: Path, quarantine: Quarantine
) -> None:
    folder = both(tmp_path / "site")
    write(folder / "log.csv", [*log(), ["31/02/24, 10:00", *log()[1][1:]], ["3/09/24, 12:00", "half a row"]], delimiter)
    for name, rows in (("log", None), ("grades", gradebook())):
        if rows:
            write(folder / f"{name}.csv", rows, delimiter)
        path = folder / f"{name}.csv"
        path.write_bytes((before + path.read_bytes().decode("utf-8-sig")).encode(encoding))
    out = run(folder, max_bad_share=0.5)
    assert read_facts(out)["rows"]["events"] == 45
    line = before.count("\n") + 63
    assert quarantine(out) == [
        ("log.csv", line, "Time", "31/02/24, 10:00", "not a timestamp"),
        ("log.csv", line + 1, None, None, "too few fields"),
    ]


def test_a_sheet_whose_first_rows_are_empty_is_read(tmp_path: Path) -> None:
    folder = both(tmp_path / "site")
    (folder / "log.csv").unlink()
    write(folder / "log.xlsx", [[], [""] * 9, *log()])
    assert read_facts(run(folder))["rows"]["events"] == 45


def test_a_file_of_empty_lines_is_empty(tmp_path: Path) -> None:
    folder = both(tmp_path / "site")
    (folder / "log.csv").write_text("\n;;;\n\n")
    with pytest.raises(SourceError, match=r"site/log\.csv is empty"):
        run(folder)


OFFSETS = {"Z": 0, "+02:00": 2, " -0500": -5, "+05:45": 5.75, " UTC": 0, "+00": 0}


@pytest.mark.parametrize(("offset", "hours"), OFFSETS.items(), ids=list(OFFSETS))
@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin", "America/Lima"])
def test_a_time_that_states_its_distance_from_utc_is_that_moment_wherever_the_site_is(
    offset: str, hours: float, timezone: str, tmp_path: Path, query: Query
) -> None:
    rows = log()
    moments = {FIRST.time(at): f"{at:%Y-%m-%dT%H:%M:%S}{offset}" for at in MOMENTS}
    folder = write(tmp_path / "site" / "log.csv", [rows[0], *([moments[row[0]], *row[1:]] for row in rows[1:])])
    out = run(folder, f"timezone={timezone}")
    assert query(out, "SELECT DISTINCT occurred_at FROM events ORDER BY 1") == [
        (at - timedelta(hours=hours),) for at in MOMENTS
    ]
    assert "log.csv: its times say how far they are from UTC, and are read on the site's clock" in notes(out)


def test_a_decimal_comma_is_a_decimal_point_and_a_dash_no_grade(tmp_path: Path, query: Query) -> None:
    write(tmp_path / "site" / "log.csv", log())
    out = run(write(tmp_path / "site" / "grades.csv", gradebook(totals=("39,5", "-", "40")), ";"))
    assert query(out, "SELECT learner_id, outcome, final_score FROM outcomes ORDER BY ALL") == [
        ("7", "fail", 39.5),
        ("9", "pass", 40),
    ]
    assert query(out, "SELECT learner_id FROM enrolments ORDER BY ALL") == [("7",), ("8",), ("9",)]
    assert "1 learner of the grade book of site without a final grade" in notes(out)


def test_staff_and_the_system_are_left_out_and_said(tmp_path: Path, query: Query) -> None:
    out = run(both(tmp_path / "site"))
    assert query(out, "SELECT count(*) FROM events WHERE learner_id NOT IN ('7', '8', '9')") == [(0,)]
    assert "1 person of the log left out: the site's first administrator" in notes(out)
    assert "1 row of the system" in notes(out)


def test_without_a_list_all_but_known_staff_are_learners_and_the_course_run_is_under_way(
    tmp_path: Path, query: Query
) -> None:
    out = run(write(tmp_path / "site" / "log.csv", log()), "")
    assert query(out, "SELECT learner_id FROM enrolments ORDER BY ALL") == [("7",), ("8",), ("9",)]
    assert query(out, "SELECT ends_at FROM courses") == [(None,)]
    assert "who acts in the log is taken for a learner" in notes(out)


def test_what_an_export_lacks_is_said(tmp_path: Path) -> None:
    text = notes(run(both(tmp_path / "site")))
    for words in ("no due dates", "times of grading", "outcome only", "dates of enrolment", "times are those of UTC"):
        assert words in text
    assert "1 of 3 final grades of site below the pass mark of 40" in text


def test_a_time_is_of_the_sites_clock_also_when_the_clocks_change(tmp_path: Path, query: Query) -> None:
    summer, winter = datetime(2024, 10, 26, 12), datetime(2024, 10, 28, 12)
    folder = write(tmp_path / "site" / "log.csv", log(moments=[summer, winter]))
    out = run(folder, "timezone=Europe/Berlin")
    assert query(out, "SELECT DISTINCT occurred_at FROM events ORDER BY 1") == [
        (summer - timedelta(hours=2),),
        (winter - timedelta(hours=1),),
    ]
    assert query(out, "SELECT starts_at FROM courses") == [(datetime(2024, 10, 25, 22),)]


def test_a_course_run_begins_with_its_learners_and_who_came_before_is_enrolled_then(
    tmp_path: Path, query: Query
) -> None:
    rows = log()
    early = [FIRST.time(datetime(2024, 8, 20, 10)), *rows[1][1:]]
    many = [
        [*row[:1], f"Learner {n}", *row[2:6], f"The user with id '{n}' viewed", *row[7:]]
        for n in range(20, 40)
        for row in rows[1:2]
    ]
    out = run(write(tmp_path / "site" / "log.csv", [*rows, *many, early]), "")
    assert query(out, "SELECT starts_at FROM courses") == [(datetime(2024, 9, 2),)]
    assert query(out, "SELECT enrolled_at FROM enrolments WHERE learner_id = '7'") == [(datetime(2024, 8, 20, 10, 0),)]
    assert query(out, "SELECT enrolled_at FROM enrolments WHERE learner_id = '25'") == [(datetime(2024, 9, 2),)]


def test_what_several_files_share_counts_once_and_what_one_repeats_counts_as_often(
    tmp_path: Path, query: Query
) -> None:
    rows, folder = log(), tmp_path / "site"
    write(folder / "september.csv", [*rows[:20], rows[1]])
    out = run(write(folder / "autumn.xlsx", rows), "")
    assert query(out, "SELECT count(*) FROM events") == [(45 + 1,)]  # of three learners, five times three acts each


def test_folders_are_course_runs(tmp_path: Path, query: Query) -> None:
    for year in (2023, 2024):
        moments = [at.replace(year=year) for at in MOMENTS]
        write(tmp_path / "site" / str(year) / "log.csv", log(moments=moments))
        write(tmp_path / "site" / str(year) / "grades.csv", gradebook())
    out = run(tmp_path / "site")
    assert query(out, "SELECT course_id, code FROM courses ORDER BY 1") == [
        ("Statistics_2023-09", "Statistics"),
        ("Statistics_2024-09", "Statistics"),
    ]
    assert query(out, "SELECT count(*) FROM outcomes") == [(6,)]


def test_one_course_run_in_two_folders_is_refused(tmp_path: Path) -> None:
    for group in ("a", "b"):
        write(tmp_path / "site" / group / "log.csv", log())
    with pytest.raises(SourceError, match="folders have the same course run, Statistics_2024-09: 'site/a, site/b'"):
        run(tmp_path / "site", "")


def test_without_descriptions_learners_are_told_apart_by_name(tmp_path: Path, query: Query) -> None:
    write(tmp_path / "site" / "log.csv", [[*row[:6], *row[7:]] for row in log()])
    out = run(write(tmp_path / "site" / "grades.csv", gradebook()))
    assert query(out, "SELECT learner_id FROM outcomes WHERE outcome = 'fail'") == [("Åsa Öberg",)]
    assert "told apart by full name" in notes(out)


def test_a_name_that_two_people_have_gets_no_grade(tmp_path: Path, query: Query) -> None:
    rows = log()
    twin = [*rows[1][:6], "The user with id '77' viewed the course with id '5'.", *rows[1][7:]]
    write(tmp_path / "site" / "log.csv", [*rows, twin])
    out = run(write(tmp_path / "site" / "grades.csv", gradebook()))
    assert query(out, "SELECT learner_id FROM enrolments ORDER BY 1") == [("8",), ("9",)]
    assert "1 person of the lists of site left out: their name is that of several in the log" in notes(out)


def test_a_file_whose_dates_leave_the_day_open_is_read_as_the_others_are(tmp_path: Path, query: Query) -> None:
    rows = log(LANGUAGES["American"])
    write(tmp_path / "site" / "a.csv", [row for row in rows if "/13/" not in row[0] and "/27/" not in row[0]])
    out = run(write(tmp_path / "site" / "b.csv", rows), "")
    assert query(out, "SELECT DISTINCT occurred_at FROM events ORDER BY ALL") == [(at,) for at in MOMENTS]
    assert "a.csv: its dates leave open which number is the day; it is read as the other files are" in notes(out)


def test_dates_that_leave_the_day_open_are_refused_in_english_and_day_first_in_other_languages(
    tmp_path: Path, query: Query
) -> None:
    early = [at for at in MOMENTS if at.day <= 12]
    english = write(tmp_path / "english" / "log.csv", log(moments=early)[:-1])
    with pytest.raises(SourceError, match=r"log\.csv does not tell days from months.*Export a time that holds a day"):
        run(english, "")
    italian = write(tmp_path / "italian" / "log.csv", log(LANGUAGES["Italian"], early)[:-1])
    out = run(italian, "")
    assert query(out, "SELECT DISTINCT occurred_at FROM events ORDER BY ALL") == [(at,) for at in early]
    assert "its language puts the day first" in notes(out)


def test_times_that_may_lack_half_of_the_day_are_said(tmp_path: Path) -> None:
    mornings = [datetime(2024, 9, day, hour) for day in range(1, 20) for hour in (8, 11)]
    assert "may lack half of the day" in notes(
        run(write(tmp_path / "site" / "log.csv", log(moments=mornings)[:-1]), "")
    )


def test_a_bad_row_is_set_aside_and_shows_no_name(tmp_path: Path, quarantine: Quarantine) -> None:
    rows = [*log(), ["31/02/24, 10:00", *log()[1][1:]], ["Åsa Öberg", "", *log()[1][2:]]]
    write(tmp_path / "site" / "log.xlsx", rows)
    write(tmp_path / "site" / "grades.csv", gradebook(totals=("Åsa", "50", "60")))
    out = run(tmp_path / "site", max_bad_share=0.5)
    assert quarantine(out) == [
        ("log.xlsx", 63, "Time", "31/02/24, 10:00", "not a timestamp"),
        ("log.xlsx", 64, "Time", "xxx xxxxx", "not a timestamp"),
        ("grades.csv", 2, "total", "xxx", "not a number"),
    ]


def _without(column: str) -> list[list[str]]:
    rows = [list(row) for row in log()]
    at = rows[0].index(column)
    return [row[:at] + row[at + 1 :] for row in rows]


@pytest.mark.parametrize("column", ["Time", "User full name", "Event context", "Component", "Event name"])
def test_a_missing_column_is_named_with_its_file(column: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"site/log\.csv lacks the column {column}"):
        run(write(tmp_path / "site" / "log.csv", _without(column)))


def test_a_folder_without_a_log_is_refused_with_what_is_there(tmp_path: Path) -> None:
    folder = write(tmp_path / "site" / "grades.csv", gradebook())
    (folder / "log.html").write_text("<table>")
    seen = r"has no log: \"grades\.csv is Moodle's grade book, log\.html is no report that is known\""
    with pytest.raises(SourceError, match=rf"{seen}\. Export Moodle's log report as CSV, XLSX or JSON"):
        run(folder)


def test_an_empty_folder_has_no_log(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with pytest.raises(SourceError, match="has no log: 'no file in .*site'"):
        run(tmp_path / "site")


@pytest.mark.parametrize("name", ["grades.ods", "log.xls"])
def test_a_sheet_of_a_kind_that_is_not_read_is_refused(name: str, tmp_path: Path) -> None:
    folder = both(tmp_path / "site")
    (folder / name).write_bytes(b"PK")
    with pytest.raises(SourceError, match=rf"site/{name} is a sheet of a kind .*Export it as CSV, XLSX or JSON"):
        run(folder)


@pytest.mark.parametrize("text", ['[[{"time": "3/09', "{}", "[[{}, 3", '[[{"time": {"a": 1}}]]'])
def test_a_json_file_that_is_no_list_of_rows_cannot_be_read(text: str, tmp_path: Path) -> None:
    folder = both(tmp_path / "site")
    (folder / "log.json").write_text(text)
    with pytest.raises(SourceError, match=r"site/log\.json cannot be read.*not a whole JSON list of rows"):
        run(folder)


def test_a_file_that_is_no_report_is_not_read_and_said(tmp_path: Path) -> None:
    write(tmp_path / "site" / "participants.csv", [["First name", "Email"], ["Åsa", MAILS["7"]]])
    assert "participants.csv: neither a log, a grade book nor a list of participants of Moodle; not read" in notes(
        run(both(tmp_path / "site"))
    )


def test_without_a_pass_mark_a_grade_book_says_who_the_learners_are(tmp_path: Path, query: Query) -> None:
    out = run(both(tmp_path / "site"), "")
    assert query(out, "SELECT learner_id FROM enrolments ORDER BY ALL") == [("7",), ("8",), ("9",)]
    assert query(out, "SELECT ends_at FROM courses") == [(None,)]
    assert not (out / "outcomes.parquet").exists()
    assert "its grades are no outcomes, as no pass mark is given" in notes(out)


@pytest.mark.parametrize("title", ["Course total (Letter)", "Course total", "Course total (Real)"])
def test_letters_are_no_grades_and_the_way_out_is_real(title: str, tmp_path: Path) -> None:
    letters = [[*row[:5], "A"] for row in gradebook()]
    letters[0][5] = title
    write(tmp_path / "site" / "log.csv", log())
    with pytest.raises(SourceError, match=r"course total.*Export the grade book again, with Real"):
        run(write(tmp_path / "site" / "grades.csv", letters))


def test_a_grade_book_of_others_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "site" / "log.csv", log())
    strangers = [gradebook()[0], ("Zoë", "Zhang", "1", "z@example.org", "1", "50")]
    with pytest.raises(SourceError, match="grade book and log have nobody in common"):
        run(write(tmp_path / "site" / "grades.csv", strangers))


def test_an_unknown_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no such time zone: 'Mars/Olympus'"):
        run(both(tmp_path / "site"), f"{PASSED_AT}&timezone=Mars/Olympus")


def test_a_log_of_several_courses_is_refused(tmp_path: Path) -> None:
    other = [*log()[1][:3], "Course: Algebra", *log()[1][4:]]
    with pytest.raises(SourceError, match="is of several courses"):
        run(write(tmp_path / "site" / "log.csv", [*log(), *[other] * 6]), "")


@pytest.mark.parametrize("name", ["log.xlsx", "log.csv.gz"])
def test_a_truncated_file_cannot_be_read(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "site" / name, log()) / name
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SourceError, match=f"{name} cannot be read"):
        run(tmp_path / "site")


def test_names_and_addresses_are_in_no_file_that_a_run_writes(tmp_path: Path) -> None:
    bad = [["Åsa Öberg", *log()[1][1:]], [ADDRESSES["7"], *log()[1][1:]], [MAILS["7"], *log()[1][1:]], log()[1][:4]]
    write(tmp_path / "site" / "log.csv", [*log(), *bad])
    write(tmp_path / "site" / "grades.csv", [*gradebook(), (*NAMES["2"], "", MAILS["2"], "", MAILS["2"])])
    work = tmp_path / "work"
    tables = work / "tables"
    key = "a key for tests only"
    extract([f"moodle-log:{tmp_path / 'site'}?{PASSED_AT}"], tables, key=key, max_bad_share=0.5)
    compute_features(tables, "weekly", work / "features")
    label_outcomes(tables, work / "features", work / "labels.parquet")
    written = "\n".join(_text_of(path) for path in work.rglob("*") if path.is_file())
    assert pseudonym(key, "7") in written
    secrets = [
        *ADDRESSES.values(),
        *MAILS.values(),
        *(part for name in NAMES.values() for part in (*name, " ".join(name))),
    ]
    assert [secret for secret in secrets if secret.casefold() in written.casefold()] == []


def test_an_error_about_bad_rows_shows_no_name(tmp_path: Path) -> None:
    write(tmp_path / "site" / "log.csv", [*log(), ["Åsa Öberg", *log()[1][1:]]])
    with pytest.raises(SourceError, match=r"Time xxx xxxxx not a timestamp"):
        run(tmp_path / "site", "")


def test_the_real_log_gives_its_learners_and_their_outcomes(tmp_path: Path, query: Query) -> None:
    if not REAL.is_dir():
        pytest.skip("the Moodle log report is not here")
    extract([f"moodle-log:{REAL}?pass_mark=5"], tmp_path / "out", key="a key for tests only")
    assert query(tmp_path / "out", "SELECT count(*), count(DISTINCT learner_id) FROM events") == [(95_626, 130)]
    assert query(tmp_path / "out", "SELECT outcome, count(*) FROM outcomes GROUP BY 1 ORDER BY 1") == [
        ("fail", 18),
        ("pass", 112),
    ]
    assert query(tmp_path / "out", "SELECT starts_at, ends_at FROM courses") == [
        (datetime(2019, 9, 9), datetime(2019, 10, 28))
    ]
    with gzip.open(REAL / "events.csv.gz", "rt") as text:
        users = {line.rsplit(",", 6)[1] for line in list(text)[1:100]}
    everything = "\n".join(_text_of(path) for path in (tmp_path / "out").iterdir())
    assert [user for user in users if user in everything] == []
    assert "not known" not in notes(tmp_path / "out")


def _text_of(path: Path) -> str:
    """All that a file says: of Parquet every text column."""
    if path.suffix != ".parquet":
        return path.read_text(encoding="utf-8", errors="replace")
    with duckdb.connect() as connection:
        return "\n".join(" ".join(map(str, row)) for row in connection.execute(f"FROM '{path}'").fetchall())
