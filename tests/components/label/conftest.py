"""What tests of labels share: a small site at one moment, and the same site with another past."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from components.extract.simulate import parse, simulate
from components.features import compute_features

ChangeThePast = Callable[[Path, float, int], None]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `tables` of a smaller site, and `features.parquet` of one moment of each of its runs."""
    folder = tmp_path_factory.mktemp("small")
    simulate(folder / "tables", parse("learners=80,weeks=8,runs=1,events=120,seed=5,current=false"))
    compute_features(folder / "tables", "0.6", folder)
    return folder


@pytest.fixture
def change_the_past(small: Path) -> ChangeThePast:
    """Copies the tables of `small`; a share of what was recorded before the moments is dropped, some events are added.

    Scores, ratings and enrolments before the moments are other ones. Which work is still to do is part of the moment:
    what was handed in of work due later stays, with another score.
    """

    def change(out: Path, share: float, added: int) -> None:
        shutil.copytree(small / "tables", out)
        connection = duckdb.connect()
        moments = f"SELECT DISTINCT course_id, as_of AS cut FROM '{small}/features.parquet'"
        connection.execute(f"CREATE TABLE cuts AS {moments}")
        cut = "(SELECT cut FROM cuts c WHERE c.course_id = t.course_id)"
        due = f"FROM '{out}/assessments.parquet' a JOIN cuts USING (course_id) WHERE a.assessment_id = t.assessment_id"
        survives = f"random() >= {share}"
        past = {
            "events": f"""
                SELECT * FROM t WHERE occurred_at >= {cut} OR {survives} UNION ALL
                SELECT * REPLACE ({cut} - to_seconds(1 + (1e6 * random())::INTEGER) AS occurred_at, 7 AS count)
                FROM (FROM t LIMIT {added}) t""",
            "submissions": f"""
                SELECT * REPLACE (if(submitted_at < (SELECT cut {due}), score * random(), score) AS score) FROM t
                WHERE submitted_at >= (SELECT cut {due}) OR (SELECT due_at >= cut {due}) OR {survives}""",
            "ratings": f"SELECT * REPLACE (if(rated_at < {cut}, 6 - rating, rating) AS rating) FROM t",
            "enrolments": "SELECT * REPLACE (enrolled_at - INTERVAL 9 DAY AS enrolled_at, 9 AS prior_attempts) FROM t",
        }
        for name, select in past.items():
            connection.execute(f"CREATE OR REPLACE TEMP TABLE t AS FROM '{out}/{name}/*.parquet'")
            shutil.rmtree(out / name)
            connection.execute(f"COPY ({select}) TO '{out}/{name}.parquet'")

    return change
