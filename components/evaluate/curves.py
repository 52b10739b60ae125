"""Curves for the report's pictures."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_curve, roc_curve

from components.evaluate.metrics import Floats, calibration_bins

POINTS = 60  # of a curve: what a picture can show


def curves(label: npt.NDArray[np.int32], risk: Floats) -> Iterator[dict[str, Any]]:
    """ROC, precision-recall and calibration curve of labels and risks (n,); none where there is one outcome only."""
    if len(np.unique(label)) < 2:
        return
    false_positive, recall, _ = roc_curve(label, risk)
    yield {"kind": "roc", "x": _some(false_positive), "y": _some(recall), "n": None}
    precision, recall, _ = precision_recall_curve(label, risk)
    yield {"kind": "pr", "x": _some(recall[::-1]), "y": _some(precision[::-1]), "n": None}
    bins = calibration_bins(risk)
    groups = [bins == one for one in np.unique(bins)]
    yield {
        "kind": "calibration",
        "x": [round(float(risk[group].mean()), 4) for group in groups],
        "y": [round(float(label[group].mean()), 4) for group in groups],
        "n": [int(group.sum()) for group in groups],
    }


def _some(values: Floats) -> list[float]:
    at = np.unique(np.linspace(0, len(values) - 1, POINTS).astype(int))
    return [round(float(value), 4) for value in values[at]]
