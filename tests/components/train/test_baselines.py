"""The baselines: rules and two features, which do what they say, on any source."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from components.examples import Examples, read_examples
from components.train import find_candidates
from components.train.candidates.rules import RULES
from components.train.candidates.two_features import FEATURES
from components.train.export import export
from components.train.fitted import Fitted, fit
from components.train.masking import as_elsewhere
from earlybell.bundle import Catalogue, read_candidate
from earlybell.predict import Predictor

Read = tuple[Catalogue, Examples]


@pytest.fixture(scope="module")
def read(features: Path, labels: Path) -> Read:
    return read_examples(features, labels)


def _fitted(name: str, catalogue: Catalogue, examples: Examples) -> Fitted:
    candidate, weight = find_candidates()[name], np.ones(len(examples))
    return fit(candidate, catalogue, examples.values, examples.label, examples.learner, weight)


def _without(read: Read, features: tuple[str, ...]) -> Read:
    """The same rows of a source that has none of these features."""
    catalogue, examples = read
    values = examples.values.copy()
    values[:, [catalogue.names.index(feature) for feature in features]] = np.nan
    return catalogue, replace(examples, values=values)


def test_baselines_are_the_simplest_candidates() -> None:
    baselines = [candidate.name for candidate in find_candidates().values() if candidate.baseline]
    assert baselines == list(find_candidates())[:2] == ["rules", "two_features"]


def test_the_risk_of_rules_depends_on_how_many_hold_and_rises_with_them(read: Read) -> None:
    catalogue, examples = read
    risk = _fitted("rules", *read).predict(examples.values)
    columns = [examples.values[:, catalogue.names.index(feature)] for feature, _, _ in RULES]
    known = ~np.isnan(columns).any(axis=0)
    flags = [holds(column, bound) for column, (_, holds, bound) in zip(columns, RULES, strict=True)]
    met = np.sum(flags, axis=0)
    by_met = [np.unique(risk[known & (met == count)].round(6)) for count in range(4)]
    assert [len(risks) for risks in by_met] == [1, 1, 1, 1]
    assert np.all(np.diff(np.ravel(by_met)) > 0.05)


def test_two_features_look_at_two_features(read: Read) -> None:
    coefficients = _fitted("two_features", *read).estimator.coef_[0]
    names = np.array(read[0].names)
    assert set(names[coefficients != 0]) == set(FEATURES)


@pytest.mark.parametrize("name", ["rules", "two_features"])
@pytest.mark.parametrize("missing", [1, 2, 3], ids="without {}".format)
def test_a_source_without_its_features_still_has_the_baseline(
    read: Read, name: str, missing: int, tmp_path: Path
) -> None:
    own = {"rules": tuple(rule[0] for rule in RULES), "two_features": FEATURES}[name]
    catalogue, examples = _without(read, own[:missing])
    fitted = _fitted(name, catalogue, examples)
    export(fitted, catalogue, "SELECT 1", tmp_path / "out")
    predictor = Predictor(read_candidate(tmp_path / "out"))
    scaled, score, risk = predictor.score(examples.values)
    np.testing.assert_allclose(risk, fitted.predict(examples.values), atol=1e-5)
    np.testing.assert_allclose(predictor.effects(scaled).sum(axis=1) + predictor.base, score, atol=1e-4)
    if missing >= len(own):
        np.testing.assert_allclose(risk, examples.label.mean(), atol=0.01)  # the base rate, for everybody
    else:
        assert len(np.unique(risk)) > 1


def test_every_seventh_learner_is_trained_on_as_if_no_work_had_been_due(read: Read) -> None:
    catalogue, examples = read
    trained = as_elsewhere(examples, catalogue).values
    masked = examples.learner % 7 == 0
    for name, expected in (("missed_work", 0.0), ("mean_score", np.nan), ("missed_share", np.nan)):
        column = catalogue.names.index(name)
        np.testing.assert_array_equal(trained[masked, column], expected)
        np.testing.assert_array_equal(trained[~masked, column], examples.values[~masked, column])
    for name in ("assignment_per_week", "days_since_activity", "prior_attempts", "banked_score"):
        column = catalogue.names.index(name)
        np.testing.assert_array_equal(trained[:, column], examples.values[:, column])
