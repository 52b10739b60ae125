"""What a site states beside its exports: as options of the source's address, or for each course run in `courses.csv`.

    moodle-log:DIR?pass_mark=50%&timezone=Europe/Berlin&weekend=fri,sat

What courses.csv says of a course run comes before the address.
"""

import calendar
import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, Self

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
        running: True while the course is under way: its grades are not final. False once it is over.
        course_id, code: names of the course run, and of the course that its runs share.
    """

    pass_mark: PassMark | None = None
    max_grade: float | None = None
    timezone: str | None = None
    weekend: str | None = None
    starts_at: date | None = None
    ends_at: date | None = None
    running: bool | None = None
    course_id: str | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        if self.starts_at and self.ends_at and self.ends_at < self.starts_at:
            stated = f"{self.starts_at} to {self.ends_at}"
            raise SettingError("ends_at is before starts_at", stated, "State the first and the last day of teaching.")

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
        if unknown := sorted(texts.keys() - _READERS.keys()):
            way_out = f"There are {', '.join(_READERS)}; courses.csv has the column folder besides."
            raise SettingError(f"{where}: no such option", ", ".join(unknown), way_out)
        stated: dict[str, Any] = {
            name: _READERS[name](text.strip(), f"{where}: {name}") for name, text in texts.items() if text.strip()
        }
        return cls(**stated)


def split_address(place: str) -> tuple[str, dict[str, str]]:
    """The folder of an address, and its options: `DIR?name=value&name=value`, nothing is escaped.

    Raises:
        SettingError: an option has no value, or is given twice.
    """
    folder, mark, listed = place.partition("?")
    if not mark or Path(place).exists():
        return place, {}
    pairs = [option.partition("=") for option in listed.split("&") if option]
    for name, _, value in pairs:
        if not value:
            raise SettingError("an option without a value", name, "Write DIR?name=value&name=value.")
    options = {name: value for name, _, value in pairs}
    if len(options) < len(pairs):
        raise SettingError("an option is given twice", place, "Give it once.")
    return folder, options


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
    first = text.split("\n", 1)[0]
    rows = csv.reader(text.splitlines(), delimiter=max(",;\t", key=first.count))
    columns = [title.strip().casefold() for title in next(rows, [])]
    if not {*columns} & {"folder", *_READERS}:
        way_out = f"Columns are folder, {', '.join(_READERS)}."
        raise SettingError(f"{label} has no column that is known", first[:80], way_out)
    for number, row in enumerate(rows, 2):
        values = [value.strip() for value in row]
        if any(values[len(columns) :]):
            way_out = 'Put a value with commas in quotes, as "fri,sat".'
            raise SettingError(f"{label}, row {number} has more values than columns", len(values), way_out)
        if any(values):
            yield number, dict(zip(columns, values, strict=False))


def check_zone(zone: str, where: str) -> str:
    """
    Raises:
        SettingError: there is no such time zone.
    """
    if zone not in known_zones():
        raise SettingError(
            f"{where}: no such time zone", zone, "Name it as in the IANA database: Europe/Berlin, America/Lima."
        )
    return zone


def _weekend(text: str, where: str) -> str:
    days = [_weekday(day.strip().lower()) for day in text.split(",")]
    if text.strip().lower() == NO_WEEKEND:
        return NO_WEEKEND
    if None in days:
        raise SettingError(f"{where} is no weekend", text, f"Name its days, as fri,sat ({', '.join(WEEKDAYS)}).")
    return ",".join(day for day in WEEKDAYS if day in days)


def _weekday(name: str) -> str | None:
    return next((day for day in WEEKDAYS if len(name) >= len(day) and _FULL[day].startswith(name)), None)


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingError(f"{where} is no day", text, "Write it as 2024-09-23.") from None


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


_READERS: dict[str, Callable[[str, str], object]] = {
    "pass_mark": PassMark.read,
    "max_grade": _number,
    "timezone": check_zone,
    "weekend": _weekend,
    "starts_at": _day,
    "ends_at": _day,
    "running": _yes_or_no,
    "course_id": lambda text, _: text,
    "code": lambda text, _: text,
}
