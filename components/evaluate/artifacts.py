"""Figures of evaluation.json as KFP artifacts, for the pages of its dashboard."""

from typing import Any

from kfp import dsl

CUTOFF = 0.4


def log_metrics(metrics: dsl.Metrics, evaluation: dict[str, Any]) -> None:
    """The chosen candidate's figures in its most honest split, by cut-off."""
    for row in _chosen(evaluation):
        if row["value"] is not None and row["cutoff"] is not None:
            metrics.log_metric(f"{row['metric']}_at_{row['cutoff']:.0%}".replace("%", "_percent"), row["value"])


def log_curves(curves: dsl.ClassificationMetrics, evaluation: dict[str, Any]) -> None:
    """The ROC curve and the confusion matrix at 40% of a course run."""
    for curve in evaluation["curves"]:
        if curve["kind"] == "roc" and curve["cutoff"] == CUTOFF:
            curves.log_roc_curve(curve["x"], curve["y"], [0.0] * len(curve["x"]))
    at = {row["metric"]: row["value"] for row in _chosen(evaluation) if row["cutoff"] == CUTOFF}
    if "true_negatives" in at:
        rows = [("true_negatives", "false_positives"), ("false_negatives", "true_positives")]
        counts = [[int(at[name]) for name in row] for row in rows]
        curves.log_confusion_matrix(["passed", "failed or left"], counts)


def _chosen(evaluation: dict[str, Any]) -> list[dict[str, Any]]:
    rows = [row for row in evaluation["metrics"] if row["candidate"] == evaluation["chosen"] and row["group"] == "all"]
    main = next(split for split in ("course_run", "learner") if any(row["split"] == split for row in rows))
    return [row for row in rows if row["split"] == main]
