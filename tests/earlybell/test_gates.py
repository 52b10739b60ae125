"""Gates: figures in, a frozen verdict out."""

import dataclasses

import pytest
from msgspec import structs

from earlybell.bundle import Evaluation
from earlybell.bundle.figures import MetricRow
from earlybell.errors import GateError
from earlybell.gates import Gates, judge


def _evaluation(
    auc: float | None, error: float, split: str = "course_run", disparity: float | None = None
) -> Evaluation:
    figures = {"roc_auc": auc, "calibration_error": error} | ({} if disparity is None else {"disparity": disparity})
    rows = [
        MetricRow(candidate="logistic", split=split, cutoff=0.4, group="all", metric=metric, value=value)
        for metric, value in figures.items()
    ]
    return Evaluation(chosen="logistic", split=split, metrics=rows)


@pytest.mark.parametrize(
    ("figures", "missed"),
    [
        ((0.69, 0.1, 0.05), "roc_auc"),
        ((0.7, 0.11, 0.05), "calibration_error"),
        ((0.7, 0.1, 0.06), "disparity"),
        ((0.7, 0.1, 0.05), None),
    ],
)
def test_each_gate_alone_stops_a_model_and_its_bound_itself_does_not(
    figures: tuple[float, float, float], missed: str | None
) -> None:
    auc, error, disparity = figures
    verdict = judge(_evaluation(auc, error, disparity=disparity), Gates(0.7, 0.1, 0.05))
    assert [finding.metric for finding in verdict.findings if not finding.passed] == ([missed] if missed else [])
    assert verdict.passed is (missed is None)


def test_a_disparity_of_one_asks_nothing_and_one_that_cannot_be_measured_stops() -> None:
    assert judge(_evaluation(0.8, 0.05, disparity=0.9), Gates(max_disparity=1)).passed
    unknown = _evaluation(0.8, 0.05, disparity=0.0)
    unknown.metrics[-1] = structs.replace(unknown.metrics[-1], value=None)
    with pytest.raises(GateError, match="disparity is not measurable"):
        judge(unknown, Gates()).require()


def test_a_model_that_reaches_the_gates_passes() -> None:
    verdict = judge(_evaluation(0.8, 0.05), Gates(0.7, 0.1))
    verdict.require()
    assert verdict.passed
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.findings = ()  # type: ignore[misc]


def test_a_missed_gate_is_named_with_its_figure_and_bound() -> None:
    with pytest.raises(
        GateError, match=r"roc_auc is 0.600, asked: at least 0.700; calibration_error is 0.200, asked: at"
    ):
        judge(_evaluation(0.6, 0.2), Gates(0.7, 0.1)).require()


def test_what_could_not_be_measured_does_not_pass() -> None:
    with pytest.raises(GateError, match="roc_auc is not measurable"):
        judge(_evaluation(None, 0.01), Gates()).require()


def test_with_one_course_run_learners_left_out_are_judged() -> None:
    assert judge(_evaluation(0.8, 0.05, split="learner"), Gates()).passed


def test_the_papers_random_split_is_never_judged() -> None:
    assert not judge(_evaluation(0.99, 0.0, split="random"), Gates()).passed
