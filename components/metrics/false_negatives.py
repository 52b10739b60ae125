"""Rows wrongly not flagged: a count of the confusion matrix."""

from components.metrics import Metric

METRIC = Metric("false_negatives", lambda sample: sample.confusion.false_negatives, order=13)
