"""Explanations that can be relied on: LIME beside SHAP, and a week later."""

from pathlib import Path

import numpy as np
import pytest

from components.evaluate.explanations import agreement, lime, rank_correlation, stability
from components.examples import Examples, read_examples
from earlybell.bundle import read_candidate
from earlybell.predict import Predictor


@pytest.fixture(scope="module")
def examples(features: Path, labels: Path) -> Examples:
    return read_examples(features, labels)[1]


@pytest.fixture(scope="module")
def predictor(candidates: dict[str, Path]) -> Predictor:
    return Predictor(read_candidate(candidates["logistic"] / "final"))


def test_lime_finds_the_effects_of_a_linear_model_that_shap_finds(predictor: Predictor, examples: Examples) -> None:
    row = examples.values[np.nanargmax(examples.values[:, 0])]
    found = lime(predictor, row, examples.values, seed=1)
    expected = predictor.effects(predictor.score(row[None, :])[0])[0]
    assert np.corrcoef(found, expected)[0, 1] > 0.8


def test_the_two_are_shown_side_by_side_and_agree_on_most(predictor: Predictor, examples: Examples) -> None:
    risk = predictor.score(examples.values)[2].astype(np.float64)
    found = agreement(predictor, examples, risk, seed=1)
    assert len(found.learner) == 5
    assert found.correlation is not None
    assert found.correlation > 0.6
    assert found.shared >= 3


def test_a_week_later_most_reasons_are_the_same(predictor: Predictor, examples: Examples) -> None:
    found = stability(predictor, examples, seed=1)
    assert found.risk_change.median is not None
    assert found.risk_change.p90 is not None
    assert found.shared is not None
    assert 0 < found.risk_change.median <= found.risk_change.p90 < 0.6
    assert 2.5 < found.shared <= 5
    assert found.pairs == 1000


def test_the_rank_correlation_shares_ranks_among_equal_effects() -> None:
    """By hand: the ranks of (0, 0, 3, 5) are 1.5, 1.5, 3, 4 and of (1, 2, 2, 9) are 1, 2.5, 2.5, 4. Less their mean of
    2.5 the products sum to 1.5 + 0 + 0 + 2.25 = 3.75, the squares to 4.5 each: 3.75 / 4.5. Ranks of argsort say 1.
    """
    assert rank_correlation(np.array([0.0, 0, 3, 5]), np.array([1.0, 2, 2, 9])) == pytest.approx(3.75 / 4.5)
    assert rank_correlation(np.array([0.0, 0, 0, 1]), np.array([0.0, 0, 1, 0])) == pytest.approx(-1 / 3)
    assert rank_correlation(np.arange(9.0), -np.arange(9.0)) == pytest.approx(-1)


def test_effects_that_are_all_the_same_have_no_rank_correlation() -> None:
    assert rank_correlation(np.zeros(5), np.arange(5.0)) is None
    assert rank_correlation(np.arange(5.0), np.full(5, 0.1)) is None
