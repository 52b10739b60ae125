"""The rubric as data: five elements with their indicators, read from our rubric.yaml or a site's own."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.features.catalogue import find_catalogue
from components.features.families import POST, POST_TEST, PRE, PRE_TEST, WORK
from earlybell.errors import SettingError

ELEMENTS = (PRE, POST, WORK, PRE_TEST, POST_TEST)

# Features of the time before a moment, or of the calendar: in what comes after it they are the same for everybody.
_OF_BEFORE = ("progress", "days_enrolled_before_start", "prior_attempts", "active_days_before_start", "banked_score")
_NUMBER = (int, float)
_WORDS = {"id": str, "title": str, "meaning": str}
_FORM = {
    "version": str,
    "threshold": _NUMBER,
    "least_days": _NUMBER,
    "least_indicators": int,
    "elements": list,
}


def derivable() -> frozenset[str]:
    """The features that an indicator may be derived from: those that say something of what comes after a moment."""
    return frozenset(find_catalogue().names).difference(_OF_BEFORE)


@dataclass(frozen=True)
class Indicator:
    """One indicator, from 1 (poor) to 5 (excellent). `cuts` map the values of `feature`; without it, rated only."""

    id: str
    title: str
    meaning: str
    feature: str = ""
    cuts: tuple[float, ...] = ()


@dataclass(frozen=True)
class Element:
    """One element of the rubric."""

    id: str
    title: str
    meaning: str
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True)
class Rubric:
    """The rubric.

    Attributes:
        threshold: the label is 1 where the mean of the indicators is below it.
        least_days: days of the run after a moment that a label needs.
        least_indicators: indicators with a value that a label needs.
    """

    version: str
    threshold: float
    least_days: float
    least_indicators: int
    elements: tuple[Element, ...]

    @property
    def indicators(self) -> dict[str, Indicator]:
        """By their full names, `element.indicator`."""
        return {
            f"{element.id}.{indicator.id}": indicator for element in self.elements for indicator in element.indicators
        }

    @property
    def names(self) -> dict[str, str]:
        """What a rating may call an indicator, and its full name: by that, or by its id where no other has it."""
        ids = Counter(indicator.id for indicator in self.indicators.values())
        alone = {indicator.id: name for name, indicator in self.indicators.items() if ids[indicator.id] == 1}
        return alone | {name: name for name in self.indicators}


def read_rubric(path: Path | None = None) -> Rubric:
    """Read a rubric; without a path, ours.

    Raises:
        SettingError: the file cannot be read, or its form, an element, an indicator or a scale is wrong.
    """
    path = path or Path(__file__).with_name("rubric.yaml")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingError(f"the rubric cannot be read ({' '.join(str(error).split())})", str(path), _LIKE) from None
    return _rubric(data)


_LIKE = "It has the form of components/label/rubric.yaml."


def _rubric(data: Any) -> Rubric:
    _check_form(data, "the rubric", _FORM)
    _check_range("threshold", data["threshold"], 1, 5)
    _check_range("least_days", data["least_days"], 0, math.inf)
    _check_range("least_indicators", data["least_indicators"], 0, math.inf)
    elements = tuple(_element(part) for part in data["elements"])
    if Counter(element.id for element in elements) != Counter(ELEMENTS):
        ids = ", ".join(element.id for element in elements)
        raise SettingError("the rubric has not its five elements, each once", ids, f"They are {', '.join(ELEMENTS)}.")
    return Rubric(data["version"], data["threshold"], data["least_days"], data["least_indicators"], elements)


def _element(data: Any) -> Element:
    _check_form(data, "an element of the rubric", _WORDS | {"indicators": list})
    indicators = tuple(_indicator(part, data["id"]) for part in data["indicators"])
    twice = [name for name, times in Counter(indicator.id for indicator in indicators).items() if times > 1]
    if twice:
        raise SettingError(f"element {data['id']} of the rubric has an indicator twice", twice[0], "Keep one of them.")
    return Element(data["id"], data["title"], data["meaning"], indicators)


def _indicator(data: Any, element: str) -> Indicator:
    what = f"indicator {data.get('id')} of {element}" if isinstance(data, dict) else f"an indicator of {element}"
    if isinstance(data, dict) and data.get("rated") is True:
        _check_form(data, what, _WORDS | {"rated": bool})
        return Indicator(data["id"], data["title"], data["meaning"])
    _check_form(data, what, _WORDS | {"feature": str, "scale": list})
    if data["feature"] not in derivable():
        known = ", ".join(sorted(derivable()))
        raise SettingError(f"{what}: no feature that tells of what comes later", data["feature"], f"Choose of {known}.")
    _check_scale(data["scale"], what)
    return Indicator(data["id"], data["title"], data["meaning"], data["feature"], tuple(map(float, data["scale"])))


def _check_form(data: Any, what: str, form: dict[str, Any]) -> None:
    """`data` is a mapping with these keys alone, each of its type."""
    if not isinstance(data, dict):
        raise SettingError(f"{what} is not a mapping", data, _LIKE)
    for key in [key for key in form if key not in data]:
        raise SettingError(f"{what} lacks a key", key, _LIKE)
    for key, value in data.items():
        if key not in form:
            raise SettingError(f"{what} has a key that is not known", key, f"Keys are {', '.join(form)}.")
        if not isinstance(value, form[key]) or isinstance(value, bool) is not (form[key] is bool):
            raise SettingError(f"{what}: {key} has not its type", value, _LIKE)
        if key == "id" and not value.isidentifier():
            raise SettingError(f"{what}: id", value, "Give letters, digits and underscores, as timely_login.")


def _check_range(key: str, value: float, low: float, high: float) -> None:
    if not low < value <= high:
        words = f"above {low}" if math.isinf(high) else f"above {low} and at most {high}"
        raise SettingError(f"{key} of the rubric", value, f"Give a number {words}.")


def _check_scale(scale: list[Any], what: str) -> None:
    numbers = all(isinstance(cut, _NUMBER) and not isinstance(cut, bool) and math.isfinite(cut) for cut in scale)
    if not numbers or len(scale) != 4 or len(set(scale)) != 4 or sorted(scale) not in (scale, scale[::-1]):
        raise SettingError(f"{what}: scale", scale, "Give four cut points, ascending or descending, as [1, 2, 3, 4].")
