"""Answers of V1: what a teacher can act on, and how sure it is."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from earlybell.bundle import Bundle
from earlybell.predict import Predictions, why_nobody
from earlybell.predict.attribution import Explanation
from earlybell.predict.counterfactual import Counterfactual
from earlybell.tables.codec import Instance


def about(bundle: Bundle, version: str, request_id: str) -> dict[str, Any]:
    """What is the same for all of an answer."""
    return {
        "model_name": bundle.manifest.name,
        "model_version": version,
        "catalogue_hash": bundle.catalogue.hash,
        "request_id": request_id,
    }


def prediction(instance: Instance, predictions: Predictions) -> dict[str, Any]:
    """The answer to one instance: everybody enrolled at its moment, and who was left out."""
    learners = [
        {
            "learner_id": row["learner_id"],
            "risk": row["risk"],
            "interval": [row["low"], row["high"]],
            "band": row["band"],
            "reasons": row["reasons"],
        }
        for row in predictions.rows()
    ]
    return frame(instance, learners)


def explanation(
    instance: Instance,
    predictions: Predictions,
    explanations: Sequence[Explanation],
    counterfactuals: Sequence[Counterfactual],
) -> dict[str, Any]:
    """As `prediction`, with the full attribution of each score and the smallest change that would move the band."""
    answer = prediction(instance, predictions)
    for learner, why, other in zip(answer["learners"], explanations, counterfactuals, strict=True):
        del learner["reasons"]
        learner["score"] = why.score
        learner["base"] = why.base
        learner["effects"] = [asdict(effect) for effect in why.effects]
        learner["calibration"] = asdict(why.calibration) | {"formula": why.calibration.formula}
        learner["counterfactual"] = asdict(other)
    return answer


def frame(instance: Instance, learners: list[dict[str, Any]]) -> dict[str, Any]:
    """What surrounds the learners of one instance."""
    given = instance.rows["enrolments"]["learner_id"].tolist()
    answered = {one["learner_id"] for one in learners}
    return {
        "course_id": instance.course_id,
        "as_of": written(instance.as_of),
        "under_way": instance.under_way,  # whether the moment lies within the course run; else nobody is predicted
        "learners": learners,
        "note": "" if learners else why_nobody(instance),  # in words, why nobody is predicted
        "not_enrolled": [one for one in given if one not in answered],  # not yet, or no longer, at that moment
        "ignored": instance.ignored,  # records known only at that moment or later, by table
        "set_aside": [asdict(one) for one in instance.set_aside],  # what was not read as it was sent
        "set_aside_more": instance.set_aside_more,
    }


def written(at: datetime) -> str:
    """A time as JSON has it."""
    return f"{at.isoformat()}Z"
