"""Answers of V1: what a teacher can act on, and how sure it is."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

from earlybell.predict import Explanation, Prediction, why_nobody
from earlybell.tables.codec import Instance
from earlybell.tables.sifting import Aside

Learner = TypeVar("Learner", Prediction, Explanation)


class CourseRun(Struct, Generic[Learner], frozen=True):
    """The answer to one instance: everybody enrolled at its moment, and who and what was left out."""

    course_id: str
    as_of: Annotated[datetime, Meta(tz=True)]
    under_way: Annotated[bool, Meta(description="whether as_of lies within the course run; else nobody is predicted")]
    learners: list[Learner]
    note: Annotated[str, Meta(description="why nobody is predicted, in words; empty where somebody is")]
    not_enrolled: Annotated[list[str], Meta(description="learners of the request: not yet, or no longer, at as_of")]
    ignored: Annotated[
        dict[str, int], Meta(description="records known only at as_of or later, by table: they were not read")
    ]
    set_aside: Annotated[tuple[Aside, ...], Meta(description="what was not read as it was sent")]
    set_aside_more: Annotated[int, Meta(ge=0, description="at how many further places something was set aside")]


class Answer(Struct, Generic[Learner], frozen=True):
    """The answer to a request, and by what it was made."""

    model_name: str
    model_version: str
    catalogue_hash: str
    request_id: str
    predictions: list[CourseRun[Learner]]


class Predictions(Answer[Prediction], frozen=True):
    """What `:predict` answers: the risk of everybody, with the strongest reasons."""


class Explanations(Answer[Explanation], frozen=True):
    """What `:explain` answers: why everybody has the risk, and what would change it."""


def of_instance(instance: Instance, learners: list[Learner]) -> CourseRun[Learner]:
    """What is said of these learners, all that are enrolled at the moment of the instance."""
    enrolments, answered = instance.rows["enrolments"]["learner_id"], {learner.learner_id for learner in learners}
    return CourseRun(
        course_id=instance.course_id,
        as_of=instance.as_of.replace(tzinfo=UTC),
        under_way=instance.under_way,
        learners=learners,
        note="" if learners else why_nobody(instance),
        not_enrolled=[learner_id for learner_id in enrolments.tolist() if learner_id not in answered],
        ignored=instance.ignored,
        set_aside=instance.set_aside,
        set_aside_more=instance.set_aside_more,
    )
