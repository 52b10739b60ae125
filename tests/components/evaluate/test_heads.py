"""How heads are measured and which are answered: right values by hand, and what a small site gives."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from components.evaluate.heads import (
    COVERAGE,
    LAST,
    MEAN,
    MODEL,
    _contradicted,
    _figures,
    _inside,
    _Unseen,
    _why_not,
    rank_correlation,
    score_spread,
)
from components.examples import Examples, read_examples
from earlybell.bundle import read_bundle
from earlybell.bundle.bands import UNMEASURED
from earlybell.bundle.evaluation import HeadFigures
from earlybell.bundle.figures import Measured
from earlybell.bundle.heads import AnsweredHead, Head, Implied
from tests.components.evaluate.labelled import each

PROBABILITY = Head(name="p", title="P", kind="probability", words="{others}", direction=-1)
SCORE = Head(name="s", title="S", kind="score", words="{value}", direction=-1, baseline="last_score")


def _unseen(head: Head, examples: Examples, answer: list[float], target: list[float], **more: list[float]) -> _Unseen:
    """The first examples, as many as there are answers."""
    count = len(answer)
    risk, last = (np.array(more.get(name, [0.5] * count)) for name in ("risk", "last"))
    few = examples.where(np.arange(count))
    return _Unseen(head, "course_run", few, np.array(answer), np.array(target), risk, np.full(count, 0.3), last)


@pytest.fixture(scope="module")
def examples(features: Path, labels: Path) -> Examples:
    return read_examples(features, labels)[1]


def test_a_score_is_measured_beside_the_mean_and_the_latest_score(examples: Examples) -> None:
    # Mean of the targets 50; the second learner has no score yet, so the mean stands for it.
    unseen = _unseen(SCORE, examples, [30, 50, 80], [20, 60, 70], last=[40, np.nan, 70], risk=[0.9, 0.5, 0.1])
    figures = {named: values[0] for named, values in _figures(unseen, np.array([1.0, 0.0, 1.0]), each(np.ones((1, 3))))}
    assert figures == pytest.approx(
        {
            (MODEL, "agreement"): 1.0,
            (MODEL, "coverage"): 2 / 3,
            (MODEL, "mae"): 10.0,
            (MODEL, "mse"): 100.0,
            (MODEL, "rmse"): 10.0,
            (MODEL, "r2"): 1 - 300 / 1400,
            (MEAN, "mae"): 60 / 3,
            (MEAN, "mse"): 1400 / 3,
            (MEAN, "rmse"): np.sqrt(1400 / 3),
            (MEAN, "r2"): 0.0,
            (LAST, "mae"): 30 / 3,
            (LAST, "mse"): 500 / 3,
            (LAST, "rmse"): np.sqrt(500 / 3),
            (LAST, "r2"): 1 - 500 / 1400,
            (MEAN, "gain"): 1 - 300 / 1400,
            (LAST, "gain"): 1 - 300 / 500,
        }
    )


def test_a_probability_is_measured_against_the_share_of_the_same_learners(examples: Examples) -> None:
    unseen = _unseen(PROBABILITY, examples, [0.9, 0.8, 0.4, 0.3], [1, 1, 0, 1], risk=[0.1, 0.2, 0.3, 0.4])
    figures = {named: values[0] for named, values in _figures(unseen, None, each(np.ones((1, 4))))}
    assert figures[MODEL, "roc_auc"] == pytest.approx(2 / 3)
    skill = 1 - (0.01 + 0.04 + 0.16 + 0.49) / (4 * 0.75 * 0.25)
    assert figures[MODEL, "brier_skill"] == figures[MEAN, "gain"] == pytest.approx(skill)
    assert figures[MODEL, "agreement"] == pytest.approx(1)  # the surer to hand in, the lower the risk


def test_rank_correlation_is_spearmans_and_counts_rows_by_their_weight() -> None:
    a, b = np.array([1.0, 2.0, 3.0, 4.0]), np.array([10.0, 30.0, 20.0, 40.0])
    first, drawn = rank_correlation(a, b, each(np.array([[1.0, 1, 1, 1], [1, 0, 0, 2]])))
    assert first == pytest.approx(0.8)
    assert drawn == pytest.approx(1)


def test_the_ends_of_a_score_are_quantiles_in_which_each_run_weighs_the_same() -> None:
    # Ten residuals of a run, and a hundred of another that is always 50 too low.
    fold = np.repeat([0, 1], [10, 100])
    residual = np.concatenate([np.linspace(-9, 9, 10), np.full(100, 50.0)])
    spread = score_spread(np.zeros(110), residual, np.full(110, 0.5), fold)
    assert (spread.feature, spread.coverage, spread.at) == ("progress", COVERAGE, (0.5,))
    assert (spread.low, spread.high) == ((-7.0,), (50.0,))  # the tenth of all is the second of the ten
    assert (spread.least, spread.most) == (-9.0, 50.0)


def test_an_interval_is_checked_on_runs_that_it_was_not_made_of(examples: Examples) -> None:
    rows = np.flatnonzero(np.isin(examples.course_id, np.unique(examples.course_id)[:2]))
    two = examples.where(rows)
    run = np.unique(two.course_id, return_inverse=True)[1]
    target = np.where(run == 0, 10.0, 90.0)
    zeros = np.zeros(len(rows))
    unseen = _Unseen(SCORE, "course_run", two, zeros, target, zeros, zeros + 0.3, zeros)
    assert not _inside(unseen).any(), "of its own run it would hold all"


@pytest.mark.parametrize(
    ("gains", "agreement", "why"),
    [
        ({MEAN: Measured(0.2, 0.1, 0.3)}, Measured(0.5, 0.4, 0.6), ""),
        ({MEAN: Measured(0.0, -0.1, 0.3)}, Measured(0.5, 0.4, 0.6), "no better than the mean of the learners"),
        (
            {MEAN: Measured(0.2, 0.1, 0.3), LAST: Measured(-0.1, -0.2, 0.1)},
            Measured(0.5, 0.4, 0.6),
            "no better than the latest score",
        ),
        ({MEAN: Measured(0.2, 0.1, 0.3)}, Measured(-0.1, -0.2, 0.3), "does not order learners as the risk does"),
        ({}, Measured(), "no course run has enough learners"),
    ],
    ids=["better", "no better", "worse than the last", "other order", "not measured"],
)
def test_a_head_is_answered_where_it_beats_its_baselines_and_agrees(
    gains: dict[str, Measured], agreement: Measured, why: str
) -> None:
    assert _why_not(gains, agreement) == why or (why and why in _why_not(gains, agreement))


def test_a_head_contradicts_a_band_only_where_it_was_right_to(examples: Examples) -> None:
    rows = 400
    few = examples.where(np.arange(rows))
    against = np.arange(rows) % 2 == 0
    opposed = AnsweredHead(head=PROBABILITY, implied=Implied((0.0, 1.0), (0.9, 0.0)), doubts=("high", "low"))
    bands = type(UNMEASURED)(0.6, 0.3, 0, 0, {}, UNMEASURED.interval)
    answer = np.where(against, 1.0, 0.0)
    for label_of_contradicted, borne_out in ((0, True), (1, False)):
        label = np.where(against, label_of_contradicted, 1 - label_of_contradicted).astype(np.int32)
        high = _Unseen(
            PROBABILITY,
            "course_run",
            Examples(**{name: getattr(few, name) for name in few.__dataclass_fields__ if name != "label"}, label=label),
            answer,
            label.astype(float),
            np.full(rows, 0.8),
            np.full(rows, 0.3),
            answer,
        )
        (found,) = _contradicted(opposed, high, bands)
        assert (found.band, found.moments, found.contradicted) == ("high", rows, rows // 2)
        assert (found.share_contradicted, found.share) == (label_of_contradicted, 1 - label_of_contradicted)
        assert found.borne_out == (borne_out and len(np.unique(few.learner[against])) >= 20)


@pytest.fixture(scope="module")
def heads_of(bundle: Path) -> dict[str, HeadFigures]:
    return {figures.head.name: figures for figures in read_bundle(bundle).evaluation.heads}


def test_a_small_site_answers_two_heads_and_says_why_not_the_third(heads_of: dict[str, HeadFigures]) -> None:
    assert {name: figures.answered for name, figures in heads_of.items()} == {
        "next_work": True,
        "leaving": False,
        "final_score": True,
    }
    assert "no better than the mean" in heads_of["leaving"].why
    assert {figures.split for figures in heads_of.values()} == {"course_run"}


def test_the_bundle_has_those_that_are_answered_and_no_others(bundle: Path) -> None:
    assert {path.name for path in (bundle / "heads").iterdir()} == {"final_score.onnx", "next_work.onnx"}
    assert [answered.head.name for answered in read_bundle(bundle).heads] == ["next_work", "final_score"]
    assert {"heads.json", "heads/final_score.onnx"} <= read_bundle(bundle).manifest.files.keys()


def test_a_heads_interval_holds_about_as_many_as_it_states(heads_of: dict[str, HeadFigures]) -> None:
    held = [row.mean.value for row in heads_of["final_score"].rows if row.metric == "coverage"]
    assert len(held) == 4
    assert all(value is not None and abs(value - COVERAGE) < 0.1 for value in held)


def test_a_changed_head_is_a_changed_bundle(bundle: Path, tmp_path: Path) -> None:
    from earlybell.errors import BundleError

    shutil.copytree(bundle, tmp_path / "bundle")
    (tmp_path / "bundle" / "heads" / "final_score.onnx").write_bytes(b"another")
    with pytest.raises(BundleError, match="changed after sealing"):
        read_bundle(tmp_path / "bundle")
