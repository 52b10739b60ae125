"""Rows wrongly flagged: a count of the confusion matrix."""

from components.metrics import Metric

METRIC = Metric("false_positives", lambda sample: sample.confusion.false_positives, order=12)
