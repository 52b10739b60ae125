"""Explanations that can be relied on: LIME beside SHAP, and a week later."""

from pathlib import Path

import numpy as np
import pytest

from components.evaluate.explanations import agreement, lime, stability
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
    assert len(found["learner"]) == 5
    assert found["correlation"] > 0.6
    assert found["shared"] >= 3


def test_a_week_later_most_reasons_are_the_same(predictor: Predictor, examples: Examples) -> None:
    found = stability(predictor, examples, seed=1)
    assert 0 < found["risk_change"]["median"] <= found["risk_change"]["p90"] < 0.6
    assert 2.5 < found["shared"] <= 5
    assert found["pairs"] == 1000
