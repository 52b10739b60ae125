"""Predictions as records. Apart from the rest of the trail, which is read where nothing predicts."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from earlybell.bundle import Bundle
from earlybell.predict import Outlook, Predictions
from earlybell.trail.records import Record, RecordedOutlook
from earlybell.trail.trail import open_trail

_AT_ONCE = 1000  # records of one append


def records_of(
    predictions: Predictions, bundle: Bundle, *, version: str, request_id: str, caller: str, trial: str = ""
) -> list[Record]:
    """A record a moment; where the moment is not known, as with a bare feature vector, it is now.

    Args:
        trial: digest of the arms of a trial in the course run; empty: there is none.
    """
    now = datetime.now(UTC)
    same: dict[str, Any] = {
        "request_id": request_id,
        "time": now,
        "model_name": bundle.manifest.name,
        "model_version": version,
        "catalogue_hash": bundle.manifest.catalogue.hash,
        "caller": caller,
        "trial": trial,
    }
    columns: dict[str, Iterable[Any]] = {name: column.tolist() for name, column in predictions.columns().items()}
    columns["as_of"] = [now if moment is None else moment.replace(tzinfo=UTC) for moment in columns["as_of"]]
    columns["outlook"] = map(_recorded, predictions.outlook)
    columns["features"] = map(tuple, predictions.observed.values.tolist())
    return [Record(**same, **dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _recorded(outlook: tuple[Outlook, ...]) -> tuple[RecordedOutlook, ...]:
    return tuple(
        RecordedOutlook(of_head.head, of_head.value, of_head.low, of_head.high, of_head.agrees) for of_head in outlook
    )


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
