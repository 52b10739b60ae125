"""How the report and the model card name figures and write them."""

from typing import NamedTuple

from components.metrics import find_metrics
from earlybell.bundle.figures import Measured, MetricRow

Figure = Measured | MetricRow

SPLITS = {  # the most honest first
    "course_run": "Course runs left out",
    "learner": "Learners left out",
    "course": "Courses left out",
    "random": "Random 80/20 of rows",
}

_BAD = {"outcome": "ended in fail or withdrawal", "rubric": "fell below the rubric's threshold"}


class Metric(NamedTuple):
    """A metric's title, its meaning in a sentence, and whether it is written in percent."""

    title: str
    meaning: str
    percent: bool


_PLAIN = {"proxy_auc"}  # of the fairness check, and written as an AUC is


def bad_words(label: str) -> str:
    """What the label says of a learner, as `ended in fail or withdrawal`."""
    return _BAD.get(label, f"had the label “{label}”")


def metric_words(bad: str) -> dict[str, Metric]:
    """Every metric by its name; `bad` is what the label says of a learner."""
    metrics = (metric for metric in find_metrics().values() if metric.title)
    return {metric.name: Metric(metric.title, metric.meaning.format(bad=bad), metric.percent) for metric in metrics}


def cutoff_words(cutoff: float | None) -> str:
    """A cut-off as people say it: `at 40% of the run`."""
    return "over all weeks together" if cutoff is None else f"at {cutoff:.0%} of the run"


def cutoff_title(cutoff: float | None) -> str:
    """A cut-off at the head of a row or a column: `40%`."""
    return "All weeks" if cutoff is None else f"{cutoff:.0%}"


def as_metric(value: float, metric: str) -> str:
    """A value as its metric is written: `77.3%` or `0.773`; a metric that is not known here is a share."""
    known = find_metrics().get(metric)
    plain = metric in _PLAIN or (known and known.title and not known.percent)
    return f"{value:.3f}" if plain else f"{value:.1%}"


def percent(share: float | None) -> str:
    return "not known" if share is None else f"{share:.1%}"


def count(number: float | None) -> str:
    return "not known" if number is None else f"{number:,.0f}"


def hundred(share: float) -> int:
    """A share as a whole number of a hundred."""
    return round(100 * share)


def ranged(row: Figure | None, metric: str) -> str:
    """A figure with its range: `77.3% (75.0% to 79.1%)`."""
    if not row or row.value is None:
        return "not measured"
    value, low, high = (None if end is None else as_metric(end, metric) for end in (row.value, row.low, row.high))
    return f"{value}" if low is None or high is None else f"{value} ({low} to {high})"


def of_hundred(row: Figure) -> str:
    """A share as people count it: `77 (75 to 79)`, of a hundred."""
    value, low, high = (None if end is None else hundred(end) for end in (row.value, row.low, row.high))
    return f"{value}" if low is None or high is None or low == high else f"{value} ({low} to {high})"
