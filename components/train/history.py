"""How the runs that a model learns from went: what a later course is compared with."""

import numpy as np
import numpy.typing as npt

from components.examples import Examples
from earlybell.bundle import Catalogue
from earlybell.bundle.history import STAGES, History, RunHistory

Floats = npt.NDArray[np.float32]

PROGRESS, ATTEMPTS = "progress", "prior_attempts"  # the features that say how much of a run has passed, and who repeats


def history_of(examples: Examples, catalogue: Catalogue) -> History:
    """The history of the course runs of the examples, by run."""
    progress, attempts = (examples.values[:, catalogue.names.index(name)] for name in (PROGRESS, ATTEMPTS))
    of_run = (examples.course_id == run for run in np.unique(examples.course_id))
    return History(STAGES, tuple(_run(examples.where(rows), progress[rows], attempts[rows]) for rows in of_run))


def _run(examples: Examples, progress: Floats, attempts: Floats) -> RunHistory:
    """At each stage those count who are there in the nearest week."""
    weeks = np.unique(progress)
    nearest = [weeks[int(np.argmin(np.abs(weeks - stage)))] for stage in STAGES]
    base_rate = {week: float(examples.label[progress == week].mean()) for week in weeks}
    left = dict(zip(weeks, _left(examples.learner, progress).tolist(), strict=True))
    _, first = np.unique(examples.learner, return_index=True)
    known = attempts[first][~np.isnan(attempts[first])]
    return RunHistory(
        course_id=str(examples.course_id[0]),
        code=str(examples.code[0]),
        starts_at=examples.starts_at[0].astype("datetime64[us]").item(),
        learners=len(first),
        repeaters=round(float(np.mean(known > 0)), 4) if len(known) else None,
        base_rates=tuple(round(base_rate[week], 4) for week in nearest),
        left=tuple(round(left[week], 4) for week in nearest),
    )


def _left(learner: npt.NDArray[np.int64], progress: Floats) -> npt.NDArray[np.float64]:
    """Of those who were ever there up to each week (weeks,), the share who are there no more.

    Args:
        learner, progress: of the rows (n,), each of which is a learner who is there.
    """
    (_, number), (_, week) = (np.unique(values, return_inverse=True) for values in (learner, progress))
    present = np.zeros((number.max() + 1, week.max() + 1), dtype=bool)
    present[number, week] = True
    begin = np.bincount(present.argmax(axis=1), minlength=present.shape[1])
    return np.asarray(1 - present.sum(axis=0) / np.cumsum(begin))
