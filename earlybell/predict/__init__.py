"""The one way to a prediction, batch or served: features by the bundle's SQL, score, doubt, bands, reasons."""

from earlybell.predict.attribution import Calibration, Effect, Explanation
from earlybell.predict.counterfactual import Change, Counterfactual
from earlybell.predict.evidence import enough_evidence, outside, outside_of
from earlybell.predict.features import Observed, confine, observe, open_tables
from earlybell.predict.moments import check_as_of, create_moments
from earlybell.predict.nobody import why_nobody
from earlybell.predict.output import write_predictions
from earlybell.predict.predictor import Predictions, Predictor, Reason
from earlybell.predict.worklist import Entry, bundle_capacity, check_capacity, make_worklist, write_worklist

__all__ = [
    "Calibration",
    "Change",
    "Counterfactual",
    "Effect",
    "Entry",
    "Explanation",
    "Observed",
    "Predictions",
    "Predictor",
    "Reason",
    "bundle_capacity",
    "check_as_of",
    "check_capacity",
    "confine",
    "create_moments",
    "enough_evidence",
    "make_worklist",
    "observe",
    "open_tables",
    "outside",
    "outside_of",
    "why_nobody",
    "write_predictions",
    "write_worklist",
]
