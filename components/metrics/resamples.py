"""Bootstrap resamples of rows, of which those of one learner are drawn together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Resamples:
    """How often each resample has each row: a matrix (resamples, n) in which rows of one learner are alike.

    It multiplies as that matrix would, by way of sums over each learner: there are far fewer learners than rows.

    Attributes:
        drawn: how often each resample has each learner, (resamples, learners); the first has everybody once.
        learner: the learner (n,) of each row, as a column of `drawn`.
    """

    drawn: Floats
    learner: Ints

    def __len__(self) -> int:
        return len(self.drawn)

    def __matmul__(self, values: npt.NDArray[np.generic]) -> Floats:
        """The sums (resamples,) of values (n,)."""
        return np.asarray(self.drawn @ np.bincount(self.learner, values, self.drawn.shape[1]))

    @property
    def total(self) -> Floats:
        """How many rows (resamples,) there are."""
        return np.asarray(self.drawn @ np.bincount(self.learner, minlength=self.drawn.shape[1]))

    def by(self, group: Ints, groups: int, values: npt.NDArray[np.generic] | None = None) -> Floats:
        """The sums (resamples, groups) of values (n,), or how many rows there are, by the group (n,) of each row."""
        learners = self.drawn.shape[1]
        sums = np.bincount(self.learner * groups + group, values, learners * groups)
        return np.asarray(self.drawn @ sums.reshape(learners, groups))

    def where(self, rows: npt.NDArray[np.generic]) -> "Resamples":
        """Of the rows of a mask or an index."""
        learners, learner = np.unique(self.learner[rows], return_inverse=True)
        return Resamples(self.drawn[:, learners], learner)

    def dense(self, some: slice = slice(None), rows: Ints | None = None) -> Floats:
        """The matrix itself, or some of its rows and columns."""
        return np.take(self.drawn[some], self.learner if rows is None else self.learner[rows], axis=1)
