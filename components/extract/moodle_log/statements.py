"""What a site states beside its exports: as options of the source's address, or for each course run in `courses.csv`.

    moodle-log:DIR?pass_mark=50%&timezone=Europe/Berlin&weekend=fri,sat

What courses.csv says of a course run comes before the address.
"""

import calendar
import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Self

from components.extract.addresses import Reader, read_day, read_options
from components.extract.headers import is_before_header, stated_delimiter
from earlybell.errors import SettingError
from earlybell.tables.schema import NO_WEEKEND, WEEKDAYS
from earlybell.tables.zones import known_zones

COURSES = "courses.csv"  # beside the export: a row for each course run
_FULL = dict(zip(WEEKDAYS, map(str.lower, calendar.day_name), strict=True))
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True)
class PassMark:
    """The final grade below which a learner has failed: in points of the course total, or in percent of its maximum."""

    value: float
    percent: bool = False

    @classmethod
    def read(cls, text: str, where: str) -> Self:
        """
        Raises:
            SettingError: it is neither a number nor a percentage.
        """
        matched = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*(%?)", text.strip())
        if not matched or (matched[2] and float(matched[1].replace(",", ".")) > 100):
            raise SettingError(f"{where} is no mark", text, "In points, as 50 or 4.5, or in percent, as 50%.")
        return cls(float(matched[1].replace(",", ".")), bool(matched[2]))

    def __str__(self) -> str:
        return f"{self.value:g}{'%' if self.percent else ''}"


@dataclass(frozen=True)
class Statement:
    """What is stated of a course run; None where nothing is.

    Attributes:
        pass_mark: below it a final grade is a fail; without it grades are no outcomes.
        max_grade: the highest possible course total, in points.
        timezone: IANA name of the clock that the export's times are of.
        weekend: as `fri,sat`.
        starts_at, ends_at: first and last day of teaching.
        complete_from, complete_until: first and last day of which all records are there; None: of every day.
        running: True while the course is under way: its grades are not final. False once it is over.
        course_id, code: names of the course run, and of the course that its runs share.
    """

    pass_mark: PassMark | None = None
    max_grade: float | None = None
    timezone: str | None = None
    weekend: str | None = None
    starts_at: date | None = None
    ends_at: date | None = None
    complete_from: date | None = None
    complete_until: date | None = None
    running: bool | None = None
    course_id: str | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        if self.starts_at and self.ends_at and self.ends_at < self.starts_at:
            dates = f"{self.starts_at} to {self.ends_at}"
            raise SettingError("ends_at is before starts_at", dates, "State the first and the last day of teaching.")
        if self.complete_from and self.complete_until and self.complete_until < self.complete_from:
            dates = f"{self.complete_from} to {self.complete_until}"
            raise SettingError("complete_until is before complete_from", dates, "State the first and the last day.")

    @property
    def whole(self) -> tuple[datetime | None, datetime | None]:
        """The first moment, and the first one after, of the days whose records are all there, by the site's clock."""
        ends = self.complete_from, self.complete_until and self.complete_until + timedelta(days=1)
        since, until = (None if day is None else datetime.combine(day, datetime.min.time()) for day in ends)
        return since, until

    def over(self, other: "Statement") -> "Statement":
        """This statement, with the other's where this one says nothing."""
        return replace(
            other, **{field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        )

    @classmethod
    def read(cls, texts: Mapping[str, str], where: str) -> Self:
        """The statement that options or a row of courses.csv make; empty texts say nothing.

        Raises:
            SettingError: there is no such option, or its value is none of its kind.
        """
        way_out = f"There are {', '.join(_READERS)}; courses.csv has the column folder besides."
        return read_options(cls, texts, _READERS, where, way_out)


def read_courses(path: Path, label: str) -> dict[str, Statement]:
    """What a `courses.csv` states, by folder of a course run; the key is "" where it has no column `folder`.

    Raises:
        SettingError: it is no such table, or a value is none of its kind.
    """
    statements: dict[str, Statement] = {}
    for number, texts in _rows(path, label):
        folder = texts.pop("folder", "").rstrip("/")
        if folder in statements:
            way_out = "Give each course run one row, with the name of its folder in the column folder."
            raise SettingError(f"{label} has two rows for one course run", folder or "no folder", way_out)
        statements[folder] = Statement.read(texts, f"{label}, row {number}")
    return statements


def _rows(path: Path, label: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The number of each row that is not empty, and its texts by column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingError(f"{label} is not in UTF-8", str(error), "Save it as CSV UTF-8.") from None
    lines = text.splitlines()
    before = list(takewhile(is_before_header, lines))
    first = "".join(lines[len(before) :][:1])
    delimiter = stated_delimiter(before) or max(",;\t", key=first.count)
    rows = csv.reader(lines[len(before) :], delimiter=delimiter)
    columns = [title.strip().casefold() for title in next(rows, [])]
    if not {*columns} & {"folder", *_READERS}:
        way_out = f"Columns are folder, {', '.join(_READERS)}."
        raise SettingError(f"{label} has no column that is known", first[:80], way_out)
    for number, row in enumerate(rows, len(before) + 2):
        values = [value.strip() for value in row]
        if any(values[len(columns) :]):
            way_out = 'Put a value with commas in quotes, as "fri,sat".'
            raise SettingError(f"{label}, row {number} has more values than columns", len(values), way_out)
        if any(values):
            yield number, dict(zip(columns, values, strict=False))


def zone_of(zone: str, where: str) -> str:
    """
    Raises:
        SettingError: there is no such time zone.
    """
    if zone not in known_zones():
        raise SettingError(
            f"{where}: no such time zone", zone, "Name it as in the IANA database: Europe/Berlin, America/Lima."
        )
    return zone


def weekend_of(text: str, where: str) -> str:
    """
    Raises:
        SettingError: it names no days.
    """
    days = [_weekday(day.strip().lower()) for day in text.split(",")]
    if text.strip().lower() == NO_WEEKEND:
        return NO_WEEKEND
    if None in days:
        raise SettingError(f"{where} is no weekend", text, f"Name its days, as fri,sat ({', '.join(WEEKDAYS)}).")
    return ",".join(day for day in WEEKDAYS if day in days)


def _weekday(name: str) -> str | None:
    return next((day for day in WEEKDAYS if len(name) >= len(day) and _FULL[day].startswith(name)), None)


def _number(text: str, where: str) -> float:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = 0.0
    if not number > 0:
        raise SettingError(f"{where} is no number above 0", text, "The highest possible grade in points, as 100.")
    return number


def _yes_or_no(text: str, where: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        raise SettingError(f"{where} is neither yes nor no", text, "Write yes while the course is under way, else no.")
    return text.lower() in _YES


_READERS: dict[str, Reader] = {
    "pass_mark": PassMark.read,
    "max_grade": _number,
    "timezone": zone_of,
    "weekend": weekend_of,
    "starts_at": read_day,
    "ends_at": read_day,
    "complete_from": read_day,
    "complete_until": read_day,
    "running": _yes_or_no,
    "course_id": lambda text, _: text,
    "code": lambda text, _: text,
}
