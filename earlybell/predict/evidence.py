"""Whether there is enough to go by: a stated rule, kept in a bundle's bands.json."""

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bands

Mask = npt.NDArray[np.bool_]
Ranges = dict[str, tuple[float, float]]  # the least and the greatest value of each feature in training


def outside(values: npt.NDArray[np.float32], names: list[str], ranges: Ranges) -> npt.NDArray[np.int64]:
    """How many features of each row (n,) lie outside of what training saw; a missing value lies nowhere."""
    return np.asarray(outside_of(values, names, ranges).sum(axis=1))


def outside_of(values: npt.NDArray[np.float32], names: list[str], ranges: Ranges) -> Mask:
    """Which values (n, features) lie outside of what training saw."""
    nowhere = (np.inf, -np.inf)  # a feature that training never saw: every value of it is outside
    low, high = np.array([ranges.get(name, nowhere) for name in names], dtype=np.float32).T
    return np.asarray((values < low) | (values > high))


def enough_evidence(
    bands: Bands, values: npt.NDArray[np.float32], names: list[str], days_seen: npt.NDArray[np.float64]
) -> Mask:
    """The rows (n,) with at least `days_needed` days of teaching and at most `most_outside` values new to the model."""
    few = outside(values, names, bands.ranges) <= bands.most_outside
    return np.asarray(few & (days_seen >= bands.days_needed))
