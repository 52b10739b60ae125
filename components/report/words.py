"""How the report and the model card name figures and write them."""

from typing import NamedTuple

from earlybell.bundle.figures import Measured, MetricRow

Figure = Measured | MetricRow

SPLITS = {  # the most honest first
    "course_run": "Course runs left out",
    "learner": "Learners left out",
    "random": "Random 80/20 of rows",
}

_BAD = {"outcome": "ended in fail or withdrawal", "rubric": "fell below the rubric's threshold"}


class Metric(NamedTuple):
    """A metric's title, its meaning in a sentence, and whether it is written in percent."""

    title: str
    meaning: str
    percent: bool


# {bad} is what the label says of a learner.
_METRICS = {
    "roc_auc": Metric(
        "AUC",
        "Of one learner who {bad} and one who did not, how often the first had the higher risk: "
        "0.5 is guessing, 1 is perfect.",
        False,
    ),
    "pr_auc": Metric("PR-AUC", "Precision averaged over all thresholds; guessing reaches the base rate.", False),
    "brier": Metric("Brier score", "Mean squared distance of the risk from what happened; lower is better.", False),
    "calibration_error": Metric(
        "Calibration error",
        "How far a stated risk is from the share it came true for (root mean square over ten groups of similar risk, "
        "less what chance alone makes of it).",
        True,
    ),
    "accuracy": Metric("Accuracy", "Share of all learners who were rightly flagged or rightly not.", True),
    "precision": Metric("Precision", "Of those flagged, the share who {bad}.", True),
    "recall": Metric("Recall", "Of those who {bad}, the share who were flagged.", True),
    "f1": Metric("F1", "Precision and recall in one figure (their harmonic mean).", False),
    "calibration_gap": Metric(
        "Risk less truth",
        "The mean risk less the share who {bad}: above 0 it warns too much, below 0 too little.",
        True,
    ),
    "base_rate": Metric("Base rate", "Share of all learners measured who {bad}.", True),
}

_PLAIN = {"proxy_auc", *(name for name, metric in _METRICS.items() if not metric.percent)}


def bad_words(label: str) -> str:
    """What the label says of a learner, as `ended in fail or withdrawal`."""
    return _BAD.get(label, f"had the label “{label}”")


def metric_words(bad: str) -> dict[str, Metric]:
    """Every metric by its name; `bad` is what the label says of a learner."""
    return {name: metric._replace(meaning=metric.meaning.format(bad=bad)) for name, metric in _METRICS.items()}


def cutoff_words(cutoff: float | None) -> str:
    """A cut-off as people say it: `at 40% of the run`."""
    return "over all weeks together" if cutoff is None else f"at {cutoff:.0%} of the run"


def cutoff_title(cutoff: float | None) -> str:
    """A cut-off at the head of a row or a column: `40%`."""
    return "All weeks" if cutoff is None else f"{cutoff:.0%}"


def as_metric(value: float, metric: str) -> str:
    """A value as its metric is written: `77.3%` or `0.773`; a metric that is not known here is a share."""
    return f"{value:.3f}" if metric in _PLAIN else f"{value:.1%}"


def percent(share: float | None) -> str:
    return "not known" if share is None else f"{share:.1%}"


def count(number: float | None) -> str:
    return "not known" if number is None else f"{number:,.0f}"


def ranged(row: Figure | None, metric: str) -> str:
    """A figure with its range: `77.3% (75.0% to 79.1%)`."""
    if not row or row.value is None:
        return "not measured"
    value, low, high = (None if end is None else as_metric(end, metric) for end in (row.value, row.low, row.high))
    return f"{value}" if low is None or high is None else f"{value} ({low} to {high})"


def of_hundred(row: Figure) -> str:
    """A share as people count it: `77 (75 to 79)`, of a hundred."""
    value, low, high = (None if end is None else round(100 * end) for end in (row.value, row.low, row.high))
    return f"{value}" if low is None or high is None or low == high else f"{value} ({low} to {high})"
