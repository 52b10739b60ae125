"""How the report and the model card look figures of an evaluation up."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from components.report.words import SPLITS, Metric, bad_words, count, metric_words, ranged

_FOCUS = 0.4  # the cut-off that summaries and comparisons speak of: early enough to act, late enough to know

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


class Figures:
    """What a template asks of an evaluation; what it does not record is empty."""

    def __init__(self, evaluation: Mapping[str, Any]) -> None:
        evaluation = _EVALUATION | dict(evaluation)
        self.data = evaluation["data"] = _DATA | (evaluation["data"] or {})
        self.evaluation = evaluation
        self.point = evaluation["operating_point"] or {}
        self._rows = {
            (row["candidate"], row["split"], row["cutoff"], row["group"], row["metric"]): row
            for row in evaluation["metrics"]
            if row["value"] is not None
        }
        self.bad = bad_words(evaluation["label"])
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
        return metric_words(self.bad)

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


def nearest_focus(cutoffs: Iterable[float | None]) -> float | None:
    """The cut-off nearest to what summaries speak of; all weeks together (None) last, and where there is none."""
    return min(cutoffs, key=lambda cutoff: 1.0 if cutoff is None else abs(cutoff - _FOCUS), default=None)
