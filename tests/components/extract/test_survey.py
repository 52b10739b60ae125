"""The survey of Appendix A: its items, and answers to them as a source."""

from pathlib import Path

import duckdb
import pytest

from components.extract import extract
from components.extract.staging import Ids
from components.extract.survey import survey_items
from earlybell.errors import SourceError
from earlybell.tables import read_facts
from tests.components.extract.bad_input import TABLES_TEXTS
from tests.components.extract.conftest import write_texts

HEADER = "course_id,learner_id,item,answer,answered_at\n"
GOOD = "c1,anna0,engagement_1,4,2024-02-01\nc1,anna1,navigation_8,1,2024-02-01T10:00\n"
KEY = "k" * 32


def test_there_are_five_dimensions_of_eight_items_each() -> None:
    items = survey_items()
    assert [len(dimension) for dimension in items.values()] == [8] * 5
    assert all(words.endswith(".") for dimension in items.values() for words in dimension.values())


def _extract(folder: Path, answers: str, key: str | None = KEY) -> Path:
    tables = write_texts(folder / "tables", TABLES_TEXTS)
    survey = write_texts(folder / "survey", {"answers": HEADER + answers})
    ids: Ids = "pseudonymous" if key else "keep"
    extract([f"tables:{tables}", f"survey:{survey}"], folder / "out", key=key, ids=ids, max_bad_share=0.5)
    return folder / "out"


def test_answers_become_ratings_of_the_learners_of_another_source(tmp_path: Path) -> None:
    out = _extract(tmp_path, GOOD)
    rows = duckdb.execute(f"""
        SELECT indicator, rating, rated_at::VARCHAR, length(learner_id)
        FROM '{out}/ratings.parquet' SEMI JOIN '{out}/enrolments.parquet' USING (course_id, learner_id)
        ORDER BY indicator""").fetchall()
    assert rows == [
        ("engagement_1", 4, "2024-02-01 00:00:00", 32),
        ("navigation_8", 1, "2024-02-01 10:00:00", 32),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("c1,anna0,engagement_9,4,2024-02-01", "not of the form"),
        ("c1,anna0,engagement_1,6,2024-02-01", "above 5"),
        ("c1,anna0,engagement_1,often,2024-02-01", "not an integer"),
        ("c1,anna0,engagement_1,4,soon", "not a timestamp"),
        ("c1,zoe,engagement_1,4,2024-02-01", "not found together in enrolments"),
    ],
    ids=["item", "answer", "word", "time", "learner"],
)
def test_a_wrong_answer_is_set_aside(tmp_path: Path, line: str, reason: str) -> None:
    out = _extract(tmp_path, f"{GOOD}{line}\n", key=None)
    (aside,) = read_facts(out)["quarantine"]
    assert aside["reason"].startswith(reason)
    assert read_facts(out)["rows"]["ratings"] == 2


def test_a_folder_without_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no answers: .*answers\.csv: course_id"):
        extract([f"survey:{tmp_path}"], tmp_path / "out", key=None, ids="keep")
