"""What each candidate predicts for rows that its training did not see, through the code that serves."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.examples import Examples
from earlybell.bundle import read_candidate
from earlybell.predict import Predictor

SPLITS = ("course_run", "learner", "random")  # the most honest first


def held_out(candidate: Path, split: str, examples: Examples) -> npt.NDArray[np.float64]:
    """Risk (n,) by the fold's bundle that did not see the row; NaN where no fold held it out."""
    risk = np.full(len(examples), np.nan)
    fold = fold_of(split, examples)
    for folder in sorted(candidate.glob(f"{split}-*")):
        mask = fold == int(folder.name.rsplit("-", 1)[1])
        if mask.any():
            risk[mask] = Predictor(read_candidate(folder)).score(examples.values[mask])[2]
    return risk


def fold_of(split: str, examples: Examples) -> npt.NDArray[np.int64]:
    """The fold (n,) that holds each row out; -1 where none does."""
    if split == "random":
        return np.where(examples.is_test, 0, -1)
    return (examples.run_fold if split == "course_run" else examples.learner_fold).astype(np.int64)
