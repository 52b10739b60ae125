"""Whether there is enough to go by: stated rules of a learner and of a course run, kept in a bundle's bands.json.

A course's risks may all be too high or too low together, by what `level_error` was measured to be. With such an error b
and a standard deviation s of the risks, their Brier skill goes with s² - b² (Murphy 1973): where the learners of a
course differ less than its level is off, a risk says less than the course's base rate. So s must be some times b.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bands
from earlybell.bundle.bands import LevelError
from earlybell.predict.answer import Doubt
from earlybell.predict.features import Observed
from earlybell.tables.correction import CourseDoubt

LEAST_CLASS = 10  # learners: fewer do not show how far a course's learners differ, and the rule of a course is silent

Floats = npt.NDArray[np.floating[Any]]
Texts = npt.NDArray[np.str_]
Mask = npt.NDArray[np.bool_]
Ranges = dict[str, tuple[float, float]]  # the least and the greatest value of each feature in training


def outside(values: npt.NDArray[np.float32], names: list[str], ranges: Ranges) -> npt.NDArray[np.int64]:
    """How many features of each row (n,) lie outside of what training saw; a missing value lies nowhere."""
    return np.asarray(outside_of(values, names, ranges).sum(axis=1))


def outside_of(values: npt.NDArray[np.float32], names: list[str], ranges: Ranges) -> Mask:
    """Which values (n, features) lie outside of what training saw."""
    nowhere = (np.inf, -np.inf)  # a feature that training never saw: every value of it is outside
    low, high = np.array([ranges.get(name, nowhere) for name in names], dtype=np.float32).T
    return np.asarray((values < low) | (values > high))


def band_of(bands: Bands, risk: Floats) -> Texts:
    """What risks (n,) are called where there is enough to go by."""
    return np.where(risk >= bands.high, "high", np.where(risk >= bands.medium, "medium", "low"))


def doubts(bands: Bands, observed: Observed, names: list[str], of_course: Doubt | Texts = "") -> Texts:
    """Why there is too little to go by at each moment (n,); empty where there is enough.

    A learner needs `days_needed` days of teaching, and at most `most_outside` values new to the model.

    Args:
        of_course: the doubt of the course run, of all or of each (n,).
    """
    unlike = outside(observed.values, names, bands.ranges) > bands.most_outside
    of_learner = np.where(unlike, "unlike_training", of_course)
    return np.where(observed.days_seen >= bands.days_needed, of_learner, "little_teaching")


def course_doubt(levels: LevelError | None, risk: Floats, progress: float, *, earlier_runs: bool) -> CourseDoubt:
    """The doubt of a course run as a whole, by the corrected risks (n,) of all its learners; see `certainty`."""
    if levels is None or certainty(levels, risk, progress, earlier_runs=earlier_runs) >= levels.times:
        return ""
    return "course_level"


def certainty(levels: LevelError, risk: Floats, progress: float, *, earlier_runs: bool) -> float:
    """How far the risks (n,) of a course run differ, in level errors at its stage; infinite in a very small class.

    Args:
        progress: the share of the run that has passed.
        earlier_runs: whether the model knows earlier runs of the course.
    """
    if len(risk) < LEAST_CLASS:
        return np.inf
    errors = levels.earlier_runs if earlier_runs else levels.no_earlier_runs
    level_error = float(np.interp(progress, levels.stages, errors))
    return float(np.std(risk)) / level_error if level_error > 0 else np.inf
