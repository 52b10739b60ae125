"""Moodle's own words for what learners do, as the standard log store keeps them."""

from typing import NamedTuple

NOTHING = "nothing"
MATERIALS = ("page", "resource", "url", "book", "forum", "meeting", "feedback")


class Verb(NamedTuple):
    """One kind of event. `share` of a session's events; `about` the kind of object it acts on."""

    component: str
    action: str
    target: str
    share: float
    about: str


# From passive to active: the more engaged a learner, the further down. The last ones come with work handed in alone.
VERBS = (
    Verb("core", "viewed", "course", 0.18, NOTHING),
    Verb("mod_resource", "viewed", "course_module", 0.13, "resource"),
    Verb("mod_page", "viewed", "course_module", 0.12, "page"),
    Verb("mod_url", "viewed", "course_module", 0.06, "url"),
    Verb("gradereport_user", "viewed", "grade_report", 0.04, NOTHING),
    Verb("mod_book", "viewed", "chapter", 0.07, "book"),
    Verb("mod_assign", "viewed", "course_module", 0.10, "assignment"),
    Verb("mod_quiz", "viewed", "course_module", 0.08, "quiz"),
    Verb("mod_forum", "viewed", "course_module", 0.05, "forum"),
    Verb("mod_forum", "viewed", "discussion", 0.09, "forum"),
    Verb("mod_bigbluebuttonbn", "viewed", "course_module", 0.02, "meeting"),
    Verb("mod_bigbluebuttonbn", "joined", "meeting", 0.02, "meeting"),
    Verb("mod_feedback", "submitted", "response", 0.01, "feedback"),
    Verb("mod_forum", "created", "post", 0.02, "forum"),
    Verb("mod_forum", "created", "discussion", 0.01, "forum"),
    Verb("mod_assign", "viewed", "submission_form", 0.0, "assignment"),
    Verb("mod_assign", "submitted", "assessable", 0.0, "assignment"),
    Verb("mod_quiz", "started", "attempt", 0.0, "quiz"),
    Verb("mod_quiz", "submitted", "attempt", 0.0, "quiz"),
    Verb("mod_quiz", "reviewed", "attempt", 0.0, "quiz"),
)


def verb(component: str, action: str, target: str) -> int:
    """Where a kind of event stands in `VERBS`."""
    return next(place for place, verb in enumerate(VERBS) if verb[:3] == (component, action, target))
