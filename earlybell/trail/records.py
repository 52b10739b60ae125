"""What the trail says of one answer: the record, and the JSON that is kept of it."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from earlybell.errors import TrailError
from earlybell.trail.chain import Body
from earlybell.trail.stores import reading

ANONYMOUS = "anonymous"
KIND = "prediction"
_LEFT_OUT = ("correction", "doubt", "outlook", "trial")  # of the JSON, where there is none


class RecordedOutlook(Struct, frozen=True, omit_defaults=True):
    """What was answered of what comes next: `earlybell.predict.answer.Outlook` without its words."""

    head: str
    value: float
    low: float | None = None
    high: float | None = None
    agrees: bool = True


class Record(Struct, frozen=True):
    """One answer about one learner. The fields are those of the JSON that is kept, in its order.

    Attributes:
        request_id: of the request; a mirrored challenger's record carries the same.
        time: when it was answered; aware of its time zone, kept in UTC.
        course_id: of the course run.
        learner_id: pseudonymous, or `ANONYMOUS`.
        as_of: the moment that the prediction is for; aware of its time zone.
        features: the vector that the model saw, in the catalogue's order; missing is None (a NaN becomes None).
        risk, low, high: probabilities, or None where there is no number.
        caller: the name of who asked, never a token.
        correction: what was added to the log-odds of the risk for its course. The JSON has it where it is not 0.
        doubt: why there was too little to go by. The JSON has it where it is not empty.
        outlook: by each head that answered. The JSON has it where there is any.
        trial: digest of the arms of a trial in the course run, as the request had it. The JSON has it where there is
            one.
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
    correction: float = 0.0
    doubt: str = ""
    outlook: tuple[RecordedOutlook, ...] = ()
    trial: str = ""


def body_of(record: Record) -> Body:
    """What the chain keeps of a record.

    Raises:
        TrailError: a value that no store can keep: infinite, a time without zone, text that is no Unicode or has a NUL.
    """
    values = {name: plain(name, getattr(record, name)) for name, plain in _PLAIN.items()}
    for name in _LEFT_OUT:
        if not values[name]:
            del values[name]
    text = json.dumps({"kind": KIND, **values}, separators=(",", ":"), allow_nan=False)
    return Body(text, record.request_id, record.course_id, record.learner_id)


def record_of(payload: str) -> Record:
    """A record from the JSON that is kept; what the chain added to it is left out.

    Raises:
        TrailError: it is no such record.
    """
    try:
        return _DECODER.decode(payload)
    except msgspec.DecodeError as error:
        raise TrailError(
            "a record of the trail cannot be read", str(error), "Look with `earlybell trail verify`."
        ) from None


def read_records(address: str, *, learner: str | None = None, request: str | None = None) -> Iterator[Record]:
    """The records of a trail in the order of each writer, of one learner or one request if asked; erased ones are gone.

    Raises:
        TrailError: there is no such trail, or it cannot be read.
    """
    return map(record_of, read_payloads(address, learner=learner, request=request))


def read_payloads(address: str, *, learner: str | None = None, request: str | None = None) -> Iterator[str]:
    """As `read_records`, the JSON that is kept: with its place in the chain, `writer` and `seq`."""
    filters = {"learner_id": learner, "request_id": request}
    values = {column: value for column, value in filters.items() if value is not None}
    where = "".join(f" AND {column} = ?" for column in values)
    sql = f"SELECT payload FROM trail_payload WHERE learner_id IS NOT NULL{where} ORDER BY writer, seq"
    with reading(address) as store:
        yield from (payload for (payload,) in store.rows(sql, tuple(values.values())))


def _numbers(name: str, values: Sequence[Any]) -> list[float | None]:
    return [_number(name, value) for value in values]


def _number(name: str, value: Any) -> float | None:
    number = math.nan if value is None else float(value)
    if math.isinf(number):
        raise TrailError(f"{name} of a record for the trail is not finite", value, "Refuse such a request.")
    return None if math.isnan(number) else number


def _outlooks(name: str, values: tuple[RecordedOutlook, ...]) -> object:
    for outlook in values:
        for number in (outlook.value, outlook.low, outlook.high):
            _number(name, number)
    return msgspec.to_builtins(values)


def _moment(name: str, value: object) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TrailError(f"{name} of a record for the trail is no time with a zone", value, "Give a time in UTC.")
    return value.astimezone(UTC).isoformat()


def _text(name: str, value: object) -> str:
    """Text that every store can keep; an error shows only which character is wrong, as it may stand in a log."""
    if not isinstance(value, str):
        raise TrailError(f"{name} of a record for the trail is not text", type(value).__name__, "Give text.")
    wrong = next((sign for sign in value if sign == "\0" or "\ud800" <= sign <= "\udfff"), None)
    if wrong is not None:
        raise TrailError(f"{name} of a record for the trail has a character that is none", wrong, "Refuse it.")
    return value


_DECODER = msgspec.json.Decoder(Record)
_OF_TYPE: dict[Any, Callable[[str, Any], object]] = {
    str: _text,
    datetime: _moment,
    float: _number,
    float | None: _number,
    tuple[float | None, ...]: _numbers,
    tuple[RecordedOutlook, ...]: _outlooks,
}
_PLAIN = {name: _OF_TYPE[hint] for name, hint in get_type_hints(Record).items()}
