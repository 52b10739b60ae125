"""The catalogue: every feature with its meaning, the rubric's indicator it stands for, and the words a teacher reads.

Families are the first paper's (temporal, participation, numeric) and the course's calendar; elements and indicators
are those of its Appendix B. What is of the calendar alone is never given as a reason. `direction` is what a feature can
mean for the risk at most; it is not fitted.

In meanings a day is the site's, "the last 7 days" are whole days and end with the last one before the moment, "since
the start" means since the start or since joining, whichever is later, and "a week" is one of teaching: what happens on
holidays is not counted, and their days are not either. docs/reference/time.md says it for people.
"""

from typing import Any

from components.features.acts import KINDS
from earlybell.bundle import Catalogue, Feature

PRE, POST = "pre_activity", "post_activity"
WORK, PRE_TEST, POST_TEST = "assignment_completion", "pre_test_scores", "post_test_scores"


def _temporal(name: str, title: str, unit: Any, meaning: str, words: str, **more: Any) -> Feature:
    return Feature(name, title, unit, "temporal", meaning, words, **{"changeable": True, **more})


def _numeric(name: str, title: str, unit: Any, meaning: str, words: str, **more: Any) -> Feature:
    return Feature(name, title, unit, "numeric", meaning, words, **more)


_CALENDAR = (
    Feature(
        "progress",
        "Progress of the course",
        "share",
        "calendar",
        "share of the course run that has passed, at most all of it",
        "{value} of the course has passed",
    ),
    Feature(
        "days_enrolled_before_start",
        "Days enrolled before the start",
        "days",
        "temporal",
        "days from joining to the first day of teaching; negative for those who joined late",
        "joined {value} after the start|joined {value} before the start",
        PRE,
        "attendance_confirmation",
    ),
    Feature(
        "prior_attempts",
        "Earlier attempts",
        "count",
        "numeric",
        "earlier attempts at this course",
        "earlier attempts at this course: {value}",
        direction=1,
    ),
)

_TEMPORAL = (
    _temporal(
        "days_since_activity",
        "Days since last activity",
        "days",
        "days from the last activity to now; without any, from the start or from joining",
        "no activity for {value}",
        element=PRE,
        indicator="timely_login",
        direction=1,
    ),
    _temporal(
        "active_days_per_week",
        "Active days a week",
        "per week",
        "days of teaching with activity since the start, by week of teaching: at most 7",
        "active days: {value}",
        element=PRE,
        indicator="timely_login",
        direction=-1,
    ),
    _temporal(
        "active_days_last_7",
        "Active days in the last 7",
        "count",
        "days with activity among the last 7 of the site's days",
        "active on {value} of the last 7 days",
        element=PRE,
        indicator="timely_login",
        direction=-1,
    ),
    _temporal(
        "active_days_last_28",
        "Active days in the last 28",
        "count",
        "days with activity among the last 28 of the site's days",
        "active on {value} of the last 28 days",
        element=PRE,
        indicator="timely_login",
        direction=-1,
    ),
    Feature(
        "active_days_before_start",
        "Active days before the start",
        "count",
        "temporal",
        "days with activity before the day on which teaching begins",
        "active on {value} days before the course began",
        PRE,
        "accessed_orientation_resources",
        direction=-1,
    ),
    _temporal(
        "active_weeks_share",
        "Weeks attended",
        "share",
        "share of the course run's weeks since the start with any activity, without those that are all holidays",
        "active in {value} of the weeks so far",
        element=PRE,
        indicator="attendance_confirmation",
        direction=-1,
    ),
    _temporal(
        "longest_gap_days",
        "Longest absence",
        "days",
        "longest stretch without activity since the start, the present one included",
        "longest absence {value}",
        element=PRE,
        indicator="timely_login",
        changeable=False,  # it can only grow
        direction=1,
    ),
    _temporal(
        "gap_deviation_days",
        "Irregularity",
        "days",
        "standard deviation of the days from one active day to the next, since the start",
        "pauses between active days vary by {value}",
        element=PRE,
        indicator="timely_login",
        direction=1,
    ),
    _temporal(
        "activity_trend",
        "Trend of activity",
        "ratio",
        "logarithm of clicks in the last 14 days over clicks in the 14 days before, each number with 1 added",
        "less active in the last two weeks than in the two before|at least as active in the last two weeks as before",
        direction=-1,
    ),
    _temporal(
        "weekend_share",
        "Activity at weekends",
        "share",
        "share of clicks since the start on days of the site's weekend",
        "{value} of the activity is at weekends",
    ),
    _temporal(
        "sessions_per_week",
        "Sessions a week",
        "per week",
        "stretches of activity without a pause of more than 30 minutes since the start, by week of teaching",
        "sessions: {value}",
        element=PRE,
        indicator="timely_login",
        needs="raw",
        direction=-1,
    ),
    _temporal(
        "minutes_per_session",
        "Length of a session",
        "minutes",
        "mean time from the first to the last click of a session since the start",
        "sessions last {value} on average",
        element=PRE,
        indicator="review_of_learning_materials",
        needs="raw",
    ),
    _temporal(
        "mean_delay_days",
        "Mean delay of work",
        "days",
        "mean of days from the deadline (the learner's own, if extended) to handing in; negative is early",
        "hands work in {value} before the deadline on average|hands work in {value} after the deadline on average",
        element=WORK,
        indicator="on_time_submission",
        direction=1,
    ),
    _temporal(
        "late_share",
        "Late work",
        "share",
        "share of the work handed in, of that which has a deadline, that came after it",
        "{value} of the work came late",
        element=WORK,
        indicator="on_time_submission",
        direction=1,
    ),
)

