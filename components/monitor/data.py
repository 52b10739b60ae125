"""Whether the data of a course run are there, as many as usual and of the kind that training saw.

These are rules with stated limits and no tests of chance. All but the newest record are compared with earlier runs of
the same course after as much teaching. So a plan with long pauses is not mistaken for a source that has stopped.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial

import numpy as np
import numpy.typing as npt

from components.groups import of_shown
from components.monitor.records import GROWING, Records
from components.monitor.weeks import LEAST_LEARNERS, Ints, Run, Weeks
from components.watched import Row, Status
from earlybell.bundle.bands import UNMEASURED
from earlybell.predict import outside_of

MOST_PAUSE = 5.0  # days of teaching without a record
PAUSES = 1.5  # times the longest pause of earlier runs: then it is more than a plan with other deadlines
LEAST_RUNS = 5  # that show how long no work may be handed in or graded; of events one knows
LEAST_VOLUME, MOST_VOLUME = 0.4, 2.0  # of what earlier runs had in the weeks around
LEAST_EVENTS = 4.0  # of a learner in two weeks: fewer show nothing of a group
LEAST_WORK = 0.5  # work handed in by a learner so far: where earlier runs had less, it is not compared
MOST_UNKNOWN = 0.05  # of the events of a week, of components that no earlier run had
LEAST_LOST = 0.05  # of the events of earlier runs, of a component that has none for two weeks
MOST_MISSING = 0.3  # more of a feature's values than in earlier runs
MOST_OUTSIDE = 0.2  # of the learners, of a feature, as in the alert of what serves
LEAST_COVERAGE = 0.5  # of the learners, with enough evidence
FIRST_WEEKS = 2  # of a run, in which there is too little of everything

Make = Callable[..., Row]
Mask = npt.NDArray[np.bool_]


class DataChecks:
    """The figures of the family `data`."""

    def __init__(self, weeks: Weeks, records: Records, groups: Mapping[str, Mask] | None = None) -> None:
        self._weeks, self._records, self._groups = weeks, records, groups or {}
        self._pauses: dict[tuple[str, str], float | None] = {}

    def rows(self, run: Run, week: int, version: str) -> Iterator[Row]:
        """The figures of a look."""
        rows = self._weeks.rows(run.course_id, week)
        make = partial(
            Row,
            course_id=run.course_id,
            version=version,
            as_of=self._weeks.at(rows),
            week=week,
            family="data",
            learners=len(rows),
        )
        yield from self.arrivals(run, self._weeks.at(rows), make)
        yield from self._volume(run, week, rows, make)
        yield from self._group_volume(run, week, make)
        if len(rows) >= LEAST_LEARNERS:
            yield from self._components(run, week, make)
        if len(rows) >= LEAST_LEARNERS and week > FIRST_WEEKS:
            yield from self._values(run, week, rows, make)

    def arrivals(self, run: Run, at: datetime, make: Make) -> Iterator[Row]:
        """How long ago the newest record of each table was made, at any moment of the run; in a break it is not known.

        That is said, so that what was wrong before the break does not stay as the last that is known.
        """
        in_break = any(start <= at <= end for start, end in run.breaks)
        for table in GROWING:
            if in_break:
                words = "In a break nothing need arrive."
                yield make(figure="days_without_record", subject=table, status="unknown", sentence=words)
                continue
            limit = self._longest(table, run)
            if limit is None:
                continue
            newest = self._records.newest(table, run, at)
            days = run.taught(at) - max(run.taught(newest), 0.0) if newest else run.taught(at)
            since = f"since {newest:%Y-%m-%d %H:%M} UTC" if newest else "since its start"
            words = f"No {table} have arrived {since}: {days:.0f} days of teaching, where {limit:.0f} are the limit."
            yield make(
                figure="days_without_record",
                subject=table,
                value=days,
                threshold=limit,
                status="problem" if days > limit else "ok",
                sentence=words if days > limit else "",
            )

    def _longest(self, table: str, run: Run) -> float | None:
        """The limit of a pause, by the ended runs of the source; None where they do not show how long pauses may be."""
        ended = self._weeks.ended(run)
        pauses = [pause for other in ended if (pause := self._pause(table, other)) is not None]
        if table != "events" and len(pauses) < LEAST_RUNS:
            return None
        return max(MOST_PAUSE, *(PAUSES * pause for pause in pauses), 0.0)

    def _pause(self, table: str, run: Run) -> float | None:
        key = (table, run.course_id)
        if key not in self._pauses:
            self._pauses[key] = self._records.longest_pause(table, run)
        return self._pauses[key]

    def _volume(self, run: Run, week: int, rows: Ints, make: Make) -> Iterator[Row]:
        """Events of the last week and work so far, a learner, beside earlier runs after as much teaching."""
        if len(rows) < LEAST_LEARNERS or not self._weeks.usual(run.course_id, week):
            return
        for figure, measure in (("events_a_learner", self._events), ("submissions_a_learner", self._work)):
            before = [
                value for other in self._weeks.earlier(run) for value in measure(other, *self._around(run, week, other))
            ]
            if not before or (figure == "submissions_a_learner" and min(before) < LEAST_WORK):
                continue
            (value,) = measure(run, week)
            low, high = LEAST_VOLUME * min(before), MOST_VOLUME * max(before)
            off = value < low or (value > high and figure == "events_a_learner")
            span = f"{min(before):.1f} to {max(before):.1f}"
            words = f"{value:.1f} a learner; earlier runs had {span} after as much teaching."
            yield make(
                figure=figure,
                value=value,
                threshold=high if value > high and figure == "events_a_learner" else low,
                status="warning" if off else "ok",
                sentence=words if off else "",
            )

    def _group_volume(self, run: Run, week: int, make: Make) -> Iterator[Row]:
        """Events of two weeks a learner of each group, as a ratio to those of all, beside earlier runs."""
        for group in self._groups:
            looks = [(other, self._weeks.like(run, week, other)) for other in self._weeks.earlier(run)]
            before = [self._group_ratio(other, group, rows) for other, rows in looks if len(rows)]
            known = [ratio for ratio in before if ratio is not None]
            value = self._group_ratio(run, group, self._weeks.rows(run.course_id, week))
            if value is None or not known or not self._weeks.usual(run.course_id, week):
                continue
            threshold = LEAST_VOLUME * min(known)
            words = (
                f"Learners of {group} have {value:.0%} as many events a learner as all; "
                f"in earlier runs {min(known):.0%}."
            )
            yield make(
                figure="events_of_group",
                subject=group,
                value=value,
                threshold=threshold,
                status="warning" if value < threshold else "ok",
                sentence=words if value < threshold else "",
            )

    def _group_ratio(self, run: Run, group: str, rows: Ints) -> float | None:
        """None of a group that is not shown, or beside one that is too small, and where nobody has events."""
        members = len(of_shown(self._groups, rows, LEAST_LEARNERS)[group])
        week = int(self._weeks.week[rows[0]])
        total = self._records.events_of(run.course_id).total(7 * week - 14, 7 * week)
        if members < LEAST_LEARNERS or total < LEAST_EVENTS * len(rows):
            return None
        events = self._records.of_groups_of(run.course_id).between(7 * week - 14, 7 * week).get(group, 0.0)
        return (events / members) / (total / len(rows))

    def _around(self, run: Run, week: int, other: Run) -> list[int]:
        """The look of another run after as much teaching, and those beside it."""
        rows = self._weeks.like(run, week, other)
        if not len(rows):
            return []
        at = int(self._weeks.week[rows[0]])
        return [near for near in (at - 1, at, at + 1) if self._weeks.usual(other.course_id, near)]

    def _events(self, run: Run, *weeks: int) -> list[float]:
        events = self._records.events_of(run.course_id)
        return [events.total(7 * week - 7, 7 * week) / self._present(run, week) for week in weeks]

    def _work(self, run: Run, *weeks: int) -> list[float]:
        submissions = self._records.submissions_of(run.course_id)
        return [submissions.total(0, 7 * week) / self._present(run, week) for week in weeks]

    def _present(self, run: Run, week: int) -> int:
        return max(len(self._weeks.rows(run.course_id, week)), 1)

    def _components(self, run: Run, week: int, make: Make) -> Iterator[Row]:
        """Events of components that nobody knows, and components of earlier runs that have fallen silent."""
        before = self._weeks.ended(run)
        events = self._records.events_of(run.course_id)
        now = events.between(7 * week - 7, 7 * week)
        known = {name for other in before for name in self._records.events_of(other.course_id).what.tolist()}
        total = sum(now.values())
        if known and total:
            new = {name: count / total for name, count in now.items() if name not in known}
            share = sum(new.values())
            words = f"{share:.0%} of the last week's events are of {_listed(new)}, which no earlier run had."
            status: Status = "warning" if share > MOST_UNKNOWN else "ok"
            yield make(
                figure="unknown_components",
                value=share,
                threshold=MOST_UNKNOWN,
                status=status,
                sentence=words if status == "warning" else "",
            )
        if earlier := self._weeks.earlier(run):
            yield from self._lost(run, week, earlier, make)

    def _lost(self, run: Run, week: int, earlier: list[Run], make: Make) -> Iterator[Row]:
        """Silent for two weeks of teaching, though each earlier run had events of it in those and before."""
        at = self._weeks.at(self._weeks.rows(run.course_id, week))
        if (
            run.taught(at) < 21
            or not self._weeks.usual(run.course_id, week)
            or not self._weeks.usual(run.course_id, week - 1)
        ):
            return
        recent = self._records.events_of(run.course_id).between(7 * week - 14, 7 * week)
        shares: dict[str, float] | None = None  # of no run yet
        for other in earlier:
            rows = self._weeks.like(run, week, other)
            if not len(rows):
                return
            last = int(self._weeks.week[rows[0]])
            counts = self._records.events_of(other.course_id).between(7 * last - 14, 7 * last)
            of_run = {name: count / sum(counts.values()) for name, count in counts.items()}
            shares = (
                of_run
                if shares is None
                else {name: min(share, of_run[name]) for name, share in shares.items() if name in of_run}
            )
        lost = {name: share for name, share in (shares or {}).items() if not recent.get(name)}
        share = sum(lost.values())
        words = f"No events of {_listed(lost)} for two weeks; earlier runs had {share:.0%} of their events there."
        off = share > LEAST_LOST and sum(recent.values()) > 0  # all silent is no component's fault
        yield make(
            figure="lost_components",
            value=share,
            threshold=LEAST_LOST,
            status="problem" if off else "ok",
            sentence=words if off else "",
        )

    def _values(self, run: Run, week: int, rows: Ints, make: Make) -> Iterator[Row]:
        features, values = self._weeks.bundle.catalogue.features, self._weeks.observed.values[rows]
        before = self._weeks.all_like(run, week, self._weeks.earlier(run))
        if len(before) >= LEAST_LEARNERS and self._weeks.usual(run.course_id, week):
            now, was = (np.isnan(part).mean(axis=0) for part in (values, self._weeks.observed.values[before]))
            worst = int(np.argmax(now - was))
            words = f"{features[worst].title} has no value for {now[worst]:.0%}; in earlier runs for {was[worst]:.0%}."
            yield _beyond(
                make, "missing_values", features[worst].name, float(now[worst]), float(was[worst]) + MOST_MISSING, words
            )
        if self._weeks.bundle.bands is not UNMEASURED:
            outside = outside_of(values, self._weeks.bundle.catalogue.names, self._weeks.bundle.bands.ranges)
            shares = outside.mean(axis=0)
            worst = int(np.argmax(shares))
            words = (
                f"{features[worst].title} lies outside of what training saw for {shares[worst]:.0%} of the learners."
            )
            yield _beyond(make, "out_of_range", features[worst].name, float(shares[worst]), MOST_OUTSIDE, words)
        enough = ~np.isin(self._weeks.doubt[rows], ("little_teaching", "unlike_training"))
        words = f"Of {enough.mean():.0%} of the learners alone enough is known to tell their risk."
        low = enough.mean() < LEAST_COVERAGE
        yield make(
            figure="coverage",
            value=float(enough.mean()),
            threshold=LEAST_COVERAGE,
            status="warning" if low else "ok",
            sentence=words if low else "",
        )


def _beyond(make: Make, figure: str, subject: str, value: float, threshold: float, words: str) -> Row:
    status: Status = "warning" if value > threshold else "ok"
    return make(
        figure=figure,
        subject=subject,
        value=value,
        threshold=threshold,
        status=status,
        sentence=words if status == "warning" else "",
    )


def _listed(shares: dict[str, float]) -> str:
    """The largest three by name."""
    return ", ".join(sorted(shares, key=lambda name: (-shares[name], name))[:3])
