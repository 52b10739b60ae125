"""What a risk is called, and how far to trust it."""

from typing import Any

import numpy as np

from components.evaluate.metrics import Floats, calibration_bins, interval, resample
from components.examples import Examples

CAPACITY = {"high": 0.2, "medium": 0.4}  # shares of the learners that staff can see first, and next
DAYS_NEEDED = 7  # with less teaching than that, there is too little to go by
RESAMPLES = 200


def bands(examples: Examples, unseen: Floats, by_learner: Floats, seed: int) -> dict[str, Any]:
    """The contents of bands.json.

    `high` and `medium` are thresholds of the risk, from the staff's capacity. `observed` tells for bins of the risk
    between which shares of learners ended with label 1 (95% interval from resampled learners).

    Args:
        unseen: risk (n,) of the examples in the most honest split, NaN where not held out.
        by_learner: risk (n,) of learners left out, from which the thresholds come: training runs, unseen learners.
    """
    known = by_learner[~np.isnan(by_learner)]
    thresholds = {name: round(float(np.quantile(known, 1 - share)), 6) for name, share in CAPACITY.items()}
    seen = ~np.isnan(unseen)
    return thresholds | {"days_needed": DAYS_NEEDED, "observed": _observed(unseen[seen], examples.where(seen), seed)}


def _observed(risk: Floats, examples: Examples, seed: int) -> list[dict[str, float | None]]:
    bins = calibration_bins(risk)
    weights = resample(examples.learner, RESAMPLES, seed)
    found = []
    for one in np.unique(bins):
        mask = bins == one
        with np.errstate(invalid="ignore"):
            share = interval(weights[:, mask] @ examples.label[mask] / weights[:, mask].sum(axis=1))
        found.append({"up_to": float(risk[mask].max()), "low": share.low, "high": share.high})
    return found
