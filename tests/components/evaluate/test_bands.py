"""What a bundle's bands are made of, and what the rule of evidence gives up, each by hand."""

import numpy as np

from components.evaluate.bands import evidence, make_bands
from components.evaluate.measure import RESAMPLES_ALL_WEEKS
from components.evaluate.metrics import intervals, measure, resample
from components.evaluate.operating import Policy, operating_point
from components.evaluate.uncertainty import venn_abers
from components.examples import Examples
from components.metrics.sample import Floats
from earlybell.bundle import Bands, Catalogue, Feature
from earlybell.bundle.bands import LevelError

N, FEATURES = 61, 8
NAMES = [f"feature_{number}" for number in range(FEATURES)]
CATALOGUE = Catalogue("1", tuple(Feature(name, name, "count", "numeric", "", "{value}") for name in NAMES))
FOLD = np.arange(N) % 2
LEVELS = LevelError((0.5,), (0.04,), (0.08,), 3.0)
FIGURES = ("roc_auc", "accuracy", "brier", "calibration_error")


def _examples(outside: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Examples:
    """Moments of which so many values are such as none in the other fold, above all in one fold and below in the other.

    Teaching has lasted for six days and a half to ten.
    """
    rng = np.random.default_rng(4)
    values = np.full((N, FEATURES), 0.5, dtype=np.float32)
    for row, (many, fold) in enumerate(zip(outside, FOLD, strict=True)):
        values[row, :many] = 100 if fold else -100
    nothing = np.zeros(N, dtype=np.int32)
    return Examples(
        course_id=np.full(N, "run", dtype=object),
        learner_id=np.arange(N).astype(str).astype(object),
        as_of=np.datetime64("2026-01-01") + 7 * (np.arange(N) % 3),
        code=np.full(N, "course", dtype=object),
        starts_at=np.full(N, np.datetime64("2025-10-01", "us")),
        run=np.zeros(N, dtype=np.int64),
        learner=np.arange(N) // 2,
        label=(rng.random(N) < 0.4).astype(np.int32),
        learner_fold=nothing,
        run_fold=FOLD.astype(np.int32),
        course_fold=nothing,
        is_test=nothing.astype(bool),
        days_seen=6.5 + np.arange(N) % 8 / 2,
        values=values,
    )


def _risk(examples: Examples, unknown: int) -> Floats:
    """A risk of most, which tells the labels apart a little; every so manyth is not known."""
    risk = np.clip(np.random.default_rng(5).random(N) * 0.7 + 0.3 * examples.label, 0, 1)
    return np.where(np.arange(N) % unknown == 0, np.nan, risk)


def test_bands_are_made_of_the_rows_whose_risk_is_known() -> None:
    examples = _examples(np.arange(N) % 3)
    unseen, by_learner = _risk(examples, 5), _risk(examples, 7) * 0.9
    days = {"outcome": 30 + np.arange(N, dtype=np.float64)}
    policy = Policy(0.2)

    found, point = make_bands(CATALOGUE, examples, unseen, by_learner, policy, days, LEVELS, seed=3)

    known = np.arange(N) % 7 != 0
    assert point == operating_point(
        policy, by_learner[known], examples.where(known), {"outcome": days["outcome"][known]}, 3
    )
    seen = np.arange(N) % 5 != 0
    assert found == Bands(
        high=point.high,
        medium=point.medium,
        days_needed=7,
        most_outside=3,
        ranges={
            name: (float(column.min()), float(column.max()))
            for name, column in zip(NAMES, examples.values.T, strict=True)
        },
        interval=venn_abers(unseen[seen], examples.where(seen)),
        level_error=LEVELS,
    )


def test_evidence_is_enough_after_a_week_with_few_values_that_the_other_folds_have_not() -> None:
    outside = np.arange(N) * 5 % 9
    examples = _examples(outside)
    unseen = _risk(examples, 5)
    seen = np.arange(N) % 5 != 0
    weights = resample(examples.learner, RESAMPLES_ALL_WEEKS, 1)

    in_doubt = np.arange(N) % 11 == 0
    found = evidence(CATALOGUE, examples, unseen, FOLD, in_doubt, seed=1)

    assert [row.most_outside for row in found] == [0, 1, 2, 3, 5, 8]
    assert [row.most_outside for row in found if row.used is True] == [3]
    assert [row.used for row in found].count(False) == 5
    for row in found:
        kept = seen & ~in_doubt & (examples.days_seen >= 7) & (outside <= row.most_outside)
        assert row.coverage == round(int(kept.sum()) / int(seen.sum()), 4)
        figures = intervals(measure(examples.label[kept], unseen[kept], weights.where(kept)))
        assert {name: getattr(row, name) for name in FIGURES} == {name: figures[name] for name in FIGURES}
        assert {*row.__struct_fields__} == {"most_outside", "used", "coverage", *FIGURES}


def test_a_strength_at_which_nobody_has_enough_evidence_is_left_out() -> None:
    examples = _examples(2 + np.arange(N) % 7)
    found = evidence(CATALOGUE, examples, _risk(examples, 5), FOLD, np.zeros(N, dtype=bool), seed=1)
    assert [row.most_outside for row in found] == [2, 3, 5, 8]
