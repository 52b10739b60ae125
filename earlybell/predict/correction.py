"""The correction of a course's risks: a course as a whole may be harder or easier than those that a model learned from.

A model orders the learners of a course that it does not know, but the size of its risks is off where the course's base
rate is another. So the mean risk of the course is pulled towards the base rate that is to be expected of it. That is
what its earlier runs had at the same stage; without any, what other courses had, as that went with how many had left by
then and how many had tried the course before. With few earlier runs it lies between. All risks are shifted alike on the
scale of log-odds, so their order stays. A small class is pulled less.

The pull, the ridge penalty and the bounds were chosen on twelve OULAD runs, each run and each course left out in turn:
docs/explanation/model.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from earlybell.bundle.bands import LevelError
from earlybell.bundle.history import History, RunHistory
from earlybell.predict.evidence import course_doubt
from earlybell.predict.features import Observed
from earlybell.tables.correction import BOUND, CourseDoubt

Floats = npt.NDArray[np.floating[Any]]
Key = tuple[str, datetime]  # a course run and a moment
Basis = Literal["earlier_runs", "other_courses", "none"]

PULL = 0.75  # of the way, for a large class
SMALL = 20  # learners: a class of so many is pulled half as far as a large one
PRIOR_RUNS = 0.5  # so many earlier runs weigh as much as what other courses lead to expect
BOUND_OF_PROGRESS = 5.0  # of a shift, in log-odds: times progress, where that is less than BOUND
LEAST_COURSES = 4  # other courses, to tell anything of a new one
FEW_REPEATERS = 0.005  # up to here the share is not known: a course's first run has none
PENALTY = 2.0  # of the ridge regression, on signals in standard deviations
_MOST_DEVIATIONS = 2.0
_EDGE = 0.005  # base rates are cut here before they become log-odds
_STEPS = 12  # of Newton's method, which needs four or five
_STILL = 1e-12  # a shift, from which another step would lead nowhere


@dataclass(frozen=True)
class Course:
    """A course run as a whole, at a moment.

    Attributes:
        code: of the course; its runs share it.
        starts_at: in UTC.
        progress: the share of the run that has passed.
        left: the share of its learners who have left.
        repeaters: the share who had tried the course before; None: not known.
    """

    code: str
    starts_at: datetime
    progress: float
    left: float
    repeaters: float | None


class Correction(Struct, frozen=True):
    """What the risks of a course run are shifted by.

    Attributes:
        shift: added to the log-odds of every risk.
        basis: what the expected base rate comes from.
        expected: that base rate; None without one.
        mean_risk, corrected_risk: before and after the correction, on average; None of nobody.
        runs: of which it comes.
        doubt: why nothing should be said of anybody in the course run; empty: something can be.
    """

    shift: float = 0.0
    basis: Basis = "none"
    expected: float | None = None
    mean_risk: float | None = None
    corrected_risk: float | None = None
    runs: int = 0
    doubt: CourseDoubt = ""

    @property
    def points(self) -> float:
        """By how many percentage points risks were raised on average; below 0: lowered."""
        return (
            0.0
            if self.corrected_risk is None or self.mean_risk is None
            else 100 * (self.corrected_risk - self.mean_risk)
        )


class Corrections(NamedTuple):
    """Of n risks their shift (n,) and the doubt of their course run (n,); and what was made of each run and moment."""

    shift: npt.NDArray[np.float64]
    doubt: npt.NDArray[np.str_]
    by_course: dict[Key, Correction]


def correct(risk: Floats, shift: float | Floats) -> npt.NDArray[np.float64]:
    """Risks (n,) with their log-odds shifted; 0 leaves them as they are."""
    before = np.asarray(risk, dtype=np.float64)
    odds = before * np.exp(shift)
    return np.where(np.asarray(shift) == 0, before, odds / (1 - before + odds))


def correction(history: History, course: Course, risk: Floats, levels: LevelError | None = None) -> Correction:
    """The correction of a course run by the risks (n,) of all its learners, and the doubt that is left then."""
    if not len(risk):
        return Correction()
    rate, basis, runs = _expected(history, course)
    risk = risk.astype(np.float64)  # a sum in single precision would differ with the order of learners
    shift = 0.0 if rate is None else round(_shift_towards(rate, course, risk), 6)
    corrected = correct(risk, shift)
    return Correction(
        shift,
        basis,
        None if rate is None else round(rate, 6),
        round(float(np.mean(risk)), 6),
        round(float(np.mean(corrected)), 6),
        runs,
        course_doubt(levels, corrected, course.progress, earlier_runs=basis == "earlier_runs"),
    )


def corrections(
    history: History, courses: Mapping[Key, Course], observed: Observed, risk: Floats, levels: LevelError | None = None
) -> Corrections:
    """The corrections of the course runs of risks (n,).

    Args:
        courses: by course run and moment; there is one for every row of `observed`.
        levels: how far the level of a course's risks may be off; None: no course is doubted.
    """
    _, run = np.unique(observed.course_id.astype(str), return_inverse=True)
    times, at = np.unique(observed.as_of, return_inverse=True)
    _, first, group = np.unique(run * len(times) + at, return_index=True, return_inverse=True)
    by_course: dict[Key, Correction] = {}
    for number, row in enumerate(first.tolist()):
        key = (str(observed.course_id[row]), observed.as_of[row].item())
        by_course[key] = correction(history, courses[key], risk[group == number], levels)
    shift = np.array([made.shift for made in by_course.values()], dtype=np.float64)
    doubt = np.array([made.doubt for made in by_course.values()], dtype=np.str_)
    return Corrections(shift[group], doubt[group], by_course)


def earlier_runs(history: History, course: Course) -> list[RunHistory]:
    """The runs of the same course that began before."""
    return [run for run in history.runs if run.code == course.code and run.starts_at < course.starts_at]


@lru_cache(maxsize=4096)  # candidates of one training know the same runs, fold by fold
def _expected(history: History, course: Course) -> tuple[float | None, Basis, int]:
    """The base rate to expect of a course at its stage, what it comes from, and how many runs that is."""
    earlier = earlier_runs(history, course)
    others = [run for run in history.runs if run.code != course.code]
    rates = [_log_odds(_at(history, run.base_rates, course)) for run in earlier]
    if len({run.code for run in others}) < LEAST_COURSES:
        return (_probability(sum(rates) / len(rates)), "earlier_runs", len(rates)) if rates else (None, "none", 0)
    basis: Basis = "earlier_runs" if rates else "other_courses"
    rate = (sum(rates) + PRIOR_RUNS * _of_others(history, others, course)) / (len(rates) + PRIOR_RUNS)
    return _probability(rate), basis, len(rates) or len(others)


def _of_others(history: History, runs: Sequence[RunHistory], course: Course) -> float:
    """The log-odds of the base rate that the runs of other courses lead to expect, each course weighing one.

    A ridge regression on what every course shows early. A signal that is not known says nothing.
    """
    rates = np.array([_log_odds(_at(history, run.base_rates, course)) for run in runs])
    left = np.array([_at(history, run.left, course) for run in runs])
    repeaters = np.array([_known(run.repeaters) for run in runs])
    codes = [run.code for run in runs]
    weight = np.array([1 / codes.count(code) for code in codes])
    pairs = [_standardised(left, course.left, weight), _standardised(repeaters, _known(course.repeaters), weight)]
    signals, own = np.array([signal for signal, _ in pairs]).T, np.array([value for _, value in pairs])
    level = float(np.average(rates, weights=weight))
    weighted = signals.T * weight
    effects = np.linalg.solve(weighted @ signals + PENALTY * np.eye(len(own)), weighted @ (rates - level))
    return level + float(own @ effects)


def _known(repeaters: float | None) -> float:
    """A share of repeaters; NaN where it is not known."""
    return math.nan if repeaters is None or repeaters <= FEW_REPEATERS else repeaters


def _standardised(signal: Floats, own: float, weight: Floats) -> tuple[Floats, float]:
    """A signal of the runs (runs,) and the course's own, in standard deviations of the runs; 0 where not known."""
    known = ~np.isnan(signal)
    if not known.any():
        return np.zeros(len(signal)), 0.0
    mean = np.average(signal[known], weights=weight[known])
    deviation = float(np.sqrt(np.average((signal[known] - mean) ** 2, weights=weight[known])))
    if deviation == 0:
        return np.zeros(len(signal)), 0.0
    scaled = np.clip((np.append(signal, own) - mean) / deviation, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
    scaled = np.nan_to_num(scaled)
    return scaled[:-1], float(scaled[-1])


def _at(history: History, figures: Sequence[float], course: Course) -> float:
    """A run's figure at the course's stage."""
    return float(np.interp(course.progress, history.stages, figures))


def _shift_towards(rate: float, course: Course, risk: Floats) -> float:
    """What pulls the mean of risks (n,) towards a base rate; a large class more than a small one."""
    pull = PULL * len(risk) / (len(risk) + SMALL)
    target = _probability((1 - pull) * _log_odds(float(np.mean(risk))) + pull * _log_odds(rate))
    return _shift(risk, target, min(BOUND, BOUND_OF_PROGRESS * max(course.progress, 0.0)))


def _shift(risk: Floats, target: float, bound: float) -> float:
    """What to add to the log-odds of risks (n,), so that their mean is the target; within the bound."""
    shift = 0.0
    for _ in range(_STEPS):
        shifted = correct(risk, shift)
        slope = float(np.mean(shifted * (1 - shifted)))
        if slope <= 0:
            break
        before, shift = shift, min(max(shift + (target - float(np.mean(shifted))) / slope, -bound), bound)
        if abs(shift - before) < _STILL:
            break
    return shift


def _log_odds(share: float) -> float:
    share = min(max(share, _EDGE), 1 - _EDGE)
    return math.log(share / (1 - share))


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
