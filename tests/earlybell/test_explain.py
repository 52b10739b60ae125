"""The full attribution: a reader can follow base + effects = score, and from there to the risk."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.train import find_candidates
from earlybell.bundle import read_bundle, read_candidate
from earlybell.predict import Observed, Predictor, confine, create_moments, observe, open_tables


@pytest.fixture(params=find_candidates())
def predictor(request: pytest.FixtureRequest, candidates: dict[str, Path], bundle: Path) -> Predictor:
    """Each kind of model, with the bands of the one that was chosen."""
    model = read_candidate(candidates[request.param] / "final")
    return Predictor(dataclasses.replace(model, bands=read_bundle(bundle).bands))


@pytest.fixture
def observed(predictor: Predictor, site: Path) -> Observed:
    connection = open_tables(site)
    create_moments(connection, "0.5")
    confine(connection, site)
    return observe(connection, predictor.bundle.sql, predictor.bundle.catalogue.names)


def test_base_and_effects_add_up_to_the_score_and_the_score_leads_to_the_risk(
    predictor: Predictor, observed: Observed
) -> None:
    found = list(predictor.explain(observed)[1])
    _, score, risk = predictor.score(observed.values)
    assert len(found) == len(observed)
    summed = [one.base + sum(effect.effect for effect in one.effects) for one in found]
    np.testing.assert_allclose(summed, score, atol=1e-4)
    np.testing.assert_allclose([one.score for one in found], score)
    calibrated = [predictor.bundle.reasons.risk(one.score) for one in found]
    np.testing.assert_allclose(calibrated, risk, atol=1e-5)
    np.testing.assert_allclose([one.risk for one in found], risk)


def test_the_map_to_the_risk_can_be_read_and_followed_by_hand(predictor: Predictor, observed: Observed) -> None:
    one = next(predictor.explain(observed)[1])
    right = one.calibration.formula.removeprefix("risk = ")
    assert eval(right, {"exp": np.exp, "log": np.log, "score": one.score}) == pytest.approx(one.risk, abs=1e-4)  # noqa: S307
    probable = predictor.bundle.path.parent.name in ("candidate-forest", "candidate-rules")
    unit = "probability" if probable else "log-odds"
    assert one.calibration.unit == unit


def test_every_feature_has_its_effect_its_value_and_its_words(predictor: Predictor, observed: Observed) -> None:
    one = next(predictor.explain(observed)[1])
    features = predictor.bundle.catalogue.features
    assert [effect.feature for effect in one.effects] == [feature.name for feature in features]
    assert [effect.changeable for effect in one.effects] == [feature.changeable for feature in features]
    for effect, value in zip(one.effects, observed.values[0], strict=True):
        assert effect.words
        assert "nan" not in effect.words
        assert effect.value == (None if np.isnan(value) else pytest.approx(float(value)))


def test_what_is_not_known_is_said_to_be_so(predictor: Predictor, observed: Observed) -> None:
    nothing = dataclasses.replace(observed, values=np.full_like(observed.values, np.nan))
    for effect in next(predictor.explain(nothing)[1]).effects:
        assert effect.value is None
        assert effect.words.endswith(": not known")


class Recording:
    """A method that does what it did, and keeps the last argument of each call."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method, self.arguments = method, list[Any]()

    def __call__(self, *arguments: Any) -> Any:
        self.arguments.append(arguments[-1])
        return self._method(*arguments)


def test_each_moment_is_scored_once_and_its_shapley_values_are_computed_once(
    predictor: Predictor, observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, effects = Recording(predictor._session.run), Recording(predictor._explainer.effects)
    monkeypatch.setattr(predictor._session, "run", run)
    monkeypatch.setattr(predictor._explainer, "effects", effects)
    predictions, explanations = predictor.explain(observed)
    assert len(list(explanations)) == len(predictions.risk) == len(observed)
    assert [len(scaled) for scaled in effects.arguments] == [len(observed)]
    scored, *candidates = (inputs["features"] for inputs in run.arguments)
    np.testing.assert_array_equal(scored, observed.values)
    learners = {row.tobytes() for row in observed.values}
    assert not [row for rows in candidates for row in rows if row.tobytes() in learners]


def test_an_explanation_says_what_a_prediction_says(predictor: Predictor, observed: Observed) -> None:
    _, explanations = predictor.explain(observed)
    expected = [(one.learner_id, one.risk, one.interval, one.band) for one in predictor.predict(observed).learners()]
    assert [(one.learner_id, one.risk, one.interval, one.band) for one in explanations] == expected
