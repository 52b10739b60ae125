"""What is new, changed and gone between two folders of tables, counted by hand."""

from pathlib import Path

from components.extract import extract
from components.extract.differences import Difference, differences
from tests.components.extract.conftest import write_texts

COURSES = "course_id,code,starts_at,ends_at,granularity\nA,X,2024-01-01,2024-06-01,raw\n"
ENROLMENTS = "course_id,learner_id,enrolled_at,unenrolled_at,prior_attempts\n" + "".join(
    f"A,{name},2024-01-01,,\n" for name in "abc"
)
EVENTS = "course_id,learner_id,occurred_at,component,action,target,object_id,count\n"


def tables(folder: Path, **texts: str) -> Path:
    write_texts(folder / "csv", {"courses": COURSES, "enrolments": ENROLMENTS, **texts})
    extract([f"tables:{folder / 'csv'}"], folder / "out", key=None, ids="keep")
    return folder / "out"


def event(learner: str, day: int, action: str = "viewed") -> str:
    return f"A,{learner},2024-02-{day:02},core,{action},course,,1\n"


def test_rows_that_repeat_each_count_and_a_row_of_a_key_changes(tmp_path: Path) -> None:
    before = tables(
        tmp_path / "1",
        events=EVENTS + event("a", 1) * 2 + event("b", 1) + event("c", 1),
        outcomes="course_id,learner_id,outcome,final_score,decided_at\nA,a,pass,70,2024-06-01\nA,b,fail,,2024-06-01\n",
    )
    after = tables(
        tmp_path / "2",
        events=EVENTS + event("a", 1) * 3 + event("b", 1, "left") + event("c", 1),
        outcomes="course_id,learner_id,outcome,final_score,decided_at\nA,a,pass,71,2024-06-01\nA,c,fail,,2024-06-01\n",
    )
    assert differences(before, after, tmp_path / "spill") == {
        "events": Difference(new=2, gone=1),
        "outcomes": Difference(new=1, changed=1, gone=1),
    }
    assert differences(before, before, tmp_path / "spill") == {}


def test_a_table_that_was_not_there_is_all_new(tmp_path: Path) -> None:
    events, breaks = EVENTS + event("a", 1), "course_id,starts_at,ends_at\n" + "A,2024-03-01,2024-03-08\n"
    before, after = tables(tmp_path / "1", events=events), tables(tmp_path / "2", events=events, breaks=breaks)
    assert differences(before, after, tmp_path / "spill") == {"breaks": Difference(new=1)}
    assert differences(after, before, tmp_path / "spill") == {"breaks": Difference(gone=1)}
