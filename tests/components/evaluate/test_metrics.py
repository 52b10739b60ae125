"""Metrics: right against scikit-learn, and intervals that hold what they promise."""

from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from msgspec import structs
from sklearn import metrics as sk

from components.evaluate.metrics import interval, intervals, measure, resample
from components.metrics.sample import calibration_bins
from earlybell.bundle.figures import Measured
from tests.components.evaluate.labelled import each

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
    found = measure(label, risk, each(np.ones((1, len(label)))))[name][0]
    assert found == pytest.approx(function(label, risk >= 0.5 if flags else risk))


def test_resamples_multiply_as_the_matrix_that_they_stand_for() -> None:
    rng = np.random.default_rng(9)
    learner, values, group = rng.integers(0, 20, 90), rng.normal(size=90), rng.integers(0, 4, 90)
    resamples = resample(learner, 30, seed=1)
    dense = resamples.dense()
    np.testing.assert_allclose(resamples @ values, dense @ values)
    np.testing.assert_allclose(resamples.total, dense.sum(axis=1))
    members = group[:, None] == np.arange(5)
    np.testing.assert_allclose(resamples.by(group, 5, values), dense @ (members * values[:, None]))
    np.testing.assert_allclose(resamples.by(group, 5), dense @ members)
    some = np.array([4, 80, 4, 17])
    np.testing.assert_array_equal(resamples.where(some).dense(), dense[:, some])
    np.testing.assert_array_equal(resamples.where(group == 2).dense(), dense[:, group == 2])
    np.testing.assert_array_equal(resamples.dense(slice(3, 6), some), dense[3:6, some])


def test_weights_count_rows_as_often_as_they_say() -> None:
    label, risk = np.array([0, 1, 1, 0], dtype=np.int32), np.array([0.1, 0.8, 0.3, 0.4])
    doubled = np.repeat([0, 1, 2, 3], [1, 2, 1, 3])
    one = measure(label, risk, each(np.array([[1.0, 2, 1, 3]])))
    other = measure(label[doubled], risk[doubled], each(np.ones((1, 7))))
    for name in ("roc_auc", "pr_auc", "brier", "f1"):
        assert one[name][0] == pytest.approx(other[name][0]), name


def test_a_perfectly_calibrated_risk_has_a_small_calibration_error_and_a_shifted_one_its_shift() -> None:
    risk = RNG.random(50_000) * 0.6
    label = (RNG.random(50_000) < risk).astype(np.int32)
    ones = each(np.ones((1, len(risk))))
    assert measure(label, risk, ones)["calibration_error"][0] < 0.02
    assert measure(label, risk + 0.2, ones)["calibration_error"][0] == pytest.approx(0.2, abs=0.02)


def test_resampling_draws_learners_and_never_rows() -> None:
    learner = np.repeat([7, 3, 9], [4, 2, 5])
    weights = resample(learner, 50, seed=1).dense()
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


@pytest.fixture
def weighted() -> tuple[Sample, npt.NDArray[np.float64]]:
    """Two hundred rows, a few risks the threshold itself, and the weights of eight resamples, many of them 0."""
    rng = np.random.default_rng(8)
    risk = np.round(rng.beta(2, 3, 200), 2)
    risk[:10] = 0.5
    weights = np.vstack([np.ones(200), rng.integers(0, 4, (8, 200)) * rng.integers(0, 2, (8, 200))])
    return ((rng.random(200) < risk).astype(np.int32), risk), weights


