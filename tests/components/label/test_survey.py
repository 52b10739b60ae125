"""The survey of the paper's Appendix A, and answers to it."""

from pathlib import Path

import pytest

from components.label.survey import read_survey_answers, survey_items
from earlybell.errors import SourceError

HEADER = "learner_id,item,answer,answered_at\n"


def test_there_are_five_dimensions_of_eight_items_each() -> None:
    items = survey_items()
    assert {dimension: len(found) for dimension, found in items.items()} == {
        "learner_behavior": 8,
        "perceptions_of_their_own_behavior": 8,
        "engagement": 8,
        "navigation": 8,
        "content_interaction": 8,
    }
    assert len({item for found in items.values() for item in found}) == 40
    assert len({words for found in items.values() for words in found.values()}) == 40
    assert items["navigation"]["navigation_8"] == "I find the Moodle interface user-friendly."


def test_a_learners_latest_answers_give_a_mean_a_dimension(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "anna,engagement_1,5,2026-03-01\n"
        "anna,engagement_2,4,2026-03-01T10:00:00\n"
        "anna,engagement_1,2,2026-03-02T00:30:00+01:00\n"
        "anna,engagement_1,1,2026-02-28\n"
        "anna,navigation_8,1,2026-03-01\n"
        "ben,navigation_8,5,2026-03-01\n",
    )
    assert read_survey_answers(path) == {"anna": {"engagement": 3, "navigation": 1}, "ben": {"navigation": 5}}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param(",engagement_1,5,2026-03-01", "learner_id is missing", id="learner"),
        pytest.param("anna,engagement_9,5,2026-03-01", "item is not of the survey: 'engagement_9'", id="item"),
        pytest.param("anna,engagement_1,6,2026-03-01", "answer: '6'", id="six"),
        pytest.param("anna,engagement_1,agree,2026-03-01", "answer: 'agree'", id="words"),
        pytest.param("anna,engagement_1,4", "answered_at is no time: ''", id="short"),
        pytest.param("anna,engagement_1,4,March", "answered_at is no time: 'March'", id="time"),
    ],
)
def test_a_wrong_answer_is_refused_by_its_line(tmp_path: Path, line: str, says: str) -> None:
    path = _write(tmp_path, f"ben,navigation_8,5,2026-03-01\n{line}\n")
    with pytest.raises(SourceError, match=f"answers.csv line 3: {says}"):
        read_survey_answers(path)


def test_a_file_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("learner_id,item,answer\n")
    with pytest.raises(SourceError, match="lack columns: 'answered_at'"):
        read_survey_answers(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "cannot be read"), (b"", "lack columns"), (b"learner_id\n\xff\n", "cannot be read")],
    ids=["missing", "empty", "utf-8"],
)
def test_a_file_that_holds_no_answers_is_refused(tmp_path: Path, text: bytes | None, says: str) -> None:
    path = tmp_path / "answers.csv"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(SourceError, match=says):
        read_survey_answers(path)


def _write(folder: Path, lines: str) -> Path:
    path = folder / "answers.csv"
    path.write_text(HEADER + lines)
    return path
