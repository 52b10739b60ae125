"""When a course run is taught, as its learners' activity shows it: an estimate that no single learner can move.

What counts is a learner's day with any activity, not the clicks of it. Seven days in a row are teaching where their
learner-days reach a fifth of what is typical for the run, or where a class of those who stayed comes as often as ever.
Several learners must have come. So neither a click a year later nor one eager learner makes a week of teaching, however
small the class. Typical is the median learner-day's week: a long tail of quiet weeks holds few learner-days and does
not lower it. Holidays are bridged, longer gaps are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

WINDOW = 7  # days
LEVEL = 0.2  # of a typical week's learner-days: a quiet week is teaching, what trickles in after the end is not
SHARE_OF_LEARNERS = 0.1  # who came in the busiest week: so many must be there in a week of teaching
LEAST_LEARNERS = 2  # never one alone
CLASS, AS_OFTEN = 8, 0.7  # so many learners, who come so often beside a typical week, are taught however many have left
LONGEST_BREAK = 35  # days without teaching within a run: Christmas or Easter with a reading week, no summer
RIVAL = 0.5  # a second stretch with so much of the first one's learner-days may be another run

Days = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Stretch:
    """Days of teaching, both included, with the learner-days between them."""

    first: date
    last: date
    learner_days: int


@dataclass(frozen=True)
class Teaching:
    """The main stretch of a run's activity, and a later or earlier one that is nearly as full, if any."""

    main: Stretch
    rival: Stretch | None


def teaching(days: npt.NDArray[np.datetime64], learners: Days) -> Teaching | None:
    """The stretch in which a run is taught.

    Args:
        days: datetime64[D] on the site's calendar, shape (n,): a learner's days with activity, repeated or not.
        learners: a number for each learner, shape (n,).

    Returns:
        None where there is no activity.
    """
    if not len(days):
        return None
    start = days.min()
    pairs = np.unique(np.column_stack([learners, (days - start).astype(np.int64)]), axis=0)
    active = np.bincount(pairs[:, 1])
    busy, typical = _busy_windows(pairs, active)
    enough = max(LEAST_LEARNERS, int(np.ceil(SHARE_OF_LEARNERS * typical / WINDOW)))
    stretches = [_trimmed(active, first, last, enough) for first, last in _joined(busy)]
    ranked = sorted(
        (_dated(start.item(), active, *stretch) for stretch in stretches), key=lambda stretch: -stretch.learner_days
    )
    main, *others = ranked
    rival = others[0] if others and others[0].learner_days >= RIVAL * main.learner_days else None
    return Teaching(main, rival)


def _busy_windows(pairs: Days, active: Days) -> tuple[npt.NDArray[np.bool_], int]:
    """Whether each window of seven days is teaching, by its last day, and the typical window's learner-days."""
    volume = np.convolve(active, np.ones(WINDOW, dtype=np.int64))  # of the window that ends at each day
    reach = _reach(pairs, len(volume))
    least = min(max(LEAST_LEARNERS, int(np.ceil(SHARE_OF_LEARNERS * reach.max()))), int(reach.max()))
    order = np.argsort(volume, kind="stable")
    middle = order[np.searchsorted(np.cumsum(volume[order]), volume.sum() / 2)]
    typical = int(volume[middle])
    regular = (reach >= CLASS) & (volume * reach[middle] >= AS_OFTEN * typical * reach)
    return ((volume >= LEVEL * typical) | regular) & (reach >= least), typical


def _reach(pairs: Days, windows: int) -> Days:
    """How many learners came in each window."""
    change = np.zeros(windows + 1, dtype=np.int64)
    same = np.r_[False, pairs[1:, 0] == pairs[:-1, 0]]
    before = np.r_[0, pairs[:-1, 1]]
    first = np.where(same, np.maximum(pairs[:, 1], before + WINDOW), pairs[:, 1])  # windows not counted yet
    np.add.at(change, first, 1)
    np.add.at(change, pairs[:, 1] + WINDOW, -1)
    return np.cumsum(change)[:-1]


def _joined(busy: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last day of each stretch of windows, holidays bridged; windows are named by their last day."""
    ends = np.flatnonzero(busy)
    cuts = [
        0,
        *(i + 1 for i, (end, next_end) in enumerate(pairwise(ends)) if next_end - end - WINDOW > LONGEST_BREAK),
        len(ends),
    ]
    for first, last in pairwise(cuts):
        yield int(ends[first]) - WINDOW + 1, int(ends[last - 1])


def _trimmed(active: Days, first: int, last: int, enough: int) -> tuple[int, int]:
    """From the first to the last day on which several learners came."""
    within = np.arange(max(first, 0), min(last, len(active) - 1) + 1)
    days = within[active[within] >= min(enough, active[within].max())]
    return int(days[0]), int(days[-1])


def _dated(start: date, active: Days, first: int, last: int) -> Stretch:
    day = timedelta(days=1)
    return Stretch(start + first * day, start + last * day, int(active[first : last + 1].sum()))
