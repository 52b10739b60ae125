"""The file of labels: each labelled moment with the folds of the honest splits."""

from pathlib import Path

import duckdb

from earlybell.errors import TrainingError
from earlybell.tables.sql import connect, parquet, quoted

LEAST_LEARNERS = 5  # of each label: with fewer, no split has both labels on both sides
LEARNER_FOLDS = 3
RUN_FOLDS = 8  # with more runs than that, several are left out together
COURSE_FOLDS = 8  # likewise of courses
RANDOM_TEST = 20  # percent of the rows, as in the paper


def fold(connection: duckdb.DuckDBPyConnection, select: str) -> dict[str, int]:
    """Create the table `labelled` from a SELECT of moment_id, course_id, learner_id, as_of and label (0 or 1).

    It adds learner_fold (all rows of a learner in one), run_fold (all rows of a course run in one), course_fold (all
    runs of a course in one; 0 for all where no course has two runs, as then it would be run_fold again) and is_test (a
    random fifth of the rows, whoever's they are: the paper's split); and the course's code and the run's start, from
    the connection's table `courses`.

    Returns:
        How many moments, learners, runs and positive moments are labelled.
    """
    connection.execute(f"""
        CREATE TABLE labelled AS
        SELECT moment_id, course_id, learner_id, label, code, starts_at,
            ({_spread("learner_id")} % {LEARNER_FOLDS})::INTEGER AS learner_fold,
            ((dense_rank() OVER (ORDER BY course_id) - 1) % {RUN_FOLDS})::INTEGER AS run_fold,
            ((dense_rank() OVER (ORDER BY code) - 1) % {COURSE_FOLDS})::INTEGER AS course_fold,
            {_spread("learner_id || course_id || as_of")} % 100 < {RANDOM_TEST} AS is_test
        FROM ({select}) JOIN courses USING (course_id)""")
    ((runs, courses),) = connection.execute(
        "SELECT count(DISTINCT course_id), count(DISTINCT code) FROM courses SEMI JOIN labelled USING (course_id)"
    ).fetchall()
    if courses == runs:
        connection.execute("UPDATE labelled SET course_fold = 0")
    columns = "count(*), count(DISTINCT learner_id), count(DISTINCT course_id), coalesce(sum(label), 0)"
    (row,) = connection.execute(f"SELECT {columns} FROM labelled").fetchall()
    return dict(zip(("moments", "learners", "runs", "positive"), map(int, row), strict=True))


def check_enough(features: Path, labels: Path) -> None:
    """
    Raises:
        TrainingError: of one of the labels the file `labels` has too few learners to train on and to hold out.
    """
    rows = connect().execute(f"""
        SELECT count(DISTINCT learner_id) FILTER (label = 1), count(DISTINCT learner_id) FILTER (label = 0)
        FROM {parquet(labels)} JOIN {parquet(features / "features.parquet")} USING (moment_id)""")
    ((at_risk, others),) = rows.fetchall()
    if min(at_risk, others) < LEAST_LEARNERS:
        learners = f"{at_risk} with label 1 (at risk), {others} with label 0"
        raise TrainingError(
            "too few learners to train on", learners, f"Add course runs: at least {LEAST_LEARNERS} of each."
        )


def write(connection: duckdb.DuckDBPyConnection, out: Path) -> None:
    """Write `labelled` in the order of moments: moment_id, label, the course's code and the run's start, the folds."""
    order = "SELECT * EXCLUDE (course_id, learner_id) FROM labelled ORDER BY moment_id"
    connection.execute(f"COPY ({order}) TO {quoted(out)} (FORMAT parquet)")


def _spread(text: str) -> str:
    """A number that depends on the text alone, evenly spread: folds stay the same whoever else is there."""
    return f"('0x' || substr(md5({text}), 1, 8))::BIGINT"
