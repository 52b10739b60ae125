"""What a risk is called, how sure it is, and when there is too little to go by: the bundle's bands.json."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from components.evaluate.measure import RESAMPLES_ALL_WEEKS
from components.evaluate.metrics import intervals, measure, resample
from components.evaluate.operating import Policy, operating_point
from components.evaluate.uncertainty import ranges, venn_abers
from components.examples import Examples
from components.metrics.sample import Floats
from earlybell.bundle import Bands, Catalogue
from earlybell.bundle.bands import LevelError
from earlybell.bundle.evaluation import EvidenceRow, OperatingPoint
from earlybell.predict import outside

DAYS_NEEDED = 7.0  # with less teaching than that, there is too little to go by
EVIDENCE = ("roc_auc", "accuracy", "brier", "calibration_error")  # of those with enough evidence
MOST_OUTSIDE = 3  # values that training never saw the like of; with more, the model is out of its depth


def make_bands(
    catalogue: Catalogue,
    examples: Examples,
    unseen: Floats,
    by_learner: Floats,
    policy: Policy,
    days: Mapping[str, Floats],
    level_error: LevelError,
    seed: int,
) -> tuple[Bands, OperatingPoint]:
    """The contents of bands.json, and the operating point that its thresholds come from.

    Args:
        unseen: risk (n,) of the examples in the most honest split, NaN where not held out.
        by_learner: risk (n,) of learners left out, from which thresholds come: training runs, unseen learners.
        days: (n,) from each moment to what may come too late to help, by its name.
        level_error: how far the level of a course's risks may be off.
    """
    known, seen = ~np.isnan(by_learner), ~np.isnan(unseen)
    until = {name: values[known] for name, values in days.items()}
    point = operating_point(policy, by_learner[known], examples.where(known), until, seed)
    bands = Bands(
        high=point.high,
        medium=point.medium,
        days_needed=DAYS_NEEDED,
        most_outside=MOST_OUTSIDE,
        ranges=ranges(examples, catalogue.names),
        interval=venn_abers(unseen[seen], examples.where(seen)),
        level_error=level_error,
    )
    return bands, point


def evidence(
    catalogue: Catalogue,
    examples: Examples,
    unseen: Floats,
    fold: npt.NDArray[np.int64],
    in_doubt: npt.NDArray[np.bool_],
    seed: int,
) -> tuple[EvidenceRow, ...]:
    """What the rule of evidence gives up and gains: coverage and accuracy by how many values outside are allowed.

    Args:
        unseen: risk (n,) in the most honest split, NaN where not held out.
        fold: the fold (n,) that held each row out: what is outside is told by the other folds.
        in_doubt: rows (n,) whose course run is in doubt as a whole.
    """
    count = np.zeros(len(examples), dtype=np.int64)
    for one in np.unique(fold):
        known = ranges(examples.where(fold != one), catalogue.names)
        count[fold == one] = outside(examples.values[fold == one], catalogue.names, known)
    seen = ~np.isnan(unseen)
    answered = (examples.days_seen >= DAYS_NEEDED) & seen & ~in_doubt
    weights = resample(examples.learner, RESAMPLES_ALL_WEEKS, seed)
    rows = []
    for most in (0, 1, 2, MOST_OUTSIDE, 5, len(catalogue.names)):
        enough = answered & (count <= most)
        if enough.any():
            measured = intervals(measure(examples.label[enough], unseen[enough], weights.where(enough)))
            share = round(float(enough.sum() / seen.sum()), 4)
            figures = {name: measured[name] for name in EVIDENCE}
            rows.append(EvidenceRow(most_outside=most, used=most == MOST_OUTSIDE, coverage=share, **figures))
    return tuple(rows)
