"""corrections.json: what the risks of each course run were corrected by, for requests to the server and for people.

It lies beside the predictions, as a list with an entry a course run and moment. A request about one learner may carry
the entry of its course: then the server answers as the prediction of the whole course did.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from earlybell.counts import counted
from earlybell.errors import SettingError
from earlybell.predict.answer import DOUBT_WORDS
from earlybell.predict.correction import Correction
from earlybell.predict.predictor import Predictions
from earlybell.tables.correction import SentCorrection
from earlybell.whole import written_whole

_LEAST_POINTS = 1.0  # a mean that moves by less is not worth a line
_WAY_OUT = "Name the file that `earlybell predict --corrections` or `predict-site` wrote."


class CourseCorrection(Correction, frozen=True, kw_only=True):
    """The correction of a course run at a moment, and the bundle that it was computed with.

    Attributes:
        bundle: its digest.
        as_of: in UTC without a zone.
        words: `in_words`.
    """

    bundle: str
    course_id: str
    as_of: datetime
    words: str

    @property
    def to_send(self) -> SentCorrection:
        """What a request carries of it."""
        return SentCorrection(self.bundle, self.shift, self.doubt)

    @property
    def notable(self) -> bool:
        """Whether it moved the mean risk by a point or more."""
        return abs(self.points) >= _LEAST_POINTS


def course_corrections(predictions: Predictions, digest: str) -> list[CourseCorrection]:
    """The corrections of predictions of whole course runs, by the bundle of that digest, by course run and moment."""
    return [
        CourseCorrection(
            **msgspec.structs.asdict(made), bundle=digest, course_id=course_id, as_of=as_of, words=in_words(made)
        )
        for (course_id, as_of), made in sorted(predictions.corrections.items())
    ]


def write_corrections(corrections: Sequence[CourseCorrection], out: Path) -> None:
    """Write the file, whole or not at all."""
    with written_whole(out) as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(corrections), indent=1))


def read_corrections(path: Path) -> list[CourseCorrection]:
    """
    Raises:
        SettingError: it cannot be read, or is no such file.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[CourseCorrection])
    except (OSError, msgspec.MsgspecError) as error:
        raise SettingError(f"cannot read corrections ({error})", str(path), _WAY_OUT) from None


def correction_at(corrections: Sequence[CourseCorrection], course_id: str, at: datetime) -> CourseCorrection:
    """The last one of a course run that is not later than a moment, in UTC without a zone.

    Raises:
        SettingError: there is none.
    """
    earlier = [entry for entry in corrections if entry.course_id == course_id and entry.as_of <= at]
    if not earlier:
        way_out = "Predict the whole course as of then or before, or ask without --corrections."
        raise SettingError(f"no correction as of {at:%Y-%m-%d %H:%M} or before, of course run", course_id, way_out)
    return max(earlier, key=lambda entry: entry.as_of)


def in_words(correction: Correction) -> str:
    """What a correction did to the risks of a course, and why, for teachers; and if it is in doubt, why."""
    words = _shift_in_words(correction)
    return f"{words} Nobody gets a band: {DOUBT_WORDS[correction.doubt]}." if correction.doubt else words


def _shift_in_words(correction: Correction) -> str:
    if correction.basis == "none":
        return "Risks were left as they are: the model knows no earlier run of this course, and too few other courses."
    why = f"by how {_runs(correction)} ended"
    if abs(correction.points) < _LEAST_POINTS:
        return f"This course looks like those learned from: risks changed by less than a point on average, {why}."
    how, raised = ("harder", "raised") if correction.points > 0 else ("easier", "lowered")
    points = round(abs(correction.points))
    by = f"{counted(points, 'point')} on average"
    return f"This course looks {how} than those learned from: risks were {raised} by {by}, {why}."


def _runs(correction: Correction) -> str:
    several = correction.runs > 1
    if correction.basis == "earlier_runs":
        return f"its {correction.runs} earlier runs" if several else "its earlier run"
    return f"{counted(correction.runs, 'run')} of other courses" if several else "a run of another course"
