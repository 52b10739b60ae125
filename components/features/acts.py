"""What an event is: of which kind, a click of the learner's own or a by-product, a forum post.

Lists of words are one text, cut into regions of one length, in which a word is looked for: where it stands tells its
region. An engine does that once for each distinct word of a column, where it would do an IN or a CASE for each row.
"""

from collections.abc import Sequence
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

KINDS: dict[str, tuple[str, ...]] = {
    "forum": ("mod_forum", "mod_hsuforum", "mod_chat"),
    "quiz": ("mod_quiz", "mod_h5pactivity", "mod_lesson", "mod_scorm"),
    "material": ("mod_resource", "mod_url", "mod_page", "mod_book", "mod_folder", "mod_label", "mod_imscp"),
    "assignment": (
        "mod_assign",
        "mod_workshop",
        "mod_turnitintooltwo",
        "assignsubmission_file",
        "assignsubmission_onlinetext",
        "assignsubmission_comments",
    ),
    "course_page": ("core",),
    "collaboration": (
        "mod_wiki",
        "mod_glossary",
        "mod_data",
        "mod_choice",
        "mod_feedback",
        "mod_questionnaire",
        "mod_survey",
    ),
    "live": ("mod_bigbluebuttonbn", "mod_zoom", "mod_attendance"),
}
COURSE_PAGES = ("course", "section", "course_section")  # viewed, of core: its other pages are profiles, lists, logins
POSTS = ("post", "discussion")  # created, in a forum: a new discussion's first post has no event of its own


class ByProduct(NamedTuple):
    """An event that Moodle writes by itself beside a learner's act: the learner was there, and clicked once."""

    action: str
    target: str
    why: str


BY_PRODUCTS = (
    ByProduct("updated", "course_module_completion", "an activity is ticked off when it is viewed or handed in"),
    ByProduct("completed", "course", "the last tick of a course's completion"),
    ByProduct("awarded", "badge", "a badge follows from what was done"),
    ByProduct("created", "competency_evidence", "evidence of a competency follows from what was done"),
    ByProduct("created", "discussion_subscription", "who posts in a discussion is subscribed to it"),
    ByProduct("created", "subscription", "who joins is subscribed to the course's forums"),
    ByProduct("uploaded", "assessable", "content for a plagiarism check, beside the post or the submission itself"),
    ByProduct("accepted", "statement", "the box above the button that hands an assignment in"),
    ByProduct("added", "tag", "the tags of a post, beside the post itself"),
    ByProduct("autosaved", "attempt", "an open quiz saves itself every minute"),
    ByProduct("updated", "attempt", "a quiz saves the page that is left, beside the view of the next"),
    ByProduct("graded", "user", "a quiz grades itself when it is handed in"),
    ByProduct("submitted", "scoreraw", "a SCORM package reports its score while it plays"),
    ByProduct("submitted", "status", "a SCORM package reports its status while it plays"),
    ByProduct("sent", "notification", "a message that an act sets off"),
    ByProduct("assigned", "role", "who enrols themselves gets the learner's role"),
    ByProduct("added", "group_member", "who enrols themselves may be put into a group"),
    ByProduct("started", "tour", "a tour of Moodle's own pages opens by itself"),
    ByProduct("shown", "step", "a tour of Moodle's own pages opens by itself"),
    ByProduct("ended", "tour", "a tour of Moodle's own pages opens by itself"),
)


def _regions(pairs: Sequence[tuple[str, str]]) -> list[tuple[set[str], set[str]]]:
    """Actions and targets such that each pair's are in one region, and no word is in two.

    So whether two words are a pair is whether their regions are the same. Of the other pairs in a region none is an
    event of Moodle's: a test holds that.
    """
    regions: list[tuple[set[str], set[str]]] = []
    for action, target in pairs:
        actions, targets = {action}, {target}
        for region in [region for region in regions if action in region[0] or target in region[1]]:
            regions.remove(region)
            actions, targets = actions | region[0], targets | region[1]
        regions.append((actions, targets))
    return regions


