"""The heads: what is exported answers as what was trained, each fold without the rows that it is measured on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from xgboost import XGBRegressor

from components.examples import Examples, read_examples
from components.targets import read_heads, read_targets
from components.train import train_heads
from components.train.heads import _folds, _score, score_to_onnx
from components.train.preprocessing import fit_preprocessing
from earlybell.bundle.json_files import write_json
from earlybell.predict import HeadModel


@pytest.fixture(scope="module")
def examples(features: Path, labels: Path) -> Examples:
    return read_examples(features, labels)[1]


def _written(folder: Path, name: str, model: bytes) -> HeadModel:
    (folder / name).write_bytes(model)
    return HeadModel(folder / name)


def test_each_head_has_a_model_for_the_job_and_for_each_run_left_out(heads: Path) -> None:
    names = [head.name for head in read_heads(heads)]
    assert names == ["next_work", "leaving", "final_score"]
    folds = {path.name for path in heads.iterdir() if path.is_dir()}
    assert folds == {"final", "course_run-0", "course_run-1", "course_run-2", "course_run-3"}
    assert {path.relative_to(heads).as_posix() for path in heads.glob("*/*.onnx")} == {
        f"{fold}/{name}.onnx" for fold in folds for name in names
    }


def test_a_score_is_answered_as_the_trained_trees_do_missing_values_included(
    examples: Examples, tmp_path: Path
) -> None:
    preprocessing = fit_preprocessing(examples.values)
    target = 60 + 30 * np.sin(np.arange(len(examples)) % 7)
    trees = XGBRegressor(n_estimators=20, max_depth=3).fit(preprocessing.scale(examples.values), target)
    strange = np.vstack([examples.values, np.full_like(examples.values[:1], np.nan), examples.values[:9] * 1000])
    answers = _written(tmp_path, "a.onnx", score_to_onnx(preprocessing, trees).SerializeToString()).answer(strange)
    assert np.isnan(strange).any()
    np.testing.assert_allclose(answers, trees.predict(preprocessing.scale(strange)), atol=1e-3)


def test_a_row_that_stands_for_many_weighs_as_many(examples: Examples, tmp_path: Path) -> None:
    values = np.zeros_like(examples.values[:2000])
    target, weight = np.repeat([0.0, 100.0], 1000), np.repeat([1.0, 3.0], 1000)
    model = _written(tmp_path, "a.onnx", _score(values, target, weight).SerializeToString())
    assert model.answer(values[:1]) == pytest.approx(75, abs=1)


def test_probabilities_are_those_of_the_target_and_calibrated(
    heads: Path, features: Path, labels: Path, targets: Path, examples: Examples
) -> None:
    target = read_targets(features, labels, targets)["next_work"]
    known = ~np.isnan(target)
    answer = HeadModel(heads / "final" / "next_work.onnx").answer(examples.values[known])
    assert ((answer > 0) & (answer < 1)).all()
    assert answer.mean() == pytest.approx(target[known].mean(), abs=0.03)
    assert answer[target[known] == 1].mean() > answer[target[known] == 0].mean() + 0.05


def test_no_fold_trains_on_what_it_is_measured_on(examples: Examples) -> None:
    known = np.arange(0, len(examples), 2)
    for fold, rows in _folds(examples, known).items():
        assert set(rows.tolist()) <= set(known.tolist())
        if fold != "final":
            number = int(fold.rpartition("-")[2])
            assert rows.tolist() == known[examples.run_fold[known] != number].tolist()
            assert not set(examples.course_id[rows]) & set(examples.course_id[examples.run_fold == number])
    alone = _folds(replace(examples, run_fold=np.zeros_like(examples.run_fold)), known)
    assert set(alone) == {"final", "learner-0", "learner-1", "learner-2"}
    for fold, rows in alone.items():
        if fold != "final":
            left_out = np.setdiff1d(known, rows)
            assert not set(examples.learner[rows]) & set(examples.learner[left_out])


def test_a_target_that_is_always_the_same_or_rare_is_not_learned(
    features: Path, labels: Path, targets: Path, tmp_path: Path
) -> None:
    import duckdb

    folder = tmp_path / "targets"
    folder.mkdir()
    write_json(folder / "heads.json", read_heads(targets))
    select = f"""SELECT moment_id, 1.0 AS next_work, if(moment_id < 50, leaving, NULL) AS leaving, final_score
        FROM '{targets}/targets.parquet'"""
    duckdb.connect().execute(f"COPY ({select}) TO '{folder}/targets.parquet'")
    rows = train_heads(features, labels, folder, tmp_path / "heads")
    assert list(rows) == ["final_score"]
    assert [head.name for head in read_heads(tmp_path / "heads")] == ["final_score"]
