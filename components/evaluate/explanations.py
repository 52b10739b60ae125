"""Whether explanations can be relied on: LIME beside SHAP, and the same learner a week later."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge

from components.examples import Examples
from components.metrics.sample import Floats
from earlybell.bundle.evaluation import ReasonsAgreement, RiskChange, Stability, TwoEffects
from earlybell.predict import Predictor

SAMPLES = 1_000  # neighbours of a learner that LIME looks at
LEARNERS = 10  # whose explanations are compared
TOP = 5


def lime(predictor: Predictor, row: npt.NDArray[np.float32], others: npt.NDArray[np.float32], seed: int) -> Floats:
    """LIME (Ribeiro 2016) of one learner: the effect (features,) on the score of having the own value.

    Neighbours keep some of the learner's values and take the rest from another learner; a linear model of what was
    kept, weighted by how much was, tells the effects.

    Args:
        row: raw features (features,) of the learner.
        others: raw features (n, features) of others.
    """
    rng = np.random.default_rng(seed)
    kept = rng.random((SAMPLES, len(row))) < rng.uniform(0.2, 0.9, (SAMPLES, 1))
    neighbours = np.where(kept, row, others[rng.integers(len(others), size=SAMPLES)]).astype(np.float32)
    score = predictor.score(neighbours)[1]
    nearness = np.exp(-(((~kept).mean(axis=1) / 0.5) ** 2))
    found: Floats = Ridge(alpha=1.0).fit(kept, score, sample_weight=nearness).coef_
    return found


def agreement(predictor: Predictor, examples: Examples, risk: Floats, seed: int) -> ReasonsAgreement:
    """LIME beside SHAP for a learner of high risk, and how far the two agree for that and nine others."""
    order = np.argsort(-np.nan_to_num(risk, nan=-1.0))
    rows = order[np.linspace(0, len(order) // 2, LEARNERS).astype(int)]
    scaled = predictor.score(examples.values[rows])[0]
    shap = predictor.effects(scaled).astype(np.float64)
    other = np.array([lime(predictor, examples.values[row], examples.values, seed) for row in rows])
    names = predictor.bundle.catalogue.features
    top = np.argsort(-np.abs(shap[0]))[:TOP]
    pairs = list(zip(shap, other, strict=True))
    return ReasonsAgreement(
        learner=tuple(
            TwoEffects(names[i].name, names[i].title, shap=float(shap[0, i]), lime=float(other[0, i])) for i in top
        ),
        correlation=_mean([rank_correlation(one, two) for one, two in pairs]),
        shared=round(float(np.mean([len(_top(one) & _top(two)) for one, two in pairs])), 2),
        learners=LEARNERS,
    )


def stability(predictor: Predictor, examples: Examples, seed: int, most: int = 1_000) -> Stability:
    """How much a learner's risk and reasons change from one week to the next; None where nobody has two weeks."""
    same = (examples.learner[1:] == examples.learner[:-1]) & (examples.course_id[1:] == examples.course_id[:-1])
    first = np.random.default_rng(seed).permutation(np.flatnonzero(same))[:most]
    if not len(first):
        return Stability(risk_change=RiskChange(None, None), shared=None, pairs=0)
    scaled, _, risk = predictor.score(examples.values[np.r_[first, first + 1]])
    effects, pairs = predictor.effects(scaled), len(first)
    change = np.abs(risk[pairs:] - risk[:pairs])
    shared = [len(_top(one) & _top(two)) for one, two in zip(effects[:pairs], effects[pairs:], strict=True)]
    median, most_changed = (round(float(np.quantile(change, q)), 4) for q in (0.5, 0.9))
    return Stability(risk_change=RiskChange(median, most_changed), shared=round(float(np.mean(shared)), 2), pairs=pairs)


def _top(effects: npt.NDArray[Any]) -> set[int]:
    return set(np.argsort(-np.abs(effects))[:TOP].tolist())


def rank_correlation(one: npt.NDArray[Any], two: npt.NDArray[Any]) -> float | None:
    """Spearman's of two vectors (n,); equal values share the mean of their ranks. None where one is constant."""
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        return None
    return float(spearmanr(one, two).statistic)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 3) if known else None
