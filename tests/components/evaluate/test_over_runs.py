"""Figures within course runs and their mean: by hand, and with intervals that know how few runs there are."""

import numpy as np
import pytest

from components.evaluate.metrics import interval, measure, resample
from components.evaluate.over_runs import over_runs
from components.metrics import find_metrics

AVERAGED = [metric.name for metric in find_metrics().values() if metric.title]


def _figures(**values: list[float]) -> dict[str, np.ndarray]:
    """Figures (2,) of one run: the value and one resample; what is not named is 0."""
    return {name: np.array(values.get(name, [0.0, 0.0])) for name in AVERAGED}


def test_every_run_counts_the_same_and_one_without_a_value_does_not_count() -> None:
    runs = [_figures(roc_auc=[0.6, 0.6]), _figures(roc_auc=[0.9, 0.9]), _figures(roc_auc=[np.nan, np.nan])]
    assert over_runs(runs, seed=1)["roc_auc"][0] == pytest.approx(0.75)


def test_gaps_of_two_runs_do_not_cancel() -> None:
    runs = [_figures(calibration_gap=[0.1, 0.1]), _figures(calibration_gap=[-0.1, -0.1])]
    assert over_runs(runs, seed=1)["calibration_gap"][0] == pytest.approx(0.1)


def test_a_run_that_chance_alone_explains_is_off_by_nothing_and_makes_up_for_no_other() -> None:
    runs = [_figures(calibration_error=[0.2, 0.2]), _figures(calibration_error=[-0.1, -0.1])]
    assert over_runs(runs, seed=1)["calibration_error"][0] == pytest.approx(0.1)


def test_where_no_run_has_a_value_the_mean_has_none() -> None:
    assert np.isnan(over_runs([_figures(roc_auc=[np.nan, np.nan])], seed=1)["roc_auc"]).all()


def test_two_runs_that_are_off_in_opposite_ways_look_right_together_and_are_not_on_average() -> None:
    """What the product once reported: pooled, a calibration error near 0; within each run one of 20 points."""
    rng = np.random.default_rng(7)
    risk = rng.random(8_000) * 0.5 + 0.25
    run = np.repeat([0, 1], 4_000)
    label = (rng.random(8_000) < risk + np.where(run == 0, 0.2, -0.2)).astype(np.int32)
    weights = resample(np.arange(8_000), 50, seed=2)
    together = measure(label, risk, weights)
    each = [measure(label[run == number], risk[run == number], weights.where(run == number)) for number in (0, 1)]
    mean = over_runs(each, seed=3)
    assert together["calibration_error"][0] < 0.05
    assert mean["calibration_error"][0] == pytest.approx(0.2, abs=0.02)
    assert mean["brier_skill"][0] < together["brier_skill"][0]


def test_an_interval_of_the_mean_is_wide_where_runs_differ_and_narrow_where_they_do_not() -> None:
    def width(values: list[float]) -> float:
        others = set(AVERAGED) - {"roc_auc"}
        runs = [_figures(roc_auc=[value] * 201) | dict.fromkeys(others, np.zeros(201)) for value in values]
        measured = interval(over_runs(runs, seed=5)["roc_auc"])
        assert measured.low is not None
        assert measured.high is not None
        return measured.high - measured.low

    assert width([0.8] * 6) == pytest.approx(0)
    assert 0.08 < width([0.65, 0.7, 0.75, 0.8, 0.85, 0.9]) < 0.2
