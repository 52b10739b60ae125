"""A sealed bundle, measured on tables whose labels are known."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
from msgspec import Struct

from components.evaluate.measure import RESAMPLES
from components.evaluate.metrics import intervals, measure, resample
from earlybell.bundle import Bundle
from earlybell.predict import Predictor

SEED = 42


class BundleRow(Struct, frozen=True):
    """One figure of a bundle, by its own `label`, with its 95% interval: at a moment, of `all` or of a course run."""

    label: str
    as_of: str
    group: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    learners: int


def measure_bundle(
    bundle: Bundle, tables: Path, as_of: str, labels: Mapping[tuple[str, str, datetime], int]
) -> list[BundleRow]:
    """Rows of all course runs together and of each.

    Learners whose label is not known are left out; no rows where nobody's is.

    Args:
        labels: of the bundle's own kind, by course run, learner and moment.
    """
    kind, predictions = bundle.manifest.label, Predictor(bundle).predict_tables(tables, as_of, most_reasons=0)
    observed, risk = predictions.observed, predictions.risk
    keys = zip(observed.course_id, observed.learner_id, observed.as_of.tolist(), strict=True)
    label = np.array([labels.get(key, -1) for key in keys], dtype=np.int32)
    _, learner = np.unique(observed.learner_id, return_inverse=True)
    groups = {"all": label >= 0}
    runs = np.unique(observed.course_id[label >= 0])
    if len(runs) > 1:
        groups |= {str(run): (observed.course_id == run) & (label >= 0) for run in runs}
    return [
        BundleRow(kind, as_of, group, metric, measured.value, measured.low, measured.high, int(mask.sum()))
        for group, mask in groups.items()
        if mask.any()
        for metric, measured in intervals(
            measure(label[mask], risk[mask], resample(learner[mask], RESAMPLES, SEED))
        ).items()
    ]
