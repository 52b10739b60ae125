"""What the report and the model card share: how they look figures of an evaluation up, name them and write them."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from earlybell.gates import Verdict

_FOCUS = 0.4  # the cut-off that summaries and comparisons speak of: early enough to act, late enough to know

SPLITS = {  # the most honest first
    "course_run": "Course runs left out",
    "learner": "Learners left out",
    "random": "Random 80/20 of rows",
}

# Keys that an older bundle may lack.
_EVALUATION: dict[str, Any] = {
    "label": "not recorded",
    "chosen": "not recorded",
    "rule": "",
    "threshold": 0.5,
    "thresholds": {},
    "operating_point": {},
    "evidence_rule": {},
    "evidence": [],
    "coverage": [],
    "data": {},
    "candidates": [],
    "metrics": [],
    "curves": [],
    "importance": [],
    "missing": [],
    "agreement": {},
    "stability": {},
    "seed": None,
}
_DATA: dict[str, Any] = {
    "sources": [],
    "digest": "",
    "learners": None,
    "moments": None,
    "course_runs": [],
    "helped": {},
    "notes": [],
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


class Page:
    """What a template asks of an evaluation; what it does not record is empty."""

    def __init__(self, evaluation: Mapping[str, Any], verdict: Verdict | None = None) -> None:
        self.verdict = verdict
        evaluation = _EVALUATION | dict(evaluation)
        self.data = evaluation["data"] = _DATA | (evaluation["data"] or {})
        self.evaluation = evaluation
        self.point = evaluation["operating_point"] or {}
        self._rows = {
            (row["candidate"], row["split"], row["cutoff"], row["group"], row["metric"]): row
            for row in evaluation["metrics"]
            if row["value"] is not None
        }
        self.bad = _BAD.get(evaluation["label"], f"had the label “{evaluation['label']}”")
        self.titles = {candidate["name"]: candidate["title"] for candidate in evaluation["candidates"]}
        self.chosen = self.titles.get(evaluation["chosen"], evaluation["chosen"])
        self.runs = [run["course_id"] for run in self.data["course_runs"]]

    def figure(
        self, metric: str, cutoff: float | None, candidate: str = "", split: str = "", group: str = "all"
    ) -> dict[str, Any] | None:
        """The row of one figure, None without a value; by default of the chosen candidate and the main split."""
        return self._rows.get((candidate or self.evaluation["chosen"], split or self.split, cutoff, group, metric))

    def figures(self, metrics: Iterable[str], cutoff: float | None, group: str = "all") -> list[str]:
        """Figures in words, each with its range; see `figure`."""
        return [ranged(self.figure(metric, cutoff, group=group), metric) for metric in metrics]

    def learners(self, cutoff: float | None, group: str = "all") -> str:
        """How many learners were measured there, in words."""
        wanted = (self.evaluation["chosen"], self.split, cutoff, group)
        return count(next((row["learners"] for key, row in self._rows.items() if key[:4] == wanted), None))

    def words(self) -> dict[str, Metric]:
        return {name: metric._replace(meaning=metric.meaning.format(bad=self.bad)) for name, metric in _METRICS.items()}

    @cached_property
    def split(self) -> str:
        """The most honest split that was measured; empty where none was."""
        return next((split for split in SPLITS if self.has(split)), "")

    def has(self, split: str) -> bool:
        return any(key[1] == split for key in self._rows)

    @cached_property
    def cutoffs(self) -> list[float | None]:
        """The cut-offs that the main split was measured at, all weeks together (None) last."""
        measured = {key[2] for key in self._rows if key[1] == self.split}
        return [*sorted(cutoff for cutoff in measured if cutoff is not None), *([None] if None in measured else [])]

    @cached_property
    def focus(self) -> float | None:
        return nearest_focus(self.cutoffs)

    @cached_property
    def groups(self) -> list[str]:
        """Course runs that the main split measured, in the order of the data."""
        measured = {key[3] for key in self._rows if key[0] == self.evaluation["chosen"] and key[1] == self.split}
        return [run for run in self.runs if run in measured]


def templates() -> Environment:
    """The templates of this folder, with filters that write figures; what goes into HTML is escaped."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(_FILTERS)
    return found


def nearest_focus(cutoffs: Iterable[float | None]) -> float | None:
    """The cut-off nearest to what summaries speak of; all weeks together (None) last, and where there is none."""
    return min(cutoffs, key=lambda cutoff: 1.0 if cutoff is None else abs(cutoff - _FOCUS), default=None)


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


def ranged(row: Mapping[str, Any] | None, metric: str) -> str:
    """A figure with its range: `77.3% (75.0% to 79.1%)`."""
    if not row or row["value"] is None:
        return "not measured"
    value, low, high = (None if row[end] is None else as_metric(row[end], metric) for end in ("value", "low", "high"))
    return f"{value}" if low is None or high is None else f"{value} ({low} to {high})"


def of_hundred(row: Mapping[str, Any]) -> str:
    """A share as people count it: `77 (75 to 79)`, of a hundred."""
    value, low, high = (None if row[end] is None else round(100 * row[end]) for end in ("value", "low", "high"))
    return f"{value}" if low is None or high is None or low == high else f"{value} ({low} to {high})"


_FILTERS: dict[str, Callable[..., Any]] = {
    "as_metric": as_metric,
    "at": cutoff_words,
    "count": count,
    "cutoff": cutoff_title,
    "hundred": lambda share: round(100 * share),
    "of_hundred": of_hundred,
    "percent": percent,
    "ranged": ranged,
}
