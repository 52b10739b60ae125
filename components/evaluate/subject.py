"""What is measured, the risks of one candidate for rows that one split left out, and the rows of its figures."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from earlybell.bundle.figures import Curve, CurveKind, Measured, MetricRow

Points = tuple[float, ...]


class Counts(NamedTuple):
    """How many learners were measured, and how many of them have label 1."""

    learners: int
    positives: int


class Subject(NamedTuple):
    """A candidate and a split."""

    candidate: str
    split: str

    def row(self, cutoff: float | None, group: str, metric: str, measured: Measured, counts: Counts) -> MetricRow:
        """The row of one figure."""
        return MetricRow(
            candidate=self.candidate,
            split=self.split,
            cutoff=cutoff,
            group=group,
            metric=metric,
            value=measured.value,
            low=measured.low,
            high=measured.high,
            learners=counts.learners,
            positives=counts.positives,
        )

    def curve(
        self, cutoff: float | None, kind: CurveKind, x: Points, y: Points, n: tuple[int, ...] | None = None
    ) -> Curve:
        """One curve at a cut-off."""
        return Curve(candidate=self.candidate, split=self.split, cutoff=cutoff, kind=kind, x=x, y=y, n=n)


def count_learners(learner: npt.NDArray[np.int64], label: npt.NDArray[np.int32]) -> Counts:
    """Of rows (n,) with their learners and labels."""
    return Counts(len(np.unique(learner)), len(np.unique(learner[label == 1])))
