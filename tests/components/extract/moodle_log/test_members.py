"""The learners of a course run are its participants: who never came and who left are among them, staff are not."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from components.extract.moodle_log.names import match
from earlybell.errors import SourceError
from tests.components.extract.moodle_log.classes import COURSE, IDS, NAMES, Class, extracted, grades, notes
from tests.components.extract.moodle_reports import write

Query = Callable[[Path, str], list[tuple[Any, ...]]]
AT = datetime(2024, 10, 15, 9)
LEARNERS = "SELECT learner_id FROM enrolments ORDER BY 1"
TWELVE = [(IDS[name],) for name in NAMES]


def _unenrols(log: Class, who: str, whom: str, at: datetime = AT) -> None:
    says = (
        f"The user with id '{IDS[who]}' unenrolled the user with id '{IDS[whom]}' using the enrolment method 'manual' "
        "from the course with id '7'."
    )
    log.acts(who, at, says, COURSE, "System", "User unenrolled from course", whom)


def _enrols(log: Class, who: str, whom: str, at: datetime) -> None:
    says = (
        f"The user with id '{IDS[who]}' enrolled the user with id '{IDS[whom]}' using the enrolment method 'manual' "
        "in the course with id '7'."
    )
    log.acts(who, at, says, COURSE, "System", "User enrolled in course", whom)


def _participants(names: Sequence[str], roles: Sequence[str] = ()) -> list[Sequence[str]]:
    titles = ("First name", "Last name", "Email address", "Roles", "Groups", "Last access to course", "Status")
    all_roles = [*roles, *["Student"] * (len(names) - len(roles))]
    rows = [
        (*name.split(" ", 1), "x@x.test", role, "", "never", "Active")
        for name, role in zip(names, all_roles, strict=True)
    ]
    return [titles, *rows]


def test_who_was_unenrolled_left_and_is_withdrawn(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    _unenrols(log, "Tess Teacher", "Kit Abel")
    write(tmp_path / "site" / "grades.csv", grades(NAMES[:10] + NAMES[11:]))
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, LEARNERS) == TWELVE
    assert query(out, "SELECT outcome, decided_at, final_score FROM outcomes WHERE learner_id = '111'") == [
        ("withdrawn", AT, None)
    ]
    assert query(out, "SELECT unenrolled_at FROM enrolments WHERE learner_id = '111'") == [(AT,)]
    assert "1 learner of site unenrolled: the outcome is withdrawn" in notes(out)


def test_who_was_unenrolled_and_never_came_is_withdrawn_too(tmp_path: Path, query: Query) -> None:
    log = Class.of(names=NAMES[:11])
    _unenrols(log, "Tess Teacher", "Lou Birch", datetime(2024, 9, 20))
    write(tmp_path / "site" / "grades.csv", grades(NAMES[:11]))
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, "SELECT outcome FROM outcomes WHERE learner_id = '112'") == [("withdrawn",)]
    assert query(out, "SELECT enrolled_at, unenrolled_at FROM enrolments WHERE learner_id = '112'") == [
        (datetime(2024, 9, 20), datetime(2024, 9, 20))
    ]


def test_who_was_unenrolled_after_the_end_did_not_withdraw(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    _unenrols(log, "Admin User", "Kit Abel", datetime(2025, 8, 1))
    write(tmp_path / "site" / "grades.csv", grades(NAMES[:10] + NAMES[11:]))
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, LEARNERS) == TWELVE
    assert query(out, "SELECT count(*) FROM outcomes WHERE learner_id = '111'") == [(0,)]


def test_who_acts_after_one_of_two_enrolments_ended_is_still_there(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    _unenrols(log, "Admin User", "Kit Abel")
    assert query(extracted(log.write(tmp_path / "site")), "SELECT count(unenrolled_at) FROM enrolments") == [(0,)]


def test_of_two_changes_in_one_second_the_row_above_came_later(tmp_path: Path, query: Query) -> None:
    log = Class.of(names=NAMES[:11])
    log.rows.reverse()  # newest first, as Moodle exports
    _unenrols(log, "Admin User", "Lou Birch")
    _enrols(log, "Admin User", "Lou Birch", AT)
    assert query(
        extracted(log.write(tmp_path / "site")), "SELECT unenrolled_at FROM enrolments WHERE learner_id = '112'"
    ) == [(AT,)]


def test_a_quiz_that_moodle_grades_for_a_learner_makes_no_staff_of_them(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    for name in NAMES:
        own = f"'{IDS[name]}'"
        says = f"The user with id {own} updated the grade with id '9' for the user with id {own} for the grade item."
        log.acts(name, AT, says, COURSE, "System", "User graded", name)
    log.acts(
        "Tess Teacher", AT, says.replace("'112' updated", "'50' updated"), COURSE, "System", "User graded", "Lou Birch"
    )
    assert query(extracted(log.write(tmp_path / "site")), LEARNERS) == TWELVE


def test_participants_who_are_not_in_the_grade_book_are_learners_if_they_act_as_such(
    tmp_path: Path, query: Query
) -> None:
    log = Class.of()
    says = "The user with id '112' has submitted the attempt with id '9' for the quiz with course module id '73'."
    log.acts("Lou Birch", AT, says, "Quiz: Week", "Quiz", "Quiz attempt submitted", "Lou Birch")
    log.views("Tess Teacher", AT)
    people = [[row[0], row[1], row[2], ""] for row in _participants(["Tess Teacher", *NAMES])[1:]]
    write(tmp_path / "site" / "participants.csv", [["First name", "Last name", "Email address", "Groups"], *people])
    write(tmp_path / "site" / "grades.csv", grades(NAMES[:11]))
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, LEARNERS) == TWELVE
    assert query(out, "SELECT count(*) FROM outcomes WHERE learner_id = '112'") == [(0,)]


def test_people_of_one_name_of_whom_the_list_has_as_many_are_learners_without_an_outcome(
    tmp_path: Path, query: Query
) -> None:
    rows: list[Sequence[str]] = [
        (row[0], "Kim Lee" if row[1] in ("Ada Quill", "Bo Rask") else row[1], *row[2:]) for row in Class.of().rows
    ]
    write(
        tmp_path / "site" / "grades.csv",
        [*grades()[:1], ("Kim", "Lee", "", "", "80"), ("Kim", "Lee", "", "", "10"), *grades()[3:]],
    )
    out = extracted(Class(rows).write(tmp_path / "site"))
    assert query(out, LEARNERS) == TWELVE
    assert query(out, "SELECT count(*) FROM outcomes") == [(10,)]
    assert "2 learners of site of the same name" in notes(out)


def test_the_log_gives_the_id_of_a_learner_who_never_came(tmp_path: Path, query: Query) -> None:
    log = Class.of(names=NAMES[:11])
    _enrols(log, "Admin User", "Lou Birch", datetime(2024, 9, 20))
    write(tmp_path / "site" / "grades.csv", grades())
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, "SELECT enrolled_at FROM enrolments WHERE learner_id = '112'") == [(datetime(2024, 9, 20),)]
    assert "1 learner of site never came" in notes(out)


def test_who_came_back_has_not_left(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    _unenrols(log, "Tess Teacher", "Kit Abel")
    _enrols(log, "Tess Teacher", "Kit Abel", datetime(2024, 10, 20))
    out = extracted(log.write(tmp_path / "alone"))
    assert query(out, LEARNERS) == TWELVE
    assert query(out, "SELECT count(unenrolled_at) FROM enrolments") == [(0,)]
    _unenrols(log, "Tess Teacher", "Kit Abel", datetime(2024, 10, 22))  # and is in the grade book all the same
    write(tmp_path / "site" / "grades.csv", grades())
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, "SELECT outcome FROM outcomes WHERE learner_id = '111'") == [("pass",)]


def test_the_log_says_when_a_learner_joined(tmp_path: Path, query: Query) -> None:
    log = Class.of(names=NAMES[:11])
    _enrols(log, "Tess Teacher", "Lou Birch", datetime(2024, 10, 7, 8))
    log.views("Lou Birch", datetime(2024, 10, 8))
    write(tmp_path / "site" / "grades.csv", grades())
    out = extracted(log.write(tmp_path / "site"))
    joined = "SELECT DISTINCT enrolled_at FROM enrolments WHERE learner_id {} '112'"
    assert query(out, joined.format("=")) == [(datetime(2024, 10, 7, 8),)]
    assert query(out, joined.format("<>")) == [(datetime(2024, 9, 23),)]


def test_a_learner_who_never_came_is_there_without_activity(tmp_path: Path, query: Query) -> None:
    write(tmp_path / "site" / "grades.csv", grades())
    out = extracted(Class.of(names=NAMES[:11]).write(tmp_path / "site"))
    assert query(out, LEARNERS) == [*TWELVE[:11], ("Lou Birch",)]
    assert query(out, "SELECT outcome FROM outcomes WHERE learner_id = 'Lou Birch'") == [("pass",)]
    assert query(out, "SELECT count(*) FROM events WHERE learner_id = 'Lou Birch'") == [(0,)]
    assert "1 learner of site never came: there without activity" in notes(out)


def test_a_list_of_participants_says_who_the_learners_are(tmp_path: Path, query: Query) -> None:
    log = Class.of(6)
    for day in range(1, 20):
        log.views("Tess Teacher", AT.replace(day=day))
        log.views("Admin User", AT.replace(day=day))
    people = ["Tess Teacher", "Admin User", *NAMES]
    write(tmp_path / "site" / "participants.csv", _participants(people, ["Teacher", "Manager, Student"]))
    out = extracted(log.write(tmp_path / "site"), mark="")
    assert query(out, LEARNERS) == TWELVE
    assert query(out, "SELECT ends_at FROM courses") == [(None,)]
    assert "1 person of the log left out: the site's first administrator" in notes(out)
    assert "1 person of the log left out: staff" in notes(out)


@pytest.mark.parametrize("says", [
    "The user with id '50' has graded the submission '5' for the user with id '101' for the assignment.",
    "The user with id '50' viewed the grading table for the assignment with course module id '75'.",
    "The user with id '50' created the 'quiz' activity with course module id '73'.",
    "The user with id '50' enrolled the user with id '101' using the enrolment method 'self'.",
])  # fmt: skip
def test_without_a_list_who_acts_as_staff_is_no_learner(says: str, tmp_path: Path, query: Query) -> None:
    log = Class.of(6)
    log.views("Tess Teacher", AT)
    log.views("Admin User", AT)
    log.acts("Tess Teacher", AT, says)
    out = extracted(log.write(tmp_path / "site"), mark="")
    assert query(out, LEARNERS) == TWELVE
    assert "Add an export of the participants" in notes(out)


def test_who_was_given_a_teachers_role_is_no_learner(tmp_path: Path, query: Query) -> None:
    log = Class.of(6)
    log.views("Tess Teacher", AT)
    log.acts("Admin User", AT, "The user with id '2' assigned the role with id '3' to the user with id '50'.")
    assert query(extracted(log.write(tmp_path / "site")), LEARNERS) == TWELVE


def test_a_teacher_who_was_unenrolled_has_not_withdrawn(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    log.acts("Tess Teacher", AT, "The user with id '50' viewed the grader report in the gradebook.")
    _unenrols(log, "Admin User", "Tess Teacher", datetime(2024, 11, 1))
    write(tmp_path / "site" / "grades.csv", grades())
    assert query(extracted(log.write(tmp_path / "site")), LEARNERS) == TWELVE


@pytest.mark.parametrize(
    ("shown", "listed"),
    [
        ("QUILL, ADA", "Ada Quill"),
        ("Quill Ada", "Ada Quill"),
        ("Ada  Quill", "Ada Quill"),
        ("Ádà Quíll", "Ada Quill"),
        ("Ada Quill", "Ádá Quill"),
        ("Åda Qüill-Marr", "Ada Quill Marr"),
        ("Søren Łuk", "Soren Luk"),
        ("O’Quill Ada", "Ada O'Quill"),
        ("QUILL MARR, ADA MARIA", "Ada Maria Quill Marr"),
        ("Ada Maria Quill", "Ada Quill"),
        ("Ada Quil", "Ada Quill"),
        ("Muhammed Al Rashdi", "Mohammed Al-Rashdi"),
    ],
)
def test_a_name_is_found_however_it_is_written(shown: str, listed: str, tmp_path: Path, query: Query) -> None:
    log = Class([(row[0], shown if row[1] == "Ada Quill" else row[1], *row[2:]) for row in Class.of().rows])
    first, last = listed.split(" ", 1)
    write(tmp_path / "site" / "grades.csv", [*grades(NAMES[1:]), (first, last, "", "", "77.00")])
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, "SELECT final_score FROM outcomes WHERE learner_id = '101'") == [(77,)]
    assert query(out, "SELECT count(*) FROM enrolments") == [(12,)]


def test_an_exact_name_comes_before_one_that_is_alike() -> None:
    others = {"1": ["ana perez"], "2": ["ana pérez"], "3": ["anna perez"]}
    assert match({1: ["ana perez"], 2: ["ana pérez"], 3: ["anna perez"]}, others) == {1: ["1"], 2: ["2"], 3: ["3"]}
    assert match({1: ["ana perez"]}, {"2": ["ana pérez"], "3": ["anna perez"]}) == {1: ["2"]}


def test_two_who_are_alike_are_nobody() -> None:
    assert match({1: ["jon smith"]}, {"1": ["john smith"], "2": ["joan smith"]}) == {}
    assert match({1: ["kim lee"]}, {"1": ["kim lee"], "2": ["kim lee"]}) == {1: ["1", "2"]}


def test_a_column_of_ids_tells_two_of_one_name_apart(tmp_path: Path, query: Query) -> None:
    rows: list[Sequence[str]] = [
        (row[0], "Kim Lee" if row[1] in ("Ada Quill", "Bo Rask") else row[1], *row[2:]) for row in Class.of().rows
    ]
    book = [("User ID", *grades()[0]), *((IDS[name], *row) for name, row in zip(NAMES, grades()[1:], strict=True))]
    write(
        tmp_path / "site" / "grades.csv",
        [(row[0], "Kim", "Lee", *row[3:]) if row[0] in ("101", "102") else row for row in book],
    )
    out = extracted(Class(rows).write(tmp_path / "site"))
    assert query(out, "SELECT final_score FROM outcomes WHERE learner_id IN ('101', '102') ORDER BY 1") == [
        (40,),
        (45,),
    ]


def test_a_column_of_other_ids_and_an_empty_row_make_nobody(tmp_path: Path, query: Query) -> None:
    book = [
        ("User ID", *grades()[0]),
        *((f"S{n}", *row) for n, row in enumerate(grades()[1:])),
        ("", "", "", "", "", ""),
    ]
    write(tmp_path / "site" / "grades.csv", book)
    assert query(extracted(Class.of().write(tmp_path / "site")), LEARNERS) == TWELVE
    floats = [book[0], *((f"{IDS[name]}.0", *row[1:]) for name, row in zip(NAMES, book[1:13], strict=True))]
    write(
        tmp_path / "floats" / "grades.csv", [(row[0], "X", "Y", *row[3:]) if i else row for i, row in enumerate(floats)]
    )
    assert query(extracted(Class.of().write(tmp_path / "floats")), LEARNERS) == TWELVE


@pytest.mark.parametrize("role", ["No roles", "Student, ", ""])
def test_a_participant_without_a_role_is_no_staff(role: str, tmp_path: Path, query: Query) -> None:
    write(tmp_path / "site" / "participants.csv", _participants(NAMES, [role] * 12))
    assert query(extracted(Class.of().write(tmp_path / "site"), mark=""), LEARNERS) == TWELVE


def test_who_never_came_is_one_person_in_both_lists(tmp_path: Path, query: Query) -> None:
    people = [("Full name", "Roles"), *((name, "Student") for name in NAMES[:11]), ("Birch, Lou", "Student")]
    write(tmp_path / "site" / "participants.csv", people)
    write(tmp_path / "site" / "grades.csv", grades())
    out = extracted(Class.of(names=NAMES[:11]).write(tmp_path / "site"))
    assert query(out, "SELECT count(*) FROM enrolments") == [(12,)]


def test_a_list_without_a_log_is_refused(tmp_path: Path) -> None:
    Class.of().write(tmp_path / "site" / "a")
    write(tmp_path / "site" / "b" / "grades.csv", grades())
    with pytest.raises(SourceError, match="a folder has lists and no log: 'site/b'"):
        extracted(tmp_path / "site")


def test_a_run_that_loses_learners_is_refused_with_what_was_compared(tmp_path: Path) -> None:
    says = "The user with id '{}' has submitted the attempt with id '9' for the quiz with course module id '73'."
    log = Class.of()
    for name in NAMES:
        log.acts(name, AT, says.format(IDS[name]), "Quiz: Week", "Quiz", "Quiz attempt submitted", name)
    others = ["Zoë Zhang", "Yan Yang", "Xi Xu"]
    write(tmp_path / "site" / "grades.csv", grades([*NAMES[3:], *others]))
    with pytest.raises(
        SourceError, match="3 learners of site cannot be found.*12 people listed, as .*12 in the log, as"
    ):
        extracted(log.write(tmp_path / "site"))
    write(tmp_path / "all" / "grades.csv", grades(["Zoë Zhang", "Yan Yang", "Xi Xu", "Wu Wei"]))
    with pytest.raises(SourceError, match="have nobody in common in all: .4 people listed, as .*12 in the log"):
        extracted(log.write(tmp_path / "all"))


def test_lists_of_other_people_are_refused_though_nobody_in_the_log_does_more_than_view(tmp_path: Path) -> None:
    write(tmp_path / "site" / "grades.csv", grades([f"Name{n} Other" for n in range(12)]))
    with pytest.raises(SourceError, match="nobody in common in site: .12 people listed, as .*; 12 in the log, as "):
        extracted(Class.of().write(tmp_path / "site"))


def test_who_has_a_grade_and_another_name_in_the_log_is_missed(tmp_path: Path, query: Query) -> None:
    """Three of twelve are graded and not in the log, which has three others who come as often as learners."""
    others = ["Xa Yb", "Xc Yd", "Xe Yf"]
    write(tmp_path / "site" / "grades.csv", grades([*NAMES[:9], *others]))
    with pytest.raises(SourceError, match="3 learners of site cannot be found in the log without doubt"):
        extracted(Class.of().write(tmp_path / "site"))
    ungraded = [*grades(NAMES[:9]), *((*name.split(" "), "", "", "-") for name in others)]
    write(tmp_path / "never-came" / "grades.csv", ungraded)
    out = extracted(Class.of().write(tmp_path / "never-came"))
    assert query(out, "SELECT count(*) FROM enrolments") == [(12,)]
    assert "3 learners of never-came never came" in notes(out)


def test_those_who_look_in_seldom_are_not_missed_learners(tmp_path: Path, query: Query) -> None:
    log = Class.of(names=NAMES[:9])
    for name in NAMES[9:]:  # twice, where a learner acts 48 times
        log.views(name, AT)
    write(tmp_path / "site" / "grades.csv", grades([*NAMES[:9], "Xa Yb", "Xc Yd", "Xe Yf"]))
    out = extracted(log.write(tmp_path / "site"))
    assert query(out, "SELECT count(*) FROM enrolments") == [(12,)]
    assert "3 people of the log left out: on no list of learners" in notes(out)


def test_of_two_of_one_name_one_may_never_have_come(tmp_path: Path, query: Query) -> None:
    """The grade book has two Lou Birches with different grades, the log one."""
    write(tmp_path / "site" / "grades.csv", [*grades(), ("Lou", "Birch", "", "", "20.00")])
    out = extracted(Class.of().write(tmp_path / "site"))
    assert query(out, LEARNERS) == [*TWELVE, ("Lou Birch (2)",)]
    assert query(out, "SELECT count(*), count(*) FILTER (learner_id = '112') FROM outcomes") == [(11, 0)]
    assert "2 learners of site of the same name: they are there without an outcome" in notes(out)
    assert "1 learner of site never came" in notes(out)


def test_of_two_of_one_name_none_may_have_come(tmp_path: Path, query: Query) -> None:
    twins = [("Kim", "Lee", "", "", "20.00"), ("Kim", "Lee", "", "", "-")]
    write(tmp_path / "site" / "grades.csv", [*grades(), *twins])
    out = extracted(Class.of().write(tmp_path / "site"))
    assert query(out, LEARNERS) == [*TWELVE, ("Kim Lee",), ("Kim Lee (2)",)]
    assert query(out, "SELECT count(*) FROM outcomes") == [(12,)]


def test_who_is_found_by_a_name_that_is_only_alike_is_said(tmp_path: Path, query: Query) -> None:
    log = Class.of()
    write(tmp_path / "exact" / "grades.csv", grades())
    assert "only alike" not in notes(extracted(log.write(tmp_path / "exact")))
    write(tmp_path / "alike" / "grades.csv", grades([*NAMES[:10], "Kitt Abel", "Birch Lou"]))
    out = extracted(log.write(tmp_path / "alike"))
    assert query(out, LEARNERS) == TWELVE
    said = "1 person of the lists of alike told by a name in the log that is only alike: see that it is theirs."
    assert said in notes(out)


def test_without_any_list_it_is_said_at_once_that_staff_may_be_among_the_learners(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = Class.of(2)
    extracted(log.write(tmp_path / "log"))
    words = "has no list of participants and no grade book: who acts in the log is taken for a learner"
    assert f"look: moodle-log:{tmp_path / 'log'}?pass_mark=50&timezone=UTC: log {words}" in capsys.readouterr().err
    write(tmp_path / "list" / "participants.csv", _participants(NAMES))
    extracted(log.write(tmp_path / "list"))
    assert "look: " not in capsys.readouterr().err


def test_who_hands_in_for_a_learner_is_staff(tmp_path: Path, query: Query) -> None:
    """A co-teacher, on no list of participants, whose every sentence is one of a learner's: the other name tells."""
    log = Class.of()
    for name in ("Tess Teacher", "Ada Quill"):
        says = f"The user with id '{IDS[name]}' has uploaded a file to the submission with id '5' in the assignment"
        log.acts(name, AT, says, "Assignment: Essay", "File submissions", "A file has been uploaded.", "Ada Quill")
    assert query(extracted(log.write(tmp_path / "site")), LEARNERS) == TWELVE
