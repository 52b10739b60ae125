"""The whole of it on a small site: the step, the command, the page, and what was known when."""

import json
import shutil
from datetime import datetime
from html import escape
from pathlib import Path

import pytest
from kfp import dsl
from msgspec import structs

from components.monitor import Period, monitor, read_period
from components.monitor.component import monitor as step
from components.report.component import monitoring_report
from components.report.monitoring import trouble_words
from components.watched import WATCHED, Row, latest, read_rows, troubles
from earlybell.bundle import read_bundle
from earlybell.errors import MEMORY, SettingError
from earlybell.tables import sql
from earlybell.tables.sql import connect, quoted
from tests.conftest import Once

TERM = Period(datetime(2022, 1, 1), datetime(2024, 1, 1))


@pytest.fixture(scope="module")
def rows(bundle: Path, site: Path, once: Once) -> list[Row]:
    """All figures of a small site."""

    def make(out: Path) -> None:
        out.mkdir()
        monitor(bundle, site, out / "rows.parquet", TERM)

    return read_rows(once("watched", make) / "rows.parquet")


def test_a_site_has_figures_of_every_family_by_course_run_and_version(rows: list[Row], bundle: Path) -> None:
    families = {watched.family for watched in WATCHED.values()}
    assert {row.family for row in rows} == families
    assert {row.version for row in rows} == {read_bundle(bundle).version}
    assert {row.course_id for row in rows} == {"FMT-101-01", "FMT-101-02", "FMT-102-01", "FMT-102-02", "FMT-101-03"}
    ended = {row.course_id for row in rows if row.family == "outcome"}
    assert ended == {"FMT-101-01", "FMT-101-02", "FMT-102-01", "FMT-102-02"}


def test_outcomes_are_told_when_they_come_and_not_before(bundle: Path, site: Path, tmp_path: Path) -> None:
    figures = []
    for until in (datetime(2022, 12, 12), datetime(2022, 12, 13)):  # ten weeks from 5 September, and four more
        period = Period(datetime(2022, 12, 1), until)
        figures.append(monitor(bundle, site, tmp_path / f"{until:%d}.parquet", period))
    before, after = ({row.course_id for row in of if row.figure == "roc_auc"} for of in figures)
    assert before == set()
    assert after == {"FMT-101-01", "FMT-102-01"}


def test_a_look_back_is_what_the_look_was_then(rows: list[Row], bundle: Path, site: Path, tmp_path: Path) -> None:
    """Nothing that was known later counts: of estimates, drift and data."""
    then = monitor(bundle, site, tmp_path / "then", Period(datetime(2023, 3, 6), datetime(2023, 4, 10)))
    later = {row.key: row for row in rows}
    kept = [row for row in then if row.family not in ("outcome", "action") and row.as_of < datetime(2023, 4, 10)]
    assert len(kept) > 100
    assert [row for row in kept if later[row.key] != row] == []


def test_the_shares_of_a_small_group_are_not_shown(rows: list[Row]) -> None:
    hidden = [row for row in rows if row.status == "suppressed"]
    assert hidden
    assert all(row.value is None and row.low is None and row.learners == 0 for row in hidden)
    assert all(row.learners >= 10 for row in rows if row.figure == "flagged" and row.status == "ok")


def test_no_learner_is_named(rows: list[Row]) -> None:
    assert "learner-" not in json.dumps([(row.subject, row.sentence) for row in rows])


def test_the_step_and_the_page_say_what_was_found(
    bundle: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "_most_bytes", sql.MOST_BYTES)  # and afterwards as it was
    monkeypatch.delenv(MEMORY, raising=False)
    figures, page = dsl.Dataset(uri=str(tmp_path / "figures")), dsl.HTML(uri=str(tmp_path / "page.html"))
    model = dsl.Model(uri=str(bundle), metadata={"version": "7"})
    tables = dsl.Dataset(uri=str(site))
    step.python_func(since="2023-04-01", as_of="2023-05-20", bundle=model, tables=tables, figures=figures)
    assert connect().execute("SELECT current_setting('memory_limit')").fetchall() == [("953.6 MiB",)]
    monkeypatch.setenv(MEMORY, "2GiB")
    assert connect().execute("SELECT current_setting('memory_limit')").fetchall() == [("2.0 GiB",)]
    monitoring_report.python_func(figures=figures, page=page)
    found = read_rows(tmp_path / "figures")
    assert figures.metadata == {
        "since": "2023-04-01T00:00:00",
        "as_of": "2023-05-20T00:00:00",
        "runs": 2,
        "rows": len(found),
    }
    assert {row.version for row in found} == {"7"}
    html = (tmp_path / "page.html").read_text()
    assert "Is Earlybell still right?" in html
    assert all(row.course_id in html for row in found)
    assert all(escape(row.sentence) in html for row in troubles(found))


def test_of_what_is_beyond_its_threshold_the_last_look_counts_and_what_asks_to_act_comes_first() -> None:
    row = Row(course_id="A", version="1", as_of=datetime(2026, 3, 2), week=4, family="data", figure="coverage")
    warned = structs.replace(row, value=0.2, status="warning", sentence="Few.")
    over = structs.replace(warned, course_id="B")
    fine = structs.replace(over, as_of=datetime(2026, 3, 9), status="ok", sentence="")
    stopped = structs.replace(warned, course_id="C", figure="days_without_record", subject="events", status="problem")
    lines = [trouble_words(row) for row in troubles([warned, over, fine, stopped])]
    assert lines == [
        "problem: C, week 4: Teaching days since the newest record. Few.",
        "warning: A, week 4: Learners with enough evidence. Few.",
    ]


@pytest.mark.parametrize(
    ("since", "as_of", "message"),
    [
        ("yesterday", "now", "--since is neither"),
        ("", "soon", "--as-of is neither"),
        ("2026-03-02", "2026-03-02", "nothing lies between"),
    ],
)
def test_a_period_that_is_none_is_refused(since: str, as_of: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        read_period(since, as_of)


def test_a_period_goes_back_a_month_and_is_in_utc() -> None:
    assert read_period("", "2026-03-02T01:00+02:00") == Period(datetime(2026, 1, 29, 23), datetime(2026, 3, 1, 23))


def test_a_run_that_has_ended_has_nothing_wrong_with_its_data_any_more(rows: list[Row]) -> None:
    then = [row for row in rows if row.as_of < datetime(2023, 11, 1)]  # one of five runs is under way
    assert {row.course_id for row in latest(then) if row.family == "data"} == {"FMT-101-03"}
    assert [row for row in latest(rows) if row.family == "data"] == []


def test_before_the_first_weekly_look_there_is_no_row_and_no_error(bundle: Path, site: Path, tmp_path: Path) -> None:
    """As of a source in which nobody has been enrolled for a week."""
    tables = tmp_path / "tables"
    shutil.copytree(site, tables)
    for path in (tables / "enrolments").iterdir():
        none = tmp_path / "none"
        connect().execute(f"COPY (FROM read_parquet({quoted(path)}) LIMIT 0) TO {quoted(none)} (FORMAT parquet)")
        none.rename(path)
    assert monitor(bundle, tables, tmp_path / "rows.parquet", TERM) == []
    assert read_rows(tmp_path / "rows.parquet") == []
