"""Figures of evaluation.json as KFP artifacts, for the pages of its dashboard."""

from itertools import chain

from kfp import dsl

from components.evaluate.fairness import ATTRIBUTES, MATRIX
from earlybell.bundle import Evaluation
from earlybell.bundle.figures import MetricRow

CUTOFF = 0.4

_CLASSES = {"outcome": ["passed", "failed or left"], "rubric": ["reached the threshold", "fell below it"]}


def log_metrics(metrics: dsl.Metrics, evaluation: Evaluation) -> None:
    """The chosen candidate's figures in its most honest split, by cut-off."""
    for row in _chosen(evaluation):
        if row.group == "all" and row.value is not None and row.cutoff is not None:
            metrics.log_metric(f"{row.metric}_at_{row.cutoff:.0%}".replace("%", "_percent"), row.value)


def log_curves(curves: dsl.ClassificationMetrics, evaluation: Evaluation) -> None:
    """The ROC curve and the confusion matrix at 40% of a course run."""
    for curve in evaluation.curves:
        if curve.kind == "roc" and curve.cutoff == CUTOFF:
            curves.log_roc_curve(list(curve.x), list(curve.y), [0.0] * len(curve.x))
    if "all" in (counts := _counts(evaluation)):
        _log_matrix(curves, counts["all"], evaluation.label)


def log_slices(sliced: dsl.SlicedClassificationMetrics, evaluation: Evaluation) -> None:
    """The confusion matrix of each group of one protected attribute, at 40% of a course run.

    The artifact's own methods fail in KFP 2.17 (they use attributes that nothing sets), so its metadata is written.
    """
    slices = []
    for group, counts in _counts(evaluation).items():
        attribute, equals, _ = group.partition("=")
        if equals and attribute in ATTRIBUTES:
            matrix = dsl.ClassificationMetrics()
            _log_matrix(matrix, counts, evaluation.label)
            slices.append({"slice": group, "sliceClassificationMetrics": matrix.metadata})
    sliced.metadata["evaluationSlices"] = slices


def _log_matrix(matrix: dsl.ClassificationMetrics, counts: dict[str, int], label: str) -> None:
    matrix.log_confusion_matrix(_CLASSES[label], [[counts[name] for name in row] for row in MATRIX])


def _counts(evaluation: Evaluation) -> dict[str, dict[str, int]]:
    """The counts of the confusion matrix by group."""
    found: dict[str, dict[str, int]] = {}
    names = set(chain.from_iterable(MATRIX))
    for row in _chosen(evaluation):
        if row.cutoff == CUTOFF and row.metric in names and row.value is not None:
            found.setdefault(row.group, {})[row.metric] = int(row.value)
    return found


def _chosen(evaluation: Evaluation) -> list[MetricRow]:
    return [row for row in evaluation.metrics if (row.candidate, row.split) == (evaluation.chosen, evaluation.split)]
