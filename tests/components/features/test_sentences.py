"""For every feature a situation made by hand, and the sentence that a teacher reads of it."""

import pytest

from components.features import find_catalogue
from tests.components.features.by_hand import Story, days

PAGE, VIEW, FORUM = "mod_page viewed course_module", "core viewed course", "mod_forum viewed discussion"
QUIZ = "mod_quiz viewed course_module"

# Four weeks, from Monday, 2 March, to Sunday, 29 March, have passed. 7 and 8 March are a weekend.
STORY = Story()
# Three works of four are due; `a` was late, `b` early, `c` is missing, `d` was handed in ahead.
WORK = (
    STORY.asked("a", "2026-03-06 12:00", weight=10)
    .asked("b", "2026-03-13 12:00", weight=20)
    .asked("c", "2026-03-20 12:00", weight=50)
    .asked("d", "2026-04-10 12:00", weight=20)
    .handed_in("a", "2026-03-08 12:00", score=10, graded="2026-03-10", minutes=30)
    .handed_in("b", "2026-03-09 12:00", score=4, graded="2026-03-15")
    .handed_in("b", "2026-03-10 12:00", score=12, graded="2026-03-15", attempt=2, minutes=20)
    .handed_in("d", "2026-03-28 12:00")
)
OPEN = (
    STORY.asked("past", "2026-03-20")
    .asked("at once", "2026-03-30")
    .asked("in a week", "2026-04-06")
    .asked("later", "2026-04-06 00:01")
)
TESTS = (
    STORY.asked("before", "2026-03-03", role="pre_test")
    .asked("after", "2026-03-25", role="post_test")
    .handed_in("before", "2026-03-02 12:00", score=8, graded="2026-03-02 12:01")
    .handed_in("after", "2026-03-24 12:00", score=14, graded="2026-03-24 12:01")
)

