"""Examples: moments with their features and labels, as the features and label steps wrote them to files."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Catalogue
from earlybell.bundle.json_files import read_json
from earlybell.tables.sql import connect, identifier, parquet


@dataclass(frozen=True)
class Examples:
    """n labelled moments; every array has n rows.

    Attributes:
        course_id, learner_id: the course run and the learner.
        as_of: the moment, in UTC.
        learner: the learner, as a number from 0.
        label: 1 for the outcome that is warned of.
        learner_fold, run_fold: folds of the honest splits; all rows of a learner, or of a run, are in one.
        is_test: the random fifth of the paper's split.
        days_seen: days of teaching that the learner has had.
        values: raw features in the catalogue's order, float32, (n, features); NaN where there is no value.
    """

    course_id: npt.NDArray[Any]
    learner_id: npt.NDArray[Any]
    as_of: npt.NDArray[np.datetime64]
    learner: npt.NDArray[np.int64]
    label: npt.NDArray[np.int32]
    learner_fold: npt.NDArray[np.int32]
    run_fold: npt.NDArray[np.int32]
    is_test: npt.NDArray[np.bool_]
    days_seen: npt.NDArray[np.float64]
    values: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.label)

    def where(self, mask: npt.NDArray[Any]) -> "Examples":
        """The rows of a mask or an index."""
        return Examples(*(getattr(self, field.name)[mask] for field in fields(self)))


def read_examples(features: Path, labels: Path) -> tuple[Catalogue, Examples]:
    """Read the folder of the features step and the file of the label step, in the order of moments."""
    catalogue = read_json(features / "catalogue.json", Catalogue)
    columns = ", ".join(f"CAST({identifier(name)} AS FLOAT) AS {identifier(name)}" for name in catalogue.names)
    sql = f"""
        SELECT course_id, learner_id, as_of, dense_rank() OVER (ORDER BY learner_id) - 1 AS learner,
            label, learner_fold, run_fold, is_test, days_seen, {columns}
        FROM {parquet(features / "features.parquet")} f JOIN {parquet(labels)} l USING (moment_id)
        ORDER BY moment_id"""
    found = connect().execute(sql).fetchnumpy()
    values = np.column_stack([_plain(found.pop(name)) for name in catalogue.names])
    return catalogue, Examples(**{name: np.asarray(column) for name, column in found.items()}, values=values)


def _plain(column: Any) -> npt.NDArray[np.float32]:
    return np.asarray(np.ma.filled(np.ma.asarray(column, dtype=np.float32), np.nan))
