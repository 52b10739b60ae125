"""Final grades and pass marks of course runs: points and percent, and whether a mark is of the grades' own scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.extract.moodle_log.statements import PassMark, Statement
from components.extract.moodle_log.times import shape
from earlybell.errors import SourceError
from earlybell.tables.schema import Column
from earlybell.tables.sql import quoted
from earlybell.tables.words import WRITTEN, unknown_words

ENOUGH = 5  # grades that show a scale
OTHER_SCALE = 0.5  # of the pass mark, and no grade reaches it: the mark is of another scale

_PLAIN = r"-?\d+(\.\d+)?"
_THOUSANDTHS = r"-?\d{1,3},\d{3}"  # or thousands: it depends on the other grades


@dataclass(frozen=True)
class Grade:
    """A learner's course total: in points, in percent of the maximum, or both; None where it is not known."""

    points: float | None
    percent: float | None


@dataclass(frozen=True)
class Threshold:
    """The final score below which a learner of a run has failed; `in_percent` where that is all that is known."""

    value: float
    in_percent: bool


def number(text: str, run: str) -> str:
    """SQL of a grade that is a number as it may be read, null where it means unknown, and else its shape.

    A comma before three digits is a decimal one where all grades of the run have it, as Moodle writes all alike.
    Otherwise nothing tells whether it stands between thousands.

    Args:
        text, run: columns, of the grade without spaces around it and of its run.
    """
    unknown = ", ".join(map(quoted, unknown_words(Column("total", "number", "a grade"))))
    forms = quoted("|".join([_PLAIN, *(form for form, _ in WRITTEN)]))
    alike = f"bool_and(regexp_full_match({text}, '{_THOUSANDTHS}') OR {text} IN ({unknown})) OVER (PARTITION BY {run})"
    return (
        f"CASE WHEN {text} IN ({unknown}) THEN NULL WHEN regexp_full_match({text}, {forms}) THEN {text} "
        f"WHEN regexp_full_match({text}, '{_THOUSANDTHS}') AND {alike} THEN replace({text}, ',', '.') "
        f"ELSE {shape(text)} END"
    )


def threshold(run: str, grades: Sequence[Grade], statement: Statement) -> Threshold | None:
    """The pass mark of a run in the unit of its grades; None where there is no mark, or no grade.

    Raises:
        SourceError: a mark in percent needs the highest grade, which nothing tells; or no grade comes near the mark.
    """
    mark, points = statement.pass_mark, [grade.points for grade in grades if grade.points is not None]
    percents = [grade.percent for grade in grades if grade.percent is not None]
    if mark is None or not (points or percents):
        return None
    if not points:
        limit = Threshold(mark.value, in_percent=True)
        _check_scale(run, percents, mark, limit.value)
        return limit
    if (
        mark.percent and percents
    ):  # Moodle's own: the highest grade may differ by learner, where empty grades are left out
        return Threshold(mark.value, in_percent=True)
    limit = Threshold(mark.value / 100 * _highest(run, statement) if mark.percent else mark.value, in_percent=False)
    _check_scale(run, points, mark, limit.value)
    return limit


def score(grade: Grade, limit: Threshold | None) -> float | None:
    """A grade in the unit of the pass mark; in points, if it has any, without one."""
    if limit:
        return grade.percent if limit.in_percent else grade.points
    return grade.points if grade.points is not None else grade.percent


def all_alike(run: str, scores: Sequence[float], limit: float) -> str:
    """A sentence where everybody of a run failed, or nobody did; else empty."""
    failed = sum(score < limit for score in scores)
    if len(scores) < ENOUGH or 0 < failed < len(scores):
        return ""
    extreme = f"the highest is {max(scores):g}" if failed else f"the lowest is {min(scores):g}"
    which = "below" if failed else "at or above"
    return (
        f"in {run} all {len(scores)} grades are {which} the pass mark of {limit:g}; {extreme}. "
        "If that is another scale, state pass_mark for this run in courses.csv."
    )


def _check_scale(run: str, scores: Sequence[float], mark: PassMark, limit: float) -> None:
    if len(scores) >= ENOUGH and max(scores) <= OTHER_SCALE * limit:
        raise SourceError(
            f"in {run} all {len(scores)} grades are below the pass mark of {mark}",
            f"the highest is {max(scores):g}",
            "Give it in percent (pass_mark=50%), or for each run: courses.csv with the columns folder and pass_mark.",
        )


def _highest(run: str, statement: Statement) -> float:
    """The highest possible grade, in points."""
    if not statement.max_grade:
        raise SourceError(
            f"in {run} a pass mark in percent needs the highest possible grade",
            str(statement.pass_mark),
            "Export the grade book with both Real and Percentage, or state max_grade.",
        )
    return statement.max_grade
