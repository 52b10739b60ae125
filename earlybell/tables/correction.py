"""The correction of a course that a request may carry, as the prediction of the whole course has written it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from earlybell.errors import RequestError
from earlybell.tables.values import shown

CourseDoubt = Literal["", "course_level"]
BOUND = 1.0  # of a shift, in log-odds: a risk of 50% becomes 73% at most


class SentCorrection(Struct, frozen=True, forbid_unknown_fields=True):
    """What the risks of a course run are shifted by, and whether it is in doubt as a whole, by one bundle."""

    bundle: Annotated[
        str,
        Meta(
            pattern="^[0-9a-f]{64}$",
            description="digest of the bundle that it was computed with; another one answers as without it",
        ),
    ]
    shift: Annotated[float, Meta(ge=-BOUND, le=BOUND, description="added to the log-odds of every risk")]
    doubt: Annotated[CourseDoubt, Meta(description="why nobody of the course run gets a band; else empty")] = ""

    def of(self, digest: str) -> "SentCorrection":
        """For the bundle of that digest; for another nothing is sent."""
        return self if digest == self.bundle else nothing_sent()


def nothing_sent() -> SentCorrection:
    """What a request without a correction carries; no constant, which would keep DuckDB from ending cleanly."""
    return SentCorrection(bundle="", shift=0.0)


def read_correction(place: str, value: object) -> SentCorrection:
    """A correction from parsed JSON; null is none.

    Args:
        place: what errors call it.

    Raises:
        RequestError: it is not of the form, or out of bounds.
    """
    if value is None:
        return nothing_sent()
    try:
        return msgspec.convert(value, SentCorrection)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        field = path.rstrip("`")
        wrong = value[field] if field and isinstance(value, dict) else value
        way_out = f"{message}. See corrections.json: bundle is a digest, shift from {-BOUND:g} to {BOUND:g}."
        raise RequestError(f"{place}.{field}".rstrip("."), shown(wrong), way_out) from None
