"""One candidate, trained for the job and for each fold of the honest splits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs
from threadpoolctl import threadpool_limits

from components.examples import Examples, read_examples
from components.train.candidates import CANDIDATES, SEED
from components.train.export import export
from components.train.fitted import fit
from earlybell.bundle import Catalogue, Training
from earlybell.bundle.json_files import write_json
from earlybell.errors import SettingError

MOST_ROWS = 12_000  # neighbouring weeks of a learner tell almost the same: more rows cost time and gain nothing


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
    if name not in CANDIDATES:
        raise SettingError("no such candidate", name, f"Candidates: {', '.join(CANDIDATES)}.")
    catalogue, examples = read_examples(features, labels)
    every_fold = _folds(_as_daily(examples, catalogue))
    folds = {
        fold: rows for fold, rows in every_fold.items() if fold == "final" or len(np.unique(_thin(rows).label)) == 2
    }
    sql = (features / "features.sql").read_text()
    with threadpool_limits(limits=1):  # candidates are trained side by side, and BLAS threads would wait for each other
        by_fold = {fold: _train_fold(name, catalogue, sql, rows, out / fold) for fold, rows in folds.items()}
    skipped = tuple(sorted(every_fold.keys() - folds.keys()))
    training = structs.replace(by_fold["final"], folds=tuple(sorted(by_fold)), skipped=skipped)
    for folder in (out, out / "final"):
        write_json(folder / "training.json", training)
    return training


def _train_fold(name: str, catalogue: Catalogue, sql: str, examples: Examples, out: Path) -> Training:
    rows = _thin(examples)
    directions = [feature.direction for feature in catalogue.features]
    fitted = fit(CANDIDATES[name], rows.values, rows.label, rows.learner, directions)
    missing = dict(zip(catalogue.names, np.isnan(examples.values).mean(axis=0).round(4).tolist(), strict=True))
    export(fitted, catalogue, sql, out)
    return Training(
        name=name,
        title=CANDIDATES[name].title,
        remarks=CANDIDATES[name].remarks,
        complexity=CANDIDATES[name].complexity,
        settings=_settings(fitted.estimator),
        seed=SEED,
        rows=len(rows),
        learners=len(np.unique(rows.learner)),
        missing={feature: share for feature, share in missing.items() if share},
    )


def _as_daily(examples: Examples, catalogue: Catalogue) -> Examples:
    """Take from every fourth learner what a source with daily sums lacks, so that the model knows such rows."""
    raw = [i for i, feature in enumerate(catalogue.features) if feature.needs == "raw"]
    values = examples.values.copy()
    values[np.ix_(examples.learner % 4 == 0, raw)] = np.nan
    return replace(examples, values=values)


def _folds(examples: Examples) -> dict[str, Examples]:
    """The rows to train on, by fold: what is held out is left out."""
    folds = {"final": examples, "random-0": examples.where(~examples.is_test)}
    for split, column in (("learner", examples.learner_fold), ("course_run", examples.run_fold)):
        numbers = np.unique(column)
        for fold in numbers if len(numbers) > 1 else []:
            folds[f"{split}-{fold}"] = examples.where(column != fold)
    return folds


def _thin(examples: Examples) -> Examples:
    """Every k-th week of each learner, starting at another week for each."""
    step = -(-len(examples) // MOST_ROWS)
    return examples.where((np.arange(len(examples)) + examples.learner) % step == 0)


def _settings(estimator: Any) -> dict[str, int | float | str]:
    """The estimator's settings that are plain values and not its library's defaults."""
    usual = type(estimator)().get_params()
    changed = {name: value for name, value in estimator.get_params().items() if value != usual.get(name)}
    return {name: value for name, value in changed.items() if isinstance(value, int | float | str) and value == value}
