"""The report: evaluation.json as one HTML file for teachers and university IT, with no other file and no script."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from components.evaluate import pictures

_FOCUS = 0.4  # the cut-off that the summary and the comparison speak of: early enough to act, late enough to know
_TOP = 15
_FLAT = 0.1  # a weaker correlation of value and effect has no direction worth a word


class _Metric(NamedTuple):
    title: str
    meaning: str
    percent: bool


# {bad} is what the label says of a learner.
_METRICS = {
    "roc_auc": _Metric(
        "AUC",
        "Of one learner who {bad} and one who did not, how often the first had the higher risk: "
        "0.5 is guessing, 1 is perfect.",
        False,
    ),
    "pr_auc": _Metric("PR-AUC", "Precision averaged over all thresholds; guessing reaches the base rate.", False),
    "brier": _Metric("Brier score", "Mean squared distance of the risk from what happened; lower is better.", False),
    "calibration_error": _Metric(
        "Calibration error", "How far a stated risk is, on average, from the share it came true for.", True
    ),
    "accuracy": _Metric("Accuracy", "Share of all learners who were rightly flagged or rightly not.", True),
    "precision": _Metric("Precision", "Of those flagged, the share who {bad}.", True),
    "recall": _Metric("Recall", "Of those who {bad}, the share who were flagged.", True),
    "f1": _Metric("F1", "Precision and recall in one figure (their harmonic mean).", False),
    "base_rate": _Metric("Base rate", "Share of all learners measured who {bad}.", True),
}

_SPLITS = {  # the most honest first
    "course_run": "Course runs left out",
    "learner": "Learners left out",
    "random": "Random 80/20 of rows",
}

_BAD = {"outcome": "ended in fail or withdrawal", "rubric": "fell below the rubric's threshold"}


def write_report(evaluation: dict[str, Any], out: Path) -> None:
    """Write `evaluation` (the contents of evaluation.json, format 1) to `out` as one HTML file that needs no other.

    The same evaluation gives the same bytes. What could not be measured (a split without rows, a null, no curve) is
    said in its place.
    """
    page = _Page(evaluation)
    words = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words.filters.update(_FILTERS)
    text = words.get_template("report.html").render(page=page, **evaluation, metric_words=page.words(), splits=_SPLITS)
    out.write_text(text, encoding="utf-8")


class _Page:
    """What the template asks of an evaluation."""

    def __init__(self, evaluation: Mapping[str, Any]) -> None:
        self._evaluation = evaluation
        self._rows = {
            (row["candidate"], row["split"], row["cutoff"], row["group"], row["metric"]): row
            for row in evaluation["metrics"]
            if row["value"] is not None
        }
        self.bad = _BAD.get(evaluation["label"], f"had the label “{evaluation['label']}”")
        self.titles = {candidate["name"]: candidate["title"] for candidate in evaluation["candidates"]}
        self.chosen = self.titles.get(evaluation["chosen"], evaluation["chosen"])
        self.runs = [run["course_id"] for run in evaluation["data"]["course_runs"]]

    def figure(
        self, metric: str, cutoff: float | None, candidate: str = "", split: str = "", group: str = "all"
    ) -> dict[str, Any] | None:
        """The row of one figure, None without a value; by default of the chosen candidate and the main split."""
        return self._rows.get((candidate or self._evaluation["chosen"], split or self.split, cutoff, group, metric))

    def words(self) -> dict[str, _Metric]:
        return {name: metric._replace(meaning=metric.meaning.format(bad=self.bad)) for name, metric in _METRICS.items()}

    @cached_property
    def split(self) -> str:
        """The most honest split that was measured; empty where none was."""
        return next((split for split in _SPLITS if self.has(split)), "")

    def has(self, split: str) -> bool:
        return any(key[1] == split for key in self._rows)

    @cached_property
    def cutoffs(self) -> list[float | None]:
        """The cut-offs that the main split was measured at, all weeks together (None) last."""
        measured = {key[2] for key in self._rows if key[1] == self.split}
        return [*sorted(cutoff for cutoff in measured if cutoff is not None), *([None] if None in measured else [])]

    @cached_property
    def focus(self) -> float | None:
        return min(self.cutoffs, key=_from_focus, default=None)

    @cached_property
    def table1(self) -> float | None:
        """The cut-off of the paper's Table 1, measured by the main split too: all weeks together where possible."""
        random = {key[2] for key in self._rows if key[1] == "random"}
        shared = random & set(self.cutoffs) or random
        return None if None in shared else min(shared, key=_from_focus, default=None)

    @cached_property
    def groups(self) -> list[str]:
        """Course runs in the order of the data, then other groups by name; those that the main split measured."""
        measured = {key[3] for key in self._rows if key[0] == self._evaluation["chosen"] and key[1] == self.split}
        runs = [run for run in self.runs if run in measured]
        return runs + sorted(measured - {"all", *runs})

    @cached_property
    def group_cutoffs(self) -> list[float | None]:
        return [at for at in self.cutoffs if any(self.figure("roc_auc", at, group=group) for group in self.groups)]

    @cached_property
    def auc_picture(self) -> str:
        rows = [
            row
            for name in self.titles
            for cutoff in self.cutoffs
            if (row := self.figure("roc_auc", cutoff, candidate=name))
        ]
        return pictures.auc_by_cutoff(rows, self.titles, self.cutoffs) if rows else ""

    @cached_property
    def group_picture(self) -> str:
        rows = [row for group in self.groups if (row := self.figure("roc_auc", self.focus, group=group))]
        return pictures.auc_by_group(rows) if len(rows) > 1 else ""

    @cached_property
    def roc_picture(self) -> str:
        curves = self._curves("roc")
        return pictures.roc(curves) if curves else ""

    @cached_property
    def pr_picture(self) -> str:
        curves, base = self._curves("pr"), self.figure("base_rate", self.focus)
        return pictures.precision_recall(curves, base["value"] if base else None) if curves else ""

    @cached_property
    def calibration_pictures(self) -> list[tuple[float | None, str]]:
        curves = self._curves("calibration")
        return [
            (curve["cutoff"], pictures.calibration(curve, f"picture-calibration-{i}")) for i, curve in enumerate(curves)
        ]

    @cached_property
    def importance(self) -> list[dict[str, Any]]:
        return list(self._evaluation["importance"][:_TOP])

    @cached_property
    def importance_picture(self) -> str:
        return pictures.importance(self.importance) if self.importance else ""

    def _curves(self, kind: str) -> list[dict[str, Any]]:
        wanted = (self._evaluation["chosen"], self.split, kind)
        curves = [c for c in self._evaluation["curves"] if (c["candidate"], c["split"], c["kind"]) == wanted and c["x"]]
        return sorted(curves, key=lambda curve: (curve["cutoff"] is None, curve["cutoff"]))


def _from_focus(cutoff: float | None) -> float:
    return 1.0 if cutoff is None else abs(cutoff - _FOCUS)


def _as_metric(value: float, metric: str) -> str:
    return f"{value:.1%}" if _METRICS[metric].percent else f"{value:.3f}"


def _direction(correlation: float | None) -> str:
    if correlation is None:
        return "not known"
    if abs(correlation) < _FLAT:
        return "it depends on the other features"
    return "higher values raise the risk" if correlation > 0 else "higher values lower the risk"


_FILTERS: dict[str, Callable[..., Any]] = {
    "as_metric": _as_metric,
    "at": pictures.cutoff_words,
    "cutoff": lambda cutoff: "All weeks" if cutoff is None else f"{cutoff:.0%}",
    "direction": _direction,
    "hundred": lambda share: round(100 * share),
    "percent": lambda share: "not known" if share is None else f"{share:.1%}",
    "count": lambda number: "not known" if number is None else f"{number:,.0f}",
}
