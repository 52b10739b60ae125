"""Which courses of a site are course runs to read, what ties them together, and when each begins and ends."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from components.extract.moodle_db.address import Address, CodeRule, SiteOptions
from components.extract.moodle_db.databases import Database
from components.extract.moodle_db.site import Site, read_site
from components.extract.moodle_db.structure import SITE
from components.extract.moodle_db.workspace import Workspace
from components.extract.moodle_log.calendar import Calendar, Seen, calendars
from components.extract.moodle_log.statements import Statement
from components.extract.teaching import teaching
from earlybell.counts import counted
from earlybell.errors import SourceError

_MULTILANG = (
    re.compile(r"<span[^>]*multilang[^>]*>(.*?)</span>(?:\s*<span[^>]*multilang[^>]*>.*?</span>)*", re.DOTALL),
    re.compile(r"\{mlang [^}]*\}(.*?)\{mlang\}(?:\s*\{mlang [^}]*\}.*?\{mlang\})*", re.DOTALL),
)

_FIELD = """
SELECT d.instanceid, d.value FROM customfield_data d JOIN customfield_field f ON f.id = d.fieldid
JOIN customfield_category c ON c.id = f.categoryid
WHERE c.component = 'core_course' AND c.area = 'course' AND f.shortname = ? AND d.value <> ''"""


@dataclass(frozen=True)
class Course:
    """A course of the site that is read as a course run.

    Attributes:
        id: Moodle's.
        code: of the course that it is a run of.
        tied: whether the rule gave the code; else it is its short name.
        starts, ends: Moodle's own dates; None where they are not set, or the end is not after the start.
    """

    id: int
    shortname: str
    code: str
    tied: bool
    starts: datetime | None
    ends: datetime | None


@dataclass(frozen=True)
class Choice:
    """The courses that are read, and how many are not: those without a calendar that their learners share."""

    courses: Sequence[Course]
    relative: int


@dataclass(frozen=True)
class Dates:
    """When a run begins and ends, in UTC, and whether it is over; `estimated` where Moodle does not say."""

    starts: datetime
    ends: datetime | None
    over: bool
    estimated: bool
    because: str


def copy_site(workspace: Workspace, database: Database, address: Address) -> tuple[Site, Choice]:
    """Copy what tells of the site as a whole; what it says of itself, and the courses that the address asks for.

    Raises:
        SourceError: the database cannot be read, is no Moodle that can be, or has no such course.
    """
    site = read_site(database, address.options.prefix)
    for table in SITE:
        workspace.copy(database, site, table, address.options.prefix)
    return site, choose(workspace, address.options, str(address))


def choose(workspace: Workspace, options: SiteOptions, place: str) -> Choice:
    """The courses that the address asks for.

    Raises:
        SourceError: there is none.
    """
    rows = workspace.sql(
        "SELECT c.id, shortname, coalesce(idnumber, ''), category, coalesce(path, ''), moment_of(startdate), "
        "moment_of(enddate), relativedatesmode FROM course c LEFT JOIN course_categories k ON k.id = category "
        "WHERE category <> 0 ORDER BY startdate, c.id"
    )
    fields = _fields(workspace, options.code, place)
    wanted = [row for row in rows if _asked_for(options, row[1], row[4], row[5])]
    courses = []
    for course, name, idnumber, category, _, starts, ends, relative in wanted:
        shortname = _in_one_language(name)
        code = _code(options.code, shortname, idnumber, category, fields.get(course, ""))
        if not relative:  # there the calendar is each learner's own
            end = ends if ends and (not starts or ends > starts) else None
            courses.append(Course(course, shortname, code or shortname, bool(code), starts, end))
    if not courses:
        way_out = "Look at the options category, match and since."
        raise SourceError(
            f"{place}: no course is asked for", f"{counted(len(rows), 'course is', 'courses are')} there", way_out
        )
    return Choice(courses, len(wanted) - len(courses))


def date_runs(
    workspace: Workspace, site: Site, courses: Sequence[Course], zone: str, graded: set[int]
) -> dict[int, Dates]:
    """The dates of each run: Moodle's, else an estimate from its learners' acts, as `moodle-log` makes it.

    Args:
        graded: the runs that have final grades and a pass mark.
    """
    today = _day(site.moment, zone)
    seen = {str(course.id): _seen(workspace, course, zone, today, course.id in graded) for course in courses}
    statements = {str(course.id): _statement(course, zone, site.moment) for course in courses}
    estimates = calendars(seen, statements, {str(course.id): course.code for course in courses}, today)
    return {
        course.id: _dates(course, estimates[str(course.id)], zone) for course in courses if str(course.id) in estimates
    }


def _in_one_language(name: str) -> str:
    """A name as it stands, but for what the multi-language filters choose from: of that the first language."""
    for pattern in _MULTILANG:
        name = pattern.sub(r"\1", name)
    return name.strip()


def _asked_for(options: SiteOptions, shortname: str, path: str, starts: datetime | None) -> bool:
    above = {int(number) for number in path.split("/") if number}
    return (
        (not options.category or bool(above & set(options.category)))
        and (options.match is None or re.search(options.match, shortname) is not None)
        and (options.since is None or (starts is not None and starts.date() >= options.since))
    )


def _fields(workspace: Workspace, rule: CodeRule | None, place: str) -> dict[int, str]:
    """The value of the custom field, by course.

    Raises:
        SourceError: there is no such field.
    """
    if rule is None or rule.by != "field":
        return {}
    if not workspace.sql("SELECT 1 FROM customfield_field WHERE shortname = ?", [rule.detail]):
        names = ", ".join(name for (name,) in workspace.sql("SELECT shortname FROM customfield_field ORDER BY 1"))
        way_out = "Name a custom field of courses by its short name."
        raise SourceError(f"{place}: courses have no custom field {rule.detail}", names or "no field", way_out)
    return {course: str(value).strip() for course, value in workspace.sql(_FIELD, [rule.detail])}


def _code(rule: CodeRule | None, shortname: str, idnumber: str, category: int, field: str) -> str:
    if rule is None:
        return ""
    if rule.by == "category":
        return f"category-{category}"
    if rule.by == "field":
        return field
    matched = re.search(rule.detail, shortname if rule.by == "shortname" else idnumber)
    return (matched[1] if matched.re.groups else matched[0]) or "" if matched else ""


def _statement(course: Course, zone: str, moment: datetime) -> Statement:
    return Statement(
        starts_at=_day(course.starts, zone) if course.starts else None,
        ends_at=_day(course.ends, zone) if course.ends else None,
        running=course.ends > moment if course.ends else None,
    )


def _seen(workspace: Workspace, course: Course, zone: str, today: date, has_grades: bool) -> Seen:
    """What a run without dates shows; of a run that has them nothing is asked."""
    if course.starts and course.ends:
        return Seen(None, None, None, today, has_grades)
    columns = workspace.connection.execute(
        "SELECT DISTINCT local_of(occurred_at, ?)::DATE AS day, userid FROM acts WHERE course = ?", [zone, course.id]
    ).fetchnumpy()
    days = np.asarray(columns["day"], dtype="datetime64[D]")
    learners = np.unique(columns["userid"], return_inverse=True)[1]
    first, last = (days.min().item(), days.max().item()) if len(days) else (None, None)
    return Seen(teaching(days, learners), first, last, today, has_grades)


def _dates(course: Course, estimate: Calendar, zone: str) -> Dates:
    first, after = estimate.midnights()
    starts = course.starts or _utc(first, zone)
    ends = course.ends or (_utc(after, zone) if after else None)
    return Dates(starts, ends, estimate.over, not (course.starts and course.ends), estimate.because)


def _day(moment: datetime, zone: str) -> date:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def _utc(local: datetime, zone: str) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
