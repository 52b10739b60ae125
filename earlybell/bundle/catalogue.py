"""catalogue.json: what each feature of a model means and can be, how features hang together, and a teacher's words."""

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Literal

import msgspec
from msgspec import Struct

from earlybell.bundle.ties import Tie

Unit = Literal["share", "days", "count", "per week", "score", "minutes", "yes or no", "ratio"]
Scale = Literal["linear", "logarithmic"]


class Feature(Struct, frozen=True):
    """One feature of a learner at a moment.

    Attributes:
        name: the column's name.
        title: a heading for a chart.
        unit: what its values are measured in; with `digits` it decides how a value is written.
        family: temporal, participation, numeric (the first paper's three), calendar, or one of an extension's own.
        meaning: how it is computed.
        words: what a teacher reads; `{value}` stands for the value with its unit. "below|above" gives the words for
            values below zero and from zero on (no and yes, of a yes-or-no feature), written without their sign.
        element, indicator: what of the paper's rubric (Appendix B) it stands for; empty: nothing.
        changeable: whether the learner can still change it.
        direction: 1 where more of it can only raise the risk, -1 where it can only lower it, 0 where that is open.
        needs: "raw" where daily sums cannot support it.
        digits: after the point, of a value as its words show it and as a change is proposed; 2 of a share is whole
            percents.
        least, most: what it can be at all; None: anything.
        whole: whether it is a whole number.
        counts_days: whether it counts days, of which there are no more than there were days of teaching.
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
    digits: int = 0
    least: float | None = None
    most: float | None = None
    whole: bool = False
    counts_days: bool = False

    def say(self, value: float) -> str:
        """The words for one value, as "last active 12 days ago"."""
        below, bar, above = self.words.partition("|")
        words = above if bar and value >= (0.5 if self.unit == "yes or no" else 0) else below
        return words.format(value=_WRITE[self.unit](abs(value) if bar else value, self.digits))


class Fact(Struct, frozen=True):
    """A feature that asks for a look by itself, without a risk, from the value `least` on."""

    feature: str
    least: float


class Catalogue(Struct, frozen=True, dict=True):
    """The features of a model in the order of its input, with the version of their definitions.

    Attributes:
        ties: which features hang together.
        scale: on which changes of features are measured, the model's own; logarithmic is that of 1 and the size of a
            value, with its sign.
        never_reasons: families whose features are never given as a reason, as what they say is nobody's doing.
        fallback: by what a worklist goes where no risk can be said, the first first.

    Raises:
        ValueError: a tie or a fact is of a feature that is not there.
    """

    version: str
    features: tuple[Feature, ...]
    ties: tuple[Tie, ...] = ()
    scale: Scale = "linear"
    never_reasons: tuple[str, ...] = ()
    fallback: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        self._check("ties", {name for tie in self.ties for name in (tie.feature, *tie.of)})
        self._check("facts", {fact.feature for fact in self.fallback})

    def _check(self, what: str, used: set[str]) -> None:
        if unknown := used - set(self.names):
            raise ValueError(f"{what} of features that are not there: {', '.join(sorted(unknown))}")

    @property
    def names(self) -> list[str]:
        return [feature.name for feature in self.features]

    @cached_property
    def hash(self) -> str:
        """Digest of all definitions: equal hashes mean equal features."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode()


def _days(value: float, digits: int) -> str:
    return "less than a day" if value < 1 else _measured(value, digits, "day")


def _measured(value: float, digits: int, unit: str) -> str:
    number = f"{value:.{digits}f}"
    return f"{number} {unit}{'' if number == '1' else 's'}"


_WRITE: dict[str, Callable[[float, int], str]] = {
    "share": lambda value, digits: f"{value:.{max(digits - 2, 0)}%}",
    "days": _days,
    "count": lambda value, digits: f"{value:.{digits}f}",
    "per week": lambda value, digits: f"{value:.{digits}f} a week",
    "score": lambda value, digits: f"{value:.{digits}f} of 100",
    "minutes": lambda value, digits: _measured(value, digits, "minute"),
    "ratio": lambda value, digits: f"{value:.{digits}f}",
    "yes or no": lambda value, _: "yes" if value >= 0.5 else "no",
}
