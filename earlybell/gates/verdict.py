"""The verdict on a model: what was asked, what it reached, and the reason where that did not count."""

import math
from pathlib import Path
from typing import Literal, Self

import msgspec

from earlybell.bundle.json_files import read_json, write_json
from earlybell.errors import GateError, SettingError

FILE = "verdict.json"  # in the bundle
_LONGEST = 500  # characters of a reason: it is a tag in MLflow, and a line in a terminal
_WAY_OUT = (
    'Train again with `earlybell train`; --without-gates "REASON" registers what misses a gate, and the reason with it.'
)

Outcome = Literal["passed", "waived", "missed"]


class Gates(msgspec.Struct, frozen=True):
    """What the user asks of the chosen model at 40% of a course run, in runs (else learners) left out.

    The first three are asked of the mean over course runs, those called worst of the worst run.
    `max_disparity` bounds how much more of those in need are surely found in one group of a protected attribute than in
    another; without protected attributes, or at 1, nothing is asked. What could not be measured passes no gate.
    """

    min_auc: float = 0.65
    max_calibration_error: float = 0.15
    max_disparity: float = 0.1
    min_brier_skill: float = 0.0
    min_worst_auc: float = 0.5
    max_worst_calibration_error: float = 0.3


class Finding(msgspec.Struct, frozen=True):
    """One gate: the figure (None: not measurable), what it had to reach, and whether it did.

    `at_least` says that it had to reach it from below. Verdicts of before say nothing: there the AUC alone had to.
    """

    metric: str
    value: float | None
    bound: float
    passed: bool
    at_least: bool | None = None

    @classmethod
    def of(cls, metric: str, value: float | None, bound: float, *, at_least: bool = False) -> Self:
        """What a gate says of a figure: the bound itself is enough, and what is not a number never is."""
        if value is None or not math.isfinite(value):
            return cls(metric, None, bound, passed=False, at_least=at_least)
        return cls(metric, value, bound, passed=value >= bound if at_least else value <= bound, at_least=at_least)

    @property
    def figure(self) -> str:
        """The figure in words."""
        return "not measurable" if self.value is None else f"{self.value:.3f}"

    @property
    def requirement(self) -> str:
        """What was asked, in words: `at least 0.650`."""
        at_least = self.metric == "roc_auc" if self.at_least is None else self.at_least
        return f"{'at least' if at_least else 'at most'} {self.bound:.3f}"

    def __str__(self) -> str:
        return f"{self.metric} is {self.figure}, asked: {self.requirement}"


class Verdict(msgspec.Struct, frozen=True):
    """The verdict on one model, as `verdict.json` of its bundle has it.

    Attributes:
        gates: the thresholds that it was judged by.
        cutoff: share of a course run at which it was judged.
        split: whose figures were judged: `course_run` or `learner`; empty where neither was measured.
        findings: one a gate.
        waived: the reason of `--without-gates`; empty without one.
    """

    gates: Gates
    cutoff: float
    split: str
    findings: tuple[Finding, ...]
    waived: str = ""

    @property
    def passed(self) -> bool:
        """Whether every gate was reached, waived or not."""
        return all(finding.passed for finding in self.findings)

    @property
    def missed(self) -> tuple[str, ...]:
        """The gates that were missed, each with its figure and its bound."""
        return tuple(str(finding) for finding in self.findings if not finding.passed)

    @property
    def outcome(self) -> Outcome:
        """Waived is what missed a gate and may go on for a reason."""
        if self.passed:
            return "passed"
        return "waived" if self.waived else "missed"

    def require(self) -> None:
        """Raises:
        GateError: a gate was missed and not waived; names each one with its figure.
        """
        if self.outcome == "missed":
            raise GateError(
                f"the model missed a gate at {self.cutoff:.0%} of a course run",
                "; ".join(self.missed),
                "Nothing was registered. Look at the report, add course runs, or set the gate otherwise.",
            )


def in_words(outcome: str, waived: str) -> str:
    """An outcome as people read it, with the reason where it needs one: `waived: REASON`; empty is not recorded."""
    return f"{outcome}: {waived}" if outcome == "waived" else outcome or "not recorded"


def check_reason(reason: str, option: str = "--without-gates") -> None:
    """
    Args:
        option: by which it was given.

    Raises:
        SettingError: it says nothing, or more than a line of 500 characters.
    """
    if not reason.strip():
        raise SettingError(f"{option} needs a reason", reason, "Say why, in a sentence.")
    if len(reason) > _LONGEST or not reason.isprintable():
        way_out = f"It is one line of at most {_LONGEST} characters."
        raise SettingError(f"the reason of {option} cannot be kept", reason[: _LONGEST // 10], way_out)


def write_verdict(verdict: Verdict, bundle: Path) -> None:
    """Write it into the folder of a bundle that is not sealed yet."""
    write_json(bundle / FILE, verdict)


def read_verdict(bundle: Path) -> Verdict | None:
    """The verdict in the folder of a bundle; None where none was sealed, as by earlier versions of Earlybell.

    Raises:
        BundleError: its file is not what `write_verdict` writes.
    """
    if not (bundle / FILE).is_file():
        return None
    return read_json(bundle / FILE, Verdict)


def require_verdict(bundle: Path) -> Verdict:
    """The verdict in the folder of a bundle that may be registered.

    Raises:
        GateError: it has none, or a gate was missed and not waived.
        BundleError: as `read_verdict`.
    """
    verdict = read_verdict(bundle)
    if verdict is None:
        raise GateError("a bundle without a verdict of the gates is not registered", str(bundle), _WAY_OUT)
    verdict.require()
    return verdict
