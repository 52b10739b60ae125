"""heads.json: what a model answers beside the risk, each by a model of its own, `heads/NAME.onnx`.

An older bundle has none.
"""

from typing import Literal

from msgspec import Struct

FOLDER = "heads"  # of a bundle: a graph NAME.onnx a head
Kind = Literal["probability", "score"]


class Head(Struct, frozen=True, kw_only=True):
    """What a head answers.

    Attributes:
        name: a column's name, as `next_work`.
        title: for a table.
        kind: a `probability`, or a `score` of 100.
        words: what a teacher reads. {of_hundred} stands for a probability as a number of 100, {others} for the rest of
            them; {value}, {low} and {high} for a score and the ends of its interval.
        direction: 1: the more of it, the higher the risk; -1: the lower.
        baseline: of a score, the feature that it must do better than.
    """

    name: str
    title: str
    kind: Kind
    words: str
    direction: Literal[-1, 1]
    baseline: str = ""


class Spread(Struct, frozen=True):
    """The interval of a score: what is added to it for the ends, `low` and `high`, at each value `at` of a feature.

    Attributes:
        feature: its name in the catalogue.
        coverage: the share of learners whose score lies within, of runs that the model had not seen.
        least, most: of the scores in training: no answer lies beyond.
    """

    feature: str
    coverage: float
    at: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    least: float
    most: float


class Implied(Struct, frozen=True):
    """Which share of learners with such an answer had label 1, at each `answer` of a grid; monotone."""

    answer: tuple[float, ...]
    share: tuple[float, ...]


class AnsweredHead(Struct, frozen=True, kw_only=True):
    """A head that is answered.

    Attributes:
        doubts: the bands that it may contradict: where it did so of learners whom the models had not seen, it was right
            to.
        spread: of a score alone.
    """

    head: Head
    implied: Implied
    doubts: tuple[str, ...] = ()
    spread: Spread | None = None
