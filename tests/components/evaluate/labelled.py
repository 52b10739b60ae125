"""Examples of which little more than the label matters, and resamples by hand."""

from typing import Any

import numpy as np
import numpy.typing as npt

from components.examples import Examples
from components.metrics.resamples import Resamples


def each(weights: npt.NDArray[Any]) -> Resamples:
    """Resamples (resamples, n) of rows that are a learner each."""
    return Resamples(weights.astype(np.float64), np.arange(weights.shape[1]))


def labelled(label: npt.NDArray[Any], learner: npt.NDArray[Any] | None = None, values: Any = None) -> Examples:
    count = len(label)
    learner = np.arange(count) if learner is None else learner
    nothing = np.zeros(count, dtype=np.int32)
    return Examples(
        course_id=np.full(count, "run", dtype=object),
        learner_id=learner.astype(str).astype(object),
        as_of=np.full(count, np.datetime64("2026-01-01")),
        code=np.full(count, "course", dtype=object),
        starts_at=np.full(count, np.datetime64("2025-10-01", "us")),
        run=np.zeros(count, dtype=np.int64),
        learner=learner.astype(np.int64),
        label=label.astype(np.int32),
        learner_fold=nothing,
        run_fold=nothing,
        course_fold=nothing,
        is_test=nothing.astype(bool),
        days_seen=np.full(count, 30.0),
        values=np.zeros((count, 2), dtype=np.float32) if values is None else np.asarray(values, dtype=np.float32),
    )
