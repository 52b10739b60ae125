"""What a bundle says of every week of every course run of a source: what all figures are made of.

A feature is as of its moment. So the weeks of a run that was watched last night are the same tonight: nothing is kept
from night to night, and a look back is what a look was then.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bundle
from earlybell.errors import SettingError
from earlybell.predict import (
    Observed,
    Predictor,
    confine,
    corrections,
    courses_at,
    create_moments,
    observe,
    open_tables,
)
from earlybell.tables.run_end import RUN_END
from earlybell.tables.sql import quoted

WEEK = np.timedelta64(7, "D")
DAY = 86_400.0
LEAST_TAUGHT = 6.5  # days of teaching in the week before a look: what a break shows is the break
APART = 4.0  # days of teaching by which looks of two runs may differ that are compared
AT_ONCE = 100_000  # moments of which features are computed together
LEAST_LEARNERS = 20  # of a look: fewer show nothing that chance alone does not

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Run:
    """A course run, its times in UTC; `trained`: the model learned from it."""

    course_id: str
    code: str
    starts_at: datetime
    ends_at: datetime
    trained: bool
    breaks: tuple[tuple[datetime, datetime], ...] = ()

    def taught(self, at: datetime) -> float:
        """Days of teaching until a moment: breaks, which are sorted and may overlap, are none."""
        free, until = 0.0, self.starts_at
        for start, end in self.breaks:
            start, end = max(start, until), min(end, at)
            if end > start:
                free, until = free + (end - start).total_seconds(), end
        return ((at - self.starts_at).total_seconds() - free) / DAY

    def after_break(self, at: datetime) -> bool:
        """Whether some of the week before a moment was no teaching."""
        return self.taught(at) - self.taught(at - timedelta(days=7)) < LEAST_TAUGHT

    @property
    def looks(self) -> int:
        """How many weekly looks its term has."""
        return max(1, (self.ends_at - self.starts_at - timedelta.resolution) // timedelta(days=7))

    def week_of(self, at: datetime) -> int:
        """The number of weeks that have passed, from 0."""
        return (at - self.starts_at).days // 7


@dataclass(frozen=True)
class Weeks:
    """The weekly moments of all course runs, n rows, in the order of course run, learner and moment.

    Attributes:
        runs: by their ids.
        week: (n,), how many weeks of the run have passed.
        progress: (n,), the share of the run that has passed.
        raw, risk: (n,), before and after the correction of the course.
        band, doubt: (n,).
    """

    bundle: Bundle
    tables: Path
    runs: dict[str, Run]
    observed: Observed
    week: Ints
    progress: Floats
    raw: Floats
    risk: Floats
    band: npt.NDArray[np.str_]
    doubt: npt.NDArray[np.str_]

    def rows(self, course_id: str, week: int) -> Ints:
        """The rows of a look; maybe none."""
        return self._looks.get((course_id, week), np.empty(0, dtype=np.int64))

    def weeks(self, course_id: str) -> list[int]:
        """The weeks of a run that have a look."""
        return [week for week, _, _ in self._taught.get(course_id, ())]

    def usual(self, course_id: str, week: int) -> bool:
        """Whether a look is after a week of teaching without a break."""
        return any(number == week and usual for number, _, usual in self._taught.get(course_id, ()))

    def like(self, run: Run, week: int, other: Run, stage: float = 1.0) -> Ints:
        """The rows of another run after as much teaching as a look of this one, times `stage`; maybe none."""
        taught = next((days for number, days, _ in self._taught.get(run.course_id, ()) if number == week), np.nan)
        apart = [
            (abs(days - stage * taught), number)
            for number, days, usual in self._taught.get(other.course_id, ())
            if usual
        ]
        least, number = min(apart, default=(np.inf, 0))
        return self.rows(other.course_id, number if least <= APART else -1)

    def all_like(self, run: Run, week: int, others: Sequence[Run], *, by_share: bool = False) -> Ints:
        """The rows of other runs after as much teaching as a look of this one, or after the same share of their own."""
        stages = [other.taught(other.ends_at) / run.taught(run.ends_at) if by_share else 1.0 for other in others]
        parts = [self.like(run, week, other, stage) for other, stage in zip(others, stages, strict=True)]
        return joined(parts)

    def at(self, rows: Ints) -> datetime:
        """The moment of a look."""
        return self.observed.as_of[rows[0]].item()  # type: ignore[no-any-return]

    def ended(self, run: Run) -> list[Run]:
        """The runs that had ended when it began."""
        return [other for other in self.runs.values() if other.ends_at <= run.starts_at]

    def earlier(self, run: Run) -> list[Run]:
        """Of those the runs of the same course."""
        return [other for other in self.ended(run) if other.code == run.code]

    def trained(self, run: Run) -> list[Run]:
        """Of those the runs that the model learned from."""
        return [other for other in self.ended(run) if other.trained]

    @cached_property
    def _taught(self) -> dict[str, list[tuple[int, float, bool]]]:
        """Of each run its looks: the week, the days taught, and whether the week before was without a break."""
        looks: dict[str, list[tuple[int, float, bool]]] = {}
        for (course, week), rows in sorted(self._looks.items()):
            run, at = self.runs[course], self.at(rows)
            looks.setdefault(course, []).append((week, run.taught(at), not run.after_break(at)))
        return looks

    @cached_property
    def _looks(self) -> dict[tuple[str, int], Ints]:
        """A run that breaks cover whole has none: it has no stage to compare."""
        whole = {run.course_id for run in self.runs.values() if run.taught(run.ends_at) <= 0}
        return {look: rows for look, rows in self._grouped() if look[0] not in whole}

    def _grouped(self) -> Iterator[tuple[tuple[str, int], Ints]]:
        _, course = np.unique(self.observed.course_id.astype(str), return_inverse=True)
        group = course * (self.week.max(initial=0) + 1) + self.week
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        for rows in np.split(order, starts[1:]) if len(order) else []:
            yield (str(self.observed.course_id[rows[0]]), int(self.week[rows[0]])), rows


def joined(parts: Iterable[Ints]) -> Ints:
    """Rows of several looks, maybe of none."""
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])


def anybody(tables: Path) -> bool:
    """Whether a source has any weekly moment: in the first week of its first course runs it has none."""
    connection = open_tables(tables)
    try:
        create_moments(connection, "weekly")
    except SettingError:
        return False
    finally:
        connection.close()
    return True


def read_weeks(bundle: Bundle, tables: Path) -> Weeks:
    """Predict every week of every course run, as it would have been predicted then.

    Raises:
        BundleError: the bundle cannot be used.
        SourceError: the tables cannot be read.
        SettingError: nobody is enrolled in any week.
    """
    connection = open_tables(tables)
    runs = read_runs(connection, {run.course_id for run in bundle.history.runs})
    create_moments(connection, "weekly")
    confine(connection, tables)
    observed = _observe_in_parts(connection, bundle)
    connection.close()
    predictor, courses = Predictor(bundle), courses_at(tables, observed)
    raw = predictor.score(observed.values).risk.astype(np.float64)
    made = corrections(bundle.history, courses, observed, raw, bundle.bands.level_error)
    predictions = predictor.predict(observed, 0, made.shift, made.doubt, outlook=False)
    week, progress = stages(observed, runs)
    return Weeks(
        bundle, tables, runs, observed, week, progress, raw, predictions.risk, predictions.band, predictions.doubt
    )


def _observe_in_parts(connection: duckdb.DuckDBPyConnection, bundle: Bundle) -> Observed:
    """What is known of all `moments`, some course runs at a time: of a whole site at once it is more than the memory.

    A moment's features are of its own run, so they are the same.
    """
    connection.execute("ALTER TABLE moments RENAME TO all_moments")
    counts = connection.execute("SELECT course_id, count(*) FROM all_moments GROUP BY ALL ORDER BY ALL").fetchall()
    parts = list[Observed]()
    for courses in parts_of(counts, AT_ONCE):
        chosen = ", ".join(map(quoted, courses))
        connection.execute(f"CREATE OR REPLACE TABLE moments AS FROM all_moments WHERE course_id IN ({chosen})")
        parts.append(observe(connection, bundle.sql, bundle.catalogue.names))
    columns = ("course_id", "learner_id", "as_of", "days_seen", "values")
    return Observed(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))


def parts_of(counts: Iterable[tuple[str, int]], most: int) -> list[list[str]]:
    """Course runs in parts of at most so many moments, their order kept; a run that has more is a part of its own."""
    parts, room = list[list[str]](), 0
    for course, count in counts:
        if count > room:
            parts.append([])
            room = most
        parts[-1].append(course)
        room -= count
    return parts


def read_runs(connection: duckdb.DuckDBPyConnection, trained: set[str]) -> dict[str, Run]:
    """The course runs of the tables that are attached, by their ids."""
    rows = connection.execute(
        f"SELECT course_id, code, starts_at, {RUN_END} FROM courses ORDER BY course_id"
    ).fetchall()
    breaks: dict[str, list[tuple[datetime, datetime]]] = {}
    for course, start, end in connection.execute(
        "SELECT course_id, starts_at, ends_at FROM breaks ORDER BY ALL"
    ).fetchall():
        breaks.setdefault(course, []).append((start, end))
    return {
        course: Run(course, code, start, end, course in trained, tuple(breaks.get(course, ())))
        for course, code, start, end in rows
    }


def stages(observed: Observed, runs: dict[str, Run]) -> tuple[Ints, Floats]:
    """Of each moment the weeks that have passed, and the share of the run. A clock that changes makes no other week."""
    courses, course = np.unique(observed.course_id.astype(str), return_inverse=True)
    starts, ends = (
        np.array([getattr(runs[name], end) for name in courses.tolist()], dtype="datetime64[us]")[course]
        for end in ("starts_at", "ends_at")
    )
    passed = observed.as_of - starts
    week = np.round(passed / WEEK).astype(np.int64)
    return week, np.asarray(passed / np.maximum(ends - starts, np.timedelta64(1, "D")), dtype=np.float64)