SENTENCES: dict[str, list[tuple[Story, str | None]]] = {
    "progress": [(STORY, "25% of the course has passed"), (Story(ends="2026-03-16"), "100% of the course has passed")],
    "days_enrolled_before_start": [
        (STORY, "joined 10 days before the start"),
        (Story(joined="2026-03-05"), "joined 3 days after the start"),
    ],
    "prior_attempts": [
        (Story(prior_attempts=2), "earlier attempts at this course: 2"),
        (Story(prior_attempts=None), None),
    ],
    "days_since_activity": [
        (STORY.did(PAGE, "2026-03-16"), "no activity for 14 days"),
        (STORY.did(PAGE, "2026-03-29 18:00"), "no activity for less than a day"),
        (STORY, "no activity for 28 days"),  # never there
    ],
    "days_since_quiz": [
        (STORY.did(QUIZ, "2026-03-09", "2026-03-16").did(PAGE, "2026-03-28"), "no visit of a quiz for 14 days"),
        (STORY.did(PAGE, "2026-03-16"), None),
        (STORY.did(QUIZ, "2026-02-27"), None),  # before the start
        (STORY.did(QUIZ, "2026-03-16", "2026-03-30"), "no visit of a quiz for 14 days"),  # not yet
    ],
    "days_since_forum": [
        (STORY.did(FORUM, "2026-03-19").did(QUIZ, "2026-03-28"), "no visit of a forum for 11 days"),
        (STORY.did(QUIZ, "2026-03-16"), None),
    ],
    "active_days_per_week": [
        (STORY.did(PAGE, *days("2026-03-02", 8), *days("2026-03-02", 8, "23:00")), "active days: 2.0 a week"),
        (
            Story(breaks=(("2026-03-09", "2026-03-22 23:59:59"),)).did(PAGE, *days("2026-03-02", 3)),
            "active days: 1.5 a week",
        ),
    ],
    "active_days_last_7": [
        (STORY.did(PAGE, *days("2026-03-22", 8)), "active on 7 of the last 7 days"),
        (STORY.did(PAGE, "2026-03-22 23:59:59"), "active on 0 of the last 7 days"),
        (STORY.did(PAGE, "2026-03-23 00:00", "2026-03-29 23:59:59"), "active on 2 of the last 7 days"),
        # At six in the evening the last seven days are today and the six before.
        (Story(as_of="2026-03-29 18:00").did(PAGE, *days("2026-03-22", 8)), "active on 7 of the last 7 days"),
    ],
    "active_days_last_28": [
        (STORY.did(PAGE, *days("2026-02-25", 20)), "active on 15 of the last 28 days"),
        (STORY.did(PAGE, *days("2026-02-25", 40)), "active on 28 of the last 28 days"),
    ],
    "active_days_before_start": [
        (
            Story(start="2026-03-02 09:00").did(PAGE, "2026-02-27 10:00", "2026-02-27 11:00", "2026-03-02 08:00"),
            "days with activity before the course began: 1",
        )
    ],
    "active_weeks_share": [
        (STORY.did(PAGE, "2026-03-02", "2026-03-04", "2026-03-15", "2026-03-16"), "active in 75% of the weeks so far"),
        (
            Story(breaks=(("2026-03-09", "2026-03-15 23:59:59"),)).did(PAGE, "2026-03-02", "2026-03-16", "2026-03-23"),
            "active in 100% of the weeks so far",
        ),
        # Joined on the Thursday of the third week: two weeks of theirs, one of them attended.
        (Story(joined="2026-03-19").did(PAGE, "2026-03-24"), "active in 50% of the weeks so far"),
    ],
    "longest_gap_days": [
        (STORY.did(PAGE, "2026-03-03", "2026-03-05", "2026-03-20", "2026-03-29"), "longest absence 15 days"),
        (STORY, "longest absence 28 days"),
    ],
    "gap_deviation_days": [
        # Gaps of 1, 3 and 5 days: the standard deviation is the root of 8/3.
        (
            STORY.did(PAGE, *days("2026-03-02", 2), "2026-03-06", "2026-03-11"),
            "pauses between active days vary by 2 days",
        ),
        (STORY.did(PAGE, "2026-03-02"), None),
    ],
    "activity_trend": [
        (
            STORY.did(PAGE, *days("2026-03-02", 6)).did(PAGE, "2026-03-20"),
            "less active in the last two weeks than in the two before",
        ),
        (
            STORY.did(PAGE, "2026-03-15 23:00").did(PAGE, "2026-03-16 00:00"),
            "at least as active in the last two weeks as before",
        ),
    ],
    "weekend_share": [
        (
            STORY.did(PAGE, "2026-03-06 23:59", "2026-03-07 00:00", "2026-03-08 23:59", "2026-03-09"),
            "50% of the activity is at weekends",
        ),
        (STORY, None),
    ],
    "sessions_per_week": [
        # Pauses of 10, 30, 35 and 5 minutes: two sessions, and one on another day; nothing daily can tell.
        (
            STORY.did(
                PAGE, *(f"2026-03-03 {time}" for time in ("12:00", "12:10", "12:40", "13:15", "13:20")), "2026-03-09"
            ),
            "sessions: 0.8 a week",
        ),
        (Story(granularity="daily").did(PAGE, "2026-03-03 23:59:59"), None),
    ],
    "minutes_per_session": [
        (
            STORY.did(PAGE, *(f"2026-03-03 {time}" for time in ("12:00", "12:10", "12:40", "13:15", "13:20"))),
            "sessions last 22 minutes on average",  # 40 and 5
        ),
        (Story(granularity="daily").did(PAGE, "2026-03-03 23:59:59"), None),
    ],
    "mean_delay_days": [
        (WORK, "hands work in 5 days before the deadline on average"),  # 2, -4 and -13
        (
            STORY.asked("a", "2026-03-06").handed_in("a", "2026-03-08"),
            "hands work in 2 days after the deadline on average",
        ),
    ],
    "late_share": [
        (WORK, "33% of the work came late"),
        (WORK.extended("a", "2026-03-09", granted="2026-03-07"), "0% of the work came late"),
        (STORY.asked("a", None).handed_in("a", "2026-03-08"), None),  # without a deadline nobody can tell
    ],
    "forum_per_week": [
        (
            STORY.did(FORUM, *days("2026-03-02", 4)).did("mod_chat sent message", "2026-03-03"),
            "forum and chat clicks: 1.2 a week",
        )
    ],
    "quiz_per_week": [
        (
            STORY.did("mod_quiz started attempt", "2026-03-03 10:00")
            .did("mod_quiz viewed attempt", "2026-03-03 10:00:01", "2026-03-03 10:05")
            .did("mod_quiz updated attempt", "2026-03-03 10:05")
            .did("mod_quiz autosaved attempt", *(f"2026-03-03 10:0{minute}:30" for minute in range(9)))
            .did("mod_quiz submitted attempt", "2026-03-03 10:10"),
            "quiz and exercise clicks: 1.0 a week",
        )
    ],
    "material_per_week": [
        (
            STORY.did(PAGE, *days("2026-03-02", 8)).did(
                "core updated course_module_completion", *days("2026-03-02", 8)
            ),
            "reading and media clicks: 2.0 a week",
        )
    ],
    "assignment_per_week": [
        (
            STORY.did("mod_assign viewed submission_form", "2026-03-03 10:00")
            .did("assignsubmission_file uploaded assessable", "2026-03-03 10:05")
            .did("assignsubmission_file created submission", "2026-03-03 10:05")
            .did("mod_assign accepted statement", "2026-03-03 10:05")
            .did("mod_assign submitted assessable", "2026-03-03 10:05")
            .did("mod_assign viewed submission_status", "2026-03-03 10:05:01"),
            "assignment clicks: 1.0 a week",
        )
    ],
    "course_page_per_week": [
        (
            STORY.did(VIEW, *days("2026-03-02", 6))
            .did("core viewed section", "2026-03-03", "2026-03-04")
            .did("core loggedin user", *days("2026-03-02", 28))
            .did("core viewed user_profile", "2026-03-05")
            .did("core viewed user_list", "2026-03-05")
            .did("core viewed dashboard", "2026-03-05")
            .did("core viewed course_category", "2026-03-05")
            .did("core searched courses", "2026-03-05")
            .did("core completed course", "2026-03-05"),
            "course page clicks: 2.0 a week",
        )
    ],
    "collaboration_per_week": [
        (
            STORY.did("mod_wiki updated page", "2026-03-03")
            .did("mod_choice submitted answer", "2026-03-04")
            .did("mod_feedback submitted response", "2026-03-05")
            .did("mod_survey submitted response", "2026-03-06"),
            "wiki, glossary, survey clicks: 1.0 a week",
        )
    ],
    "live_per_week": [
        (
            STORY.did("mod_bigbluebuttonbn joined meeting", *days("2026-03-02", 4)).did(
                "mod_lti viewed course_module", "2026-03-04"
            ),
            "live session and attendance clicks: 1.0 a week",  # an external tool is none
        )
    ],
    "clicks_per_week": [
        (
            STORY.did(PAGE, *days("2026-03-02", 8), count=2).did("core awarded badge", "2026-03-08"),
            "clicks: 4.0 a week",
        ),
        (
            Story(breaks=(("2026-03-09", "2026-03-22 23:59:59"),)).did(PAGE, *days("2026-03-02", 3), "2026-03-10"),
            "clicks: 1.5 a week",
        ),
    ],
    "clicks_last_7": [(STORY.did(PAGE, *days("2026-03-20", 10), count=3), "clicks in the last 7 days: 21")],
    "clicks_last_28": [
        (
            STORY.did(PAGE, *days("2026-02-20", 12)).did("core graded user", "2026-03-05"),
            "clicks in the last 28 days: 2",
        )
    ],
    "kinds_used_last_28": [
        (
            STORY.did(PAGE, "2026-02-27", "2026-03-03")
            .did("mod_book viewed chapter", "2026-03-04")
            .did(FORUM, "2026-03-05")
            .did("mod_quiz viewed course_module", "2026-03-01")
            .did("mod_quiz autosaved attempt", "2026-03-06")
            .did("core loggedin user", "2026-03-06"),
            "used 2 of 7 kinds of activity in the last 28 days",
        )
    ],
    "forum_posts": [
        (
            # An introduction before the start, a new discussion and a reply: one post each, whatever Moodle logs of it.
            STORY.did("mod_forum created discussion", "2026-02-25 10:00", "2026-03-03 10:00")
            .did("mod_forum uploaded assessable", "2026-02-25 10:00", "2026-03-03 10:00", "2026-03-04 10:00")
            .did("mod_forum created discussion_subscription", "2026-02-25 10:00", "2026-03-03 10:00")
            .did("mod_forum created post", "2026-03-04 10:00")
            .did("mod_forum updated post", "2026-03-04 10:02")
            .did(FORUM, "2026-03-04 10:01")
            .did("mod_wiki created page", "2026-03-04 10:03")
            .did("mod_glossary created post", "2026-03-04 10:04"),
            "forum posts written: 3",
        ),
        (STORY.did(FORUM, "2026-03-04"), "forum posts written: 0"),
        (Story(granularity="daily").did(FORUM, "2026-03-03 23:59:59"), None),  # a day's sum does not tell it
    ],
    "missed_work": [
        (WORK, "pieces of work missed: 1"),
        (STORY.asked("a", "2026-04-06"), "pieces of work missed: 0"),
        (STORY, None),  # where no work is known, nobody can tell
        (STORY.asked("a", None), None),
    ],
    "missed_share": [(WORK, "33% of the work that was due is missing"), (STORY.asked("a", "2026-04-06"), None)],
    "missed_weight_share": [(WORK, "work worth 62% of the marks so far is missing")],
    "missed_last": [
        (WORK, "has not handed in the latest work"),
        (WORK.handed_in("c", "2026-03-25"), "handed in the latest work"),
    ],
    "handed_in_ahead": [(WORK, "pieces of work handed in ahead: 1"), (STORY.asked("a", None), None)],
    "open_soon": [
        (OPEN, "pieces of work due within 7 days and not handed in: 2"),  # and one later
        (OPEN.handed_in("at once", "2026-03-29"), "pieces of work due within 7 days and not handed in: 1"),
        (OPEN.handed_in("at once", "2026-03-20", attempt=0), "pieces of work due within 7 days and not handed in: 1"),
        (
            OPEN.extended("in a week", "2026-04-07", "2026-03-28"),
            "pieces of work due within 7 days and not handed in: 1",
        ),
        (OPEN.extended("past", "2026-04-01", "2026-03-18"), "pieces of work due within 7 days and not handed in: 3"),
        (STORY.asked("a", "2026-03-20"), "pieces of work due within 7 days and not handed in: 0"),
        (STORY.asked("a", None), None),
        (STORY, None),
    ],
    "attempts_per_work": [
        (WORK, "tries at each piece of work: 1.3"),
        (Story(granularity="daily").asked("a", "2026-03-06").handed_in("a", "2026-03-05"), None),
    ],
    "minutes_per_work": [(WORK, "25 minutes on each timed piece of work")],
    "mean_score": [(WORK, "mean score 55 of 100")],
    "lowest_score": [(WORK, "lowest score 50 of 100")],
    "last_score": [(WORK, "latest score 60 of 100")],
    "score_change": [(WORK, "latest score 5.0 points above their mean")],
    "points_share": [
        (WORK, "gathered 21% of the marks there were to have"),  # 5 and 12 of 10, 20 and 50
        (
            STORY.asked("a", "2026-03-06").handed_in("a", "2026-03-05", score=21, graded="2026-03-05"),
            "gathered 100% of the marks there were to have",
        ),
    ],
    "pre_test_score": [(TESTS, "pre-test 40 of 100")],
    "post_test_score": [(TESTS, "post-test 70 of 100")],
    "test_gain": [(TESTS, "post-test 30.0 points above the pre-test")],
    "banked_score": [
        (
            STORY.asked("a", "2026-03-06").handed_in("a", "2025-06-01", score=15, graded="2025-06-02", attempt=0),
            "carried over 75 of 100 from an earlier run",
        )
    ],
}


def test_there_is_a_situation_for_every_feature() -> None:
    assert list(SENTENCES) == find_catalogue().names


@pytest.mark.parametrize(
    ("name", "story", "sentence"),
    [
        pytest.param(name, *case, id=f"{name}-{number}")
        for name, cases in SENTENCES.items()
        for number, case in enumerate(cases)
    ],
)
def test_a_teacher_reads_what_happened(name: str, story: Story, sentence: str | None) -> None:
    assert story.says(name) == sentence
