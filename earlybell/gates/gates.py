"""What a model must reach before it is registered."""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

from earlybell.bundle import Evaluation
from earlybell.bundle.figures import HONEST_SPLITS, MetricRow
from earlybell.errors import GateError

CUTOFF = 0.4  # where gates look: early enough to help, late enough to know something


@dataclass(frozen=True)
class Gates:
    """What the user asks of the chosen model at 40% of a course run, in runs (else learners) left out.

    `max_disparity` bounds how much more of those in need are surely found in one group of a protected attribute than in
    another; without protected attributes, or at 1, nothing is asked. What could not be measured passes no gate.
    """

    min_auc: float = 0.65
    max_calibration_error: float = 0.15
    max_disparity: float = 0.1


@dataclass(frozen=True)
class Finding:
    """One gate: the figure, what it had to reach, and whether it did."""

    metric: str
    value: float | None
    bound: float
    passed: bool

    def __str__(self) -> str:
        value = "not measurable" if self.value is None else f"{self.value:.3f}"
        asked = "at least" if self.metric == "roc_auc" else "at most"
        return f"{self.metric} is {value}, asked: {asked} {self.bound:.3f}"


@dataclass(frozen=True)
class Verdict:
    """The verdict on one model: every gate's finding."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return all(finding.passed for finding in self.findings)

    def require(self) -> None:
        """Raises:
        GateError: a gate was missed; names each one with its figure.
        """
        missed = "; ".join(str(finding) for finding in self.findings if not finding.passed)
        if missed:
            raise GateError(
                f"the model missed a gate at {CUTOFF:.0%} of a course run",
                missed,
                "Nothing was registered. Look at the report, add course runs, or set the gate otherwise.",
            )


def judge(evaluation: Evaluation, gates: Gates) -> Verdict:
    """The verdict on the chosen model, in a split without the learner's own rows."""
    asked = {
        "roc_auc": (gates.min_auc, operator.ge),
        "calibration_error": (gates.max_calibration_error, operator.le),
        "disparity": (gates.max_disparity, operator.le),
    }
    figures = {metric: _figure(evaluation, metric) for metric in asked}
    if figures["disparity"] is None or gates.max_disparity >= 1:
        del asked["disparity"]
    return Verdict(tuple(_find(metric, figures[metric], *bound) for metric, bound in asked.items()))


def _find(metric: str, figure: MetricRow | None, bound: float, holds: Callable[[float, float], bool]) -> Finding:
    value = figure.value if figure else None
    known = value is not None and math.isfinite(value)
    return Finding(metric, value if known else None, bound, value is not None and known and holds(value, bound))


def _figure(evaluation: Evaluation, metric: str) -> MetricRow | None:
    """None where it was not asked for, or only with the learner's own rows in training."""
    return evaluation.figure(metric, CUTOFF) if evaluation.split in HONEST_SPLITS else None
