"""The one way to a prediction, batch or served: features by the bundle's SQL, score, doubt, bands, reasons."""

from earlybell.predict.answer import (
    DOUBT_WORDS,
    Band,
    Calibration,
    Change,
    Counterfactual,
    Doubt,
    Effect,
    Estimate,
    Explanation,
    Interval,
    Outlook,
    Prediction,
    Reason,
)
from earlybell.predict.correction import Correction, Course, Key, correct, corrections, earlier_runs
from earlybell.predict.course_corrections import (
    CourseCorrection,
    correction_at,
    course_corrections,
    read_corrections,
    write_corrections,
)
from earlybell.predict.courses import courses_at
from earlybell.predict.evidence import band_of, certainty, course_doubt, doubts, outside, outside_of
from earlybell.predict.features import Observed, confine, observe, open_tables
from earlybell.predict.heads import HeadModel, contradicts, within
from earlybell.predict.moments import check_as_of, create_moments
from earlybell.predict.nobody import why_nobody
from earlybell.predict.output import json_rows, write_predictions
from earlybell.predict.predictor import Predictions, Predictor, Scores
from earlybell.predict.worklist import Entry, bundle_capacity, check_capacity, make_worklist, write_worklist

__all__ = [
    "DOUBT_WORDS",
    "Band",
    "Calibration",
    "Change",
    "Correction",
    "Counterfactual",
    "Course",
    "CourseCorrection",
    "Doubt",
    "Effect",
    "Entry",
    "Estimate",
    "Explanation",
    "HeadModel",
    "Interval",
    "Key",
    "Observed",
    "Outlook",
    "Prediction",
    "Predictions",
    "Predictor",
    "Reason",
    "Scores",
    "band_of",
    "bundle_capacity",
    "certainty",
    "check_as_of",
    "check_capacity",
    "confine",
    "contradicts",
    "correct",
    "correction_at",
    "corrections",
    "course_corrections",
    "course_doubt",
    "courses_at",
    "create_moments",
    "doubts",
    "earlier_runs",
    "json_rows",
    "make_worklist",
    "observe",
    "open_tables",
    "outside",
    "outside_of",
    "read_corrections",
    "why_nobody",
    "within",
    "write_corrections",
    "write_predictions",
    "write_worklist",
]
