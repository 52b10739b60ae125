"""Examples: moments with their features and labels, as the features and label steps wrote them to files."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Catalogue
from earlybell.bundle.json_files import read_json
from earlybell.predict import Observed
from earlybell.tables.sql import connect, identifier, parquet


@dataclass(frozen=True)
class Examples:
    """n labelled moments; every array has n rows.

    Attributes:
        course_id, learner_id: the course run and the learner.
        as_of: the moment, in UTC.
        code, starts_at: of the course, and when the run starts, in UTC.
        run, learner: the course run and the learner, each as a number from 0.
        label: 1 for the outcome that is warned of.
        learner_fold, run_fold, course_fold: folds of the honest splits; all rows of a learner, of a run, or of all runs
            of a course, are in one.
        is_test: the random fifth of the paper's split.
        days_seen: days of teaching that the learner has had.
        values: raw features in the catalogue's order, float32, (n, features); NaN where there is no value.
    """

    course_id: npt.NDArray[Any]
    learner_id: npt.NDArray[Any]
    as_of: npt.NDArray[np.datetime64]
    code: npt.NDArray[Any]
    starts_at: npt.NDArray[np.datetime64]
    run: npt.NDArray[np.int64]
    learner: npt.NDArray[np.int64]
    label: npt.NDArray[np.int32]
    learner_fold: npt.NDArray[np.int32]
    run_fold: npt.NDArray[np.int32]
    course_fold: npt.NDArray[np.int32]
    is_test: npt.NDArray[np.bool_]
    days_seen: npt.NDArray[np.float64]
    values: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.label)

    @property
    def folds(self) -> dict[str, npt.NDArray[np.int32]]:
        """The fold (n,) that holds each row out, by the split that leaves folds out in turn."""
        return {"learner": self.learner_fold, "course_run": self.run_fold, "course": self.course_fold}

    @property
    def observed(self) -> Observed:
        """What is known at each moment."""
        return Observed(self.course_id, self.learner_id, self.as_of, self.days_seen, self.values)

    def where(self, mask: npt.NDArray[Any]) -> "Examples":
        """The rows of a mask or an index."""
        return Examples(*(getattr(self, field.name)[mask] for field in fields(self)))


def read_examples(features: Path, labels: Path) -> tuple[Catalogue, Examples]:
    """Read the folder of the features step and the file of the label step, in the order of moments."""
    catalogue = read_json(features / "catalogue.json", Catalogue)
    columns = ", ".join(f"CAST({identifier(name)} AS FLOAT) AS {identifier(name)}" for name in catalogue.names)
    sql = f"""
        SELECT course_id, learner_id, as_of, code, starts_at, dense_rank() OVER (ORDER BY course_id) - 1 AS run,
            dense_rank() OVER (ORDER BY learner_id) - 1 AS learner,
            label, learner_fold, run_fold, course_fold, is_test, days_seen, {columns}
        FROM {parquet(features / "features.parquet")} f JOIN {parquet(labels)} l USING (moment_id)
        ORDER BY moment_id"""
    arrays = connect().execute(sql).fetchnumpy()
    values = np.column_stack([_plain(arrays.pop(name)) for name in catalogue.names])
    return catalogue, Examples(**{name: np.asarray(column) for name, column in arrays.items()}, values=values)


def _plain(column: Any) -> npt.NDArray[np.float32]:
    return np.asarray(np.ma.filled(np.ma.asarray(column, dtype=np.float32), np.nan))
