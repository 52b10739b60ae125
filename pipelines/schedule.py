"""When a recurring run starts: a line of cron, checked before Kubeflow Pipelines is asked, or every so many weeks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from earlybell.errors import SettingError

_WEEK = 7 * 24 * 3600
_LIKE = "As '0 3 * * *', every day at 3: minute, hour, day, month, weekday."
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_FIELDS = (  # of KFP's cron: name, least and most, and the words that stand for numbers from the least on
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 6, _DAYS),
)
_PART = re.compile(r"(?:[*?]|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?")


@dataclass(frozen=True)
class Schedule:
    """When a recurring run starts: by a cron line of six fields, seconds first, or every so many seconds."""

    cron: str = ""
    seconds: int = 0


def read_schedule(cron: str, weeks: int) -> Schedule | None:
    """The schedule of a cron line of five fields (or KFP's six, seconds first) or of weeks; None without either.

    Raises:
        SettingError: both are given, or the line has another number of fields, or a field that is none.
    """
    if cron and weeks:
        raise SettingError("two schedules", f"{cron}; {weeks} weeks", "Give --schedule or --every-weeks.")
    if not cron:
        return Schedule(seconds=weeks * _WEEK) if weeks else None
    fields = cron.split()
    if len(fields) not in (5, 6):
        raise SettingError("not a schedule", cron, _LIKE)
    fields = ["0", *fields][-6:]
    for text, (name, least, most, words) in zip(fields, _FIELDS, strict=True):
        if not all(_is_part(part, least, most, words) for part in text.split(",")):
            raise SettingError(f"not a schedule, by its {name}", text, f"It goes from {least} to {most}. {_LIKE}")
    return Schedule(" ".join(fields))


def _is_part(text: str, least: int, most: int, words: Sequence[str]) -> bool:
    """Whether it is `*`, a number or word, or a range of them, maybe with a step."""
    match = _PART.fullmatch(text)
    if not match:
        return False
    low, high = (_number(match[end], least, words) for end in ("low", "high"))
    ends = [end for end in (low, high) if end is not None]
    return all(least <= end <= most for end in ends) and ends == sorted(ends) and match["step"] != "0"


def _number(text: str | None, least: int, words: Sequence[str]) -> int | None:
    """-1 for what is no number and no word; None where nothing is given."""
    if text is None:
        return None
    if text.upper() in words:
        return least + words.index(text.upper())
    return int(text) if text.isascii() and text.isdigit() else -1
