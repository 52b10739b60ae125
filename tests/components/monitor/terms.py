"""Terms of made-up features and risks: quickly made, and known to be quiet."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.monitor.weeks import Run, Weeks
from earlybell.bundle import Bundle
from earlybell.predict import Observed

START = datetime(2020, 9, 7)


def terms(
    bundle: Bundle,
    *,
    courses: int = 10,
    rounds: int = 6,
    learners: int = 40,
    weeks: int = 10,
    between: float = 0.15,
    seed: int = 0,
) -> Weeks:
    """Course runs whose features are normal: each learner has a level that lasts, and so has each run.

    Args:
        between: the standard deviation of a run's level, where a learner's is 1.
    """
    rng = np.random.default_rng(seed)
    runs, parts = dict[str, Run](), list[tuple[npt.NDArray[np.float64], str, int]]()
    width = len(bundle.catalogue.features)
    for number in range(rounds):
        for course in range(courses):
            name = f"C{course:03d}-{number}"
            start = START + timedelta(weeks=26 * number)
            runs[name] = Run(name, f"C{course:03d}", start, start + timedelta(weeks=weeks + 1), trained=number < 2)
            level = rng.normal(0, between, width + 1) + rng.normal(0, 1, (learners, width + 1))
            parts += [(level + rng.normal(0, 0.3, level.shape), name, week) for week in range(1, weeks + 1)]
    course_id = np.repeat(np.array([name for _, name, _ in parts], dtype=object), learners)
    week = np.repeat(np.array([week for _, _, week in parts]), learners)
    start_of = np.array([runs[name].starts_at for name in course_id], dtype="datetime64[us]")
    values = np.concatenate([values for values, _, _ in parts])
    learner_id = np.tile(np.array([f"l{at}" for at in range(learners)], dtype=object), len(parts))
    raw = 1 / (1 + np.exp(1 - values[:, -1]))
    nothing = np.full(len(week), "", dtype=np.str_)
    as_of = np.asarray(start_of + week * np.timedelta64(7, "D"), dtype="datetime64[us]")
    observed = Observed(course_id, learner_id, as_of, np.full(len(week), 30.0), values[:, :-1].astype(np.float32))
    return Weeks(bundle, Path(), runs, observed, week, week / (weeks + 1), raw, raw, nothing, nothing)


def numbers(weeks: Weeks) -> npt.NDArray[np.int64]:
    """The number (n,) of each row's learner, from 0 in each run."""
    return np.array([int(name[1:]) for name in weeks.observed.learner_id.tolist()])
