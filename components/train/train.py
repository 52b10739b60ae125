"""One candidate, trained for the job and for each fold of the honest splits."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from components.train.candidates import CANDIDATES, SEED
from components.train.export import export
from components.train.fitted import fit
from earlybell.bundle import Catalogue
from earlybell.errors import SettingError

MOST_ROWS = 20_000  # neighbouring weeks of a learner tell almost the same: more rows cost time and gain nothing


@dataclass(frozen=True)
class _Data:
    """Labelled moments: `keys` by column name, and raw features (n, features)."""

    keys: dict[str, npt.NDArray[Any]]
    values: npt.NDArray[np.float32]

    def where(self, mask: npt.NDArray[Any]) -> "_Data":
        return _Data({name: column[mask] for name, column in self.keys.items()}, self.values[mask])


def train(name: str, features: Path, labels: Path, out: Path) -> dict[str, Any]:
    """Train candidate `name`; write `out/final` and, for each fold, `out/<split>-<fold>`: an unsealed bundle each.

    Args:
        features: the folder that the features step wrote (features.parquet, features.sql, catalogue.json).
        labels: the file that the label step wrote.

    Returns:
        What is known of this candidate: name, title, settings, rows, seconds.

    Raises:
        SettingError: no candidate has this name.
    """
    if name not in CANDIDATES:
        raise SettingError("no such candidate", name, f"Candidates: {', '.join(CANDIDATES)}.")
    catalogue = Catalogue.from_json((features / "catalogue.json").read_text())
    data = _as_daily(_read(features / "features.parquet", labels, catalogue), catalogue)
    facts = {}
    with threadpool_limits(limits=1):  # candidates are trained side by side, and BLAS threads would wait for each other
        for fold, training in _folds(data).items():
            if len(np.unique(training.keys["label"])) == 2:
                facts[fold] = _train_one(name, catalogue, (features / "features.sql").read_text(), training, out / fold)
    (out / "training.json").write_text(json.dumps(facts["final"] | {"folds": sorted(facts)}, indent=1))
    return facts["final"]


def _train_one(name: str, catalogue: Catalogue, sql: str, data: _Data, out: Path) -> dict[str, Any]:
    began = time.monotonic()
    thinned = data.where(_thin(data))
    directions = [feature.direction for feature in catalogue.features]
    fitted = fit(CANDIDATES[name], thinned.values, thinned.keys["label"], thinned.keys["learner"], directions)
    missing = dict(zip(catalogue.names, np.isnan(data.values).mean(axis=0).round(4).tolist(), strict=True))
    facts = {
        "name": name,
        "title": CANDIDATES[name].title,
        "remarks": CANDIDATES[name].remarks,
        "complexity": CANDIDATES[name].complexity,
        "settings": _settings(fitted.estimator),
        "seed": SEED,
        "rows": len(thinned.values),
        "learners": len(np.unique(thinned.keys["learner"])),
        "missing": {feature: share for feature, share in missing.items() if share},
    }
    export(fitted, catalogue.to_json(), sql, facts, out)
    return facts | {"seconds": round(time.monotonic() - began, 2)}


def _read(features: Path, labels: Path, catalogue: Catalogue) -> _Data:
    columns = ", ".join(f'CAST("{name}" AS FLOAT) AS "{name}"' for name in catalogue.names)
    sql = f"""
        SELECT label, learner_fold, run_fold, is_test, dense_rank() OVER (ORDER BY learner_id) AS learner, {columns}
        FROM read_parquet('{features}') f JOIN read_parquet('{labels}') l USING (moment_id) ORDER BY moment_id"""
    found = duckdb.connect().execute(sql).fetchnumpy()
    values = np.column_stack([np.ma.filled(np.ma.asarray(found.pop(name)), np.nan) for name in catalogue.names])
    keys = {name: np.asarray(column) for name, column in found.items()}
    return _Data(keys, values.astype(np.float32))


def _as_daily(data: _Data, catalogue: Catalogue) -> _Data:
    """Take from every fourth learner what a source with daily sums lacks, so that the model knows such rows."""
    raw = [i for i, feature in enumerate(catalogue.features) if feature.needs == "raw"]
    values = data.values.copy()
    values[np.ix_(data.keys["learner"] % 4 == 0, raw)] = np.nan
    return _Data(data.keys, values)


def _folds(data: _Data) -> dict[str, _Data]:
    """The rows to train on, by fold: what is held out is left out."""
    found = {"final": data, "random-0": data.where(~data.keys["is_test"].astype(bool))}
    for split, column in (("learner", "learner_fold"), ("course_run", "run_fold")):
        folds = np.unique(data.keys[column])
        for fold in folds if len(folds) > 1 else []:
            found[f"{split}-{fold}"] = data.where(data.keys[column] != fold)
    return found


def _thin(data: _Data) -> npt.NDArray[np.bool_]:
    """Every k-th week of each learner, starting at another week for each."""
    step = -(-len(data.values) // MOST_ROWS)
    week = np.arange(len(data.values))
    kept: npt.NDArray[np.bool_] = (week + data.keys["learner"]) % step == 0
    return kept


def _settings(estimator: Any) -> dict[str, Any]:
    """The estimator's settings that are plain values."""
    found = estimator.get_params()
    return {name: value for name, value in found.items() if isinstance(value, int | float | str | bool)}
