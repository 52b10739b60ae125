"""Doubt: ranges that hold the true risk of a simulated site, and the rule of evidence."""

from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pytest
from sklearn.isotonic import IsotonicRegression

from components.evaluate.bands import EVIDENCE, MOST_OUTSIDE, evidence
from components.evaluate.splits import fold_of, held_out
from components.evaluate.uncertainty import coverage, unseen_ends, venn_abers
from components.examples import Examples, read_examples
from components.metrics.sample import Floats
from earlybell.bundle import Catalogue
from earlybell.predict import courses_at
from tests.components.evaluate.labelled import labelled
from tests.figures import ends_of, value_of


@pytest.fixture(scope="module")
def examples(features: Path, labels: Path) -> tuple[Catalogue, Examples]:
    return read_examples(features, labels)


@pytest.fixture(scope="module")
def risk(site: Path, examples: tuple[Catalogue, Examples], candidates: dict[str, Path]) -> Floats:
    courses = courses_at(site, examples[1].observed)
    return held_out(candidates["logistic"], "course_run", examples[1], courses)


def test_ranges_hold_the_true_risk_in_course_runs_that_they_were_not_made_with(
    site: Path, features: Path, labels: Path, examples: tuple[Catalogue, Examples], risk: Floats
) -> None:
    found = duckdb.execute(f"""
        SELECT t.risk FROM '{labels}' l JOIN '{features}/features.parquet' f USING (moment_id)
        LEFT JOIN '{site}/truth/true_risk.parquet' t USING (course_id, learner_id, as_of) ORDER BY moment_id""")
    true = np.ma.filled(np.ma.asarray(found.fetchnumpy()["risk"]), np.nan)
    known = ~np.isnan(true) & ~np.isnan(risk)
    kept = examples[1].where(known)
    ends = unseen_ends(risk[known], kept, fold_of("course_run", kept))
    bins = coverage(ends, risk[known], true[known], kept.learner, seed=1, bins=5)
    assert sum(one.rows for one in bins) == known.sum()
    assert all(one.low <= one.risk <= one.high for one in bins)
    seen = [(value_of(one.seen), *ends_of(one.seen)) for one in bins]
    assert all(low <= value <= high for value, low, high in seen)
    off = [max(one.low - high, low - one.high, 0.0) for one, (_, low, high) in zip(bins, seen, strict=True)]
    assert max(off) < 0.06


def test_a_range_is_made_without_the_rows_that_it_is_for(examples: tuple[Catalogue, Examples], risk: Floats) -> None:
    _, rows = examples
    fold = fold_of("course_run", rows)
    other = rows.where(np.ones(len(rows), dtype=bool))
    other.label[fold == 0] = 1 - other.label[fold == 0]
    before, after = unseen_ends(risk, rows, fold), unseen_ends(risk, other, fold)
    np.testing.assert_array_equal(before[:, fold == 0], after[:, fold == 0])
    assert (before[:, fold == 1] != after[:, fold == 1]).any()


def test_with_nothing_else_to_go_by_there_is_no_coverage(examples: tuple[Catalogue, Examples], risk: Floats) -> None:
    _, rows = examples
    ends = unseen_ends(risk, rows, np.zeros(len(rows), dtype=np.int64))
    assert np.isnan(ends).all()
    assert coverage(ends, risk, rows.label.astype(np.float64), rows.learner, seed=1) == ()


def test_a_range_is_narrower_with_more_learners(examples: tuple[Catalogue, Examples], risk: Floats) -> None:
    _, rows = examples
    few = rows.learner < np.quantile(rows.learner, 0.15)
    widths = [
        np.mean(np.subtract(found.high, found.low))
        for found in (venn_abers(risk, rows), venn_abers(risk[few], rows.where(few)))
    ]
    assert widths[0] < widths[1]


def test_the_rule_of_evidence_is_measured_at_several_strengths(
    examples: tuple[Catalogue, Examples], risk: Floats
) -> None:
    catalogue, rows = examples
    nobody = np.zeros(len(rows), dtype=bool)
    found = evidence(catalogue, rows, risk, fold_of("course_run", rows), nobody, seed=1)
    assert [row.most_outside for row in found if row.used] == [MOST_OUTSIDE]
    shares = [row.coverage for row in found]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
    for row in found:
        for name in EVIDENCE:
            low, high = ends_of(getattr(row, name))
            assert 0 <= low <= high <= 1


def _by_definition(risk: Floats, label: npt.NDArray[np.int32], weight: Floats, query: float, added: float) -> float:
    """An end of the interval as the paper defines it, without isotonic regression of any library and without bins.

    Isotonic regression at a point is the largest, over where a stretch begins before it, of the smallest, over where
    it ends after it, of the stretch's mean (Barlow and others 1972, the min-max formula); equal risks are one point.
    """
    points, place = np.unique(np.r_[risk, query], return_inverse=True)
    weights = np.bincount(place, np.r_[weight, 1.0])
    sums = np.bincount(place, np.r_[weight * label, added])
    at = int(np.searchsorted(points, query))
    means = [
        min(float(sums[first : last + 1].sum() / weights[first : last + 1].sum()) for last in range(at, len(points)))
        for first in range(at + 1)
    ]
    return max(means)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("learners", "weeks"), [(1, 1), (12, 1), (40, 3)])
@pytest.mark.parametrize("ties", [False, True])
def test_ends_are_those_of_the_papers_definition(seed: int, learners: int, weeks: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    risk = np.round(rng.random(learners * weeks), 1 if ties else 5)  # the ends are told at risks of six digits
    label = (rng.random(len(risk)) < risk).astype(np.int32)
    rows = labelled(label, np.repeat(np.arange(learners), weeks))
    ends = venn_abers(risk, rows)
    weight = np.full(len(risk), 1 / weeks)
    for end, added in (("low", 0.0), ("high", 1.0)):
        expected = [_by_definition(risk, label, weight, query, added) for query in ends.risk]
        assert getattr(ends, end) == pytest.approx(expected, abs=2e-6)


def test_bins_and_the_grid_change_the_ends_of_many_rows_little() -> None:
    rng = np.random.default_rng(11)
    risk = rng.beta(1.5, 4, 6000)
    label = (rng.random(6000) < 0.1 + 0.8 * risk).astype(np.int32)
    ends = venn_abers(risk, labelled(label, np.arange(6000)))
    for end, added in (("low", 0.0), ("high", 1.0)):
        off = [
            abs(_fitted(risk, label, query, added) - np.interp(query, ends.risk, getattr(ends, end)))
            for query in np.quantile(risk, np.linspace(0.01, 0.99, 60))
        ]
        assert np.mean(off) < 0.01
        assert max(off) < 0.05


def _fitted(risk: Floats, label: npt.NDArray[np.int32], query: float, added: float) -> float:
    """One of the two fits, of every row as it is."""
    isotonic = IsotonicRegression(y_min=0, y_max=1).fit(np.r_[risk, query], np.r_[label, added])
    return float(isotonic.predict([query])[0])
