"""A sealed bundle, measured on tables whose labels are known."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from components.evaluate.measure import RESAMPLES
from components.evaluate.metrics import intervals, measure, resample
from earlybell.bundle import Bundle
from earlybell.predict import Predictor, confine, create_moments, observe, open_tables

SEED = 42


def measure_bundle(
    bundle: Bundle, tables: Path, as_of: str, labels: Mapping[tuple[str, str, datetime], int]
) -> list[dict[str, Any]]:
    """Rows (as_of, group, metric, value, low, high, learners) of all course runs together and of each.

    Learners whose label is not known are left out; no rows where nobody's is.

    Args:
        labels: of the bundle's own kind, by course run, learner and moment.
    """
    connection = open_tables(tables)
    create_moments(connection, as_of)
    confine(connection, tables)
    observed = observe(connection, bundle.sql, bundle.catalogue.names)
    risk = Predictor(bundle).score(observed.values)[2].astype(np.float64)
    keys = zip(observed.course_id, observed.learner_id, observed.as_of.tolist(), strict=True)
    label = np.array([labels.get(key, -1) for key in keys], dtype=np.int32)
    _, learner = np.unique(observed.learner_id, return_inverse=True)
    groups = {"all": label >= 0}
    runs = np.unique(observed.course_id[label >= 0])
    if len(runs) > 1:
        groups |= {str(run): (observed.course_id == run) & (label >= 0) for run in runs}
    return [
        {"as_of": as_of, "group": group, "metric": metric, **vars(one), "learners": int(mask.sum())}
        for group, mask in groups.items()
        if mask.any()
        for metric, one in intervals(measure(label[mask], risk[mask], resample(learner[mask], RESAMPLES, SEED))).items()
    ]
