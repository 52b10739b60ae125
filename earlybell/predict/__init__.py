"""The one way to a prediction, batch or served: features by the bundle's SQL, score, doubt, bands, reasons."""

from earlybell.predict.answer import (
    Band,
    Calibration,
    Change,
    Counterfactual,
    Effect,
    Estimate,
    Explanation,
    Interval,
    Prediction,
    Reason,
)
from earlybell.predict.evidence import enough_evidence, outside, outside_of
from earlybell.predict.features import Observed, confine, observe, open_tables
from earlybell.predict.moments import check_as_of, create_moments
from earlybell.predict.nobody import why_nobody
from earlybell.predict.output import json_rows, write_predictions
from earlybell.predict.predictor import Predictions, Predictor, Scores
from earlybell.predict.worklist import Entry, bundle_capacity, check_capacity, make_worklist, write_worklist

__all__ = [
    "Band",
    "Calibration",
    "Change",
    "Counterfactual",
    "Effect",
    "Entry",
    "Estimate",
    "Explanation",
    "Interval",
    "Observed",
    "Prediction",
    "Predictions",
    "Predictor",
    "Reason",
    "Scores",
    "bundle_capacity",
    "check_as_of",
    "check_capacity",
    "confine",
    "create_moments",
    "enough_evidence",
    "json_rows",
    "make_worklist",
    "observe",
    "open_tables",
    "outside",
    "outside_of",
    "why_nobody",
    "write_predictions",
    "write_worklist",
]
