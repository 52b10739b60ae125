"""What is said of the reports that were read: what was left out and why, and how each course run was understood."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from components.extract.moodle_log import actors, members
from components.extract.moodle_log import acts as log_acts
from components.extract.moodle_log.calendar import UNDER_WAY, Calendar, Seen
from components.extract.moodle_log.grading import Grade, Threshold, all_alike, score
from components.extract.moodle_log.members import Membership
from earlybell.counts import counted

_WHY_NOT = {
    log_acts.AUTOMATIC: "{} of the system (origin cli, restore or cron) left out.",
    actors.NOBODYS: "{} of nobody left out.",
    actors.LOGGED_IN_AS: "{} of somebody who was logged in as another user left out.",
    actors.DELETED: "{} of users who are no more (a dash for a name) left out.",
    actors.GUEST: "{} of guests left out.",
    actors.SEVERAL: "{} that may be of several people of one name, and state no id, left out.",
    log_acts.SITE: "{} of the site, as its front page, and not of the course left out.",
    log_acts.OTHER_COURSE: "{} of another course left out: export the course's own log.",
}
_NO_LEARNERS = {
    members.STAFF: "{} of the log left out: staff, by their acts or by the list of participants.",
    members.ADMIN: "{} of the log left out: the site's first administrator (id 2).",
    members.NO_LONGER: "{} acting as a learner left out: on no list, so suspended or no longer enrolled; no outcome.",
    members.UNLISTED: "{} of the log left out: on no list of learners (staff, guests).",
}


@dataclass(frozen=True)
class Outside:
    """Learners' events before a run's first day, or after its last."""

    events: int
    learners: int


@dataclass(frozen=True)
class Run:
    """How a course run was understood, by its folder."""

    name: str
    membership: Membership
    calendar: Calendar
    seen: Seen
    grades: Sequence[Grade]
    threshold: Threshold | None
    stated: bool  # its end, or that it is under way
    before: Outside
    after: Outside


def of_source(zones: Sequence[str], unnamed: int) -> Iterator[str]:
    """What holds for all course runs; `unnamed` rows do not state an id."""
    yield (
        "it has no due dates and no times of grading: there are no assessments and no submissions, and grades serve as "
        "the outcome only. Where the log has no enrolment, dates of enrolment are the run's start, or the first act "
        "before it."
    )
    yield f"times are those of {', '.join(zones)} (timezone)."
    if unnamed:
        yield f"{counted(unnamed, 'event')} without their user's id: these learners are told apart by full name."


def of_rows(causes: Mapping[str, int]) -> list[str]:
    """What rows are left out."""
    return [text.format(counted(causes[cause], "row")) for cause, text in _WHY_NOT.items() if causes.get(cause)]


def of_people(left_out: Counter[str]) -> list[str]:
    """Who acts in the log and is no learner."""
    return [
        text.format(counted(left_out[cause], "person", "people"))
        for cause, text in _NO_LEARNERS.items()
        if left_out[cause]
    ]


def of_run(run: Run) -> list[str]:
    """How a course run was understood."""
    return [*_of_calendar(run), *_of_membership(run), *_of_grades(run)]


def _of_calendar(run: Run) -> Iterator[str]:
    dates, taught = run.calendar, run.seen.taught
    ends = f"ends on {dates.ends}" if dates.over else f"counts as under way, as {dates.because}"
    yield f"{run.name} begins on {dates.starts} and {ends} (to say otherwise: starts_at, ends_at, running)."
    for outside, where in ((run.before, "before the first"), (run.after, "after the last")):
        if outside.events:
            whose = f"{counted(outside.events, 'event')} of {counted(outside.learners, 'learner')}"
            yield f"{whose} of {run.name} {where} day of teaching kept."
    if taught and taught.rival:
        yield (
            f"{run.name} has a second stretch of activity, {taught.rival.first} to {taught.rival.last}, nearly as "
            f"full as {taught.main.first} to {taught.main.last}. If it is another course run, give it a folder of its "
            "own; if both are one, state starts_at and ends_at."
        )


def of_doubt(run: Run) -> Iterator[str]:
    """What would be read wrongly if it is as it may be: a run under way as if it were over, staff as learners."""
    if run.calendar.over and not run.stated and _until_last(run.seen):
        yield (
            f"nothing shows that {run.name} is over: its log ends on {run.seen.until}, with its teaching. "
            "If it is under way, its grades are no outcomes yet: state running=yes, or its end (ends_at)."
        )
    if not run.membership.listed:
        yield (
            f"{run.name} has no list of participants and no grade book: who acts in the log is taken for a learner, "
            "but for those who act as staff do. Add an export of the participants."
        )


def _until_last(seen: Seen) -> bool:
    """Whether nothing shows that a log goes on after the run: neither its rows nor a day of export."""
    if seen.taught is None or seen.until is None or seen.exported_on:
        return False
    return (seen.until - seen.taught.main.last).days < UNDER_WAY


def _of_membership(run: Run) -> Iterator[str]:
    membership = run.membership
    if ambiguous := len(membership.ambiguous):
        whose = counted(ambiguous, "person", "people")
        yield f"{whose} of the lists of {run.name} left out: their name is that of several in the log."
    if alike := membership.alike:
        whose = counted(len(alike), "person", "people")
        yield f"{whose} of the lists of {run.name} told by a name in the log that is only alike: see that it is theirs."
    if twins := len(membership.twins):
        whose = f"{counted(twins, 'learner')} of {run.name} of the same name"
        yield f"{whose}: they are there without an outcome. A column User ID in the list tells them apart."
    if left := sum(member.unenrolled_at is not None for member in membership.members):
        whose = f"{counted(left, 'learner')} of {run.name} unenrolled"
        yield f"{whose}: the outcome is withdrawn, or none after the run's end." if run.calendar.over else f"{whose}."
    if never := membership.never_came:
        yield f"{counted(never, 'learner')} of {run.name} never came: there without activity."


def _of_grades(run: Run) -> Iterator[str]:
    scores = [score(grade, run.threshold) for grade in run.grades]
    known_scores = [value for value in scores if value is not None]
    if len(known_scores) < len(scores):
        unknown = counted(len(scores) - len(known_scores), "learner")
        yield f"{unknown} of the grade book of {run.name} without a final grade, and so without an outcome."
    if not known_scores:
        return
    limit = run.threshold
    if limit and run.calendar.over:
        failed, unit = sum(value < limit.value for value in known_scores), "%" if limit.in_percent else ""
        grades = counted(len(known_scores), "final grade")
        yield f"{failed:,} of {grades} of {run.name} below the pass mark of {limit.value:g}{unit}."
        if alike := all_alike(run.name, known_scores, limit.value):
            yield alike
    else:
        why = "the run is under way" if limit else "no pass mark is given (pass_mark)"
        yield f"the grade book of {run.name} says who the learners are; its grades are no outcomes, as {why}."
