"""Prediction and explanation, as each is said of one learner: the one definition.

The V1 answers and their OpenAPI schema are these types. V2's outputs, the Parquet file, the lines of JSON and the
trail's records have their columns, see `ROW`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple, get_type_hints

from msgspec import Meta, Struct

Band = Literal["high", "medium", "low", "insufficient_evidence"]
Doubt = Literal["", "little_teaching", "unlike_training", "course_level"]
Probability = Annotated[float, Meta(ge=0, le=1)]

# Why there is too little to go by, for people.
DOUBT_WORDS: dict[Doubt, str] = {
    "little_teaching": "there were too few days of teaching so far",
    "unlike_training": "too much of the learner is unlike anyone the model learned from",
    "course_level": "the learners of this course run differ too little so far for how far off all its risks may be",
}


class Interval(NamedTuple):
    """The ends of the Venn-Abers interval of a risk."""

    low: Probability
    high: Probability


class Reason(Struct, frozen=True):
    """Why a risk is higher or lower: the strongest feature of one indicator, in the catalogue's words."""

    feature: str
    value: float
    effect: Annotated[float, Meta(description="of the whole indicator on the score, in the score's unit")]
    words: str
    changeable: Annotated[bool, Meta(description="whether the learner can change it")]


class Outlook(Struct, frozen=True):
    """What comes next of a learner, by one head of the model; the correction of the course does not reach it."""

    head: Annotated[str, Meta(description="its name, as `next_work`, `leaving` or `final_score`")]
    value: Annotated[float, Meta(description="a probability, or a score of 100")]
    low: Annotated[float | None, Meta(description="the end of a score's interval; null of a probability")]
    high: Annotated[float | None, Meta(description="the other end")]
    agrees: Annotated[bool, Meta(description="false: it leads to expect the opposite of the band, so doubt both")]
    words: str


class Effect(Struct, frozen=True):
    """What one feature adds to the score: its exact Shapley value."""

    feature: str
    value: Annotated[
        float | None, Meta(description="null where it is not known: the model then takes the median of training")
    ]
    effect: Annotated[float, Meta(description="in the score's unit")]
    words: str
    changeable: Annotated[bool, Meta(description="whether the learner can change it")]


class Calibration(Struct, frozen=True):
    """The map from score to risk: sigmoid(slope * z + intercept), where z are the score's log-odds."""

    unit: Annotated[
        Literal["log-odds", "probability"],
        Meta(description="of a score and its effects: log-odds, which are z, or a probability, whose log-odds z are"),
    ]
    slope: float
    intercept: float
    formula: Annotated[str, Meta(description="the map in one line, for a reader")]


class Change(Struct, frozen=True):
    """One feature of a counterfactual, its values and their words."""

    feature: str
    value: float
    to: float
    words: str
    words_to: str
    follows: Annotated[bool, Meta(description="not chosen: it comes with the others")]


class Counterfactual(Struct, frozen=True):
    """The smallest change that would move the band, with the risk and the band that the model would then give.

    Without changes none was found or none was looked for, and risk and band are the present ones; the words say which.
    """

    changes: tuple[Change, ...]
    risk: Probability
    band: Band
    words: str


class Estimate(Struct, frozen=True):
    """How likely a learner is to fail or leave, and how sure that is."""

    learner_id: str
    risk: Annotated[Probability, Meta(description="probability of failing or leaving")]
    interval: Annotated[
        Interval, Meta(description="its Venn-Abers interval, from learners of course runs that the model had not seen")
    ]
    band: Band
    doubt: Annotated[
        Doubt, Meta(description="why the band is insufficient_evidence, of the learner or of the course; else empty")
    ]
    correction: Annotated[
        float, Meta(description="what was added to the log-odds of the risk for its course as a whole; 0: nothing")
    ]


class Prediction(Estimate, frozen=True):
    """The risk of one learner, the strongest reasons, and what comes next."""

    reasons: tuple[Reason, ...]
    outlook: Annotated[
        tuple[Outlook, ...],
        Meta(description="by each head that the model answers; empty with insufficient evidence, or of an older model"),
    ] = ()


class Explanation(Estimate, frozen=True):
    """Why one learner has the risk: base and all effects are the score, and the calibration leads on to the risk."""

    score: float
    base: float
    effects: Annotated[tuple[Effect, ...], Meta(description="of every feature, in the catalogue's order")]
    calibration: Calibration
    counterfactual: Counterfactual


def _columns(kind: type[Estimate]) -> dict[str, Any]:
    """The columns of a table of such answers, each with the type of its values: an interval is two columns."""
    types: dict[str, Any] = {}
    for name, hint in get_type_hints(kind).items():
        types |= get_type_hints(Interval) if hint is Interval else {name: hint}
    return types


# Of a table with a prediction a row: the columns by name, each with the type of its values.
MOMENT: dict[str, Any] = {"course_id": str, "learner_id": str, "as_of": datetime}  # in UTC without a zone
OUTPUTS = {name: hint for name, hint in _columns(Estimate).items() if name not in MOMENT}
ROW = MOMENT | _columns(Prediction)
LISTS: dict[str, type[Struct]] = {"reasons": Reason, "outlook": Outlook}  # of these columns, what their lists are of
