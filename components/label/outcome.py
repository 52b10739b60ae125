"""The outcome label: 1 for fail or withdrawn."""

from pathlib import Path

from components.label.folds import fold, write
from earlybell.counts import counted
from earlybell.errors import TrainingError
from earlybell.predict import open_tables
from earlybell.tables.outcomes import bad_outcome
from earlybell.tables.sql import parquet


def label_outcomes(tables: Path, features: Path, out: Path) -> dict[str, int]:
    """Write `out`: one row a moment of the folder `features` whose learner's outcome is known.

    Columns: moment_id; label (1 for fail or withdrawn); the folds (see `components.label.folds`).

    Returns:
        How many moments, learners, runs and positive moments were labelled.

    Raises:
        TrainingError: no moment has an outcome, or all have the same.
    """
    connection = open_tables(tables)
    counts = fold(
        connection,
        f"SELECT moment_id, course_id, learner_id, as_of, {bad_outcome()} AS label "
        f"FROM {parquet(features / 'features.parquet')} JOIN outcomes USING (course_id, learner_id)",
    )
    _check(counts)
    write(connection, out)
    return counts


def _check(counts: dict[str, int]) -> None:
    if not counts["moments"]:
        nobody = "0 of the learners who were enrolled"
        way_out = "Training needs finished course runs (table outcomes); of moodle-log: a grade book and a pass mark."
        raise TrainingError("no learner has an outcome", nobody, way_out)
    if counts["positive"] in (0, counts["moments"]):
        same = f"{counted(counts['learners'], 'learner')}, {'all' if counts['positive'] else 'none'} failed or left"
        raise TrainingError(
            "all learners have the same outcome", same, "Training needs runs where some passed and some did not."
        )
