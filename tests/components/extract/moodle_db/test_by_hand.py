"""What `moodle-db` reads of a site by hand, in PostgreSQL and in MariaDB: the right values are in `site.py`'s words."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from earlybell.tables import read_facts
from tests.components.extract.moodle_db.site import (
    ANN,
    BEN,
    CAM,
    DAN,
    GUS,
    HAL,
    IRA,
    JO,
    LATER,
    LOU,
    MEG,
    OLA,
    at,
)

Query = Callable[[Path, str], list[tuple[Any, ...]]]


def test_courses_have_their_dates_clock_and_weekend(tables: Path, query: Query) -> None:
    assert query(tables, "FROM courses ORDER BY course_id") == [
        ("5", "STAT101", at(0), at(110), "raw", "Asia/Muscat", "fri,sat", None, None),
        ("6", "STAT101", at(365), datetime.utcfromtimestamp(LATER), "raw", "Asia/Muscat", "fri,sat", None, None),
        ("8", "CHEM1", at(0), None, "raw", "Asia/Muscat", "fri,sat", None, None),
    ]


def test_learners_are_those_of_the_gradebook_and_who_left(tables: Path, query: Query) -> None:
    """Not: the deleted, the guest, the administrator, staff, an assistant who is a student too, a role alone."""
    enrolments = query(
        tables, "SELECT learner_id::INT, enrolled_at, unenrolled_at FROM enrolments WHERE course_id = '5'"
    )
    assert sorted(enrolments) == [
        (ANN, at(-5), None),  # two enrolments, of which one is suspended
        (BEN, at(-4), at(15)),
        (CAM, at(-7), at(25)),
        (DAN, at(-5), None),  # suspended
        (GUS, at(0), at(50)),  # known by the history of grades alone
        (HAL, at(-20), at(130)),
        (IRA, at(4), None),  # came before the enrolment of day 5
        (JO, at(-4), None),  # left on day 12, and came back on day 30
        (LOU, at(-2), None),  # by a role in the category above
        (MEG, at(-1), None),  # without an end: 2147483647
        (OLA, at(-5), None),  # whose time was over on day 60
    ]


def test_earlier_runs_of_the_course_are_counted(tables: Path, query: Query) -> None:
    again = query(tables, "SELECT learner_id::INT, prior_attempts FROM enrolments WHERE course_id = '6' ORDER BY 1")
    assert again == [(ANN, 1), (IRA, 1)]


def test_outcomes_are_of_a_run_that_is_over(tables: Path, query: Query) -> None:
    assert query(
        tables, "SELECT course_id, learner_id::INT, outcome, final_score, decided_at FROM outcomes ORDER BY 2"
    ) == [
        ("5", ANN, "pass", 71.5, at(110)),
        ("5", BEN, "withdrawn", None, at(15)),
        ("5", CAM, "withdrawn", None, at(25)),
        ("5", GUS, "withdrawn", None, at(50)),
        ("5", HAL, "pass", 70, at(110)),  # unenrolled after the end; his total is in the history
        ("5", IRA, "fail", 49.99, at(110)),
    ]


def test_assessments_weigh_what_the_gradebook_says(tables: Path, query: Query) -> None:
    assert query(tables, "SELECT assessment_id, kind, due_at, weight, max_score FROM assessments ORDER BY 1") == [
        ("assign-32", "assignment", at(30), 40, 100),
        ("assign-33", "assignment", at(50), 0, 100),  # no due date: the last moment
        ("assign-34", "assignment", at(60), 0, 100),
        ("assign-41", "assignment", None, 0, 50),
        ("h5pactivity-38", "h5pactivity", None, 0, 5),  # extra credit
        ("lesson-36", "lesson", at(75), 10, 20),  # a third of a category of 30
        ("manual-507", "manual", None, 10, 100),
        ("quiz-31", "quiz", at(20), 20, 10),
        ("quiz-61", "quiz", None, 100, 10),  # closes at 2147483647
        ("scorm-37", "scorm", None, 0, 0),  # not graded
        ("workshop-35", "workshop", at(70), 20, 80),
    ]


def test_own_deadlines_have_the_time_of_their_granting(tables: Path, query: Query) -> None:
    assert sorted(query(tables, "SELECT assessment_id, learner_id::INT, due_at, granted_at FROM extensions")) == [
        ("assign-32", ANN, at(32), at(12)),  # of two groups the one that is sorted first
        ("assign-32", IRA, at(35), at(34)),  # granted late, after the deadline; later than the group's
        ("assign-32", LOU, at(36), at(30)),  # nothing says when: the deadline itself
        ("quiz-31", ANN, at(22), at(1)),  # of two groups the latest, since she has been in it
        ("quiz-31", IRA, at(23), at(17)),  # her own before the group's; changed on day 17
        ("quiz-31", MEG, at(110), at(13)),  # no deadline at all: the run's end
    ]


def test_submissions_have_first_and_last_times_and_marks_since_they_are_known(tables: Path, query: Query) -> None:
    columns = "assessment_id, learner_id::INT, attempt, submitted_at, score, graded_at"
    assert query(tables, f"SELECT {columns} FROM submissions ORDER BY ALL") == [
        ("assign-32", ANN, 1, at(27), None, None),  # the first time, by the log
        ("assign-32", ANN, 2, at(29), 70, at(45)),  # 60 on day 35, 70 since day 45, written again on day 90
        ("assign-32", BEN, 1, at(9), None, None),  # who left since
        ("assign-32", IRA, 1, at(33), None, None),  # -1 is no mark
        ("assign-33", ANN, 1, at(48), None, None),  # a team's; its marks are hidden
        ("assign-33", IRA, 1, at(48), None, None),
        ("assign-34", ANN, 1, at(59), 80, at(62)),  # released
        ("assign-34", IRA, 1, at(59), None, None),  # not yet
        ("assign-41", IRA, 1, at(56), None, None),  # outside of Moodle; hidden until 2099
        ("h5pactivity-38", ANN, 1, at(81), 3.75, at(81)),
        ("lesson-36", ANN, 1, at(74), 15, at(74)),
        ("manual-507", ANN, 1, at(100), 88, at(100)),
        ("quiz-31", ANN, 1, at(18), 5, at(18)),
        ("quiz-31", ANN, 2, at(19), 10, at(19)),
        ("quiz-31", GUS, 1, at(16), 2.5, at(16)),
        ("quiz-31", IRA, 1, at(19), None, None),  # has an essay to mark
        ("scorm-37", ANN, 1, at(77), None, None),
        ("workshop-35", ANN, 1, at(65), None, None),
        ("workshop-35", ANN, 2, at(69), 60, at(80)),
    ]
    durations = query(tables, "SELECT assessment_id, learner_id::INT, duration_s FROM submissions WHERE duration_s > 0")
    assert sorted(set(durations)) == [
        ("h5pactivity-38", ANN, 90),
        ("quiz-31", ANN, 600),
        ("quiz-31", GUS, 600),
        ("quiz-31", IRA, 600),
    ]


def test_interventions_are_messages_and_reminders_that_were_sent_to_learners(tables: Path, query: Query) -> None:
    """Not: one that was taken back before, one to a teacher, and what a learner does not see. The arm of a trial is
    that which was recorded before.
    """
    assert query(tables, "FROM interventions ORDER BY shown_at") == [
        ("5", str(BEN), "message", at(14), None),
        ("5", str(ANN), "message", at(20), "shown"),
        ("5", str(ANN), "reminder", at(24), "shown"),
    ]


def test_who_has_opted_out_is_left_out_of_a_run_under_way_alone(tables: Path, query: Query) -> None:
    opted = query(tables, f"SELECT course_id FROM enrolments WHERE learner_id IN ('{OLA}', '{HAL}') ORDER BY 1")
    assert opted == [("5",), ("5",)]


def test_one_act_counts_once_and_nobody_elses_counts(tables: Path, query: Query) -> None:
    """Not: anonymous rows, log in as, cli, restore, the site's pages, Earlybell's, staff, the guest, the deleted."""
    columns = "learner_id::INT, occurred_at, component, action, target, object_id::INT"
    assert query(tables, f"SELECT {columns} FROM events WHERE course_id = '5' ORDER BY ALL") == [
        (ANN, at(1), "core", "viewed", "course", None),
        (ANN, at(1.5), "core", "updated", "course_module_completion", 31),
        (ANN, at(1.5), "mod_quiz", "viewed", "course_module", 31),
        (ANN, at(3), "core", "viewed", "course", None),
        (ANN, at(27), "mod_assign", "submitted", "assessable", 32),
        (ANN, at(48), "mod_assign", "submitted", "assessable", 33),
        (BEN, at(2), "core", "viewed", "course", None),
        (CAM, at(2), "core", "viewed", "course", None),
        (IRA, at(4), "core", "viewed", "course", None),
        (IRA, at(33), "mod_assign", "submitted", "assessable", 32),
        (JO, at(31), "core", "viewed", "course", None),
    ]


def test_notes_say_what_was_left_out(tables: Path) -> None:
    notes = "\n".join(read_facts(tables)["notes"])
    for sentence in (
        "1 course without a learner left out",
        "1 course with dates relative to each learner left out",
        "people of courses who are no learners there: 1 deleted, 2 guest or administrator, 3 staff.",
        "2 enrolments suspended or over before the run's end",
        "the log does not say when 1 extension was granted: as it counts, at the deadline itself",
        "1 hidden activity, for which nobody has handed anything in, left out",
        "1 learner left out of a run under way, having opted out of predictions.",
        "answers to predictions in Moodle: 1 contest, 1 dismiss.",
        "1 logged in as another, 3 automatic",
        "1 course without an end or a start in Moodle: it is taken from learners' activity, or is not known: CHEM-24.",
    ):
        assert sentence in notes
