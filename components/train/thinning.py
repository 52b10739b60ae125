"""Fewer weeks of each learner, and every learner: neighbouring weeks of one tell almost the same.

Those that stay weigh as much as those that they stand for, so that every moment counts the same: of who left early
more is kept than of others, and must not count more. docs/explanation/model.md has the learning curve that says how few
weeks are enough.
"""

import numpy as np
import numpy.typing as npt

LEAST_WEEKS = 2  # of each learner in each course run, where there are as many
ENOUGH_ROWS = 12_000  # with fewer rows than that, more weeks of each learner stay


def weeks_kept(enrolments: int) -> int:
    """How many weeks of each learner in each course run are trained on, by how many of both there are."""
    return max(LEAST_WEEKS, ENOUGH_ROWS // max(enrolments, 1))


def thin(enrolment: npt.NDArray[np.int64], weeks: int) -> npt.NDArray[np.float64]:
    """How many rows each row (n,) stands for: 0 for those that are left out.

    Of each enrolment so many rows stay, or all that it has, spread evenly over its time. Each begins at another week,
    so that all weeks are seen.

    Args:
        enrolment: (n,), the number of the learner in their run; rows of one are in the order of time.
    """
    order = np.argsort(enrolment, kind="stable")
    numbers, start, count = np.unique(enrolment[order], return_index=True, return_counts=True)
    place = np.arange(len(enrolment)) - np.repeat(start, count)
    share = np.repeat(np.minimum(weeks, count) / count, count)
    phase = np.repeat(numbers * 0.6180339887498949 % 1, count)  # the golden ratio spreads any numbers evenly
    steps = np.floor(np.round(np.stack([place + 1, place]) * share + phase, 9))
    weight = np.zeros(len(enrolment))
    weight[order] = np.where(steps[0] > steps[1], 1 / share, 0.0)
    return weight
