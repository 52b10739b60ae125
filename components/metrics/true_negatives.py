"""Rows rightly not flagged: a count of the confusion matrix."""

from components.metrics import Metric

METRIC = Metric("true_negatives", lambda sample: sample.confusion.true_negatives, order=14)
