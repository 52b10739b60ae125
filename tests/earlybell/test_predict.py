"""Predictions: for whom, by which SQL, and what a teacher reads."""

import dataclasses
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from msgspec import structs

from earlybell.bundle import Bundle, read_bundle
from earlybell.errors import BundleError, SettingError
from earlybell.predict import (
    Predictions,
    Predictor,
    confine,
    create_moments,
    observe,
    open_tables,
    write_predictions,
)
from earlybell.tables.sql import quoted, quoted_path


@pytest.fixture(scope="module")
def opened(bundle: Path) -> Bundle:
    return read_bundle(bundle)


@pytest.fixture(scope="module")
def predictions(opened: Bundle, site: Path) -> Predictions:
    return Predictor(opened).predict_tables(site, "0.5")


def test_everybody_enrolled_then_is_predicted_once_and_nobody_who_had_left(
    predictions: Predictions, site: Path
) -> None:
    (expected,) = (
        open_tables(site)
        .execute("""
        SELECT count(*) FROM enrolments JOIN courses USING (course_id)
        WHERE enrolled_at < starts_at + (ends_at - starts_at) / 2
        AND (unenrolled_at IS NULL OR unenrolled_at >= starts_at + (ends_at - starts_at) / 2)""")
        .fetchall()
    )
    assert len(predictions.risk) == expected[0]
    keys = set(zip(predictions.observed.course_id, predictions.observed.learner_id, strict=True))
    assert len(keys) == len(predictions.risk)


def test_risk_lies_within_its_interval_and_the_band_follows_the_thresholds(
    predictions: Predictions, opened: Bundle
) -> None:
    assert ((predictions.low <= predictions.risk) & (predictions.risk <= predictions.high)).all()
    high = predictions.band == "high"
    assert (predictions.risk[high] >= opened.bands.high).all()
    assert set(predictions.band) <= {"high", "medium", "low", "insufficient_evidence"}


def test_a_learner_of_the_first_days_has_insufficient_evidence(opened: Bundle, site: Path) -> None:
    bands = Predictor(opened).predict_tables(site, "0.05").band
    assert set(bands) == {"insufficient_evidence"}


def test_reasons_are_the_catalogues_words_and_never_the_calendar_alone(predictions: Predictions) -> None:
    reasons = [reason for one in predictions.reasons for reason in one]
    assert reasons
    assert not {reason.feature for reason in reasons} & {"progress"}
    assert all(reason.words and "{" not in reason.words for reason in reasons)
    assert all(len(one) <= 3 for one in predictions.reasons)


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
    connection.execute("""
        CREATE TABLE courses AS SELECT *, NULL::VARCHAR AS timezone
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


def test_nobody_enrolled_now_is_no_error(site: Path) -> None:
    assert create_moments(open_tables(site), "now") == 0


def _run(start: str, end: str, zone: str | None) -> duckdb.DuckDBPyConnection:
    """A course run with one learner, enrolled before its start."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE courses AS SELECT 'run' AS course_id, ?::TIMESTAMP AS starts_at, ?::TIMESTAMP AS ends_at, "
        "?::VARCHAR AS timezone",
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


def test_weekly_moments_are_a_week_apart_from_the_start(site: Path) -> None:
    connection = open_tables(site)
    create_moments(connection, "weekly")
    days = connection.execute("""
        SELECT DISTINCT epoch(as_of - starts_at) / 86400 % 7 FROM moments JOIN courses USING (course_id)""").fetchall()
    assert days == [(0,)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("COPY (SELECT 1) TO 'stolen.csv'", "is not one SELECT"),
        ("SELECT 1; SELECT 2", "is not one SELECT"),
        ("SELECT moment_id FROM read_text('/etc/hostname'), moments", "does not run"),
        ("SELECT moment_id FROM nowhere", "does not run"),
        ("SELEC", "cannot be parsed"),
    ],
    ids=["writes", "two statements", "reads a file", "unknown table", "not SQL"],
)
def test_a_bundles_sql_can_only_select_from_the_tables(site: Path, sql: str, said: str) -> None:
    connection = open_tables(site)
    create_moments(connection, "0.5")
    confine(connection, site)
    with pytest.raises(BundleError, match=said):
        observe(connection, sql, ["progress"])


def test_a_confined_connection_cannot_be_opened_again(site: Path) -> None:
    connection = open_tables(site)
    confine(connection, site)
    for statement in ("SET enable_external_access = true", "INSTALL httpfs", "SET lock_configuration = false"):
        with pytest.raises(duckdb.Error):
            connection.execute(statement)


def test_a_model_for_other_features_is_refused(opened: Bundle) -> None:
    fewer = structs.replace(opened.catalogue, features=opened.catalogue.features[:-1])
    with pytest.raises(BundleError, match="another number of features"):
        Predictor(dataclasses.replace(opened, catalogue=fewer))


def test_predictions_are_written_as_a_row_a_moment(predictions: Predictions, tmp_path: Path) -> None:
    write_predictions(predictions, tmp_path / "deep" / "risks.parquet")
    table = duckdb.connect().execute(f"FROM '{tmp_path}/deep/risks.parquet'")
    names = [column[0] for column in table.description or []]
    assert names == ["course_id", "learner_id", "as_of", "risk", "low", "high", "band", "reasons"]
    rows = table.fetchall()
    np.testing.assert_allclose([row[3] for row in rows], predictions.risk)
    assert rows[0][7][0]["words"] == predictions.reasons[0][0].words
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["risks.parquet"]


def test_predicting_loads_no_training_code(bundle: Path, site: Path) -> None:
    code = f"""
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from earlybell.bundle import read_bundle
from earlybell.predict import Predictor
Predictor(read_bundle(Path({str(bundle)!r}))).predict_tables(Path({str(site)!r}), "0.5")
heavy = {{"ibis", "kfp", "mlflow", "pandera", "sklearn", "pandas", "onnxmltools", "onnx", "matplotlib", "components"}}
print(sorted(heavy & {{name.split(".")[0] for name in sys.modules}}))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stdout


@pytest.mark.parametrize("name", ["it's [x]*", "a?"])
def test_tables_in_a_folder_of_any_name_are_predicted_and_what_lies_beside_them_stays_closed(
    opened: Bundle, predictions: Predictions, site: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name / "tables"
    shutil.copytree(site, folder)
    (folder.parent / "secret.csv").write_text("a\n1\n")
    (tmp_path / "link").symlink_to(folder)
    for place in (folder, tmp_path / "link"):
        np.testing.assert_array_equal(Predictor(opened).predict_tables(place, "0.5").risk, predictions.risk)
    connection = open_tables(folder)
    confine(connection, folder)
    for path in (folder.parent / "secret.csv", f"{folder}/../secret.csv"):
        for literal in (quoted(path), quoted_path(path)):
            with pytest.raises(duckdb.PermissionException):
                connection.execute(f"FROM read_csv({literal})")
