"""Estimates without outcomes: figures by hand, and how often the interval holds what labels show."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from components.monitor.estimate import Estimates, auc, drawn, estimates, expected_auc
from components.monitor.labels import Labels
from earlybell.bundle import read_bundle
from tests.components.monitor.terms import numbers, terms


def test_the_auc_is_that_of_scikit_learn_ties_included() -> None:
    rng = np.random.default_rng(0)
    label, risk = rng.integers(0, 2, 300), rng.integers(0, 9, 300) / 9
    assert auc(label, risk).auc == pytest.approx(roc_auc_score(label, risk))


def test_delongs_error_by_hand() -> None:
    # Positives 3 and 1, negatives 2 and 0. Over: 1 and 1/2, variance 1/8; under: 1/2 and 1, variance 1/8; by 2 each.
    ranked = auc(np.array([1, 1, 0, 0]), np.array([3.0, 1.0, 2.0, 0.0]))
    assert ranked == pytest.approx((0.75, (1 / 16 + 1 / 16) ** 0.5))


def test_delongs_error_is_how_much_aucs_of_samples_differ() -> None:
    rng = np.random.default_rng(1)
    drawn_aucs = []
    for _ in range(400):
        label = (rng.random(150) < 0.3).astype(np.int64)
        drawn_aucs.append(auc(label, rng.normal(label * 1.2, 1.0)))
    assert np.mean([one.error for one in drawn_aucs]) == pytest.approx(np.std([one.auc for one in drawn_aucs]), rel=0.1)


def test_the_expected_auc_by_hand() -> None:
    # Pairs of a positive and a negative, weighed by their chances: .8 over .4 or .8, half of a tie; of all pairs.
    chance = np.array([0.8, 0.6, 0.2])
    over = 0.8 * (0.4 + 0.8) + 0.6 * 0.8
    ties = 0.5 * (0.8 * 0.2 + 0.6 * 0.4 + 0.2 * 0.8)
    assert expected_auc(chance, chance) == pytest.approx((over + ties) / (1.6 * 1.4))
    assert expected_auc(np.full(5, 0.3), np.full(5, 0.3)) == pytest.approx(0.5)


def test_brier_and_precision_are_what_calibrated_risks_lead_to_expect() -> None:
    risk = np.array([0.9, 0.5, 0.1])
    figures = estimates(risk, risk, risk > 0.4, level=0.0)
    assert figures["brier"].value == pytest.approx((0.09 + 0.25 + 0.09) / 3)
    assert figures["precision"].value == pytest.approx(0.7)
    assert "precision" not in estimates(risk, risk, risk > 1, level=0.0)


def test_the_interval_holds_what_labels_show_where_level_and_slope_are_off_as_stated() -> None:
    rng, inside = np.random.default_rng(2), []
    for number in range(200):
        risk = expit(rng.normal(-1, 1.2, 200))
        odds = logit(risk)
        steep = np.mean(risk * (1 - risk))
        slope, shift = np.exp(rng.normal(0, 0.2)), rng.normal(0, 0.05 / steep)
        label = rng.random(200) < expit(odds.mean() + slope * (odds - odds.mean()) + shift)
        figures = estimates(risk, risk, risk > 0.5, level=0.05, seed=number)
        truth = {
            "auc": auc(label, risk).auc,
            "brier": np.mean((risk - label) ** 2),
            "precision": label[risk > 0.5].mean(),
        }
        inside.append([figures[name].low <= value <= figures[name].high for name, value in truth.items()])
    shares = np.mean(inside, axis=0)
    assert (shares >= 0.9).all(), shares
    assert (shares <= 0.99).all(), shares


def test_labels_are_drawn_alike_for_one_seed_and_go_by_the_level() -> None:
    risk = np.full(2_000, 0.3)
    assert (drawn(risk, 0.05, 7) == drawn(risk, 0.05, 7)).all()
    assert drawn(risk, 0.05, 7).mean(axis=1).std() == pytest.approx(0.05, rel=0.2)
    assert drawn(risk, 0.0, 7).mean(axis=1).std() == pytest.approx((0.21 / 2_000) ** 0.5, rel=0.3)


@pytest.mark.parametrize(("days", "figures"), [(0, {"adjusted_auc", "adjusted_calibration_gap"}), (1, set[str]())])
def test_a_look_is_adjusted_only_by_outcomes_that_were_known_then(bundle: Path, days: int, figures: set[str]) -> None:
    weeks = terms(read_bundle(bundle), courses=1, rounds=3)
    run, number = weeks.runs["C000-2"], numbers(weeks)
    bad = (number % 2 == 0).astype(np.float64)
    look = weeks.at(weeks.rows(run.course_id, 6))
    decided = np.full(len(bad), np.datetime64(look + timedelta(days=days), "us"))
    labels = Labels(bad, np.zeros(len(bad), dtype=bool), bad, decided)
    rows = Estimates(weeks, labels).rows(run, 6, "1")
    assert {row.figure for row in rows if row.figure.startswith("adjusted")} == figures
