"""Evaluation: what it writes, what it chooses, and how near the stated risks come to the true ones."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from components.evaluate import evaluate
from components.evaluate.choice import choose, gain_over_baseline
from components.evaluate.splits import held_out
from components.examples import read_examples
from earlybell.bundle import Evaluation, Training, read_bundle
from earlybell.predict import courses_at
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


def test_baselines_are_measured_beside_the_models_and_the_gain_over_the_better_is_recorded(
    candidates: dict[str, Path], features: Path, labels: Path, site: Path, tmp_path: Path
) -> None:
    of_three = [candidates[name] for name in ("rules", "two_features", "logistic")]
    evaluation = evaluate(of_three, features, labels, site, tmp_path / "bundle")
    assert [candidate.baseline for candidate in evaluation.candidates] == [True, True, False]
    assert evaluation.gain is not None
    cutoffs = [cutoff for cutoff in evaluation.cutoffs if evaluation.figure("brier_skill", cutoff) is not None]

    def skill(candidate: str) -> float:
        figures = (evaluation.figure("brier_skill", cutoff, candidate=candidate) for cutoff in cutoffs)
        return float(np.mean([value_of(figure) for figure in figures if figure]))

    assert evaluation.gain.candidate == "logistic"
    expected = skill("logistic") - skill(evaluation.gain.baseline)
    assert value_of(evaluation.gain.brier_skill) == pytest.approx(expected, abs=1e-5)


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
    risk = held_out(candidates["logistic"], "course_run", examples, courses_at(site, examples.observed))
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


def _figure(mean: float, spread: float) -> dict[float, Any]:
    noise = np.random.default_rng(int(mean * 1000)).normal(0, spread, 200)
    return {0.4: np.r_[mean, mean + noise]}


AUC = {"simple": {0.4: np.full(201, 0.9)}, "grand": {0.4: np.full(201, 0.6)}}  # it decides nothing
TRAINING = {
    "simple": Training(name="simple", title="Simple", complexity=1),
    "grand": Training(name="grand", title="Grand", complexity=4),
}


def test_the_simpler_is_chosen_where_the_difference_is_noise() -> None:
    skill = {"simple": _figure(0.80, 0.02), "grand": _figure(0.81, 0.02)}
    chosen, rule = choose(TRAINING, skill, AUC, "course_run")
    assert chosen == "simple"
    assert "a difference within noise" in rule


def test_the_better_is_chosen_where_it_clearly_is() -> None:
    skill = {"simple": _figure(0.70, 0.005), "grand": _figure(0.81, 0.005)}
    chosen, rule = choose(TRAINING, skill, AUC, "course_run")
    assert chosen == "grand"
    assert "Grand reaches 0.810 (AUC 0.600)" in rule


BASELINE = {"simple": Training(name="simple", title="Simple", complexity=1, baseline=True), "grand": TRAINING["grand"]}


def test_a_baseline_that_is_as_good_is_chosen_and_the_rule_says_so() -> None:
    skill = {"simple": _figure(0.80, 0.02), "grand": _figure(0.81, 0.02)}
    chosen, rule = choose(BASELINE, skill, AUC, "course_run")
    assert chosen == "simple"
    assert rule.endswith(" A baseline is as good.")
    gain = gain_over_baseline(BASELINE, skill, chosen)
    assert gain is not None
    assert (gain.candidate, gain.baseline) == ("grand", "simple")
    low, high = ends_of(gain.brier_skill)
    assert low < 0 < high


def test_what_the_chosen_candidate_gains_over_the_better_baseline_is_a_difference_of_the_same_resamples() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 201)
    training = BASELINE | {"rules": Training(name="rules", title="Rules", complexity=0, baseline=True)}
    skill = {name: {0.4: value + noise} for name, value in (("rules", 0.1), ("simple", 0.2), ("grand", 0.5))}
    chosen, rule = choose(training, skill, skill, "course_run")
    assert chosen == "grand"
    assert "baseline" not in rule
    gain = gain_over_baseline(training, skill, chosen)
    assert gain is not None
    assert (gain.candidate, gain.baseline) == ("grand", "simple")
    assert ends_of(gain.brier_skill) == pytest.approx((0.3, 0.3))
    assert value_of(gain.brier_skill) == pytest.approx(0.3)


def test_without_a_baseline_there_is_nothing_to_compare_with() -> None:
    skill = {"simple": _figure(0.70, 0.005), "grand": _figure(0.81, 0.005)}
    assert gain_over_baseline(TRAINING, skill, "grand") is None
