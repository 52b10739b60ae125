"""Metrics and curves of a candidate's risks, by cut-off and course run."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from components.evaluate.curves import curves
from components.evaluate.metrics import Floats, intervals, measure, resample
from components.evaluate.subject import Subject, count_learners
from components.examples import Examples
from earlybell.bundle import Catalogue
from earlybell.bundle.figures import Curve, MetricRow

CUTOFFS = (0.2, 0.4, 0.6, 0.8)
RESAMPLES = 200
RESAMPLES_ALL_WEEKS = 50  # many more rows, and wider than they look: fewer resamples do

Mask = npt.NDArray[np.bool_]


class Measurer:
    """Measures risks of labelled examples at each cut-off and over all weeks together (None)."""

    def __init__(self, catalogue: Catalogue, examples: Examples, seed: int) -> None:
        self._examples = examples
        self._seed = seed
        progress = examples.values[:, catalogue.names.index("progress")]
        _, self._run = np.unique(examples.course_id, return_inverse=True)
        self._rows: dict[float | None, Mask] = {one: _near(progress, self._run, one) for one in CUTOFFS}
        self._rows[None] = np.ones(len(examples), dtype=bool)

    def metrics(self, subject: Subject, risk: Floats, *, each_run: bool) -> Iterator[tuple[MetricRow, Floats]]:
        """The rows of a subject's figures, each with its value and resamples (1 + resamples,).

        Args:
            risk: (n,), NaN where a row was not held out.
            each_run: measure every course run too, and not only all together.
        """
        for cutoff, mask in self.masks(risk):
            kept = self._examples.where(mask)
            weights = resample(kept.learner, RESAMPLES if cutoff else RESAMPLES_ALL_WEEKS, self._seed)
            for group, of_group in self._groups(mask, each_run):
                found = measure(kept.label[of_group], risk[mask][of_group], weights[:, of_group])
                figures = intervals(found)
                counts = count_learners(kept.learner[of_group], kept.label[of_group])
                for metric, values in found.items():
                    yield subject.row(cutoff, group, metric, figures[metric], counts), values

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

    def _groups(self, mask: Mask, each_run: bool) -> Iterator[tuple[str, Mask]]:
        run = self._run[mask]
        yield "all", np.ones(len(run), dtype=bool)
        runs = np.unique(run)
        for one in runs if each_run and len(runs) > 1 else []:
            yield str(self._examples.course_id[mask][run == one][0]), run == one


def _near(progress: npt.NDArray[np.float32], run: npt.NDArray[np.int64], cutoff: float) -> Mask:
    """The rows of the week of each run that is nearest to the cut-off: at most one row a learner and run."""
    found = np.zeros(len(progress), dtype=bool)
    for one in np.unique(run):
        weeks = np.unique(progress[run == one])
        found |= (run == one) & (progress == weeks[np.argmin(np.abs(weeks - cutoff))])
    return found
