"""Enrolments and their times, which of Moodle's own functions a custom report alone tells, as texts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

import msgspec

from components.extract.moodle_db.workspace import Workspace
from components.extract.moodle_web.address import Address
from components.extract.moodle_web.client import Client
from earlybell.errors import SourceError

PAGE = 200  # rows of a page
COLUMNS = {  # of the source "Course participants": titles as Moodle has them in English, and ours
    "course": ("Course short name with link", "Course full name with link"),
    "user": ("Full name with link",),
    "created": ("Time created",),
    "started": ("Time started",),
    "ended": ("Time ended",),
    "status": ("Status",),
}
_TIME = "%A, %d %B %Y, %I:%M %p"  # as Moodle writes it in English
_ID = re.compile(r"[?&;]id=(\d+)")
_MADE = (
    "Make it of the source Course participants with the columns that docs/how-to/connect-moodle-web-services.md lists."
)


class _Row(msgspec.Struct):
    columns: list[str | None]


class _Data(msgspec.Struct):
    headers: list[str]
    rows: list[_Row]
    totalrowcount: int


class _Report(msgspec.Struct):
    data: _Data


@dataclass(frozen=True)
class _Enrolment:
    """Times are in seconds since 1970, 0 where there is none."""

    course: int
    user: int
    created: int
    started: int
    ended: int
    status: str


def read_enrolments(
    workspace: Workspace, client: Client, address: Address, people: Mapping[int, Sequence[int]]
) -> None:
    """Fill `enrol` and `user_enrolments` of the people of courses, from the report where the address names one.

    Raises:
        SourceError: the report cannot be read.
    """
    report = address.options.report
    enrolments = [*_of_report(client, report)] if report else []
    known = {(enrolment.course, enrolment.user) for enrolment in enrolments}
    others = ((course, user) for course, users in people.items() for user in users if (course, user) not in known)
    enrolments += [_Enrolment(course, user, 0, 0, 0, "Active") for course, user in others]
    wanted = {(course, user) for course, users in people.items() for user in users}
    # Each course has two methods of enrolment, of which one is off.
    methods = [(2 * course + off, course, off) for course in people for off in (0, 1)]
    workspace.insert("enrol (id, courseid, status)", methods)
    rows = [
        (2 * e.course + _is_off(e), e.user, int(e.status == "Suspended"), e.started, e.ended, e.created, 0)
        for e in enrolments
        if (e.course, e.user) in wanted
    ]
    columns = "enrolid, userid, status, timestart, timeend, timecreated, timemodified"
    workspace.insert(f"user_enrolments ({columns})", rows)


def _is_off(enrolment: _Enrolment) -> bool:
    """Whether its method is off: nothing else makes one that has not ended, and is not suspended, count for nothing."""
    return enrolment.status == "Not current" and not enrolment.ended


def _of_report(client: Client, report: int) -> Iterator[_Enrolment]:
    page, rows = 0, 0
    while True:
        data = client.call("core_reportbuilder_retrieve_report", _Report, reportid=report, page=page, perpage=PAGE).data
        at = _places(client, report, data.headers)
        for row in data.rows:
            values = {name: (row.columns[place] or "").strip() for name, place in at.items()}
            if values["user"]:  # a course without anybody has a row, too
                yield _enrolment(client, report, values)
        page, rows = page + 1, rows + len(data.rows)
        if not data.rows or rows >= data.totalrowcount:
            return


def _places(client: Client, report: int, titles: Sequence[str]) -> dict[str, int]:
    """Where each of our columns is."""
    places = {
        name: next((index for index, title in enumerate(titles) if title in known), -1)
        for name, known in COLUMNS.items()
    }
    if missing := [COLUMNS[name][0] for name, place in places.items() if place < 0]:
        raise SourceError(f"{client}: columns are missing in the custom report {report}", ", ".join(missing), _MADE)
    return places


def _enrolment(client: Client, report: int, values: Mapping[str, str]) -> _Enrolment:
    course, user = (_ID.search(values[name]) for name in ("course", "user"))
    if not course or not user:
        _refuse(client, report, "a link without an id", _MADE)
    created, started, ended = (_seconds(client, report, values[name]) for name in ("created", "started", "ended"))
    return _Enrolment(int(course[1]), int(user[1]), created, started, ended, values["status"])


def _seconds(client: Client, report: int, text: str) -> int:
    if not text:
        return 0
    try:
        return int(datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp())
    except ValueError:
        shape = re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", text))
        way_out = "Set the language of the token's user to English, and leave Moodle's formats of times as they are."
        _refuse(client, report, shape, way_out)


def _refuse(client: Client, report: int, value: str, way_out: str) -> NoReturn:
    raise SourceError(f"{client}: the custom report {report} cannot be read", value, way_out)