# A course is viewed and completed, so its pages are in the region of completions: a word can be found in one alone.
REGIONS = _regions([*(("completed", page) for page in COURSE_PAGES), *(pair[:2] for pair in BY_PRODUCTS)])
_VIEWED, _FIRST = 1, 2  # of the actions' regions that of views, and the first of by-products

# What an event is, as bits of one number, which an engine sorts and carries cheaper than columns. The lowest: no kind.
_KIND = {kind: number for number, kind in enumerate(KINDS, 1)}
_POST = len(KINDS) + 1
_ANY_KIND = sum(1 << number for number in _KIND.values())


def with_acts(events: ir.Table) -> ir.Table:
    """Events with `clicks` (0 of a by-product) and `what` each is, for `is_of`, `is_post` and `kinds_among`; without
    their words."""
    kinds = [_text(components) for components in KINDS.values()]
    actions = [_text(sorted(actions)) for actions, _ in REGIONS]
    targets = [_text(sorted(targets)) for _, targets in REGIONS]
    t = events.select(
        "course_id",
        "learner_id",
        "occurred_at",
        "count",
        kind=(ibis.literal(1) << _region(["", *kinds], events.component)).cast("int16"),
        action=_region(["", ",viewed,", *actions], events.action),
        # A region later than the actions', so that no two words that are nowhere are a pair.
        target=_region(["", "", "", *targets, _text(POSTS)], events.target),
    )
    views = (t.action == _VIEWED) & (t.target == _region_of("completed") + 1)
    posts = (t.action == _region_of("created")) & (t.target == _FIRST + len(REGIONS) + 1)
    own, views, posts = (condition.cast("int16") for condition in (t.target - t.action != 1, views, posts))
    course_page = 1 << _KIND["course_page"]
    what = (t.kind & (views * course_page + ~course_page)) * own + posts * (1 << _POST)
    clicks = t["count"].cast("float64") * own.cast("float64")
    return t.select("course_id", "learner_id", "occurred_at", clicks=clicks, what=what.cast("int16"))


def is_of(what: ir.IntegerValue, kind: str) -> ir.FloatingValue:
    """1.0 where it is of the kind, else 0.0."""
    return bit(what, _KIND[kind])


def is_post(what: ir.IntegerValue) -> ir.FloatingValue:
    """1.0 where a post was written in a forum, else 0.0."""
    return bit(what, _POST) * is_of(what, "forum")


def kinds_among(what: ir.IntegerValue) -> ir.IntegerValue:
    """How many kinds there are among several."""
    return _bit_count(_bit_or(what.cast("int64")) & _ANY_KIND)


def bit(number: ir.IntegerValue, place: int) -> ir.FloatingValue:
    """1.0 or 0.0, as the bit at this place of a number is."""
    value: ir.FloatingValue = ((number >> place) & 1).cast("float64")
    return value


@ibis.udf.agg.builtin(name="bit_or", signature=(("int64",), "int64"))  # type: ignore[untyped-decorator]
def _bit_or(number: int) -> int:  # type: ignore[empty-body]
    """The engines' own function."""


@ibis.udf.scalar.builtin(name="bit_count", signature=(("int64",), "int64"))  # type: ignore[untyped-decorator]
def _bit_count(number: int) -> int:  # type: ignore[empty-body]
    """The engines' own function."""


@ibis.udf.scalar.builtin(name="instr", signature=(("string", "string"), "int64"))  # type: ignore[untyped-decorator]
def _instr(text: str, word: str) -> int:  # type: ignore[empty-body]
    """The engines' own function: where a word begins in a text, from 1; 0: nowhere."""


def _region_of(action: str) -> int:
    return next(number for number, (actions, _) in enumerate(REGIONS, _FIRST) if action in actions)


def _region(texts: Sequence[str], name: ir.StringValue) -> ir.IntegerValue:
    """Which of the texts has the word, from 0; the first, too, if none has."""
    bits = max(map(len, texts)).bit_length()  # a region of a power of 2, so that a shift tells where a word stands
    return _instr("".join(text.ljust(1 << bits) for text in texts).rstrip(), "," + name + ",") >> bits


def _text(words: Sequence[str]) -> str:
    return f",{','.join(words)},"
