"""The address of a source: a place, and options behind it."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TypeVar

from earlybell.errors import SettingError

_T = TypeVar("_T")
Reader = Callable[[str, str], object]  # of a text, and of what an error calls it


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


def read_options(
    make: Callable[..., _T], texts: Mapping[str, str], readers: Mapping[str, Reader], where: str, way_out: str = ""
) -> _T:
    """What is made of options by their names; empty texts say nothing.

    Args:
        way_out: what an error says of an option that there is not; else which there are.

    Raises:
        SettingError: there is no such option, or its value is none of its kind.
    """
    if unknown := sorted(texts.keys() - readers.keys()):
        way_out = way_out or f"There are {', '.join(readers)}."
        raise SettingError(f"{where}: no such option", ", ".join(unknown), way_out)
    given = {name: text.strip() for name, text in texts.items() if text.strip()}
    return make(**{name: readers[name](text, f"{where}: {name}") for name, text in given.items()})


def read_day(text: str, where: str) -> date:
    """
    Raises:
        SettingError: it is no day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingError(f"{where} is no day", text, "Write it as 2024-09-23.") from None
