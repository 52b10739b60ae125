"""Predictions as records. Apart from the rest of the trail, which is read where nothing predicts."""

import uuid
from datetime import UTC, datetime

import numpy as np

from earlybell.bundle import Bundle
from earlybell.predict import Predictions
from earlybell.trail.records import Record
from earlybell.trail.trail import open_trail

_AT_ONCE = 1000  # records of one append


def records_of(predictions: Predictions, bundle: Bundle, *, version: str, request_id: str, caller: str) -> list[Record]:
    """A record a moment; where the moment is not known, as with a bare feature vector, it is now."""
    now, observed = datetime.now(UTC), predictions.observed
    return [
        Record(
            request_id=request_id,
            time=now,
            course_id=str(observed.course_id[i]),
            learner_id=str(observed.learner_id[i]),
            as_of=now if np.isnat(observed.as_of[i]) else observed.as_of[i].item().replace(tzinfo=UTC),
            model_name=bundle.manifest.name,
            model_version=version,
            catalogue_hash=bundle.catalogue.hash,
            features=tuple(observed.values[i].tolist()),
            risk=float(predictions.risk[i]),
            low=float(predictions.low[i]),
            high=float(predictions.high[i]),
            band=str(predictions.band[i]),
            caller=caller,
        )
        for i in range(len(observed))
    ]


def keep_batch(
    predictions: Predictions, bundle: Bundle, address: str, *, version: str, caller: str, anchors: str = ""
) -> str:
    """Keep what a batch predicted in the trail at `address`, all of it or an error; its request id.

    Args:
        version: of the model, as online answers name it: the registry's number where there is one.
        anchors: as `open_trail` takes them; empty: not given.

    Raises:
        TrailError: the trail cannot be written.
        SettingError: the store is PostgreSQL and no anchors are given.
    """
    request_id = f"batch-{uuid.uuid4()}"
    records = records_of(predictions, bundle, version=version, request_id=request_id, caller=caller)
    with open_trail(address, anchors=anchors or None) as trail:
        parts = [trail.append(records[i : i + _AT_ONCE]) for i in range(0, len(records), _AT_ONCE)]
        for part in parts:
            part.result()
    return request_id
