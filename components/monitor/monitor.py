"""Watches a model in use: the table of all figures of a source, by what was known at a moment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.monitor.data import DataChecks
from components.monitor.drift import Drift
from components.monitor.ends import Ends
from components.monitor.estimate import Estimates
from components.monitor.labels import read_labels
from components.monitor.records import ATTRIBUTES, read_records
from components.monitor.weeks import LEAST_LEARNERS, Run, Weeks, anybody, read_weeks
from components.watched import Row, ended_row, write_rows
from earlybell.bundle import read_bundle
from earlybell.errors import SettingError
from earlybell.predict import open_tables

DAYS = 31  # that are looked back where nothing else is said

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Period:
    """What is looked at: weekly looks after `since` and until `now`, both in UTC without a zone."""

    since: datetime
    now: datetime

    def __post_init__(self) -> None:
        if self.since >= self.now:
            raise SettingError(
                "nothing lies between", f"{self.since} and {self.now}", "Let --since lie before --as-of."
            )

    def has(self, at: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.since < at <= self.now


def read_period(since: str, as_of: str) -> Period:
    """The period of two days or moments, in UTC where they name no zone.

    Args:
        since: empty: `DAYS` before `as_of`.
        as_of: `now`, or a day or moment.

    Raises:
        SettingError: one is none, or `since` does not lie before.
    """
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0) if as_of == "now" else _moment("--as-of", as_of)
    return Period(_moment("--since", since) if since else now - timedelta(days=DAYS), now)


def _moment(option: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise SettingError(f"{option} is neither a day nor a moment", text, "Write it as 2026-03-01.") from None
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def monitor(bundle: Path, tables: Path, out: Path, period: Period, version: str = "") -> list[Row]:
    """Write the table of figures (see `components.watched`) of the course runs of canonical tables; its rows.

    Each course run has the figures of its weekly looks in the period. Of a run under way the arrivals of data are as
    of `period.now`, too. A run whose outcomes have come in the period has those of all its weeks. Without any course
    run in the period, and before the first weekly look of all, there is no row.

    Args:
        bundle: a sealed one.
        version: what records call the model's; empty: the first digits of the bundle's digest.

    Raises:
        BundleError: the bundle cannot be trusted.
        SourceError: the tables cannot be read.
    """
    opened = read_bundle(bundle)
    watched = anybody(tables)
    rows = list(watch(read_weeks(opened, tables), period, version or opened.version)) if watched else []
    write_rows(rows, out)
    return rows


def watch(weeks: Weeks, period: Period, version: str) -> Iterator[Row]:
    """All figures of a source in a period."""
    connection = open_tables(weeks.tables)
    labels, records = read_labels(connection, weeks.observed, period.now), read_records(connection)
    groups = _groups(weeks)
    ends = Ends(weeks, labels, groups, connection, period.now)
    connection.close()
    drift, data, estimates = Drift(weeks, groups), DataChecks(weeks, records, groups), Estimates(weeks, labels)
    for run in weeks.runs.values():
        looks = [week for week in weeks.weeks(run.course_id) if period.has(weeks.at(weeks.rows(run.course_id, week)))]
        for week in looks:
            yield from data.rows(run, week, version)
            if len(weeks.rows(run.course_id, week)) >= LEAST_LEARNERS:
                yield from drift.rows(run, week, version)
                yield from estimates.rows(run, week, version)
                yield from ends.flagged(run, week, version)
                yield from ends.actions(run, week, version)
        if run.starts_at < period.now <= run.ends_at and not _looked(weeks, run, looks, period.now):
            make = partial(
                Row, course_id=run.course_id, version=version, as_of=period.now, week=run.week_of(period.now)
            )
            yield from data.arrivals(run, period.now, partial(make, family="data"))
        if period.has(run.ends_at):
            yield ended_row(run.course_id, version, run.ends_at, run.week_of(run.ends_at))
        if (arrived := ends.arrived(run)) and period.has(arrived):
            yield from ends.measured(run, version)


def _looked(weeks: Weeks, run: Run, looks: list[int], now: datetime) -> bool:
    """Whether the last look is as of now."""
    return bool(looks) and now - weeks.at(weeks.rows(run.course_id, looks[-1])) < timedelta(minutes=1)


def _groups(weeks: Weeks) -> Mapping[str, Mask]:
    """Which rows are of each group of learners, as `gender=F`; who is of no known group is of none."""
    connection = open_tables(weeks.tables)
    found = connection.execute(f"SELECT learner_id, {', '.join(ATTRIBUTES)} FROM learners").fetchnumpy()
    connection.close()
    learners, at = np.unique(weeks.observed.learner_id.astype(str), return_inverse=True)
    known = np.asarray(found["learner_id"]).astype(str)
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known[order], learners).clip(max=max(len(known) - 1, 0))
    groups: dict[str, Mask] = {}
    if not len(known):
        return groups
    member = known[order][place] == learners
    for name in ATTRIBUTES:
        values = np.ma.filled(np.ma.asarray(found[name], dtype=object), "").astype(str)[order][place]
        for value in sorted(set(values[member].tolist()) - {""}):
            groups[f"{name}={value}"] = ((values == value) & member)[at]
    return groups
