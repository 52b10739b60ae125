"""What the trail says of one answer, as plain data and as the JSON that is kept."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, cast

from earlybell.errors import TrailError
from earlybell.trail.chain import Body
from earlybell.trail.stores import reading

ANONYMOUS = "anonymous"
KIND = "prediction"


@dataclass(frozen=True)
class Record:
    """One answer about one learner.

    Attributes:
        request_id: of the request; a mirrored challenger's record carries the same.
        time: when it was answered; aware of its time zone, kept in UTC.
        course_id: of the course run.
        learner_id: pseudonymous, or `ANONYMOUS`.
        as_of: the moment that the prediction is for; aware of its time zone.
        features: the vector that the model saw, in the catalogue's order; missing is None (a NaN becomes None).
        risk, low, high: probabilities, or None where there is no number.
        caller: the name of who asked, never a token.
    """

    request_id: str
    time: datetime
    course_id: str
    learner_id: str
    as_of: datetime
    model_name: str
    model_version: str
    catalogue_hash: str
    features: tuple[float | None, ...]
    risk: float | None
    low: float | None
    high: float | None
    band: str
    caller: str


_NAMES = tuple(field.name for field in fields(Record))
_TIMES, _NUMBERS = ("time", "as_of"), ("risk", "low", "high")


def body_of(record: Record) -> Body:
    """What the chain keeps of a record.

    Raises:
        TrailError: a value that no store can keep: infinite, a time without zone, text that is no Unicode or has a NUL.
    """
    said = {name: _plain(name, getattr(record, name)) for name in _NAMES}
    text = json.dumps({"kind": KIND, **said}, separators=(",", ":"), allow_nan=False)
    return Body(text, record.request_id, record.course_id, record.learner_id)


def record_of(said: dict[str, Any]) -> Record:
    """A record from its JSON; what the chain added to it is left out."""
    values = {name: said[name] for name in _NAMES}
    times = {name: datetime.fromisoformat(said[name]) for name in _TIMES}
    return Record(**(values | times | {"features": tuple(said["features"])}))


def read_records(address: str, *, learner: str | None = None, request: str | None = None) -> Iterator[Record]:
    """The records of a trail in the order of each writer, of one learner or one request if asked; erased ones are gone.

    Raises:
        TrailError: there is no such trail, or it cannot be read.
    """
    for said in read_said(address, learner=learner, request=request):
        yield record_of(said)


def read_said(address: str, *, learner: str | None = None, request: str | None = None) -> Iterator[dict[str, Any]]:
    """As `read_records`, as they are kept: with their place in the chain, `writer` and `seq`."""
    asked = {"learner_id": learner, "request_id": request}
    given = {column: value for column, value in asked.items() if value is not None}
    where = "".join(f" AND {column} = ?" for column in given)
    sql = f"SELECT payload FROM trail_payload WHERE learner_id IS NOT NULL{where} ORDER BY writer, seq"
    with reading(address) as store:
        yield from (json.loads(payload) for (payload,) in store.rows(sql, tuple(given.values())))


def _plain(name: str, value: object) -> object:
    if name == "features":
        return [_number(name, one) for one in cast("Sequence[object]", value)]
    if name in _NUMBERS:
        return _number(name, value)
    return _moment(name, value) if name in _TIMES else _text(name, value)


def _number(name: str, value: Any) -> float | None:
    number = math.nan if value is None else float(value)
    if math.isinf(number):
        raise TrailError(f"{name} of a record for the trail is not finite", value, "Refuse such a request.")
    return None if math.isnan(number) else number


def _moment(name: str, value: object) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TrailError(f"{name} of a record for the trail is no time with a zone", value, "Give a time in UTC.")
    return value.astimezone(UTC).isoformat()


def _text(name: str, value: object) -> str:
    """Text that every store can keep; an error shows only which character is wrong, as it may stand in a log."""
    if not isinstance(value, str):
        raise TrailError(f"{name} of a record for the trail is not text", type(value).__name__, "Give text.")
    wrong = next((one for one in value if one == "\0" or "\ud800" <= one <= "\udfff"), None)
    if wrong is not None:
        raise TrailError(f"{name} of a record for the trail has a character that is none", wrong, "Refuse it.")
    return value
