"""The table of what is watched of a model in use: a figure of a course run, a model version and a week in each row.

The step `monitor` writes it, the page and the gauges read it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args, get_type_hints

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from earlybell.errors import SourceError
from earlybell.tables.sql import connect, parquet, quoted
from earlybell.whole import written_whole

Family = Literal["data", "drift", "estimate", "early", "outcome", "action", "fairness"]
Status = Literal["ok", "warning", "problem", "unknown", "suppressed"]
Audience = Literal["it", "mlops", "director"]

_NIGHTLY, _ENDED = "days_without_record", "ended"
ALL = "all"  # the subject of a figure of the whole course run


@dataclass(frozen=True)
class Watched:
    """A kind of figure.

    Attributes:
        title: in a table.
        family: what it belongs to.
        audience: who hears of it where it is beyond its threshold.
        higher_is_worse: on which side of the threshold trouble lies.
        percent: whether it is written in percent.
    """

    title: str
    family: Family
    audience: Audience
    higher_is_worse: bool = True
    percent: bool = False


WATCHED: dict[str, Watched] = {
    "days_without_record": Watched("Teaching days since the newest record", "data", "it"),
    "events_a_learner": Watched("Events a learner and week", "data", "it", higher_is_worse=False),
    "events_of_group": Watched("Events of a group, beside all learners", "data", "it", higher_is_worse=False),
    "submissions_a_learner": Watched("Work handed in, a learner", "data", "it", higher_is_worse=False),
    "unknown_components": Watched("Events of unknown components", "data", "it", percent=True),
    "lost_components": Watched("Events of components that fell silent", "data", "it", percent=True),
    "missing_values": Watched("Missing values of a feature", "data", "it", percent=True),
    "out_of_range": Watched("Values outside of training", "data", "mlops", percent=True),
    "coverage": Watched("Learners with enough evidence", "data", "mlops", higher_is_worse=False, percent=True),
    "ended": Watched("The course run has ended", "data", "it"),
    "ks_earlier_runs": Watched("Shift of a feature since earlier runs (KS)", "drift", "mlops"),
    "psi_earlier_runs": Watched("Shift of a feature since earlier runs (PSI)", "drift", "mlops"),
    "mmd_earlier_runs": Watched("Shift of all features together since earlier runs (MMD)", "drift", "mlops"),
    "wasserstein_earlier_runs": Watched("Shift of a feature since earlier runs (Wasserstein)", "drift", "mlops"),
    "risk_ks_earlier_runs": Watched("Shift of the risks since earlier runs (KS)", "drift", "mlops"),
    "ks_training": Watched("Shift of a feature since training (KS)", "drift", "mlops"),
    "psi_training": Watched("Shift of a feature since training (PSI)", "drift", "mlops"),
    "mmd_training": Watched("Shift of all features together since training (MMD)", "drift", "mlops"),
    "wasserstein_training": Watched("Shift of a feature since training (Wasserstein)", "drift", "mlops"),
    "risk_ks_training": Watched("Shift of the risks since training (KS)", "drift", "mlops"),
    "estimated_auc": Watched("AUC, estimated", "estimate", "mlops", higher_is_worse=False),
    "estimated_brier": Watched("Brier score, estimated", "estimate", "mlops"),
    "estimated_precision": Watched("Precision of flags, estimated", "estimate", "director", False, True),
    "adjusted_auc": Watched("AUC four weeks ago, by what happened since", "estimate", "mlops", higher_is_worse=False),
    "adjusted_calibration_gap": Watched("Risk less truth, by what happened since", "estimate", "mlops", percent=True),
    "early_auc": Watched("AUC of the next work missed", "early", "mlops", higher_is_worse=False),
    "roc_auc": Watched("AUC", "outcome", "director", higher_is_worse=False),
    "brier": Watched("Brier score", "outcome", "director"),
    "calibration_gap": Watched("Risk less truth", "outcome", "director", percent=True),
    "precision": Watched("Precision of flags", "outcome", "director", False, True),
    "recall": Watched("Recall of flags", "outcome", "director", False, True),
    "lead_days": Watched("Days from the first flag to the end", "outcome", "director", higher_is_worse=False),
    "acted_on": Watched("Flagged learners who were helped", "action", "director", False, True),
    "dismissed": Watched("Flagged learners who were dismissed", "action", "director", percent=True),
    "flagged": Watched("Learners flagged", "fairness", "director", percent=True),
    "group_risk_ks": Watched("Shift of a group's risks since earlier runs (KS)", "fairness", "mlops"),
}
_FAMILIES: tuple[Family, ...] = get_args(Family)


class Row(Struct, frozen=True, kw_only=True):
    """One figure.

    Attributes:
        course_id: of the run.
        version: of the model, as records have it.
        as_of: the moment of the look, in UTC without a zone; only what was known before it counts.
        week: of the run, from 1; that of the look.
        family, figure: as `WATCHED` has them.
        subject: what it is of: `all`, a table, a feature, a component, or a group as `gender=F`.
        value, low, high: the figure and its 95% interval; None where there is none.
        threshold: beyond which there is trouble; None: it has none.
        learners: of which it is.
        status: `problem` asks somebody to act, `warning` to look. `unknown`: it cannot be told, and `sentence` says
            why. `suppressed`: of too few learners to be shown.
        sentence: for a person, with the culprit in the catalogue's words; never with a learner's name or id.
    """

    course_id: str
    version: str
    as_of: datetime
    week: int
    family: Family
    figure: str
    subject: str = ALL
    value: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    learners: int = 0
    status: Status = "ok"
    sentence: str = ""

    @property
    def trouble(self) -> bool:
        """Whether somebody should hear of it."""
        return self.status in ("warning", "problem")

    @property
    def key(self) -> tuple[str, str, datetime, str, str]:
        """What no two rows of a table share."""
        return self.course_id, self.version, self.as_of, self.figure, self.subject


def latest(rows: Sequence[Row]) -> list[Row]:
    """Of each course run and version the rows of the last look; of data only while the run is under way.

    Arrivals, which are looked at every night, have a last look of their own, and so have outcomes.
    """
    ended = {(row.course_id, row.version) for row in rows if row.figure == _ENDED}
    rows = [row for row in rows if row.family != "data" or (row.course_id, row.version) not in ended]
    last: dict[tuple[str, str, str], datetime] = {}
    for row in rows:
        last[_series(row)] = max(row.as_of, last.get(_series(row), row.as_of))
    return [row for row in rows if row.as_of == last[_series(row)]]


def troubles(rows: Sequence[Row]) -> list[Row]:
    """What is still beyond its threshold at the last look of its course run, what asks to act first.

    Of each course run and figure the worst.
    """
    beyond = [row for row in latest(rows) if row.trouble]
    ordered = sorted(beyond, key=lambda row: (row.status != "problem", row.course_id, row.figure, row.subject))
    return list({(row.course_id, row.figure): row for row in reversed(ordered)}.values())[::-1]


def learners_of(rows: Sequence[Row]) -> int:
    """How many learners the course runs of some rows have: of each the most that a figure is of."""
    by_course: dict[str, int] = {}
    for row in rows:
        by_course[row.course_id] = max(by_course.get(row.course_id, 0), row.learners)
    return sum(by_course.values())


def _series(row: Row) -> tuple[str, str, str]:
    own = _NIGHTLY if row.figure == _NIGHTLY else "outcome" if row.family == "outcome" else "weekly"
    return row.course_id, row.version, own


def ended_row(course_id: str, version: str, at: datetime, week: int) -> Row:
    """Says that a course run has ended: from then on what was wrong with its data is history."""
    return Row(course_id=course_id, version=version, as_of=at, week=week, family="data", figure=_ENDED)


_NUMBER = "DOUBLE"
_TYPES = {str: "VARCHAR", datetime: "TIMESTAMP", int: "INTEGER", float: _NUMBER}
COLUMNS: dict[str, str] = {  # each with its type in SQL
    name: _TYPES.get(hint, _NUMBER if hint == float | None else "VARCHAR") for name, hint in get_type_hints(Row).items()
}


def fault(row: Row) -> str:
    """What is wrong with a row, in words; empty where nothing is."""
    known = WATCHED.get(row.figure)
    if known is None or known.family != row.family:
        return f"figure {row.figure!r} of family {row.family!r} is not known"
    numbers = [number for number in (row.value, row.low, row.high, row.threshold) if number is not None]
    if not all(map(math.isfinite, numbers)):
        return "a number is not finite"
    if row.value is not None:
        low, high = (row.value if end is None else end for end in (row.low, row.high))
        if not low <= row.value <= high:
            return f"value {row.value} lies outside of its interval"
    if row.status in ("warning", "problem", "unknown") and not row.sentence:
        return f"status {row.status} without a sentence"
    if row.status in ("unknown", "suppressed") and row.value is not None:
        return f"status {row.status} with a value"
    return ""


def write_rows(rows: Sequence[Row], out: Path) -> None:
    """Write the table as Parquet, whole or not at all, in the order of its keys.

    Raises:
        ValueError: a row breaks the rules of the table, or two have the same key.
    """
    _check(rows)
    ordered = sorted(rows, key=lambda row: (row.course_id, row.as_of, _FAMILIES.index(row.family), *row.key))
    columns = {name: _array([getattr(row, name) for row in ordered], kind) for name, kind in COLUMNS.items()}
    select = ", ".join(f"{_nullable(name, kind)}::{kind} AS {name}" for name, kind in COLUMNS.items())
    with written_whole(out) as part, connect() as connection:
        connection.register("figures", columns)
        connection.execute(f"COPY (SELECT {select} FROM figures) TO {quoted(part)} (FORMAT parquet)")


def read_rows(path: Path) -> list[Row]:
    """Read the table, checked.

    Raises:
        SourceError: it is none, or a row breaks its rules.
    """
    way_out = "Write it anew with `earlybell monitor`."
    try:
        with connect() as connection:
            records = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM {parquet(path)}").fetchall()
        rows = msgspec.convert([dict(zip(COLUMNS, record, strict=True)) for record in records], list[Row])
        _check(rows)
    except (duckdb.Error, msgspec.ValidationError, ValueError) as error:
        raise SourceError("not a table of watched figures", f"{path}: {str(error).splitlines()[0]}", way_out) from None
    return rows


def _check(rows: Sequence[Row]) -> None:
    for row in rows:
        if words := fault(row):
            raise ValueError(f"{row.course_id}, {row.figure} of {row.subject}: {words}")
    if len({row.key for row in rows}) < len(rows):
        raise ValueError("two rows have the same course run, version, moment, figure and subject")


def _nullable(name: str, kind: str) -> str:
    """SQL for a column of an array; what is None in a number's column is NaN there."""
    return f"if(isnan({name}), NULL, {name})" if kind == _NUMBER else name


def _array(values: list[object], kind: str) -> npt.NDArray[np.generic]:
    types: dict[str, npt.DTypeLike] = {_NUMBER: np.float64, "TIMESTAMP": "datetime64[us]", "INTEGER": np.int32}
    return np.array(values, dtype=types.get(kind, object))
