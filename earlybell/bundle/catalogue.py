"""catalogue.json: what each feature of a model means, and the words a teacher reads."""

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Literal

import msgspec
from msgspec import Struct

Unit = Literal["share", "days", "count", "per week", "score", "minutes", "yes or no", "ratio"]


class Feature(Struct, frozen=True):
    """One feature of a learner at a moment.

    Attributes:
        name: the column's name.
        title: a heading for a chart.
        unit: what its values are measured in; decides how a value is written.
        family: temporal, participation, numeric (the first paper's three) or calendar.
        meaning: how it is computed.
        words: what a teacher reads; `{value}` stands for the value with its unit. "below|above" gives the words for
            values below zero and from zero on (no and yes, of a yes-or-no feature), written without their sign.
        element, indicator: what of the paper's rubric (Appendix B) it stands for; empty: nothing.
        changeable: whether the learner can still change it.
        direction: 1 where more of it can only raise the risk, -1 where it can only lower it, 0 where that is open.
        needs: "raw" where daily sums cannot support it.
    """

    name: str
    title: str
    unit: Unit
    family: str
    meaning: str
    words: str
    element: str = ""
    indicator: str = ""
    changeable: bool = False
    direction: int = 0
    needs: str = ""

    def say(self, value: float) -> str:
        """The words for one value, as "last active 12 days ago"."""
        below, bar, above = self.words.partition("|")
        words = above if bar and value >= (0.5 if self.unit == "yes or no" else 0) else below
        return words.format(value=_WRITE[self.unit](abs(value) if bar else value))


class Catalogue(Struct, frozen=True, dict=True):
    """The features of a model in the order of its input, with the version of their definitions."""

    version: str
    features: tuple[Feature, ...]

    @property
    def names(self) -> list[str]:
        return [feature.name for feature in self.features]

    @cached_property
    def hash(self) -> str:
        """Digest of all definitions: equal hashes mean equal features."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode()


def _days(value: float) -> str:
    return "less than a day" if value < 1 else "1 day" if round(value) == 1 else f"{value:.0f} days"


_WRITE: dict[str, Callable[[float], str]] = {
    "share": lambda value: f"{value:.0%}",
    "days": _days,
    "count": lambda value: f"{value:.0f}",
    "per week": lambda value: f"{value:.1f} a week",
    "score": lambda value: f"{value:.0f} of 100",
    "minutes": lambda value: f"{value:.0f} minutes",
    "ratio": lambda value: f"{value:.1f}",
    "yes or no": lambda value: "yes" if value >= 0.5 else "no",
}
