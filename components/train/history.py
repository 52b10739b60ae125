"""How the runs that a model learns from went: what a later course is compared with."""

import numpy as np
import numpy.typing as npt

from components.examples import Examples
from earlybell.bundle import Catalogue
from earlybell.bundle.history import STAGES, History, RunHistory

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

PROGRESS, ATTEMPTS = "progress", "prior_attempts"  # the features that say how much of a run has passed, and who repeats


def history_of(examples: Examples, catalogue: Catalogue, rows: Ints) -> History:
    """The history of the course runs of some rows (m,) of the examples, by run."""
    progress, attempts = (examples.values[rows, catalogue.names.index(name)] for name in (PROGRESS, ATTEMPTS))
    order = np.argsort(examples.run[rows], kind="stable")
    of_run = np.split(order, np.flatnonzero(np.diff(examples.run[rows[order]])) + 1)
    return History(STAGES, tuple(_run(examples, rows[run], progress[run], attempts[run]) for run in of_run))


def _run(examples: Examples, rows: Ints, progress: Floats, attempts: Floats) -> RunHistory:
    """At each stage those count who are there in the nearest week."""
    learner, label = examples.learner[rows], examples.label[rows]
    weeks, week = np.unique(progress, return_inverse=True)
    nearest = [int(np.argmin(np.abs(weeks - stage))) for stage in STAGES]
    base_rates = (np.bincount(week, label) / np.bincount(week)).round(4).tolist()
    left = _left(learner, progress).round(4).tolist()
    _, first = np.unique(learner, return_index=True)
    known = attempts[first][~np.isnan(attempts[first])]
    return RunHistory(
        course_id=str(examples.course_id[rows[0]]),
        code=str(examples.code[rows[0]]),
        starts_at=examples.starts_at[rows[0]].astype("datetime64[us]").item(),
        learners=len(first),
        repeaters=round(float(np.mean(known > 0)), 4) if len(known) else None,
        base_rates=tuple(base_rates[at] for at in nearest),
        left=tuple(left[at] for at in nearest),
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
