"""Which rows of a data set are one learner's: Moodle sends a row for each part of a course, and no learner's id.

A course's rows come part after part (range), and each part lists the same learners in the same order. So the first rows
of a course's parts are one learner's, and so on.

Where parts grow, somebody came late, and nobody knows where in the list. As many places as came late may lie between
the rows of one learner, and no more. So the list is cut into groups with that many rows between them, which are left
out of an evaluation: nobody is in two groups. Where parts disagree otherwise, the whole course is one group.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.mlbackend.dataset import Rows

GROUPS = 10  # at most, that a course with late learners is cut into
_RANGE = "range/"
_MEAN = "/mean"  # of a course and a range

_Block = npt.NDArray[np.int64]  # rows of one course and one range


@dataclass(frozen=True)
class Learners:
    """
    Attributes:
        group: a number (n,) for each row: rows of one learner in one course have the same.
        sure: where that is so (n,); other rows may be of a learner of the group before or behind them.
    """

    group: npt.NDArray[np.int64]
    sure: npt.NDArray[np.bool_]


def learners(rows: Rows) -> Learners:
    """Whose the rows are, as far as their order tells."""
    group, sure = np.arange(len(rows), dtype=np.int64), np.ones(len(rows), dtype=bool)
    ranges = [i for i, name in enumerate(rows.head.columns) if name.startswith(_RANGE)]
    if not ranges:
        return Learners(group, sure)
    part = rows.values[:, ranges].argmax(axis=1)
    for course in _courses(_blocks(rows, ranges), part):
        first = course[0][0]
        sizes = [len(block) for block in course]
        if len(set(sizes)) > 1 and sizes == sorted(sizes):
            late = sizes[-1] - sizes[0]
            long = max(-(-sizes[0] // GROUPS), late)  # rows of a group, in each part
            for block in course:
                place = np.arange(len(block))
                group[block], sure[block] = first + place // (long + late), place % (long + late) < long
            continue
        labels = [rows.label[block] for block in course]
        agree = all(np.array_equal(label, labels[0]) for label in labels)
        for block in course:
            group[block] = course[0] if agree else first
    return Learners(group, sure)


def _blocks(rows: Rows, ranges: list[int]) -> list[_Block]:
    same = ranges + [i for i, name in enumerate(rows.head.columns) if name.endswith(_MEAN)]
    key = rows.values[:, same]
    changes = np.flatnonzero(~((key[1:] == key[:-1]) | (np.isnan(key[1:]) & np.isnan(key[:-1]))).all(axis=1)) + 1
    return np.split(np.arange(len(rows)), changes) if len(rows) else []


def _courses(blocks: list[_Block], part: npt.NDArray[np.int64]) -> list[list[_Block]]:
    """Blocks of one course: the part of each comes after that of the one before."""
    courses: list[list[_Block]] = []
    for block in blocks:
        if courses and part[courses[-1][-1][0]] < part[block[0]]:
            courses[-1].append(block)
        else:
            courses.append([block])
    return courses
