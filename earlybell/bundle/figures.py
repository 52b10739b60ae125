"""Figures of evaluation.json: a value with its interval, the rows of all metrics, and the points of curves."""

from typing import Literal

from msgspec import Struct

HONEST_SPLITS = ("course_run", "learner")  # without the learner's own rows, the most honest first: one is judged by
NEW_COURSE = "course"  # without any run of the course: what a course without history faces; it stands beside
SPLITS = (*HONEST_SPLITS, NEW_COURSE, "random")

EACH_RUN = "mean over course runs"  # the group of figures that were computed within each run, and then averaged

CurveKind = Literal["roc", "pr", "calibration"]


class Measured(Struct, frozen=True):
    """A figure and its 95% interval; None where it is not possible, as with one label only."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class MetricRow(Struct, frozen=True, kw_only=True):
    """One figure of one candidate.

    Attributes:
        candidate: its name.
        split: what was left out of training, one of `SPLITS`.
        cutoff: the share of the course run that had passed; None: all weeks together.
        group: `all` together, `EACH_RUN`, a course run, or a group of learners, as `gender=F`, or `gender` for what
            differs between groups.
        metric: as `roc_auc`.
        value, low, high: as of `Measured`.
        learners: how many were measured, and `positives`: how many of them have label 1.
    """

    candidate: str
    split: str
    cutoff: float | None
    group: str
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    learners: int = 0
    positives: int = 0


class Curve(Struct, frozen=True, kw_only=True):
    """The points of a curve; `n` are the rows of each bin of a calibration curve. The rest as of `MetricRow`."""

    candidate: str
    split: str
    cutoff: float | None
    kind: CurveKind
    x: tuple[float, ...]
    y: tuple[float, ...]
    n: tuple[int, ...] | None = None


class Quartiles(Struct, frozen=True):
    """Of some days: those of the one in the middle, and between which ends the middle half lies; None for nobody."""

    low: float | None
    median: float | None
    high: float | None


def most_honest_split(rows: list[MetricRow]) -> str:
    """The most honest split in which anything could be measured; empty: none."""
    measured = {row.split for row in rows if row.value is not None}
    return next((split for split in SPLITS if split in measured), "")
