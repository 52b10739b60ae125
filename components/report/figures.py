"""How sections of the report and of the model card look figures of an evaluation up."""

from collections.abc import Iterable
from functools import cached_property

from components.metrics import find_metrics
from components.report.words import Metric, as_metric, bad_words, count, metric_words, ranged
from earlybell.bundle import Bundle, Evaluation, Training
from earlybell.bundle.bands import UNMEASURED
from earlybell.bundle.figures import MetricRow
from earlybell.gates import Verdict, read_verdict

_FOCUS = 0.4  # the cut-off that summaries and comparisons speak of: early enough to act, late enough to know


class Figures:
    """What the sections ask of an evaluation and its verdict; what these do not record is empty."""

    def __init__(self, evaluation: Evaluation, verdict: Verdict | None = None) -> None:
        self.verdict = verdict
        self.evaluation, self.data = evaluation, evaluation.data
        self.point, self.split = evaluation.operating_point, evaluation.split
        self.rows = [row for row in evaluation.metrics if row.value is not None]
        self.bad = bad_words(evaluation.label)
        self.titles = {candidate.name: candidate.title for candidate in evaluation.candidates}
        self.chosen = self.titles.get(evaluation.chosen, evaluation.chosen)
        self.runs = [run.course_id for run in self.data.course_runs]

    def figure(
        self, metric: str, cutoff: float | None, candidate: str = "", split: str = "", group: str = ""
    ) -> MetricRow | None:
        """The row of one figure, None without a value; by default of the chosen candidate and the main split."""
        row = self.evaluation.figure(metric, cutoff, candidate=candidate, split=split, group=group)
        return row if row and row.value is not None else None

    def figures(self, metrics: Iterable[str], cutoff: float | None, group: str = "", candidate: str = "") -> list[str]:
        """Figures in words, each with its range; see `figure`."""
        return [ranged(self.figure(metric, cutoff, candidate, group=group), metric) for metric in metrics]

    def learners(self, cutoff: float | None, group: str = "all") -> str:
        """How many learners were measured there, in words."""
        rows = (row for row in self.main_rows if (row.cutoff, row.group) == (cutoff, group))
        return count(next((row.learners for row in rows), None))

    def words(self) -> dict[str, Metric]:
        return metric_words(self.bad)

    def has(self, split: str) -> bool:
        return any(row.split == split for row in self.rows)

    @cached_property
    def cutoffs(self) -> list[float | None]:
        """The cut-offs that the main split was measured at, all weeks together (None) last."""
        measured = {row.cutoff for row in self.rows if row.split == self.split}
        return [*sorted(cutoff for cutoff in measured if cutoff is not None), *([None] if None in measured else [])]

    @cached_property
    def focus(self) -> float | None:
        return nearest_focus(self.cutoffs)

    @cached_property
    def groups(self) -> list[str]:
        """Course runs that the main split measured, in the order of the data."""
        measured = {row.group for row in self.main_rows}
        return [run for run in self.runs if run in measured]

    def extremes(self, metric: str, cutoff: float | None, split: str = "") -> tuple[MetricRow, MetricRow] | None:
        """A figure in the course run where it is best, and in the one where it is worst; None with fewer than two."""
        if len(self.evaluation.by_run(metric, cutoff, split=split)) < 2:
            return None
        higher = bool(find_metrics()[metric].higher_is_better)
        best = self.evaluation.worst_run(metric, cutoff, higher_is_better=not higher, split=split)
        worst = self.evaluation.worst_run(metric, cutoff, higher_is_better=higher, split=split)
        return (best, worst) if best and worst else None

    def worst(self, metric: str, cutoff: float | None, split: str = "") -> str:
        """The worst course run's figure with its run, in words; empty with fewer than two runs."""
        extremes = self.extremes(metric, cutoff, split)
        return f"{as_metric(extremes[1].value or 0.0, metric)} ({extremes[1].group})" if extremes else ""

    @cached_property
    def worst_gap(self) -> MetricRow | None:
        """The course run and cut-off whose risks were furthest from what came true, of several runs."""
        cutoffs = [cutoff for cutoff in self.cutoffs if cutoff is not None]
        gaps = [self.figure("calibration_gap", at, group=run) for run in self.groups for at in cutoffs]
        return max((row for row in gaps if row), key=lambda row: abs(row.value or 0.0), default=None)

    @cached_property
    def main_rows(self) -> list[MetricRow]:
        """The rows of the chosen candidate in the main split."""
        wanted = (self.evaluation.chosen, self.split)
        return [row for row in self.rows if (row.candidate, row.split) == wanted]


class CardFigures(Figures):
    """What the sections of the card ask of a sealed bundle; `contact` is whom a learner asks about a prediction."""

    def __init__(self, bundle: Bundle, contact: str = "") -> None:
        super().__init__(bundle.evaluation, read_verdict(bundle.path))
        self.manifest, self.bands = bundle.manifest, None if bundle.bands is UNMEASURED else bundle.bands
        self.digest, self.name = bundle.digest, bundle.manifest.name or "a model without a name"
        self.catalogue, self.contact = bundle.catalogue, contact.strip()
        candidates = {candidate.name: candidate for candidate in self.evaluation.candidates}
        name = self.evaluation.chosen
        self.training = bundle.training or candidates.get(name) or Training(name=name)

    @property
    def days_needed(self) -> float | None:
        """Days of teaching before a learner gets a band."""
        return self.bands.days_needed if self.bands else None


def nearest_focus(cutoffs: Iterable[float | None]) -> float | None:
    """The cut-off nearest to what summaries speak of; all weeks together (None) last, and where there is none."""
    return min(cutoffs, key=lambda cutoff: 1.0 if cutoff is None else abs(cutoff - _FOCUS), default=None)
