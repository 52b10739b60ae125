"""How far the level of a course run's risks may be off, and what the rule of a course gives up and gains.

What is measured of a course run left out goes by the level errors of the other courses: its own is not known then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from msgspec import structs

from components.evaluate.measure import RESAMPLES_ALL_WEEKS, near
from components.evaluate.metrics import intervals, measure, resample
from components.evaluate.uncertainty import ranges
from components.examples import Examples
from components.metrics.sample import Floats
from earlybell.bundle import Bands
from earlybell.bundle.bands import LevelError
from earlybell.bundle.evaluation import CourseEvidence
from earlybell.bundle.figures import NEW_COURSE
from earlybell.bundle.history import STAGES
from earlybell.predict import certainty, course_doubt, doubts

TIMES = 3.2  # level errors: docs/explanation/model.md has what this answers of OULAD, and what other margins would
EARLIER_RUNS, NO_EARLIER_RUNS = 0.04, 0.08  # the default level errors: those of twelve OULAD runs at 20 to 60%
DEFAULT_RUNS = 24  # so many runs with the default count beside those measured: a few show little of the next
AT = (0.1, 0.2, 0.3, 0.4, 0.5)  # earlier than other figures, as it is early that there is too little to go by

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LeftOut:
    """What the models of one split said of the examples that they had not seen.

    Attributes:
        split: its name.
        examples: of which all arrays are, (n,).
        progress: the share of the run that has passed.
        risk: NaN where no fold held a row out.
        fold: that held the row out.
        earlier_runs: whether the fold's model knew earlier runs of the course.
    """

    split: str
    examples: Examples
    progress: Floats
    risk: Floats
    fold: npt.NDArray[np.int64]
    earlier_runs: Mask

    def where(self, rows: npt.NDArray[np.bool_]) -> "LeftOut":
        """The rows of a mask."""
        arrays = {name: getattr(self, name)[rows] for name in ("progress", "risk", "fold", "earlier_runs")}
        return replace(self, examples=self.examples.where(rows), **arrays)

    def runs(self) -> Iterator[tuple[Mask, "LeftOut"]]:
        """Each course run that was held out: its rows (n,) and what was said of them."""
        seen = ~np.isnan(self.risk)
        for run in np.unique(self.examples.course_id[seen]):
            rows = seen & (self.examples.course_id == run)
            yield rows, self.where(rows)


@dataclass(frozen=True)
class Gap:
    """How far the mean risk of a course run lay above its base rate at each of `STAGES`, (stages,)."""

    code: str
    earlier_runs: bool
    gap: Floats


def gaps(splits: Sequence[LeftOut]) -> list[Gap]:
    """Of course runs that each split is honest about: courses left out are new, runs left out may have earlier ones.

    Where no courses were left out, as no course has two runs, every run that was left out is new.
    """
    new = NEW_COURSE if any(split.split == NEW_COURSE for split in splits) else "course_run"
    return [
        Gap(str(run.examples.code[0]), bool(run.earlier_runs[0]), _gap(run))
        for split in splits
        for _, run in split.runs()
        if split.split == new or run.earlier_runs[0]
    ]


def level_error(known: Sequence[Gap]) -> LevelError:
    """Root mean squares over course runs and the defaults, with earlier runs and without, at each stage."""
    earlier, new = ([gap.gap for gap in known if gap.earlier_runs is wanted] for wanted in (True, False))
    return LevelError(STAGES, _rms(earlier, EARLIER_RUNS), _rms(new, NO_EARLIER_RUNS), TIMES)


def in_doubt(left_out: LeftOut, known: Sequence[Gap]) -> Mask:
    """The rows (n,) whose course run is in doubt as a whole at their moment."""
    doubted = np.zeros(len(left_out.risk), dtype=bool)
    for rows, run in left_out.runs():
        levels = _of_others(known, run)
        for week in np.unique(run.progress):
            at, earlier = run.progress == week, bool(run.earlier_runs[0])
            doubt = course_doubt(levels, run.risk[at], float(week), earlier_runs=earlier)
            doubted[np.flatnonzero(rows)[at]] = doubt != ""
    return doubted


def course_evidence(
    left_out: LeftOut, known: Sequence[Gap], bands: Bands, names: list[str], seed: int
) -> Iterator[CourseEvidence]:
    """A row for each course run and cut-off."""
    enough = _enough(left_out, bands, names)
    for rows, run in left_out.runs():
        levels = _of_others(known, run)
        for cutoff in AT:
            at = near(run.progress.astype(np.float32), np.zeros(len(run.risk), dtype=np.int64), cutoff)
            if at.any():
                yield _row(run.where(at), cutoff, levels, enough[rows][at], seed)


def _row(run: LeftOut, cutoff: float, levels: LevelError, enough: Mask, seed: int) -> CourseEvidence:
    sure = certainty(levels, run.risk, float(run.progress[0]), earlier_runs=bool(run.earlier_runs[0]))
    weights = resample(run.examples.learner[enough], RESAMPLES_ALL_WEEKS, seed)
    figures = intervals(measure(run.examples.label[enough], run.risk[enough], weights)) if enough.any() else {}
    return CourseEvidence(
        split=run.split,
        cutoff=cutoff,
        course_id=str(run.examples.course_id[0]),
        earlier_runs=bool(run.earlier_runs[0]),
        learners=len(run.risk),
        share=round(float(enough.mean()), 4),
        certainty=round(sure, 4) if np.isfinite(sure) else None,
        answered=sure >= levels.times,
        **{name: figures[name] for name in ("brier_skill", "calibration_error") if name in figures},
    )


def _enough(left_out: LeftOut, bands: Bands, names: list[str]) -> Mask:
    """The rows (n,) with enough evidence of their own, by what the other folds saw."""
    enough = np.zeros(len(left_out.risk), dtype=bool)
    for one in np.unique(left_out.fold):
        rows = left_out.fold == one
        others = structs.replace(bands, ranges=ranges(left_out.examples.where(~rows), names))
        enough[rows] = doubts(others, left_out.examples.where(rows).observed, names) == ""
    return enough


def _of_others(known: Sequence[Gap], run: LeftOut) -> LevelError:
    return level_error([gap for gap in known if gap.code != run.examples.code[0]])


def _gap(run: LeftOut) -> Floats:
    weeks = np.unique(run.progress)
    by_week = np.array([np.mean((run.risk - run.examples.label)[run.progress == week]) for week in weeks])
    return by_week[[int(np.argmin(np.abs(weeks - stage))) for stage in STAGES]]


def _rms(runs: Sequence[Floats], default: float) -> tuple[float, ...]:
    total = sum((gap**2 for gap in runs), np.full(len(STAGES), DEFAULT_RUNS * default**2))
    return tuple(round(float(error), 4) for error in np.sqrt(total / (len(runs) + DEFAULT_RUNS)))
