"""The outcome label, 1 for fail or withdrawn, and the folds of the honest splits."""

from pathlib import Path

from earlybell.errors import TrainingError
from earlybell.predict import open_tables

LEARNER_FOLDS = 3
RUN_FOLDS = 8  # with more runs than that, several are left out together
RANDOM_TEST = 20  # percent of the rows, as in the paper


def label_outcomes(tables: Path, features: Path, out: Path) -> dict[str, int]:
    """Write `out`: one row a moment of `features` whose learner's outcome is known.

    Columns: moment_id; label (1 for fail or withdrawn); learner_fold (all rows of a learner in one), run_fold (all rows
    of a course run in one) and is_test (a random fifth of the rows, whoever's they are: the paper's split).

    Returns:
        How many moments, learners, runs and positive moments were labelled.

    Raises:
        TrainingError: no moment has an outcome, or all have the same.
    """
    connection = open_tables(tables)
    connection.execute(f"""
        CREATE TABLE labelled AS
        WITH runs AS (SELECT course_id, (row_number() OVER (ORDER BY course_id) - 1) % {RUN_FOLDS} AS run_fold
                      FROM (SELECT DISTINCT course_id FROM outcomes))
        SELECT moment_id, course_id, learner_id, (outcome IN ('fail', 'withdrawn'))::INTEGER AS label,
            ({_spread("learner_id")} % {LEARNER_FOLDS})::INTEGER AS learner_fold, run_fold::INTEGER AS run_fold,
            {_spread("learner_id || course_id || as_of")} % 100 < {RANDOM_TEST} AS is_test
        FROM read_parquet('{features}') JOIN outcomes USING (course_id, learner_id) JOIN runs USING (course_id)""")
    columns = "count(*), count(DISTINCT learner_id), count(DISTINCT course_id), coalesce(sum(label), 0)"
    (row,) = connection.execute(f"SELECT {columns} FROM labelled").fetchall()
    found = dict(zip(("moments", "learners", "runs", "positive"), map(int, row), strict=True))
    _check(found)
    order = "SELECT * EXCLUDE (course_id, learner_id) FROM labelled ORDER BY moment_id"
    connection.execute(f"COPY ({order}) TO '{out}' (FORMAT parquet)")
    return found


def _spread(text: str) -> str:
    """A number that depends on the text alone, evenly spread: folds stay the same whoever else is there."""
    return f"('0x' || substr(md5({text}), 1, 8))::BIGINT"


def _check(found: dict[str, int]) -> None:
    if not found["moments"]:
        raise TrainingError("no learner has an outcome", found, "Training needs finished course runs (table outcomes).")
    if found["positive"] in (0, found["moments"]):
        raise TrainingError(
            "all learners have the same outcome", found, "Training needs runs where some passed and some did not."
        )