_OF_KIND = {
    "forum": ("Forum", "forum and chat", POST, "participation_in_debrief"),
    "quiz": ("Quiz", "quiz and exercise", POST, "self_assessment"),
    "material": ("Material", "reading and media", PRE, "review_of_learning_materials"),
    "assignment": ("Assignment pages", "assignment", WORK, "adherence_to_instructions"),
    "course_page": ("Course page", "course page", PRE, "timely_login"),
    "collaboration": ("Collaboration", "wiki, glossary, survey", POST, "peer_collaboration"),
    "live": ("Live sessions", "live session and attendance", PRE, "attendance_confirmation"),
}


def _of_kind(kind: str) -> Feature:
    title, what, element, indicator = _OF_KIND[kind]
    where = "views of the course and its sections" if kind == "course_page" else f"clicks on {what} ({_listed(kind)})"
    return Feature(
        f"{kind}_per_week",
        f"{title}: clicks a week",
        "per week",
        "participation",
        f"{where} since the start, by week of teaching",
        f"{what} clicks: {{value}}",
        element,
        indicator,
        changeable=True,
        direction=-1,
    )


def _listed(kind: str) -> str:
    return ", ".join(KINDS[kind])


def _participation(name: str, title: str, unit: Any, meaning: str, words: str, **more: Any) -> Feature:
    return Feature(name, title, unit, "participation", meaning, words, changeable=True, direction=-1, **more)


_PARTICIPATION = (
    *(_of_kind(kind) for kind in KINDS),
    _participation(
        "clicks_per_week",
        "Clicks a week",
        "per week",
        "all clicks since the start, by week of teaching; what Moodle writes beside an act is no click",
        "clicks: {value}",
    ),
    _participation(
        "clicks_last_7",
        "Clicks in 7 days",
        "count",
        "clicks in the last 7 of the site's days",
        "{value} clicks in the last 7 days",
    ),
    _participation(
        "clicks_last_28",
        "Clicks in 28 days",
        "count",
        "clicks in the last 28 of the site's days",
        "{value} clicks in the last 28 days",
    ),
    _participation(
        "kinds_used_last_28",
        "Kinds of activity used",
        "count",
        f"how many of {len(KINDS)} kinds of activity were used in the last 28 of the site's days",
        f"used {{value}} of {len(KINDS)} kinds of activity in the last 28 days",
    ),
    _participation(
        "forum_posts",
        "Forum posts",
        "count",
        "posts and new discussions written in the course run's forums so far",
        "forum posts written: {value}",
        element=PRE,
        indicator="participation_in_pre_discussions",
        needs="raw",
    ),
)

