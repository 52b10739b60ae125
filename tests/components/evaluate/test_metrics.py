"""Metrics: right against scikit-learn, and intervals that hold what they promise."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as sk

from components.evaluate.metrics import interval, measure, resample

Sample = tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]
RNG = np.random.default_rng(5)


@pytest.fixture(scope="module", params=["all different", "many ties"])
def sample(request: pytest.FixtureRequest) -> Sample:
    risk = RNG.random(2_000)
    if request.param == "many ties":
        risk = np.round(risk, 1)
    return (RNG.random(2_000) < risk).astype(np.int32), risk


@pytest.mark.parametrize(
    ("name", "function", "flags"),
    [
        ("roc_auc", sk.roc_auc_score, False),
        ("pr_auc", sk.average_precision_score, False),
        ("brier", sk.brier_score_loss, False),
        ("accuracy", sk.accuracy_score, True),
        ("precision", sk.precision_score, True),
        ("recall", sk.recall_score, True),
        ("f1", sk.f1_score, True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_metric_equals_scikit_learns(sample: Sample, name: str, function: Any, flags: bool) -> None:
    label, risk = sample
    found = measure(label, risk, np.ones((1, len(label))))[name][0]
    assert found == pytest.approx(function(label, risk >= 0.5 if flags else risk))


def test_weights_count_rows_as_often_as_they_say() -> None:
    label, risk = np.array([0, 1, 1, 0], dtype=np.int32), np.array([0.1, 0.8, 0.3, 0.4])
    doubled = np.repeat([0, 1, 2, 3], [1, 2, 1, 3])
    one = measure(label, risk, np.array([[1.0, 2, 1, 3]]))
    other = measure(label[doubled], risk[doubled], np.ones((1, 7)))
    for name in ("roc_auc", "pr_auc", "brier", "f1"):
        assert one[name][0] == pytest.approx(other[name][0]), name


def test_a_perfectly_calibrated_risk_has_a_small_calibration_error_and_a_shifted_one_its_shift() -> None:
    risk = RNG.random(50_000) * 0.6
    label = (RNG.random(50_000) < risk).astype(np.int32)
    ones = np.ones((1, len(risk)))
    assert measure(label, risk, ones)["calibration_error"][0] < 0.02
    assert measure(label, risk + 0.2, ones)["calibration_error"][0] == pytest.approx(0.2, abs=0.02)


def test_resampling_draws_learners_and_never_rows() -> None:
    learner = np.repeat([7, 3, 9], [4, 2, 5])
    weights = resample(learner, 50, seed=1)
    assert weights.shape == (51, 11)
    for one in (7, 3, 9):
        assert (weights[:, learner == one] == weights[:, learner == one][:, :1]).all()


def test_an_interval_of_resampled_learners_holds_the_truth_about_as_often_as_it_says() -> None:
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        each = rng.random(150) < 0.3  # a learner's label, the same in each of their four rows
        label, learner = np.repeat(each, 4).astype(np.int32), np.repeat(np.arange(150), 4)
        found = interval(measure(label, np.full(600, 0.3), resample(learner, 200, seed))["base_rate"])
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.3 <= found.high
    assert held >= 87


def test_one_outcome_only_has_no_auc_and_no_error() -> None:
    label, risk = np.zeros(20, dtype=np.int32), RNG.random(20)
    found = measure(label, risk, resample(np.arange(20), 10, seed=1))
    assert interval(found["roc_auc"]).value is None
    assert interval(found["brier"]).value is not None
