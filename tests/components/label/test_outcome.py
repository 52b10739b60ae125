"""The outcome label and the folds."""

from pathlib import Path

import duckdb
import pytest

from components.label import check_enough, label_outcomes
from earlybell.errors import TrainingError


def test_fail_and_withdrawn_are_1_and_the_rest_0(site: Path, features: Path, labels: Path) -> None:
    rows = (
        duckdb.connect()
        .execute(f"""
        SELECT DISTINCT outcome, label FROM read_parquet('{labels}')
        JOIN read_parquet('{features}/features.parquet') USING (moment_id)
        JOIN read_parquet('{site}/outcomes/*.parquet') USING (course_id, learner_id)""")
        .fetchall()
    )
    assert dict(rows) == {"pass": 0, "distinction": 0, "fail": 1, "withdrawn": 1}


def test_a_course_run_under_way_has_no_labels(site: Path, features: Path, labels: Path) -> None:
    (row,) = (
        duckdb.connect()
        .execute(f"""
        SELECT count(DISTINCT course_id), (SELECT count(DISTINCT course_id) FROM '{features}/features.parquet')
        FROM read_parquet('{labels}') l JOIN '{features}/features.parquet' f USING (moment_id)""")
        .fetchall()
    )
    assert row == (4, 5)


@pytest.mark.parametrize(
    ("unit", "fold"), [("learner_id", "learner_fold"), ("course_id", "run_fold")], ids=["learners", "runs"]
)
def test_all_rows_of_one_are_in_one_fold(features: Path, labels: Path, unit: str, fold: str) -> None:
    (row,) = (
        duckdb.connect()
        .execute(f"""
        SELECT max(folds), count(DISTINCT fold) FROM (
            SELECT {unit}, count(DISTINCT {fold}) AS folds, any_value({fold}) AS fold
            FROM read_parquet('{labels}') l JOIN '{features}/features.parquet' f USING (moment_id) GROUP BY {unit})""")
        .fetchall()
    )
    assert row == (1, 3 if unit == "learner_id" else 4)


def test_the_papers_split_tests_on_a_fifth_of_the_rows(labels: Path) -> None:
    (row,) = duckdb.connect().execute(f"SELECT avg(is_test::INTEGER) FROM '{labels}'").fetchall()
    assert 0.17 < row[0] < 0.23


@pytest.mark.parametrize(("outcome", "who"), [("pass", "none"), ("fail", "all")])
def test_one_outcome_only_is_refused(site: Path, features: Path, tmp_path: Path, outcome: str, who: str) -> None:
    only = tmp_path / "features.parquet"
    same = f"SELECT course_id, learner_id FROM read_parquet('{site}/outcomes/*.parquet') WHERE outcome = '{outcome}'"
    duckdb.connect().execute(
        f"COPY (FROM '{features}/features.parquet' SEMI JOIN ({same}) USING (course_id, learner_id)) TO '{only}'"
    )
    with pytest.raises(TrainingError, match=f"all learners have the same outcome: .*, {who} failed or left"):
        label_outcomes(site, tmp_path, tmp_path / "labels.parquet")


def test_too_few_learners_of_an_outcome_are_refused(site: Path, features: Path, tmp_path: Path) -> None:
    few, labels = tmp_path / "features.parquet", tmp_path / "labels.parquet"
    one_each = f"SELECT min(learner_id) AS learner_id FROM read_parquet('{site}/outcomes/*.parquet') GROUP BY outcome"
    duckdb.connect().execute(
        f"COPY (FROM '{features}/features.parquet' SEMI JOIN ({one_each}) USING (learner_id)) TO '{few}'"
    )
    label_outcomes(site, tmp_path, labels)
    with pytest.raises(TrainingError, match=r"too few learners to train on: '\d with label 1 .*at least 5 of each"):
        check_enough(tmp_path, labels)
