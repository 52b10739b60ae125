"""Evaluation: what it writes, what it chooses, and how near the stated risks come to the true ones."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from components.evaluate.choice import choose
from components.evaluate.splits import held_out
from components.examples import read_examples
from earlybell.bundle import Evaluation, Training, read_bundle
from tests.figures import ends_of, value_of


@pytest.fixture(scope="module")
def evaluation(bundle: Path) -> Evaluation:
    return read_bundle(bundle).evaluation


@pytest.mark.parametrize("split", ["course_run", "learner", "random"])
@pytest.mark.parametrize("cutoff", [0.2, 0.4, 0.6, 0.8, None], ids=str)
def test_every_candidate_has_every_metric_with_an_interval(
    evaluation: Evaluation, split: str, cutoff: float | None
) -> None:
    rows = [row for row in evaluation.metrics if (row.split, row.cutoff, row.group) == (split, cutoff, "all")]
    names = {row.metric for row in rows}
    assert {"roc_auc", "pr_auc", "brier", "calibration_error", "accuracy", "precision", "recall", "f1"} <= names
    assert {"true_positives", "false_positives", "false_negatives", "true_negatives"} <= names
    for row in rows:
        if row.metric == "roc_auc":
            low, high = ends_of(row)
            assert low <= value_of(row) <= high
    assert {row.candidate for row in rows} == {"logistic", "forest", "xgboost", "tuned"}


def test_counts_of_the_confusion_matrix_are_the_learners_of_the_cutoff(evaluation: Evaluation) -> None:
    names = [f"{right}_{side}" for right in ("true", "false") for side in ("positives", "negatives")]
    rows = {name: evaluation.figure(name, 0.4) for name in (*names, "roc_auc")}
    found = {name: row for name, row in rows.items() if row}
    assert found.keys() == rows.keys()
    assert evaluation.split == "course_run"
    assert sum(value_of(found[name]) for name in names) == found["roc_auc"].learners


def test_risks_in_runs_left_out_match_the_true_risk_of_the_simulated_site(
    site: Path, features: Path, labels: Path, candidates: dict[str, Path]
) -> None:
    _, examples = read_examples(features, labels)
    risk = held_out(candidates["logistic"], "course_run", examples)
    truth = (
        duckdb.connect()
        .execute(f"""
        SELECT t.risk FROM '{labels}' l JOIN '{features}/features.parquet' f USING (moment_id)
        LEFT JOIN '{site}/truth/true_risk.parquet' t USING (course_id, learner_id, as_of) ORDER BY moment_id""")
        .fetchnumpy()
    )
    true = np.ma.filled(np.ma.asarray(truth["risk"]), np.nan)
    known = ~np.isnan(true)
    assert known.mean() > 0.9
    for low, high in ((0.0, 0.25), (0.25, 0.5), (0.5, 1.0)):
        bin_ = known & (risk >= low) & (risk < high)
        assert abs(risk[bin_].mean() - true[bin_].mean()) < 0.12


def test_the_sealed_bundle_is_the_chosen_candidate(bundle: Path, evaluation: Evaluation) -> None:
    found = read_bundle(bundle)
    assert found.manifest.algorithm == evaluation.chosen
    assert found.training is not None
    assert found.training.name == evaluation.chosen
    assert {"model.onnx", "features.sql", "bands.json", "evaluation.json"} <= set(found.manifest.files)
    assert found.bands.high > found.bands.medium


def _auc(mean: float, spread: float) -> dict[float, Any]:
    noise = np.random.default_rng(int(mean * 1000)).normal(0, spread, 200)
    return {0.4: np.r_[mean, mean + noise]}


TRAINING = {
    "simple": Training(name="simple", title="Simple", complexity=1),
    "grand": Training(name="grand", title="Grand", complexity=4),
}


def test_the_simpler_is_chosen_where_the_difference_is_noise() -> None:
    chosen, rule = choose(TRAINING, {"simple": _auc(0.80, 0.02), "grand": _auc(0.81, 0.02)}, "course_run")
    assert chosen == "simple"
    assert "a difference within noise" in rule


def test_the_better_is_chosen_where_it_clearly_is() -> None:
    chosen, _ = choose(TRAINING, {"simple": _auc(0.70, 0.005), "grand": _auc(0.81, 0.005)}, "course_run")
    assert chosen == "grand"
