"""Features of one learner, computed by hand."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from components.features import find_catalogue
from components.features.acts import KINDS
from tests.components.features.small import Row, Site, features

START = datetime(2026, 3, 2)  # a Monday
AS_OF = START + timedelta(days=28)


def _at(day: float, hour: float = 12) -> datetime:
    return START + timedelta(days=day, hours=hour)


def _event(at: datetime, component: str = "mod_resource", action: str = "viewed", count: int = 1) -> Row:
    keys = {"course_id": "c", "learner_id": "l", "occurred_at": at, "component": component, "action": action}
    return keys | {"target": "course_module", "object_id": "o", "count": count}


def _work(name: str, day: float | None, weight: float | None = 10.0, role: str = "none", kind: str = "quiz") -> Row:
    due = None if day is None else _at(day)
    keys = {"assessment_id": name, "course_id": "c", "kind": kind, "role": role, "due_at": due}
    return keys | {"weight": weight, "max_score": 20.0}


def _answer(name: str, day: float, score: float | None = None, graded: float | None = None, attempt: int = 1) -> Row:
    keys = {"assessment_id": name, "learner_id": "l", "submitted_at": _at(day), "attempt": attempt, "score": score}
    return keys | {"graded_at": None if graded is None else _at(graded), "duration_s": None}


def _look(
    granularity: str = "raw",
    joined: float = -10,
    ends: float | None = 112,
    complete: float | None = None,
    **tables: list[Row],
) -> dict[str, float]:
    """The features of one learner as of four weeks after the start; `complete`: the day that purged logs begin with."""
    course = {"course_id": "c", "code": "c", "starts_at": START, "granularity": granularity}
    course["complete_from"] = None if complete is None else START + timedelta(days=complete)
    course["ends_at"] = None if ends is None else START + timedelta(days=ends)
    enrolment = {"course_id": "c", "learner_id": "l", "enrolled_at": START + timedelta(days=joined)}
    enrolment |= {"unenrolled_at": None, "prior_attempts": 1}
    site = Site({"courses": [course], "enrolments": [enrolment], **tables}, [("c", "l", AS_OF)])
    return dict(zip(find_catalogue().names, features(site)[0], strict=True))


def test_a_pause_of_more_than_half_an_hour_begins_a_session() -> None:
    minutes = [0, 10, 40, 75, 80]  # pauses 10, 30, 35, 5: two sessions, of 40 and 5 minutes
    values = _look(events=[_event(_at(1) + timedelta(minutes=minute)) for minute in minutes])
    assert values["sessions_per_week"] == pytest.approx(2 / 4)
    assert values["minutes_per_session"] == pytest.approx((40 + 5) / 2)


def test_daily_sums_have_no_sessions() -> None:
    values = _look("daily", events=[_event(_at(1))])
    assert np.isnan(values["sessions_per_week"])
    assert np.isnan(values["minutes_per_session"])


def test_days_weeks_and_recency_of_activity() -> None:
    values = _look(events=[_event(_at(day)) for day in (-2, 0, 0.1, 3, 9, 22, 25)])
    assert values["active_days_before_start"] == 1
    assert values["active_days_per_week"] == pytest.approx(5 / 4)
    assert values["active_days_last_7"] == 2
    assert values["active_weeks_share"] == pytest.approx(3 / 4)
    assert values["days_since_activity"] == pytest.approx(2.5)
    assert values["longest_gap_days"] == pytest.approx(13)


def test_holidays_do_not_count_as_weeks_of_teaching() -> None:
    holiday = {"course_id": "c", "starts_at": _at(7, 0), "ends_at": _at(21, 0)}
    values = _look(events=[_event(_at(day)) for day in (1, 2, 23)], breaks=[holiday])
    assert values["active_days_per_week"] == pytest.approx(3 / 2)


def test_a_learner_without_any_activity_was_last_there_at_the_start() -> None:
    values = _look()
    assert values["days_since_activity"] == pytest.approx(28)
    assert values["active_days_per_week"] == 0
    assert np.isnan(values["mean_score"])


def test_clicks_are_counted_by_kind() -> None:
    events = [_event(_at(1), "mod_forum", "created"), _event(_at(2), "mod_quiz", count=7), _event(_at(3), "core")]
    values = _look(events=events)
    assert values["forum_per_week"] == pytest.approx(1 / 4)
    assert values["forum_posts"] == 0  # a module's page is no post
    assert values["quiz_per_week"] == pytest.approx(7 / 4)
    assert values["clicks_last_28"] == 9
    assert values["kinds_used_last_28"] == 2  # nor is it the course's


@pytest.mark.parametrize("component", ["mod_foru", "forum", "mod_forum_plus", ",", ""])
def test_a_name_that_only_resembles_a_component_is_of_no_kind(component: str) -> None:
    values = _look(events=[_event(_at(1), component, "create")])
    assert values["clicks_last_28"] == 1
    assert values["kinds_used_last_28"] == values["forum_per_week"] == values["forum_posts"] == 0


_SINCE_THE_START = (
    *("active_days_per_week", "active_weeks_share", "longest_gap_days", "gap_deviation_days", "weekend_share"),
    *("sessions_per_week", "minutes_per_session", "clicks_per_week", "forum_posts"),
    *(f"{kind}_per_week" for kind in KINDS),
)
_IN_28_DAYS = ("active_days_last_28", "clicks_last_28", "kinds_used_last_28", "activity_trend")
_IN_7_DAYS = ("active_days_last_7", "clicks_last_7")
_BEFORE = ("active_days_before_start",)
_SINCE = ("days_since_activity",)
_OF_ACTIVITY = {*_SINCE_THE_START, *_IN_28_DAYS, *_IN_7_DAYS, *_BEFORE, *_SINCE}


@pytest.mark.parametrize(
    ("complete", "joined", "missing"),
    [
        (None, -10, ()),
        (-10, -10, ()),
        (-9, -10, _BEFORE),
        (0, -10, _BEFORE),
        (0.1, -10, (*_BEFORE, *_SINCE_THE_START, *_IN_28_DAYS)),
        (21, -10, (*_BEFORE, *_SINCE_THE_START, *_IN_28_DAYS)),
        (21.1, -10, (*_BEFORE, *_SINCE_THE_START, *_IN_28_DAYS, *_IN_7_DAYS)),
        (25.9, -10, (*_BEFORE, *_SINCE_THE_START, *_IN_28_DAYS, *_IN_7_DAYS, *_SINCE)),
        (14, 15, ()),
    ],
    ids=lambda value: str(value) if isinstance(value, int | float) else "",
)
def test_what_reaches_back_to_where_logs_were_purged_is_missing_and_the_rest_is_as_it_was(
    complete: float | None, joined: float, missing: tuple[str, ...]
) -> None:
    events = [_event(_at(day)) for day in (-2, 1, 1.01, 3, 16, 16.1, 18, 24, 25)]
    work, answers = [_work("a", 20), _work("b", 22)], [_answer("a", 19)]
    whole = _look(joined=joined, events=events, assessments=work, submissions=answers)
    values = _look(joined=joined, complete=complete, events=events, assessments=work, submissions=answers)
    assert not np.isnan([whole[name] for name in _OF_ACTIVITY]).any()
    for name, value in values.items():
        if name in missing:
            assert np.isnan(value), name
        else:
            np.testing.assert_equal(value, whole[name], name)


def test_without_a_click_since_the_logs_begin_nobody_knows_when_the_last_one_was() -> None:
    assert np.isnan(_look(complete=10)["days_since_activity"])
    assert _look()["days_since_activity"] == pytest.approx(28, abs=1)


def test_weights_that_are_all_0_but_the_exams_count_alike_and_unknown_ones_are_unknown() -> None:
    def look(weight: float | None, exam: float | None = 100.0) -> float:
        work = [*(_work(name, 7, weight) for name in "abc"), _work("exam", 100, exam, kind="exam")]
        return _look(assessments=work, submissions=[_answer("a", 6)])["missed_weight_share"]

    assert look(0) == look(10) == pytest.approx(2 / 3)
    assert np.isnan(look(None))


def test_missed_late_and_early_work() -> None:
    work = [_work("a", 7), _work("b", 14), _work("c", 21, weight=20), _work("d", 60)]
    answers = [_answer("a", 9), _answer("b", 13), _answer("d", 20)]
    values = _look(assessments=work, submissions=answers)
    assert values["missed_work"] == 1
    assert values["missed_share"] == pytest.approx(1 / 3)
    assert values["missed_weight_share"] == pytest.approx(20 / 40)
    assert values["missed_last"] == 1
    assert values["handed_in_ahead"] == 1
    assert values["late_share"] == pytest.approx(1 / 3)
    assert values["mean_delay_days"] == pytest.approx((2 - 1 - 40) / 3)


@pytest.mark.parametrize(
    ("granted", "late"), [(5, 0.0), (40, 1.0)], ids=["granted in time", "granted after the moment"]
)
def test_an_extension_is_not_lateness_once_it_is_granted(granted: float, late: float) -> None:
    own = {"assessment_id": "a", "learner_id": "l", "due_at": _at(12), "granted_at": _at(granted)}
    values = _look(assessments=[_work("a", 7)], submissions=[_answer("a", 10)], extensions=[own])
    assert values["late_share"] == late


def test_work_due_before_joining_and_banked_work_are_not_missed() -> None:
    work = [_work("early", 3), _work("banked", 10), _work("missed", 12)]
    banked = [_answer("banked", -100, score=15, graded=-100, attempt=0)]
    values = _look(joined=5, assessments=work, submissions=banked)
    assert values["missed_work"] == 1
    assert values["missed_share"] == 1
    assert values["banked_score"] == pytest.approx(75)
    assert np.isnan(values["mean_score"])


def test_the_best_graded_try_counts_and_an_ungraded_one_not_yet() -> None:
    tries = [_answer("a", 5, 10, 6), _answer("a", 6, 16, 7, attempt=2), _answer("a", 7, 20, 40, attempt=3)]
    values = _look(assessments=[_work("a", 10)], submissions=tries)
    assert values["mean_score"] == pytest.approx(80)
    assert values["attempts_per_work"] == 3


def test_marks_gathered_count_missed_work_as_nothing() -> None:
    work = [_work("a", 5, 10), _work("b", 10, 30), _work("ungraded", 12, 50)]
    answers = [_answer("a", 4, 20, 6), _answer("ungraded", 11)]
    assert _look(assessments=work, submissions=answers)["points_share"] == pytest.approx(10 / 40)


def test_gain_from_pre_test_to_post_test() -> None:
    work = [_work("pre", 2, role="pre_test"), _work("post", 20, role="post_test")]
    values = _look(assessments=work, submissions=[_answer("pre", 1, 8, 1), _answer("post", 19, 14, 19)])
    assert values["pre_test_score"] == pytest.approx(40)
    assert values["test_gain"] == pytest.approx(30)


def test_a_run_without_an_end_is_taken_to_last_sixteen_weeks() -> None:
    assert _look(ends=None)["progress"] == pytest.approx(28 / 112)