_NUMERIC = (
    _numeric(
        "missed_work",
        "Missed work",
        "count",
        "pieces of work whose deadline passed with nothing handed in; missing where no work has a deadline",
        "pieces of work missed: {value}",
        element=WORK,
        indicator="completeness",
        changeable=True,
        direction=1,
    ),
    _numeric(
        "missed_share",
        "Share of work missed",
        "share",
        "share of the work that was due with nothing handed in",
        "{value} of the work that was due is missing",
        element=WORK,
        indicator="completeness",
        changeable=True,
        direction=1,
    ),
    _numeric(
        "missed_weight_share",
        "Share of marks missed",
        "share",
        "share of the weight of the work that was due with nothing handed in",
        "work worth {value} of the marks so far is missing",
        element=WORK,
        indicator="completeness",
        changeable=True,
        direction=1,
    ),
    _numeric(
        "missed_last",
        "Latest work missed",
        "yes or no",
        "whether the work that was due last was not handed in",
        "handed in the latest work|has not handed in the latest work",
        element=WORK,
        indicator="on_time_submission",
        changeable=True,
        direction=1,
    ),
    _numeric(
        "handed_in_ahead",
        "Work ahead",
        "count",
        "pieces of work handed in before they were due, still to fall due; missing where no work has a deadline",
        "pieces of work handed in ahead: {value}",
        element=WORK,
        indicator="on_time_submission",
        changeable=True,
        direction=-1,
    ),
    _numeric(
        "attempts_per_work",
        "Tries a piece of work",
        "ratio",
        "mean tries of the work handed in",
        "tries at each piece of work: {value}",
        element=PRE_TEST,
        indicator="willingness_to_attempt",
        needs="raw",
        changeable=True,
    ),
    _numeric(
        "minutes_per_work",
        "Time on timed work",
        "minutes",
        "mean time on work that is timed, all tries together",
        "{value} on each timed piece of work",
        element=PRE_TEST,
        indicator="time_taken",
        needs="raw",
    ),
    _numeric(
        "mean_score",
        "Mean score",
        "score",
        "mean of the best known score of each piece of work, of 100",
        "mean score {value}",
        element=WORK,
        indicator="accuracy",
        direction=-1,
    ),
    _numeric(
        "lowest_score",
        "Lowest score",
        "score",
        "lowest known score, of 100",
        "lowest score {value}",
        element=WORK,
        indicator="accuracy",
        direction=-1,
    ),
    _numeric(
        "last_score",
        "Latest score",
        "score",
        "known score of the work due last, of 100",
        "latest score {value}",
        element=WORK,
        indicator="accuracy",
        direction=-1,
    ),
    _numeric(
        "score_change",
        "Change of scores",
        "ratio",
        "latest score less the mean score, in points of 100",
        "latest score {value} points below their mean|latest score {value} points above their mean",
        element=POST_TEST,
        indicator="improvement_in_weak_areas",
        direction=-1,
    ),
    _numeric(
        "points_share",
        "Marks gathered",
        "share",
        "weighted marks gathered, of those of the work that is graded or was missed; at most all of them",
        "gathered {value} of the marks there were to have",
        element=WORK,
        indicator="application_of_learning",
        changeable=True,
        direction=-1,
    ),
    _numeric(
        "pre_test_score",
        "Pre-test",
        "score",
        "score of the pre-test, of 100",
        "pre-test {value}",
        element=PRE_TEST,
        indicator="raw_score",
        direction=-1,
    ),
    _numeric(
        "post_test_score",
        "Post-test",
        "score",
        "score of the post-test, of 100",
        "post-test {value}",
        element=POST_TEST,
        indicator="accuracy",
        direction=-1,
    ),
    _numeric(
        "test_gain",
        "Gain from pre-test to post-test",
        "ratio",
        "post-test less pre-test, in points of 100",
        "post-test {value} points below the pre-test|post-test {value} points above the pre-test",
        element=POST_TEST,
        indicator="score_improvement",
        direction=-1,
    ),
    _numeric(
        "banked_score",
        "Score of an earlier run",
        "score",
        "mean score of work banked from an earlier run: prior knowledge",
        "carried over {value} from an earlier run",
        direction=-1,
    ),
)

CATALOGUE = Catalogue("2", (*_CALENDAR, *_TEMPORAL, *_PARTICIPATION, *_NUMERIC))
