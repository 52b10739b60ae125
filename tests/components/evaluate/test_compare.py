"""Champion and candidate on the same recent learners: paired, and of rows that neither figure has learned from."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bench.time_travel import leave_out
from components.evaluate import evaluate
from components.evaluate.compare import _Both, _finding, _moves, changes, compare
from components.features import compute_features
from components.label import label_outcomes
from components.retraining import BandMove, Compared, Comparison
from components.train import train
from earlybell.bundle import Bands, Bundle, read_bundle
from earlybell.bundle.bands import Interval
from earlybell.bundle.figures import Measured
from tests.components.evaluate.labelled import labelled
from tests.conftest import Once

NEWEST = ("FMT-101-02", "FMT-102-02")


@pytest.fixture(scope="module")
def folder(features: Path, labels: Path, once: Once) -> Path:
    return once("candidate-logistic", partial(train, "logistic", features, labels))


@pytest.fixture(scope="module")
def candidate(folder: Path, features: Path, labels: Path, site: Path, once: Once) -> Bundle:
    return read_bundle(once("logistic-of-all", lambda out: evaluate([folder], features, labels, site, out)))


@pytest.fixture(scope="module")
def champion(site: Path, once: Once) -> Bundle:
    """Of a model that does not know the newest run of each course."""

    def make(out: Path) -> None:
        leave_out(site, out / "known", NEWEST)
        compute_features(out / "known", "weekly", out / "features")
        label_outcomes(out / "known", out / "features", out / "labels.parquet")
        train("logistic", out / "features", out / "labels.parquet", out / "candidate")
        evaluate([out / "candidate"], out / "features", out / "labels.parquet", out / "known", out / "bundle")

    return read_bundle(once("logistic-of-known", make) / "bundle")


@pytest.fixture(scope="module")
def compared(champion: Bundle, candidate: Bundle, folder: Path, features: Path, labels: Path, site: Path) -> Comparison:
    return compare(champion, candidate, [folder], features, labels, site)


def _of(comparison: Comparison, group: str, metric: str, cutoff: float = 0.4) -> Compared:
    (row,) = (row for row in comparison.rows if (row.group, row.metric, row.cutoff) == (group, metric, cutoff))
    return row


def test_they_are_compared_on_the_course_runs_that_the_champion_does_not_know(compared: Comparison) -> None:
    assert (compared.course_runs, compared.seen, compared.left_out) == (NEWEST, False, "course_run")
    assert {row.cutoff for row in compared.rows if row.group == "all"} == {0.2, 0.4, 0.6, 0.8}
    assert compared.learners >= _of(compared, "all", "brier").learners > 40


def test_a_difference_is_that_of_the_two_figures_in_the_same_resamples(compared: Comparison) -> None:
    row = _of(compared, "all", "brier")
    assert None not in (row.champion.value, row.candidate.value, row.difference.value)
    assert row.difference.value == pytest.approx(row.candidate.value - row.champion.value, abs=2e-6)  # type: ignore[operator]
    wide = row.difference.high - row.difference.low  # type: ignore[operator]
    assert 0 < wide < row.candidate.high - row.candidate.low  # type: ignore[operator]


@pytest.mark.parametrize("course", NEWEST)
def test_the_candidates_figures_are_those_of_models_that_left_the_course_run_out(
    course: str, compared: Comparison, candidate: Bundle
) -> None:
    (honest,) = (
        row
        for row in candidate.evaluation.metrics
        if (row.split, row.cutoff, row.group, row.metric) == ("course_run", 0.4, course, "brier")
        and row.candidate == candidate.evaluation.chosen
    )
    assert _of(compared, course, "brier").candidate.value == pytest.approx(honest.value, abs=1e-6)


def test_where_the_champion_knows_every_run_the_newest_are_shown_and_nothing_is_called_worse(
    candidate: Bundle, folder: Path, features: Path, labels: Path, site: Path
) -> None:
    comparison = compare(candidate, candidate, [folder], features, labels, site)
    assert (comparison.course_runs, comparison.seen) == (NEWEST, True)
    assert comparison.finding == "not comparable"
    brier = _of(comparison, "all", "brier")
    assert brier.champion.value < brier.candidate.value  # type: ignore[operator] # which is why


def test_what_was_made_otherwise_is_named(champion: Bundle, candidate: Bundle) -> None:
    changed = {change.what: (change.before, change.after) for change in changes(champion, candidate)}
    assert changed["course runs"] == ("2", "4; new: FMT-101-02, FMT-102-02")
    assert "learners" in changed
    assert "label" not in changed
    assert changes(candidate, candidate) == ()


def _row(low: float, high: float) -> Compared:
    return Compared(group="all", cutoff=0.4, metric="brier", difference=Measured((low + high) / 2, low, high))


@pytest.mark.parametrize(
    ("low", "high", "seen", "finding"),
    [
        (-0.02, -0.001, False, "better"),
        (-0.02, 0.001, False, "no clear difference"),
        (0.001, 0.02, False, "worse"),
        (-0.02, -0.001, True, "better"),
        (0.001, 0.02, True, "not comparable"),
        (-0.02, 0.001, True, "not comparable"),
    ],
)
def test_the_interval_of_the_brier_scores_difference_decides(low: float, high: float, seen: bool, finding: str) -> None:
    assert _finding([_row(low, high)], seen=seen) == finding
    assert _finding([], seen=seen) == "not comparable"


def _bands(high: float) -> Bands:
    return Bands(high, 0.3, 0, 0, {}, Interval((0.0, 1.0), (0.0, 0.0), (1.0, 1.0)))


def _both(before: list[float], after: list[float]) -> _Both:
    examples = labelled(np.zeros(len(before)))
    nothing = np.zeros(len(before), dtype=np.int64)
    return _Both(examples, nothing, np.full(len(before), 0.4, dtype=np.float32), np.array(before), np.array(after))


def test_the_share_of_learners_whose_band_would_change_is_told() -> None:
    both = _both([0.1] * 40 + [0.5] * 60, [0.1] * 40 + [0.5] * 40 + [0.8] * 20)
    assert _moves(both, _bands(0.7), _bands(0.7)) == (
        BandMove("low", "low", 0.4),
        BandMove("medium", "medium", 0.4),
        BandMove("medium", "high", 0.2),
    )


def test_each_risk_is_called_by_the_thresholds_of_its_own_bundle() -> None:
    assert _moves(_both([0.5] * 20, [0.5] * 20), _bands(0.7), _bands(0.4)) == (BandMove("medium", "high", 1.0),)


def test_a_few_learners_are_hidden_and_cannot_be_computed_from_the_others() -> None:
    both = _both([0.1] * 100, [0.1] * 71 + [0.5] * 20 + [0.8] * 9)
    assert _moves(both, _bands(0.7), _bands(0.7)) == (
        BandMove("low", "low", 0.71),
        BandMove("low", "medium", None),
        BandMove("low", "high", None),
    )


def test_a_small_group_hides_all_groups_of_its_attribute(compared: Comparison) -> None:
    groups = [row for row in compared.rows if "=" in row.group]
    by_attribute: dict[str, set[bool]] = {}
    for row in groups:
        by_attribute.setdefault(row.group.partition("=")[0], set()).add(row.suppressed)
        assert row.suppressed == (row.learners == 0) == (row.candidate.value is None)
    assert by_attribute
    assert all(len(suppressed) == 1 for suppressed in by_attribute.values())