def test_every_figure_of_weighted_rows_is_that_of_rows_repeated(
    weighted: tuple[Sample, npt.NDArray[np.float64]],
) -> None:
    (label, risk), weights = weighted
    found = measure(label, risk, each(weights))
    for at, weight in enumerate(weights):
        times = weight.astype(int)
        labels, risks = np.repeat(label, times), np.repeat(risk, times)
        flags = risks >= 0.5
        negatives, false_alarms, misses, hits = sk.confusion_matrix(labels, flags).ravel()
        expected = {
            "roc_auc": sk.roc_auc_score(labels, risks),
            "pr_auc": sk.average_precision_score(labels, risks),
            "brier": sk.brier_score_loss(labels, risks),
            "brier_skill": sk.d2_brier_score(labels, risks),
            "accuracy": sk.accuracy_score(labels, flags),
            "precision": sk.precision_score(labels, flags),
            "recall": sk.recall_score(labels, flags),
            "f1": sk.f1_score(labels, flags),
            "calibration_gap": risks.mean() - labels.mean(),
            "base_rate": labels.mean(),
            "true_positives": hits,
            "false_positives": false_alarms,
            "false_negatives": misses,
            "true_negatives": negatives,
        }
        assert {name: values[at] for name, values in found.items() if name != "calibration_error"} == pytest.approx(
            expected
        )
    assert found.keys() - expected.keys() == {"calibration_error"}


