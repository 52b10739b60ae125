"""What a learner does, and how much of it."""

from typing import Any

from components.features.acts import KINDS
from components.features.conditional import value_where
from components.features.families import POST, PRE, WORK, Definition, Family, Reach, Value, a_week
from earlybell.bundle import Feature


def _participation(
    name: str, title: str, unit: Any, meaning: str, words: str, *, value: Value, reach: Reach = "start", **more: Any
) -> Definition:
    feature = Feature(name, title, unit, "participation", meaning, words, changeable=True, direction=-1, **more)
    return Definition(feature, value, reach)


_OF_KIND = {
    "forum": ("Forum", "forum and chat", POST, "participation_in_debrief"),
    "quiz": ("Quiz", "quiz and exercise", POST, "self_assessment"),
    "material": ("Material", "reading and media", PRE, "review_of_learning_materials"),
    "assignment": ("Assignment pages", "assignment", WORK, "adherence_to_instructions"),
    "course_page": ("Course page", "course page", PRE, "timely_login"),
    "collaboration": ("Collaboration", "wiki, glossary, survey", POST, "peer_collaboration"),
    "live": ("Live sessions", "live session and attendance", PRE, "attendance_confirmation"),
}


def _of_kind(kind: str) -> Definition:
    title, what, element, indicator = _OF_KIND[kind]
    where = "views of the course and its sections" if kind == "course_page" else f"clicks on {what} ({_listed(kind)})"
    return _participation(
        f"{kind}_per_week",
        f"{title}: clicks a week",
        "per week",
        f"{where} since the start, by week of teaching",
        f"{what} clicks: {{value}}",
        element=element,
        indicator=indicator,
        value=lambda t: a_week(t, t[f"{kind}_clicks"]),
    )


def _listed(kind: str) -> str:
    return ", ".join(KINDS[kind])


FAMILY = Family(
    "participation",
    (
        *(_of_kind(kind) for kind in KINDS),
        _participation(
            "clicks_per_week",
            "Clicks a week",
            "per week",
            "all clicks since the start, by week of teaching; what Moodle writes beside an act is no click",
            "clicks: {value}",
            value=lambda t: a_week(t, t.clicks),
        ),
        _participation(
            "clicks_last_7",
            "Clicks in 7 days",
            "count",
            "clicks in the last 7 of the site's days",
            "clicks in the last 7 days: {value}",
            reach="7 days",
            value=lambda t: t.clicks_7.fill_null(0.0),
        ),
        _participation(
            "clicks_last_28",
            "Clicks in 28 days",
            "count",
            "clicks in the last 28 of the site's days",
            "clicks in the last 28 days: {value}",
            reach="28 days",
            value=lambda t: t.clicks_28.fill_null(0.0),
        ),
        _participation(
            "kinds_used_last_28",
            "Kinds of activity used",
            "count",
            f"how many of {len(KINDS)} kinds of activity were used in the last 28 of the site's days",
            f"used {{value}} of {len(KINDS)} kinds of activity in the last 28 days",
            most=float(len(KINDS)),
            reach="28 days",
            value=lambda t: t.kinds_used.fill_null(0.0),
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
            value=lambda t: value_where(t.forum_posts.fill_null(0.0), t.raw),
        ),
    ),
    order=3,
)
