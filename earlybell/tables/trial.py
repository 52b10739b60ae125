"""The trial of a course that a request may name: who is shown to staff and who is not is kept where the trial runs."""

from typing import Annotated

import msgspec
from msgspec import Meta

from earlybell.errors import RequestError
from earlybell.tables.values import shown

TrialDigest = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the list of learners and arms of a trial in this course run; the trail keeps it",
    ),
]


def read_trial(place: str, value: object) -> str:
    """The digest from parsed JSON; null is none, which is empty.

    Args:
        place: what errors call it.

    Raises:
        RequestError: it is no digest.
    """
    if value is None:
        return ""
    try:
        return msgspec.convert(value, TrialDigest)
    except msgspec.ValidationError:
        raise RequestError(place, shown(value), "It must be a SHA-256: 64 digits of 0-9 and a-f.") from None
