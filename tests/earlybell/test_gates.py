"""Gates: figures in, a frozen verdict out, which is sealed with the model."""

import math
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import structs

from earlybell.bundle import Evaluation
from earlybell.bundle.evaluation import CourseRun, Data
from earlybell.bundle.figures import EACH_RUN, MetricRow
from earlybell.errors import BundleError, GateError, SettingError
from earlybell.gates import (
    CUTOFF,
    Gates,
    check_reason,
    find_gates,
    in_words,
    judge,
    read_verdict,
    require_verdict,
    write_verdict,
)


def _rows(split: str, group: str, figures: Mapping[str, float | None]) -> list[MetricRow]:
    return [
        MetricRow(candidate="logistic", split=split, cutoff=0.4, group=group, metric=metric, value=value)
        for metric, value in figures.items()
    ]


def _evaluation(
    auc: float | None, error: float, split: str = "course_run", disparity: float | None = None
) -> Evaluation:
    """All learners together: what an evaluation without figures of course runs has."""
    figures = {"roc_auc": auc, "calibration_error": error} | ({} if disparity is None else {"disparity": disparity})
    return Evaluation(chosen="logistic", split=split, metrics=_rows(split, "all", figures))


def _of_runs(mean: Mapping[str, float | None], worst: tuple[float, float]) -> Evaluation:
    """Two course runs, one of which is worse: its AUC and its calibration error; and all together, which look well."""
    auc, error = worst
    rows = [
        *_rows("course_run", "all", {"roc_auc": 0.99, "calibration_error": 0.0, "brier_skill": 0.9, "disparity": 0.05}),
        *_rows("course_run", EACH_RUN, mean),
        *_rows("course_run", "worse", {"roc_auc": auc, "calibration_error": error}),
        *_rows("course_run", "better", {"roc_auc": 0.95, "calibration_error": 0.01}),
    ]
    runs = (CourseRun(course_id="worse"), CourseRun(course_id="better"))
    return Evaluation(chosen="logistic", split="course_run", metrics=rows, data=Data(course_runs=runs))


@pytest.mark.parametrize(
    ("figures", "missed"),
    [
        ((0.69, 0.1, 0.05, 0.2, 0.6, 0.2), "roc_auc"),
        ((0.7, 0.11, 0.05, 0.2, 0.6, 0.2), "calibration_error"),
        ((0.7, 0.1, 0.06, 0.2, 0.6, 0.2), "disparity"),
        ((0.7, 0.1, 0.05, 0.19, 0.6, 0.2), "brier_skill"),
        ((0.7, 0.1, 0.05, 0.2, 0.59, 0.2), "worst_roc_auc"),
        ((0.7, 0.1, 0.05, 0.2, 0.6, 0.21), "worst_calibration_error"),
        ((0.7, 0.1, 0.05, 0.2, 0.6, 0.2), None),
    ],
)
def test_each_gate_alone_stops_a_model_and_its_bound_itself_does_not(
    figures: tuple[float, float, float, float, float, float], missed: str | None
) -> None:
    auc, error, disparity, skill, worst_auc, worst_error = figures
    mean = {"roc_auc": auc, "calibration_error": error, "brier_skill": skill, "disparity": disparity}
    verdict = judge(_of_runs(mean, (worst_auc, worst_error)), Gates(0.7, 0.1, 0.05, 0.2, 0.6, 0.2))
    assert [finding.metric for finding in verdict.findings if not finding.passed] == ([missed] if missed else [])
    assert verdict.passed is (missed is None)


def test_every_gate_is_tried_alone() -> None:
    assert list(find_gates()) == [
        "roc_auc",
        "calibration_error",
        "disparity",
        "brier_skill",
        "worst_roc_auc",
        "worst_calibration_error",
    ]


def test_a_disparity_of_one_asks_nothing_and_one_that_cannot_be_measured_stops() -> None:
    unknown = _evaluation(0.8, 0.05, disparity=0.0)
    unknown.metrics[-1] = structs.replace(unknown.metrics[-1], value=None)
    assert judge(unknown, Gates(max_disparity=1)).passed
    with pytest.raises(GateError, match="disparity is not measurable"):
        judge(unknown, Gates(max_disparity=0.99)).require()


def test_gates_that_nobody_set_ask_for_these_figures() -> None:
    assert Gates() == Gates(
        min_auc=0.65,
        max_calibration_error=0.15,
        max_disparity=0.1,
        min_brier_skill=0.0,
        min_worst_auc=0.5,
        max_worst_calibration_error=0.3,
    )


def test_a_model_that_reaches_the_gates_passes() -> None:
    verdict = judge(_evaluation(0.8, 0.05), Gates(0.7, 0.1))
    verdict.require()
    assert verdict.passed


def test_gates_findings_and_verdict_are_frozen() -> None:
    gates = Gates()
    verdict = judge(_evaluation(0.8, 0.05), gates)
    for frozen, name in ((gates, "min_auc"), (verdict, "findings"), (verdict.findings[0], "passed")):
        with pytest.raises(AttributeError, match="immutable type"):
            setattr(frozen, name, None)


def test_a_missed_gate_is_named_with_its_figure_and_bound() -> None:
    with pytest.raises(
        GateError, match=r"roc_auc is 0.600, asked: at least 0.700; calibration_error is 0.200, asked: at"
    ):
        judge(_evaluation(0.6, 0.2), Gates(0.7, 0.1)).require()


