"""One candidate, trained for the job and for each fold of the honest splits."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import structs
from threadpoolctl import threadpool_limits

from components.examples import Examples, read_examples
from components.train.candidates import SEED, Candidate, find_candidates
from components.train.export import export
from components.train.fitted import fit
from components.train.history import history_of
from components.train.masking import as_elsewhere
from components.train.thinning import thin, weeks_kept
from earlybell.bundle import Catalogue, Training
from earlybell.bundle.json_files import write_json
from earlybell.errors import SettingError

Ints = npt.NDArray[np.int64]


def train(name: str, features: Path, labels: Path, out: Path) -> Training:
    """Train candidate `name`; write `out/final` and, for each fold, `out/<split>-<fold>`: an unsealed bundle each.

    Args:
        features: the folder that the features step wrote (features.parquet, features.sql, catalogue.json).
        labels: the file that the label step wrote.

    A fold whose training rows have one label, or none, is skipped.

    Returns:
        What training.json says of this candidate, here and in `out/final`.

    Raises:
        SettingError: no candidate has this name.
        TrainingError: all rows have the same label.
    """
    candidates = find_candidates()
    if name not in candidates:
        raise SettingError("no such candidate", name, f"Candidates: {', '.join(candidates)}.")
    catalogue, examples = read_examples(features, labels)
    examples = as_elsewhere(examples, catalogue)
    every_fold = _folds(examples)
    folds = {
        fold: rows for fold, rows in every_fold.items() if fold == "final" or len(np.unique(examples.label[rows])) == 2
    }
    sql = (features / "features.sql").read_text()
    with threadpool_limits(limits=1):  # candidates are trained side by side, and BLAS threads would wait for each other
        by_fold = {
            fold: _train_fold(candidates[name], catalogue, sql, examples, rows, out / fold)
            for fold, rows in folds.items()
        }
    training = structs.replace(
        by_fold["final"],
        missing=_missing(examples, catalogue),
        folds=tuple(sorted(by_fold)),
        skipped=tuple(sorted(every_fold.keys() - folds.keys())),
    )
    for folder in (out, out / "final"):
        write_json(folder / "training.json", training)
    return training


def _train_fold(
    candidate: Candidate, catalogue: Catalogue, sql: str, examples: Examples, rows: Ints, out: Path
) -> Training:
    thin_rows, weight = thinned(examples, rows)
    few = examples.where(thin_rows)
    fitted = fit(candidate, catalogue, few.values, few.label, few.learner, weight)
    export(fitted, catalogue, sql, out)
    write_json(out / "history.json", history_of(examples, catalogue, rows))
    return Training(
        name=candidate.name,
        title=candidate.title,
        remarks=candidate.remarks,
        complexity=candidate.complexity,
        baseline=candidate.baseline,
        settings=_settings(fitted.estimator),
        seed=SEED,
        rows=len(few),
        learners=len(np.unique(few.learner)),
    )


def _missing(examples: Examples, catalogue: Catalogue) -> dict[str, float]:
    """The share of rows without a value, of each feature that has such rows."""
    shares = np.isnan(examples.values).mean(axis=0).round(4).tolist()
    return {name: share for name, share in zip(catalogue.names, shares, strict=True) if share}


def _folds(examples: Examples) -> dict[str, Ints]:
    """The rows to train on, by fold: what is held out is left out."""
    folds = {"final": np.arange(len(examples)), "random-0": np.flatnonzero(~examples.is_test)}
    for split, column in examples.folds.items():
        numbers = np.unique(column)
        for fold in numbers if len(numbers) > 1 else []:
            folds[f"{split}-{fold}"] = np.flatnonzero(column != fold)
    return folds


def thinned(examples: Examples, rows: Ints) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Of some rows those of a few weeks of each learner in each course run, and how many moments each stands for."""
    run, learner = examples.run[rows], examples.learner[rows]
    _, enrolment = np.unique(learner * (run.max(initial=0) + 1) + run, return_inverse=True)
    weight = thin(enrolment, weeks_kept(int(enrolment.max(initial=-1)) + 1))
    return rows[weight > 0], weight[weight > 0]


def _settings(estimator: Any) -> dict[str, int | float | str]:
    """The estimator's settings that are plain values and not its library's defaults."""
    usual = type(estimator)().get_params()
    changed = {name: value for name, value in estimator.get_params().items() if value != usual.get(name)}
    return {name: value for name, value in changed.items() if isinstance(value, int | float | str) and value == value}
