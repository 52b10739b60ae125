"""Gates: figures in, a frozen verdict out."""

import dataclasses
from typing import Any

import pytest

from earlybell.errors import GateError
from earlybell.gates import Gates, judge


def _evaluation(auc: float | None, error: float, split: str = "course_run") -> dict[str, Any]:
    row = {"candidate": "logistic", "split": split, "cutoff": 0.4, "group": "all"}
    rows = [row | {"metric": "roc_auc", "value": auc}, row | {"metric": "calibration_error", "value": error}]
    return {"chosen": "logistic", "metrics": rows}


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
