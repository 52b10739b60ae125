"""What each candidate predicts for rows that its training did not see, and which split of them can be measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.evaluate.data_summary import NOT_BY_RUN
from components.examples import Examples
from earlybell.bundle import Bundle, read_candidate
from earlybell.bundle.figures import NEW_COURSE, SPLITS
from earlybell.counts import counted
from earlybell.errors import TrainingError
from earlybell.gates import CUTOFF
from earlybell.predict import Course, Key, Predictor, correct, corrections, earlier_runs

LEAST_RUNS = 2  # left out that have both labels: of one alone a figure says nothing of the next

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Risks = Mapping[str, Mapping[str, Floats]]  # by candidate and split


@dataclass(frozen=True)
class Honest:
    """The splits that can be measured, and what stands in the way of others.

    Attributes:
        main: the most honest one.
        without: the splits that cannot be measured.
        by_run: why course runs left out cannot be measured, as `since only A has both outcomes`; empty where they can.
        notes: sentences on what was not measured.
    """

    main: str
    without: frozenset[str]
    by_run: str
    notes: tuple[str, ...]


def held_out(candidate: Path, split: str, examples: Examples, courses: Mapping[Key, Course]) -> Floats:
    """Risk (n,) by the fold's bundle that did not see the row, as it serves: corrected for the course run.

    The paper's random split is left as it is. NaN where no fold held a row out.
    """
    risk = np.full(len(examples), np.nan)
    fold = fold_of(split, examples)
    for folder in sorted(candidate.glob(f"{split}-*")):
        mask = fold == int(folder.name.rsplit("-", 1)[1])
        if mask.any():
            risk[mask] = _risk(read_candidate(folder), examples.where(mask), {} if split == "random" else courses)
    return risk


def knows_earlier_runs(candidate: Path, split: str, examples: Examples, courses: Mapping[Key, Course]) -> Mask:
    """Which rows (n,) are of a course of which the fold's bundle knows earlier runs."""
    known = np.zeros(len(examples), dtype=bool)
    fold = fold_of(split, examples)
    for folder in sorted(candidate.glob(f"{split}-*")):
        history, rows = read_candidate(folder).history, fold == int(folder.name.rsplit("-", 1)[1])
        with_any = {key[0] for key, course in courses.items() if earlier_runs(history, course)}
        known |= rows & np.isin(examples.course_id.astype(str), np.array([*with_any], dtype=np.str_))
    return known


def _risk(bundle: Bundle, examples: Examples, courses: Mapping[Key, Course]) -> Floats:
    risk = Predictor(bundle).score(examples.values).risk
    if not courses:
        return risk.astype(np.float64)
    return correct(risk, corrections(bundle.history, courses, examples.observed, risk).shift)


def fold_of(split: str, examples: Examples) -> npt.NDArray[np.int64]:
    """The fold (n,) that holds each row out; -1 where none does."""
    if split == "random":
        return np.where(examples.is_test, 0, -1)
    return examples.folds[split].astype(np.int64)


def honest_splits(risks: Risks, examples: Examples, rows: Mask, label: str) -> Honest:
    """The splits that can be measured, in rows with both labels that the models of every candidate had not seen.

    Args:
        rows: (n,), those of the cut-off that gates look at.
        label: what label 1 means, as `outcome`.

    Raises:
        TrainingError: none can without the learner's own rows.
    """
    both = f"both {label}s"
    runs = _runs_with_both(examples, rows)
    known = {split: rows & _known(risks, split, len(examples)) for split in SPLITS}
    by_run = ""
    if len(_runs_with_both(examples, known["course_run"])) < LEAST_RUNS:
        by_run = _why(runs, len(np.unique(examples.course_id)), both)
    by_learner = len(np.unique(examples.label[known["learner"]])) == 2
    if by_run and not by_learner:
        learners = f"{counted(len(np.unique(examples.learner[rows])), 'learner')}, {by_run}"
        way_out = f"Add course runs in which there are learners of {both}."
        raise TrainingError("no split without the learner's own rows can be measured", learners, way_out)
    main = "learner" if by_run else "course_run"
    measurable = {
        "course_run": not by_run,
        "learner": by_learner,
        NEW_COURSE: len(_runs_with_both(examples, known[NEW_COURSE])) >= LEAST_RUNS,
    }
    without = {split for split, possible in measurable.items() if not possible}
    return Honest(main, frozenset(without), by_run, tuple(_notes(main, by_run, examples, rows & ~known[main])))


def _known(risks: Risks, split: str, rows: int) -> Mask:
    unknown = np.full(rows, np.nan)
    return np.asarray(~np.any([np.isnan(one.get(split, unknown)) for one in risks.values()], axis=0))


def _runs_with_both(examples: Examples, rows: Mask) -> list[str]:
    runs = np.unique(examples.course_id[rows])
    labels = (np.unique(examples.label[rows & (examples.course_id == run)]) for run in runs)
    return [str(run) for run, found in zip(runs, labels, strict=True) if len(found) == 2]


def _why(runs: list[str], count: int, both: str) -> str:
    if count == 1:
        return "with one course run"
    if len(runs) < LEAST_RUNS:
        return f"since {f'only {runs[0]}' if runs else 'no course run'} has learners of {both} at {CUTOFF:.0%} of it"
    return f"since without {', '.join(runs)} nobody or everybody is at risk"


def _notes(main: str, by_run: str, examples: Examples, unseen: Mask) -> list[str]:
    """What a fold that was skipped in training leaves unmeasured: its training rows had one label, or none."""
    notes = [NOT_BY_RUN.format(why=by_run)] if by_run else []
    if not unseen.any():
        return notes
    left = examples.course_id if main == "course_run" else examples.learner
    what = "course runs" if main == "course_run" else "learners"
    count = len(np.unique(left[unseen]))
    return [*notes, f"{count} {what} are not measured: a model without them would have learned from one label only."]
