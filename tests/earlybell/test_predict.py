"""Predictions: by which SQL, and what a teacher reads (for whom and as of when: test_moments.py)."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest
from msgspec import structs

from earlybell.bundle import Bundle, read_bundle
from earlybell.errors import BundleError
from earlybell.predict import (
    Observed,
    Predictions,
    Predictor,
    confine,
    create_moments,
    json_rows,
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
    moment, answer = ["course_id", "learner_id", "as_of"], ["risk", "low", "high", "band", "doubt", "correction"]
    assert names == [*moment, *answer, "reasons", "outlook"]
    rows = table.fetchall()
    np.testing.assert_allclose([row[3] for row in rows], predictions.risk)
    assert rows[0][-2][0]["words"] == predictions.reasons[0][0].words
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["risks.parquet"]


_FIELDS = dataclasses.fields(Observed)
_SQL_TYPES = {
    "course_id": "VARCHAR",
    "learner_id": "VARCHAR",
    "as_of": "TIMESTAMP",
    "risk": "DOUBLE",
    "low": "DOUBLE",
    "high": "DOUBLE",
    "band": "VARCHAR",
    "doubt": "VARCHAR",
    "correction": "DOUBLE",
    "reasons": 'STRUCT(feature VARCHAR, "value" DOUBLE, effect DOUBLE, words VARCHAR, changeable BOOLEAN)[]',
    "outlook": 'STRUCT(head VARCHAR, "value" DOUBLE, low DOUBLE, high DOUBLE, agrees BOOLEAN, words VARCHAR)[]',
}


@pytest.mark.parametrize("rows", [None, 1, 0], ids=["everybody", "somebody without a reason", "nobody"])
def test_the_file_and_the_lines_of_json_have_the_same_columns_and_values(
    predictions: Predictions, tmp_path: Path, rows: int | None
) -> None:
    part = slice(rows)
    observed = Observed(**{one.name: getattr(predictions.observed, one.name)[part] for one in _FIELDS})
    reasons = predictions.reasons if rows is None else [()] * rows
    outlook = predictions.outlook if rows is None else [()] * rows
    names = ("risk", "band", "doubt", "low", "high", "correction")
    columns = {name: getattr(predictions, name)[part] for name in names}
    some = Predictions(observed, **columns, reasons=reasons, outlook=outlook)
    write_predictions(some, tmp_path / "risks.parquet")
    connection = duckdb.connect()
    table = connection.execute(f"DESCRIBE FROM '{tmp_path}/risks.parquet'").fetchall()
    assert {name: kind for name, kind, *_ in table} == _SQL_TYPES
    read = connection.execute(f"FROM '{tmp_path}/risks.parquet'").fetchall()
    lines = [json.loads(line) for line in json_rows(some)]
    assert [dict(zip(_SQL_TYPES, (*row[:2], row[2].isoformat(), *row[3:]), strict=True)) for row in read] == lines
    risks = [
        (one["learner_id"], one["risk"], one["band"], [reason["words"] for reason in one["reasons"]]) for one in lines
    ]
    expected = [
        (one.learner_id, one.risk, one.band, [reason.words for reason in one.reasons]) for one in some.learners()
    ]
    assert risks == expected


def test_predicting_loads_no_training_code(bundle: Path, site: Path) -> None:
    code = f"""
import sys
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
