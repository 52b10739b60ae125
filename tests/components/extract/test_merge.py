"""Several files and several sources become one set of tables."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.extract import extract
from earlybell.errors import SettingError
from earlybell.tables import read_facts

Rows = list[tuple[Any, ...]]
WriteTables = Callable[..., Path]
WriteOulad = Callable[..., Path]
Query = Callable[[Path, str], Rows]
Quarantine = Callable[[Path], Rows]

COURSES = "course_id,code,starts_at,ends_at,granularity\nc1,c,2024-01-01,2024-05-01,raw\n"
ENROLMENTS = "course_id,learner_id,enrolled_at,unenrolled_at,prior_attempts\nc1,anna,2024-01-01,,0\n"
EVENTS = "course_id,learner_id,occurred_at,component,action,target,object_id,count\n"


def _event(number: int) -> str:
    return f"c1,anna,2024-01-03 10:00:{number:02},core,viewed,course,,1\n"


def _events(numbers: list[int]) -> str:
    return EVENTS + "".join(map(_event, numbers))


def test_a_row_counts_as_often_as_in_the_file_where_it_occurs_most(tables_folder: WriteTables, query: Query) -> None:
    parts = {"events__1": _events([1, 1, 2]), "events__2": _events([1, 2, 2, 2]), "events__3": _events([3])}
    folder, out = tables_folder("t", courses=COURSES, enrolments=ENROLMENTS, **parts), tables_folder("out")
    extract([f"tables:{folder}"], out, key=None, ids="keep")
    assert query(out, "SELECT second(occurred_at), count(*) FROM events GROUP BY ALL ORDER BY ALL") == [
        (1, 2),
        (2, 3),
        (3, 1),
    ]


def test_files_that_earlybell_wrote_are_parts_and_each_row_counts(
    tables_folder: WriteTables, query: Query, key: str
) -> None:
    parts = {"events__1": _events([1, 1]), "events__2": _events([1])}
    folder, out = tables_folder("t", courses=COURSES, enrolments=ENROLMENTS, **parts), tables_folder("out")
    (folder / "tables.json").write_text('{"ids": "raw"}')
    extract([f"tables:{folder}"], out, key=key)
    assert query(out, "SELECT count(*) FROM events") == [(3,)]


def test_enrolments_of_one_learner_in_two_files_become_one_from_the_earliest(
    tables_folder: WriteTables, query: Query, quarantine: Quarantine
) -> None:
    other = ENROLMENTS.replace("2024-01-01,,0", "2023-12-20,2024-02-01,1") + "c1,ben,2024-01-01,,0\n"
    folder = tables_folder(
        "t", courses=COURSES, enrolments__1=ENROLMENTS, enrolments__2=other, events=EVENTS + _event(1)
    )
    facts = extract([f"tables:{folder}"], tables_folder("out"), key=None, ids="keep")
    enrolled = "SELECT enrolled_at::VARCHAR, unenrolled_at, prior_attempts FROM enrolments WHERE learner_id = 'anna'"
    assert query(tables_folder("out"), enrolled) == [("2023-12-20 00:00:00", None, 1)]
    columns, value, reason = "course_id, learner_id", "c1, anna", "brought together with another row of its key"
    assert quarantine(tables_folder("out")) == [("2.csv", 2, columns, value, reason)]
    assert any(
        "2.csv: 1 row with the key (course_id, learner_id) of another made one with it" in note
        for note in facts["notes"]
    )


def test_who_is_set_aside_in_one_source_is_so_in_all(tables_folder: WriteTables, query: Query) -> None:
    learners = "".join(f"c1,l{i},2024-01-01,,0\n" for i in range(40))
    events = _events([1]) + _event(2).replace("anna", "l1")
    base = tables_folder("base", courses=COURSES, enrolments=ENROLMENTS + learners, events=events)
    work = "assessment_id,course_id,kind,role,due_at,weight,max_score\na1,c1,quiz,none,,,10\n"
    header = "assessment_id,learner_id,submitted_at,graded_at,attempt,score,duration_s\n"
    more = tables_folder("more", assessments=work, submissions=f"{header}a1,anna,soon,,1,5,\n")
    sources = [f"tables:{more}", f"tables:{base}"]
    facts = extract(sources, tables_folder("out"), key="k" * 16, max_bad_share=1)
    assert [facts["rows"][name] for name in ("enrolments", "events", "submissions")] == [40, 1, 0]
    assert query(tables_folder("out"), "FROM events JOIN enrolments USING (learner_id)") != []


def test_a_source_may_add_to_the_tables_of_another(tables_folder: WriteTables) -> None:
    base = tables_folder("base", courses=COURSES, enrolments=ENROLMENTS, events=_events([1]))
    more = tables_folder("more", events=_events([2]))
    facts = extract([f"tables:{more}", f"tables:{base}"], tables_folder("out"), key=None, ids="keep")
    assert facts["rows"]["events"] == 2
    assert facts["sources"] == [f"tables:{more}", f"tables:{base}"]


def test_two_kinds_of_source_merge(
    tables_folder: WriteTables, small_oulad: WriteOulad, extracted: Path, key: str
) -> None:
    base = tables_folder("base", courses=COURSES, enrolments=ENROLMENTS, events=_events([1]))
    facts = extract([f"tables:{base}", f"oulad:{small_oulad()}"], tables_folder("out"), key=key)
    assert facts["granularity"] == "mixed"
    assert facts["rows"]["events"] == read_facts(extracted)["rows"]["events"] + 1


def test_raw_and_pseudonymous_ids_do_not_merge(tables_folder: WriteTables, key: str) -> None:
    base = tables_folder("base", courses=COURSES, enrolments=ENROLMENTS, events=_events([1]))
    extract([f"tables:{base}"], tables_folder("hashed"), key=key)
    both = [f"tables:{base}", f"tables:{tables_folder('hashed')}"]
    with pytest.raises(SettingError, match="cannot be merged"):
        extract(both, tables_folder("out"), key=None, ids="keep")


_FILES = st.lists(st.lists(st.integers(0, 2), max_size=4), min_size=1, max_size=2)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    files=_FILES,
    enrolled=st.lists(st.sampled_from(["2024-01-01", "2024-01-02"]), min_size=1, max_size=2),
    seed=st.randoms(),
)
def test_neither_the_order_of_inputs_nor_one_given_twice_changes_the_tables(
    files: list[list[int]], enrolled: list[str], seed: Any
) -> None:
    inputs = [
        (_events(events), ENROLMENTS.replace("2024-01-01", enrolled[i % len(enrolled)]))
        for i, events in enumerate(files)
    ]
    twice = [*inputs, *inputs[:1]]
    seed.shuffle(twice)
    assert _digest(inputs) == _digest(twice)


def _digest(inputs: list[tuple[str, str]]) -> object:
    """The digest and rows of the tables made of sources that have these events and enrolments."""
    with tempfile.TemporaryDirectory() as folder:
        sources = []
        for number, (events, enrolments) in enumerate(inputs):
            source = Path(folder) / str(number)
            source.mkdir()
            ben = "c1,ben,2024-01-01,,0\n"
            (source / "courses.csv").write_text(COURSES)
            (source / "enrolments.csv").write_text(enrolments + ben)
            (source / "events.csv").write_text(events + _event(0).replace("anna", "ben"))
            sources.append(f"tables:{source}")
        facts = extract(sources, Path(folder) / "out", key=None, ids="keep", max_bad_share=1)
        return facts["digest"], facts["rows"]
