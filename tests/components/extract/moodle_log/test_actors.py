"""Whose act a row of the log is: only the learner's own acts in this course count."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from components.extract.moodle_log import sentences
from components.extract.moodle_log.actors import Log, Wording
from tests.components.extract.moodle_log.classes import NAMES, NUMBER, Class, extracted, grades, notes
from tests.components.extract.moodle_reports import write

Query = Callable[[Path, str], list[tuple[Any, ...]]]
AT = datetime(2024, 10, 8, 12)
DATA = yaml.safe_load(Path(sentences.__file__).with_name("sentences.yaml").read_text(encoding="utf-8"))
ROWS = 8 * 3 * 12 * 2


def _listed(folder: Path, log: Class, **settings: Any) -> Path:
    write(folder / "grades.csv", grades())
    return extracted(log.write(folder, **settings))


def _of(learner: str) -> str:
    return f"SELECT count(*) FROM events WHERE learner_id = '{learner}'"


@pytest.mark.parametrize("case", DATA["whose"], ids=lambda case: case["says"][:60] or "empty")
def test_a_sentence_says_whose_act_it_is(case: dict[str, str]) -> None:
    actor = (
        f"CASE WHEN {sentences.is_about_another('text')} THEN {sentences.actor_named_last('text')} "
        f"ELSE {sentences.subject('text')} END"
    )
    query = f"SELECT coalesce({actor}, '-'), coalesce({sentences.second_user('text')}, '-') FROM (SELECT ? AS text)"
    row = duckdb.connect().execute(query, [case["says"]]).fetchone()
    assert row is not None
    assert row[0] == case["actor"]
    assert case.get("other") in (None, row[1])


@pytest.mark.parametrize("kind", ["about_another", "staff", "learner"])
def test_every_pattern_of_sentences_fits_its_examples_and_no_reading_of_a_page(kind: str) -> None:
    for entry in DATA[kind]:
        for example in entry["examples"]:
            assert duckdb.execute("SELECT regexp_matches(?, ?)", [example, entry["pattern"]]).fetchone() == (True,)
        for case in DATA["whose"][:3]:
            assert duckdb.execute("SELECT regexp_matches(?, ?)", [case["says"], entry["pattern"]]).fetchone() == (
                False,
            )


@pytest.mark.parametrize(("origin", "rows"), [("cli", 0), ("restore", 0), ("CLI", 0), ("web", 1), ("ws", 1), ("", 1)])
def test_what_the_system_writes_is_no_act(origin: str, rows: int, tmp_path: Path, query: Query) -> None:
    log = Class.of()
    log.acts("Ada Quill", AT, "The user with id '101' viewed the course with id '7'.", origin=origin)
    out = _listed(tmp_path / "site", log)
    assert query(out, _of("101")) == [(ROWS // 12 + rows,)]
    assert ("1 row of the system" in notes(out)) == (rows == 0)


@pytest.mark.parametrize("words", ["as", "als", "en tant que", "como", "come", "sıfatıyla giriş yapan"])
def test_who_is_logged_in_as_a_learner_is_not_that_learner(words: str, tmp_path: Path, query: Query) -> None:
    log = Class.of(names=("Ada Quill", "Bo Rask", "Cy Stone"))
    for minute in range(30):
        log.acts(
            f"Admin User {words} Lou Birch",
            AT.replace(minute=minute),
            "The user with id '112' viewed the course with id '7'.",
        )
    log.views("Admin User", AT)
    write(tmp_path / "site" / "grades.csv", grades(["Ada Quill", "Bo Rask", "Cy Stone", "Lou Birch"]))
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, _of("112")) + query(out, _of("Lou Birch")) == [(0,), (0,)]
    assert query(out, "SELECT count(*) FROM enrolments") == [(4,)]
    assert "30 rows of somebody who was logged in as another user left out" in notes(out)


@pytest.mark.parametrize("words", ["som", "zalogowany jako", "(jako)"])
def test_who_is_logged_in_as_somebody_who_never_came_is_told_by_the_lists(
    words: str, tmp_path: Path, query: Query
) -> None:
    log = Class.of(names=NAMES[:11])
    for minute in range(10):
        says = "The user with id '112' viewed the course with id '7'."
        log.acts(f"Admin User {words} Lou Birch", AT.replace(minute=minute), says)
    out = _listed(tmp_path / "site", log)
    assert query(out, "SELECT count(*) FROM events WHERE learner_id IN ('112', 'Lou Birch')") == [(0,)]
    assert query(out, "SELECT count(*) FROM enrolments") == [(12,)]
    assert "10 rows of somebody who was logged in as another user left out" in notes(out)
    assert "1 learner of site never came" in notes(out)


def test_a_long_name_that_ends_with_a_shorter_one_is_of_one_person(tmp_path: Path, query: Query) -> None:
    log, says = Class.of(), "The user with id '160' viewed the course with id '7'."
    for minute in range(5):
        log.acts("Maria Clara da Lou Birch", AT.replace(minute=minute), says)
    write(tmp_path / "site" / "grades.csv", [*grades(), ("Maria Clara da", "Lou Birch", "", "", "70")])
    assert query(extracted(log.write(tmp_path / "site")), _of("160")) == [(5,)]


def test_who_submits_for_others_is_staff(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    says = "The user with id '101' has submitted the attempt with id '9' for the quiz with course module id '73'."
    log.acts("Tess Teacher", AT, says, "Quiz: Week", "Quiz", "Quiz attempt submitted", "Ada Quill")
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, "SELECT count(*) FROM enrolments") == [(12,)]
    assert query(out, _of("101")) == [(ROWS // 12,)]
    assert "1 person of the log left out: staff, by their acts" in notes(out)


def test_a_learner_whose_name_has_such_a_word_keeps_it(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    says = "The user with id '150' viewed the course with id '7'."
    log.acts("Abu as Sayed", AT, says)
    write(tmp_path / "site" / "grades.csv", [*grades(), ("Abu", "as Sayed", "", "", "77")])
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, _of("150")) == [(1,)]


def test_who_changed_their_name_is_one_person(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    for day in range(1, 6):
        log.acts("Ada Quill Marr", AT.replace(day=day), "The user with id '101' viewed the course with id '7'.")
    assert query(_listed(tmp_path / "site", log), _of("101")) == [(ROWS // 12 + 5,)]


@pytest.mark.parametrize(
    "says",
    [
        "The user with id '101' has had their attempt with id '9' reopened by the user with id '50'.",
        "The user with id '101' has submitted the attempt with id '9' for the quiz with course module id '73'.",
        "The user with id '101' was moved to the group with id '3'.",
        "The user with the id '101' had the score of the H5P with course module id '74' changed.",
    ],
)
@pytest.mark.parametrize("affected", ["Ada Quill", "-"])
def test_what_is_done_to_a_learner_is_the_act_of_who_does_it(
    says: str, affected: str, tmp_path: Path, query: Query
) -> None:
    log = Class.of()
    log.views("Tess Teacher", AT)
    log.acts("Tess Teacher", AT, says, "Quiz: Week", "Quiz", "Quiz attempt submitted", affected)
    out = _listed(tmp_path / "site", log)
    assert query(out, _of("101")) == [(ROWS // 12,)]
    assert query(out, "SELECT count(DISTINCT learner_id) FROM events") == [(12,)]


@pytest.mark.parametrize("word", ["has reviewed", "regraded"])
def test_a_teacher_who_looks_at_an_attempt_acts_and_not_its_owner(word: str, tmp_path: Path, query: Query) -> None:
    log = Class.of()
    says = f"The user with id '50' {word} quiz attempt with id '9' by user with id '101' for the quiz."
    log.acts("Tess Teacher", AT, says, "Quiz: Week", "Quiz", "Quiz attempt reviewed", "Ada Quill")
    out = _listed(tmp_path / "site", log)
    assert query(out, _of("101")) == [(ROWS // 12,)]
    assert query(out, "SELECT count(DISTINCT learner_id) FROM events") == [(12,)]


def test_an_attempt_that_a_learner_submits_is_their_own(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    says = "The user with id '101' has submitted the attempt with id '9' for the quiz with course module id '73'."
    log.acts("Ada Quill", AT, says, "Quiz: Week", "Quiz", "Quiz attempt submitted", "Ada Quill")
    out = _listed(tmp_path / "site", log)
    assert query(out, "SELECT learner_id FROM events WHERE action = 'submitted' AND target = 'attempt'") == [("101",)]


@pytest.mark.parametrize(
    ("says", "context", "cause"),
    [
        ("The user with id '101' viewed the course with id '1'.", "Site home", "of the site"),
        ("The user with id '101' viewed the course with id '1'.", "Startseite", "of the site"),
        ("The user with id '101' has logged in.", "System", "of the site"),
        ("The user with id '101' has viewed their dashboard", "User: Ada Quill", "of the site"),
        ("The user with id '101' viewed the course with id '9'.", "Course: Another Course", "of another course"),
        (
            "The user with id '101' viewed the section number '2' of the course with id '9'.",
            "Course: Another Course",
            "of another course",
        ),
    ],
)
def test_what_is_not_of_this_course_is_no_activity_in_it(
    says: str, context: str, cause: str, tmp_path: Path, query: Query
) -> None:
    log = Class.of()
    for minute in range(20):
        log.acts("Ada Quill", AT.replace(minute=minute), says, context)
    out = _listed(tmp_path / "site", log)
    assert query(out, _of("101")) == [(ROWS // 12,)]
    assert query(out, "SELECT course_id FROM courses") == [("Invented Course 101_2024-09",)]
    assert f"20 rows {cause}" in notes(out)


def test_a_profile_within_the_course_is_of_the_course(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    says = f"The user with id '101' viewed the profile for the user with id '102' in the course with id '{NUMBER}'."
    log.acts("Ada Quill", AT, says, "User: Bo Rask", event="User profile viewed")
    assert query(_listed(tmp_path / "site", log), _of("101")) == [(ROWS // 12 + 1,)]


@pytest.mark.parametrize("name", ["Guest user", "Gast", "Invitado"])
def test_guests_are_no_learners(name: str, tmp_path: Path, query: Query) -> None:
    log = Class.of()
    log.acts(name, AT, "The user with id '1' viewed the course with id '7'.")
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, "SELECT count(*) FROM enrolments") == [(12,)]
    assert "1 row of guests left out" in notes(out)


def test_a_dash_is_a_deleted_user_or_everybody_in_an_export_without_names(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    log.acts("-", AT, "The user with id '199' viewed the course with id '7'.")
    out = _listed(tmp_path / "named", log)
    assert query(out, "SELECT count(DISTINCT learner_id) FROM events") == [(12,)]
    assert "1 row of users who are no more" in notes(out)
    blank = Class([(row[0], "-", *row[2:]) for row in Class.of().rows])
    out = extracted(blank.write(tmp_path / "blank"))
    assert query(out, "SELECT count(DISTINCT learner_id), count(*) FROM events") == [(12, ROWS)]


def test_without_descriptions_and_affected_users_acts_are_told_by_name(tmp_path: Path, query: Query) -> None:
    out = _listed(tmp_path / "site", Class.of(), left_out=("Description", "Affected user", "Origin"))
    assert query(out, _of("Ada Quill")) == [(ROWS // 12,)]
    assert query(out, "SELECT count(*) FROM outcomes") == [(12,)]


def test_a_row_without_an_event_name_is_read(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    log.acts("Ada Quill", AT, "The user with id '101' viewed the course with id '7'.", event="")
    assert query(_listed(tmp_path / "site", log), _of("101")) == [(ROWS // 12 + 1,)]


def _wording(name: str, subject: str | None, rows: int = 1, affected: str = "-", *, about: bool = False) -> Wording:
    return Wording("run", name, affected, subject, about, None, rows)


def test_two_people_of_one_name_are_told_by_their_ids_and_rows_without_one_are_nobodys() -> None:
    log = Log([_wording("kim lee", "111", 40), _wording("kim lee", "112", 40), _wording("kim lee", None)], ())
    assert [(actor.id, actor.cause) for _, actor in log.actors()] == [("111", None), ("112", None), (None, "several")]


def test_an_id_that_stands_beside_a_teachers_name_alone_is_not_the_teachers() -> None:
    rows = [
        _wording("tess teacher", "50", 9),
        _wording("tess teacher", "101", 30, "ada quill"),
        _wording("tess teacher", None),
    ]
    assert [actor.id for _, actor in Log(rows, ()).actors()] == ["50", "50", "50"]


def test_a_teacher_whose_only_rows_concern_others_is_one_person() -> None:
    rows = [
        _wording("ada quill", "101", 30),
        _wording("bo rask", "102", 30),
        _wording("tess teacher", "101", 2, "ada quill"),
        _wording("tess teacher", "102", 2, "bo rask"),
        _wording("tess teacher", "103", 2, "cy stone"),
        _wording("tess teacher", "101"),
        _wording("tess teacher", "102"),
        _wording("tess teacher", None),
    ]
    actors = [actor.id for _, actor in Log(rows, ()).actors()]
    assert actors == ["101", "102", *["tess teacher"] * 6]