@pytest.mark.parametrize("auc", [None, math.nan, math.inf])
def test_what_could_not_be_measured_does_not_pass(auc: float | None) -> None:
    with pytest.raises(GateError, match="roc_auc is not measurable"):
        judge(_evaluation(auc, 0.01), Gates()).require()


def test_with_one_course_run_learners_left_out_are_judged() -> None:
    assert judge(_evaluation(0.8, 0.05, split="learner"), Gates()).passed


def test_the_papers_random_split_is_never_judged() -> None:
    assert not judge(_evaluation(0.99, 0.0, split="random"), Gates()).passed
    assert judge(_evaluation(0.99, 0.0, split="random"), Gates()).split == ""


def test_a_verdict_says_what_was_asked_of_whom_and_when() -> None:
    gates = Gates(0.7, 0.1, 0.05)
    verdict = judge(_evaluation(0.69, 0.1, "learner", disparity=0.02), gates)
    assert (verdict.gates, verdict.cutoff, verdict.split) == (gates, CUTOFF, "learner")
    assert [(gate.metric, gate.value, gate.bound, gate.passed) for gate in verdict.findings] == [
        ("roc_auc", 0.69, 0.7, False),
        ("calibration_error", 0.1, 0.1, True),
        ("disparity", 0.02, 0.05, True),
    ]


@pytest.mark.parametrize(
    ("auc", "reason", "outcome"),
    [(0.8, "", "passed"), (0.8, "a trial", "passed"), (0.6, "a trial", "waived"), (0.6, "", "missed")],
)
def test_a_reason_lets_a_missed_gate_pass_and_changes_no_finding(auc: float, reason: str, outcome: str) -> None:
    verdict = judge(_evaluation(auc, 0.05), Gates(0.7, 0.1), reason)
    assert (verdict.outcome, verdict.waived, verdict.passed) == (outcome, reason, auc > 0.7)
    if outcome == "missed":
        with pytest.raises(GateError):
            verdict.require()
    else:
        verdict.require()


@pytest.mark.parametrize("reason", ["", "a trial of “one” term"])
def test_a_verdict_is_read_as_it_was_written_and_the_same_one_gives_the_same_bytes(reason: str, tmp_path: Path) -> None:
    evaluation = _evaluation(None, 1 / 3, disparity=0.1)
    write_verdict(judge(evaluation, Gates(), reason), tmp_path)
    written = (tmp_path / "verdict.json").read_bytes()
    assert b'\n "cutoff": 0.4,\n' in written, "a line a fact"
    assert read_verdict(tmp_path) == judge(evaluation, Gates(), reason)
    write_verdict(judge(evaluation, Gates(), reason), tmp_path)
    assert (tmp_path / "verdict.json").read_bytes() == written


def test_a_bundle_without_a_verdict_is_told_how_to_get_one(tmp_path: Path) -> None:
    assert read_verdict(tmp_path) is None
    with pytest.raises(GateError, match="without a verdict .*Train again .*--without-gates"):
        require_verdict(tmp_path)


def test_a_bundle_that_missed_a_gate_is_named_with_its_figures(tmp_path: Path) -> None:
    write_verdict(judge(_evaluation(0.6, 0.05), Gates(0.7, 0.1)), tmp_path)
    with pytest.raises(GateError, match=r"missed a gate at 40% .*roc_auc is 0\.600"):
        require_verdict(tmp_path)


def test_a_verdict_of_before_asked_at_least_of_the_auc_alone(tmp_path: Path) -> None:
    write_verdict(judge(_evaluation(0.8, 0.05), Gates(0.7, 0.1)), tmp_path)
    text = (tmp_path / "verdict.json").read_text()
    (tmp_path / "verdict.json").write_text(re.sub(r',\s+"at_least": \w+', "", text))
    verdict = require_verdict(tmp_path)
    assert [finding.at_least for finding in verdict.findings] == [None, None]
    assert [finding.requirement for finding in verdict.findings] == ["at least 0.700", "at most 0.100"]


@pytest.mark.parametrize("text", ["", "{}", '{"gates": {}, "cutoff": 0.4, "split": "", "findings": [{"passed": 1}]}'])
def test_a_verdict_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text(text)
    with pytest.raises(BundleError, match=r"cannot read .*verdict\.json"):
        read_verdict(tmp_path)


@pytest.mark.parametrize(
    ("reason", "wrong"), [("", "needs a reason"), ("  ", "needs a reason"), ("a\nb", "kept"), ("x" * 501, "kept")]
)
def test_a_reason_is_a_line_that_says_something(reason: str, wrong: str) -> None:
    with pytest.raises(SettingError, match=wrong):
        check_reason(reason)
    check_reason("the dean wants a trial in one course: minute 7 of March")
    check_reason("x" * 500)


def test_a_reason_that_is_too_long_is_shown_by_its_beginning() -> None:
    with pytest.raises(SettingError, match=f"kept: '{'x' * 50}'. It is one line of at most 500"):
        check_reason("x" * 501)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("passed", "passed"), ("missed", "missed"), ("waived", "waived: a trial"), ("", "not recorded")],
)
def test_an_outcome_is_read_with_its_reason_where_it_was_waived(outcome: str, words: str) -> None:
    assert in_words(outcome, "a trial") == words