def _squares(label: npt.NDArray[np.int32], risk: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]) -> float:
    """The mean over rows of their bin's squared gap, in ten bins between the deciles of the risks."""
    deciles = np.quantile(risk, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    bins = [int((one > deciles).sum()) for one in risk]
    total = 0.0
    for number in range(10):
        of_bin = weight * (np.array(bins) == number)
        if of_bin.sum():
            total += of_bin.sum() * (of_bin @ label / of_bin.sum() - of_bin @ risk / of_bin.sum()) ** 2
    return total / float(weight.sum())


def _root(square: Any) -> float:
    return float(np.sign(square) * np.sqrt(abs(square)))


def test_the_calibration_error_is_the_gap_in_ten_bins_less_what_resampling_adds(
    weighted: tuple[Sample, npt.NDArray[np.float64]],
) -> None:
    (label, risk), weights = weighted
    lowest = risk < np.quantile(risk, 0.3)
    weights[1:3, lowest] = 0  # whole bins of which nobody was drawn
    weights[2, np.argmax(lowest)] = 1  # and one of which one row was
    value, *resampled = (_squares(label, risk, weight) for weight in weights)
    noise = float(np.mean(resampled)) - value
    free = [value - noise, *(square - 2 * noise for square in resampled)]
    assert {*np.sign(free)} == {-1, 1}, "of some, chance alone explains more than there is"
    errors = measure(label, risk, each(weights))["calibration_error"]
    np.testing.assert_allclose(errors, [_root(square) for square in free])
    alone = measure(label, risk, each(weights[:1]))["calibration_error"]
    np.testing.assert_allclose(alone, [np.sqrt(value)])
    with_one = measure(label, risk, each(weights[[0, 3]]))["calibration_error"]
    noise_of_one = resampled[2] - value
    np.testing.assert_allclose(with_one, [_root(value - noise_of_one), _root(resampled[2] - 2 * noise_of_one)])


def test_bins_are_of_about_equal_size_and_equal_risks_are_in_one() -> None:
    assert np.bincount(calibration_bins(np.random.default_rng(1).permutation(50) / 50)).tolist() == [5] * 10
    assert calibration_bins(np.array([0.0, 0.5, 1.0]), bins=2).tolist() == [0, 0, 1], "an edge is in the lower bin"
    assert calibration_bins(np.full(7, 0.3)).tolist() == [0] * 7
    assert calibration_bins(np.empty(0)).tolist() == []


RESAMPLED = np.round(np.random.default_rng(3).gamma(2, 0.1, 400), 2)


def _percentiles(value: float, *, corrected: bool) -> tuple[float, float]:
    """Efron's bias-corrected percentiles, equal resamples half below the value."""
    normal = NormalDist()
    below = np.mean([1.0 if one < value else 0.5 if one == value else 0.0 for one in RESAMPLED])
    bias = normal.inv_cdf(float(below)) if corrected else 0.0
    ends = [normal.cdf(2 * bias + side * normal.inv_cdf(0.975)) for side in (-1, 1)]
    low, high = np.quantile(RESAMPLED, ends)
    return float(low), float(high)


@pytest.mark.parametrize("value", [0.12, 0.2, 0.31])
@pytest.mark.parametrize("corrected", [True, False])
def test_an_interval_is_of_percentiles_corrected_for_bias_unless_it_should_not_be(
    value: float, corrected: bool
) -> None:
    with_unknown = np.r_[value, RESAMPLED, np.nan, np.nan]
    low, high = _percentiles(value, corrected=corrected)
    found = interval(with_unknown, corrected=corrected)
    assert found.value == value
    assert found.low == pytest.approx(low, abs=1e-6)
    assert found.high == pytest.approx(high, abs=1e-6)
    assert corrected is False or found == interval(with_unknown)


@pytest.mark.parametrize("value", [-1.0, 2.0])
@pytest.mark.parametrize("corrected", [True, False])
def test_an_interval_holds_its_value_even_where_no_resample_is_near(value: float, corrected: bool) -> None:
    found = interval(np.r_[value, RESAMPLED], corrected=corrected)
    other = {-1.0: found.low, 2.0: found.high}[value]
    assert (found.value, other) == (value, value)


def test_the_correction_ends_half_a_resample_from_the_edge() -> None:
    normal = NormalDist()
    bias = normal.inv_cdf(1 - 0.5 / 400)
    low = np.quantile(RESAMPLED, normal.cdf(2 * bias - normal.inv_cdf(0.975)))
    assert interval(np.r_[2.0, RESAMPLED]).low == pytest.approx(low, abs=1e-6)
    bias = normal.inv_cdf(0.5 / 400)
    high = np.quantile(RESAMPLED, normal.cdf(2 * bias + normal.inv_cdf(0.975)))
    assert interval(np.r_[-1.0, RESAMPLED]).high == pytest.approx(high, abs=1e-6)


def test_figures_have_six_places_and_no_interval_without_a_resample() -> None:
    third = 1 / 3
    assert interval(np.array([third])) == Measured(0.333333, None, None)
    assert interval(np.array([third, np.nan])) == Measured(0.333333, None, None)
    assert interval(np.full(3, third)) == Measured(0.333333, 0.333333, 0.333333)
    assert interval(np.array([np.nan, third])) == interval(np.empty(0)) == Measured(None, None, None)
    with pytest.raises(AttributeError, match="immutable"):
        interval(np.array([third])).value = 1.0  # type: ignore[misc]


def test_of_the_figures_a_calibration_error_alone_is_never_below_0() -> None:
    below, around = np.full(21, -0.1), np.r_[0.05, np.linspace(-0.1, 0.2, 20)]
    assert intervals({"calibration_error": below, "calibration_gap": below}) == {
        "calibration_error": Measured(0, 0, 0),
        "calibration_gap": Measured(-0.1, -0.1, -0.1),
    }
    found = intervals({"calibration_error": around, "calibration_gap": around})
    assert found["calibration_gap"].low < found["calibration_error"].low == 0  # type: ignore[operator]
    assert found["calibration_error"] == structs.replace(found["calibration_gap"], low=0)
    nothing, alone = np.array([np.nan]), np.array([-0.1])
    assert intervals({"calibration_error": nothing})["calibration_error"] == Measured(None, None, None)
    assert intervals({"calibration_error": alone})["calibration_error"] == Measured(0, None, None)


def test_as_many_learners_are_drawn_as_there_are_and_the_first_row_is_everybody() -> None:
    learner = np.array([7, 3, 9, 7, 3, 12])
    weights = resample(learner, 400, seed=2).dense()
    assert weights[0].tolist() == [1] * 6
    of_each = weights[1:, [0, 1, 2, 5]]
    assert (of_each.sum(axis=1) == 4).all()
    assert np.abs(of_each.mean(axis=0) - 1).max() < 0.2, "each as often as the others"
    assert (resample(learner, 400, seed=2).dense() == weights).all()
    assert not (resample(learner, 400, seed=3).dense() == weights).all()
    assert resample(np.empty(0, dtype=np.int64), 5, seed=1).dense().shape == (6, 0)
