"""Training: what is exported scores as what was trained, and its reasons add up."""

from pathlib import Path

import numpy as np
import pytest
import xgboost
from sklearn.ensemble import RandomForestClassifier

from components.evaluate.splits import fold_of
from components.examples import Examples, read_examples
from components.train import find_candidates, train
from components.train.export import export
from components.train.fitted import Fitted, fit
from components.train.preprocessing import fit_preprocessing
from components.train.train import _folds, thinned
from components.train.trees import forest_booster
from earlybell.bundle import Catalogue, read_candidate
from earlybell.errors import SettingError
from earlybell.predict import Predictor


@pytest.fixture(scope="module", params=list(find_candidates()))
def fitted(request: pytest.FixtureRequest, features: Path, labels: Path) -> tuple[Fitted, Catalogue, Examples]:
    catalogue, examples = read_examples(features, labels)
    candidate = find_candidates()[request.param]
    model = fit(candidate, catalogue, examples.values, examples.label, examples.learner, np.ones(len(examples)))
    return model, catalogue, examples


@pytest.mark.parametrize(("split", "of"), [("course_run", "course_id"), ("learner", "learner"), ("random", None)])
def test_no_fold_trains_on_what_it_is_measured_on(features: Path, labels: Path, split: str, of: str | None) -> None:
    _, examples = read_examples(features, labels)
    folds = _folds(examples)
    names = [name for name in folds if name.rpartition("-")[0] == split]
    assert len(names) == (1 if split == "random" else len({*fold_of(split, examples).tolist()}))
    for name in names:
        measured = np.flatnonzero(fold_of(split, examples) == int(name.rpartition("-")[2]))
        trained = folds[name]
        assert sorted([*measured, *trained]) == list(range(len(examples))), "each row is on one side"
        thin, _ = thinned(examples, trained)
        assert set(thin.tolist()) <= set(trained.tolist())
        assert len(measured)
        assert len(trained)
        if of is not None:
            whose = getattr(examples, of)
            assert not set(whose[measured].tolist()) & set(whose[trained].tolist())


def _predictor(fitted: Fitted, catalogue: Catalogue, out: Path) -> Predictor:
    export(fitted, catalogue, "SELECT 1", out)
    return Predictor(read_candidate(out))


def test_a_bundle_scores_as_the_trained_estimator_does(
    fitted: tuple[Fitted, Catalogue, Examples], tmp_path: Path
) -> None:
    model, catalogue, examples = fitted
    risk = _predictor(model, catalogue, tmp_path / "out").score(examples.values)[2]
    assert np.isnan(examples.values).any(), "missing values are among them"
    np.testing.assert_allclose(risk, model.predict(examples.values), atol=1e-5)


def test_values_far_outside_of_training_score_as_the_trained_estimator_does(
    fitted: tuple[Fitted, Catalogue, Examples], tmp_path: Path
) -> None:
    model, catalogue, examples = fitted
    strange = np.vstack([examples.values[:50] * 1000, -examples.values[:50], np.full_like(examples.values[:1], np.nan)])
    risk = _predictor(model, catalogue, tmp_path / "out").score(strange)[2]
    np.testing.assert_allclose(risk, model.predict(strange), atol=1e-5)


def test_effects_and_base_add_up_to_the_score(fitted: tuple[Fitted, Catalogue, Examples], tmp_path: Path) -> None:
    model, catalogue, examples = fitted
    predictor = _predictor(model, catalogue, tmp_path / "out")
    scaled, score, _ = predictor.score(examples.values[:500])
    np.testing.assert_allclose(predictor.effects(scaled).sum(axis=1) + predictor.base, score, atol=1e-4)


def test_a_forest_in_xgboosts_format_gives_the_same_probabilities_to_the_last_split() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 5, (600, 4)).astype(np.float32) / 4  # many values lie exactly on a threshold's side
    forest = RandomForestClassifier(30, max_depth=5, random_state=1).fit(x, x[:, 0] + rng.random(600) > 1)
    for tree in forest.estimators_:  # thresholds on the values themselves, where `<` and `<=` differ
        tree.tree_.threshold[:] = np.where(tree.tree_.feature >= 0, np.round(tree.tree_.threshold * 4) / 4, -2)
    margin = forest_booster(forest).predict(xgboost.DMatrix(x))
    np.testing.assert_allclose(margin, forest.predict_proba(x)[:, 1], atol=1e-6)


def test_a_feature_without_any_value_becomes_a_constant() -> None:
    values = np.array([[np.nan, 1], [np.nan, 3], [np.nan, np.nan]], dtype=np.float32)
    scaled = fit_preprocessing(values).scale(values)
    assert scaled[:, 0].tolist() == [0, 0, 0]
    assert scaled[2, 1] == pytest.approx((np.log(3) - np.log(2)) / (np.log(4) - np.log(2)))


def test_training_twice_gives_the_same_bytes(features: Path, labels: Path, tmp_path: Path) -> None:
    for out in ("one", "two"):
        train("tuned", features, labels, tmp_path / out)
    for path in (tmp_path / "one" / "final").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / "final" / path.name).read_bytes(), path.name


def test_each_fold_leaves_out_what_it_is_measured_on(candidates: dict[str, Path]) -> None:
    folders = {path.name for path in candidates["logistic"].iterdir()}
    assert {"final", "random-0", "learner-0", "learner-1", "learner-2", "course_run-0", "course_run-3"} <= folders


def test_an_unknown_candidate_is_refused_with_the_names_of_the_known(tmp_path: Path) -> None:
    with pytest.raises(
        SettingError,
        match="no such candidate: 'nonsense'. Candidates: rules, two_features, logistic, forest, xgboost, tuned",
    ):
        train("nonsense", tmp_path, tmp_path, tmp_path / "out")


@pytest.mark.parametrize("name", [name for name, candidate in find_candidates().items() if not candidate.baseline])
def test_a_candidate_learns_from_few_learners(features: Path, labels: Path, name: str) -> None:
    catalogue, examples = read_examples(features, labels)
    few = examples.where(examples.learner < 60)
    model = fit(find_candidates()[name], catalogue, few.values, few.label, few.learner, np.ones(len(few)))
    risk = model.predict(few.values)
    assert risk[few.label == 1].mean() > risk[few.label == 0].mean() + 0.1
