"""Rows rightly flagged: a count of the confusion matrix."""

from components.metrics import Metric

METRIC = Metric("true_positives", lambda sample: sample.confusion.true_positives, order=11)
