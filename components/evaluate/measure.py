"""Metrics and curves of a candidate's risks, by cut-off and course run."""

from collections.abc import Iterator
from threading import Lock

import numpy as np
import numpy.typing as npt

from components.evaluate.curves import curves
from components.evaluate.metrics import intervals, measure, resample
from components.evaluate.over_runs import over_runs
from components.evaluate.subject import Counts, Subject, count_learners
from components.examples import Examples
from components.metrics.resamples import Resamples
from components.metrics.sample import Floats
from earlybell.bundle import Catalogue
from earlybell.bundle.figures import EACH_RUN, Curve, MetricRow

CUTOFFS = (0.2, 0.4, 0.6, 0.8)
_LEAST_APART = 0.05  # weeks, as shares of a course run
RESAMPLES = 200
RESAMPLES_ALL_WEEKS = 50  # many more rows, and wider than they look: fewer resamples do

Mask = npt.NDArray[np.bool_]


class Measurer:
    """Measures risks of labelled examples at each cut-off and over all weeks together (None)."""

    def __init__(self, catalogue: Catalogue, examples: Examples, seed: int) -> None:
        self._examples = examples
        self._seed = seed
        progress = examples.values[:, catalogue.names.index("progress")]
        self._run = examples.run
        self._rows: dict[float | None, Mask] = {one: near(progress, self._run, one) for one in CUTOFFS}
        self._rows[None] = np.ones(len(examples), dtype=bool)
        self._drawn: dict[tuple[float | None, bytes], Resamples] = {}
        self._drawing = Lock()  # several subjects may be measured at the same time

    def metrics(self, subject: Subject, risk: Floats, *, each_run: bool) -> Iterator[tuple[MetricRow, Floats]]:
        """The rows of a subject's figures, each with its value and resamples (1 + resamples,).

        Args:
            risk: (n,), NaN where a row was not held out.
            each_run: measure every course run too, and their mean, and not only all together.
        """
        for cutoff, mask in self.masks(risk):
            label, learner, known = self._examples.label[mask], self._examples.learner[mask], risk[mask]
            weights, everybody = self._resamples(cutoff, mask), count_learners(learner, label)
            yield from _rows(subject, cutoff, "all", measure(label, known, weights), everybody)
            by_run: list[dict[str, Floats]] = []
            for course_id, rows in self._runs(mask) if each_run else ():
                figures = measure(label[rows], known[rows], weights.where(rows))
                by_run.append(figures)
                yield from _rows(subject, cutoff, course_id, figures, count_learners(learner[rows], label[rows]))
            if by_run:
                yield from _rows(subject, cutoff, EACH_RUN, over_runs(by_run, self._seed), everybody)

    def clear(self) -> None:
        """Give the memory of the resamples back: those of a cut-off are made again when they are needed."""
        self._drawn.clear()

    def curves(self, subject: Subject, risk: Floats) -> Iterator[Curve]:
        """The curves of a subject at every cut-off."""
        for cutoff, mask in self.masks(risk):
            yield from curves(subject, cutoff, self._examples.label[mask], risk[mask])

    def rows(self, cutoff: float | None) -> Mask:
        """The rows (n,) of a cut-off, known or not."""
        return self._rows[cutoff]

    def masks(self, risk: Floats) -> Iterator[tuple[float | None, Mask]]:
        """The rows of each cut-off, and of all weeks together (None), whose risk is known."""
        seen = ~np.isnan(risk)
        for cutoff, rows in self._rows.items():
            if (rows & seen).any():
                yield cutoff, rows & seen

    def _resamples(self, cutoff: float | None, mask: Mask) -> Resamples:
        """Of the rows of a cut-off: candidates that were measured on the same rows share them."""
        key = cutoff, mask.tobytes()
        with self._drawing:
            if key not in self._drawn:
                resamples = RESAMPLES if cutoff else RESAMPLES_ALL_WEEKS
                self._drawn[key] = resample(self._examples.learner[mask], resamples, self._seed)
            return self._drawn[key]

    def _runs(self, mask: Mask) -> Iterator[tuple[str, Mask]]:
        """Each course run of some rows (n,), and which of these are of it; none where there is one alone."""
        run, course_id = self._run[mask], self._examples.course_id[mask]
        runs, first = np.unique(run, return_index=True)
        for number, row in zip(runs, first, strict=True) if len(runs) > 1 else ():
            yield str(course_id[row]), run == number


def _rows(
    subject: Subject, cutoff: float | None, group: str, figures: dict[str, Floats], counts: Counts
) -> Iterator[tuple[MetricRow, Floats]]:
    measured = intervals(figures)
    for metric, values in figures.items():
        yield subject.row(cutoff, group, metric, measured[metric], counts), values


def near(progress: npt.NDArray[np.float32], run: npt.NDArray[np.int64], cutoff: float) -> Mask:
    """The rows of the week of each run that is nearest to the cut-off: at most one row a learner and run.

    None of a run whose moments end before it, as its records do: further away than the weeks lie from each other.
    """
    rows = np.zeros(len(progress), dtype=bool)
    for number in np.unique(run):
        weeks = np.unique(progress[run == number])
        nearest = weeks[np.argmin(np.abs(weeks - cutoff))]
        apart = float(np.diff(weeks).max(initial=_LEAST_APART)) + 1e-6  # as shares are in single precision
        if len(weeks) == 1 or abs(nearest - cutoff) <= apart:
            rows |= (run == number) & (progress == nearest)
    return rows
