"""Curves for the report's pictures."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_curve, roc_curve

from components.evaluate.subject import Subject
from components.metrics.sample import Floats, calibration_bins
from earlybell.bundle.figures import Curve

POINTS = 60  # of a curve: what a picture can show


def curves(subject: Subject, cutoff: float | None, label: npt.NDArray[np.int32], risk: Floats) -> Iterator[Curve]:
    """ROC, precision-recall and calibration curve of labels and risks (n,); none where there is one outcome only."""
    if len(np.unique(label)) < 2:
        return
    false_positive, recall, _ = roc_curve(label, risk)
    yield subject.curve(cutoff, "roc", _some(false_positive), _some(recall))
    precision, recall, _ = precision_recall_curve(label, risk)
    yield subject.curve(cutoff, "pr", _some(recall[::-1]), _some(precision[::-1]))
    bins = calibration_bins(risk)
    groups = [bins == one for one in np.unique(bins)]
    yield subject.curve(
        cutoff,
        "calibration",
        x=tuple(round(float(risk[group].mean()), 4) for group in groups),
        y=tuple(round(float(label[group].mean()), 4) for group in groups),
        n=tuple(int(group.sum()) for group in groups),
    )


def _some(values: Floats) -> tuple[float, ...]:
    at = np.unique(np.linspace(0, len(values) - 1, POINTS).astype(int))
    return tuple(round(float(value), 4) for value in values[at])
