"""How the report and the model card look figures of an evaluation up."""

from collections.abc import Iterable
from functools import cached_property

from components.report.words import Metric, bad_words, count, metric_words, ranged
from earlybell.bundle import Evaluation
from earlybell.bundle.figures import MetricRow
from earlybell.gates import Verdict

_FOCUS = 0.4  # the cut-off that summaries and comparisons speak of: early enough to act, late enough to know


class Figures:
    """What a template asks of an evaluation; what it does not record is empty."""

    def __init__(self, evaluation: Evaluation, verdict: Verdict | None = None) -> None:
        self.verdict = verdict
        self.evaluation, self.data = evaluation, evaluation.data
        self.point, self.split = evaluation.operating_point, evaluation.split
        self._rows = [row for row in evaluation.metrics if row.value is not None]
        self.bad = bad_words(evaluation.label)
        self.titles = {candidate.name: candidate.title for candidate in evaluation.candidates}
        self.chosen = self.titles.get(evaluation.chosen, evaluation.chosen)
        self.runs = [run.course_id for run in self.data.course_runs]

    def figure(
        self, metric: str, cutoff: float | None, candidate: str = "", split: str = "", group: str = "all"
    ) -> MetricRow | None:
        """The row of one figure, None without a value; by default of the chosen candidate and the main split."""
        row = self.evaluation.figure(metric, cutoff, candidate=candidate, split=split, group=group)
        return row if row and row.value is not None else None

    def figures(self, metrics: Iterable[str], cutoff: float | None, group: str = "all") -> list[str]:
        """Figures in words, each with its range; see `figure`."""
        return [ranged(self.figure(metric, cutoff, group=group), metric) for metric in metrics]

    def learners(self, cutoff: float | None, group: str = "all") -> str:
        """How many learners were measured there, in words."""
        rows = (row for row in self._main_rows if (row.cutoff, row.group) == (cutoff, group))
        return count(next((row.learners for row in rows), None))

    def words(self) -> dict[str, Metric]:
        return metric_words(self.bad)

    def has(self, split: str) -> bool:
        return any(row.split == split for row in self._rows)

    @cached_property
    def cutoffs(self) -> list[float | None]:
        """The cut-offs that the main split was measured at, all weeks together (None) last."""
        measured = {row.cutoff for row in self._rows if row.split == self.split}
        return [*sorted(cutoff for cutoff in measured if cutoff is not None), *([None] if None in measured else [])]

    @cached_property
    def focus(self) -> float | None:
        return nearest_focus(self.cutoffs)

    @cached_property
    def groups(self) -> list[str]:
        """Course runs that the main split measured, in the order of the data."""
        measured = {row.group for row in self._main_rows}
        return [run for run in self.runs if run in measured]

    @cached_property
    def _main_rows(self) -> list[MetricRow]:
        """The rows of the chosen candidate in the main split."""
        wanted = (self.evaluation.chosen, self.split)
        return [row for row in self._rows if (row.candidate, row.split) == wanted]


def nearest_focus(cutoffs: Iterable[float | None]) -> float | None:
    """The cut-off nearest to what summaries speak of; all weeks together (None) last, and where there is none."""
    return min(cutoffs, key=lambda cutoff: 1.0 if cutoff is None else abs(cutoff - _FOCUS), default=None)
