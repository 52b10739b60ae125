"""What came of it: figures by week once outcomes are there, the time that was left, and what staff did about flags."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

import duckdb
import numpy as np
import numpy.typing as npt
from msgspec import structs

from components.groups import of_shown
from components.monitor.estimate import LEAST_LABELS, auc, least_auc, level_of, sure_gap
from components.monitor.labels import Labels
from components.monitor.weeks import LEAST_LEARNERS, Floats, Ints, Run, Weeks, joined
from components.watched import ALL, Row

MOST_KNOWN = 0.8  # of a run's learners, whose outcomes have come: then it is measured
LEAST_OF_RATE = 10  # learners that a shown rate is a share of
DISMISSED = ("dismiss", "wrong")  # kinds of interventions by which staff say that a flag was none
NOT_YET = ("note", "snooze", "reminder")  # and those by which staff neither help nor say so
ACTED_WITHIN = 14  # days after the first flag
_Z, _SURE = 1.96, 3.5  # deviations of a 95% interval, and of an alarm among all weeks of a term
_FLAG = "high"
_INTERVENTIONS = "SELECT course_id, learner_id, kind, shown_at FROM interventions WHERE shown_at < $now"

Make = Callable[..., Row]
Mask = npt.NDArray[np.bool_]


class Ends:
    """The figures of the families `outcome`, `action` and, of shares, `fairness`."""

    def __init__(
        self,
        weeks: Weeks,
        labels: Labels,
        groups: Mapping[str, Mask],
        connection: duckdb.DuckDBPyConnection,
        now: datetime,
    ) -> None:
        self._weeks, self._labels, self._groups, self._now = weeks, labels, groups, now
        self._actions: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
        for course, learner, kind, at in connection.execute(_INTERVENTIONS, {"now": now}).fetchall():
            self._actions.setdefault((course, learner), []).append((at, kind))

    def arrived(self, run: Run) -> datetime | None:
        """When the outcomes of most learners of a run were known; None: not yet."""
        _, first = np.unique(self._learners(run), return_index=True)
        decided = self._labels.decided[self._of_run(run)[first]]
        known = np.sort(decided[~np.isnat(decided)])
        enough = -(-int(MOST_KNOWN * 100) * len(first) // 100)
        return known[enough - 1].item() if len(first) >= LEAST_LEARNERS and len(known) >= enough else None

    def measured(self, run: Run, version: str) -> Iterator[Row]:
        """Every week of a run whose outcomes have come, and its groups of learners at the look nearest to 40%."""
        looks = [
            (week, self._known(self._weeks.rows(run.course_id, week))) for week in self._weeks.weeks(run.course_id)
        ]
        looks = [(week, rows) for week, rows in looks if len(rows) >= LEAST_LEARNERS]
        for week, rows in looks:
            make = self._make(run, week, rows, version)
            yield from self._figures(run, rows, ALL, make)
        if looks:
            week, rows = min(looks, key=lambda look: abs(self._weeks.progress[look[1][0]] - 0.4))
            make = self._make(run, week, rows, version)
            shown = of_shown(self._groups, rows, LEAST_LEARNERS)
            flagged, bad = (of_shown(self._groups, part, LEAST_OF_RATE) for part in self._flagged_and_bad(rows))
            for group, own in shown.items():
                yield from self._figures(run, own, group, make, (flagged[group], bad[group]))
            yield from self._lead(run, self._make(run, looks[-1][0], looks[-1][1], version))

    def actions(self, run: Run, week: int, version: str) -> Iterator[Row]:
        """Of the learners whose first flag is long enough ago, how many were helped and how many dismissed."""
        rows = self._weeks.rows(run.course_id, week)
        make, at = self._make(run, week, rows, version), self._weeks.at(rows)
        flags = {
            learner: flagged
            for learner, flagged in self._first_flags(run, at).items()
            if flagged + timedelta(days=ACTED_WITHIN) <= at
        }
        kinds = [self._kinds(run.course_id, learner, flagged) for learner, flagged in flags.items()]
        for figure, counts in (
            ("acted_on", [any(kind not in (*DISMISSED, *NOT_YET) for kind in every) for every in kinds]),
            ("dismissed", [any(kind in DISMISSED for kind in every) for every in kinds]),
        ):
            yield _rate(np.array(counts, dtype=np.float64), partial(make, family="action", figure=figure))

    def flagged(self, run: Run, week: int, version: str) -> Iterator[Row]:
        """The share flagged, of all and of each group of learners."""
        rows = self._weeks.rows(run.course_id, week)
        make = partial(self._make(run, week, rows, version), family="fairness", figure="flagged")
        flags = (self._weeks.band[rows] == _FLAG).astype(np.float64)
        yield _rate(flags, make)
        for group, own in of_shown(self._groups, rows, LEAST_OF_RATE).items():
            yield _rate((self._weeks.band[own] == _FLAG).astype(np.float64), partial(make, subject=group))

    def _make(self, run: Run, week: int, rows: Ints, version: str) -> Make:
        return partial(Row, course_id=run.course_id, version=version, as_of=self._weeks.at(rows), week=week)

    def _of_run(self, run: Run) -> Ints:
        looks = [self._weeks.rows(run.course_id, week) for week in self._weeks.weeks(run.course_id)]
        return joined(looks)

    def _learners(self, run: Run) -> npt.NDArray[np.str_]:
        return self._weeks.observed.learner_id[self._of_run(run)].astype(str)

    def _known(self, rows: Ints) -> Ints:
        return rows[~np.isnan(self._labels.outcome[rows])]

    def _flagged_and_bad(self, rows: Ints) -> tuple[Ints, Ints]:
        """What precision and recall are shares of."""
        return rows[self._weeks.band[rows] == _FLAG], rows[self._labels.outcome[rows] == 1]

    def _figures(
        self, run: Run, rows: Ints, subject: str, make: Make, shares: tuple[Ints, Ints] | None = None
    ) -> Iterator[Row]:
        make = partial(make, family="outcome", subject=subject)
        if len(rows) < LEAST_LEARNERS:
            yield make(figure="roc_auc", status="suppressed")
            return
        label, risk = self._labels.outcome[rows], self._weeks.risk[rows]
        make = partial(make, learners=len(rows))
        if min(label.sum(), (1 - label).sum()) >= LEAST_LABELS:
            ranked = auc(label, risk)
            reach = _Z * ranked.error
            low, high = max(ranked.auc - reach, 0.0), min(ranked.auc + reach, 1.0)
            threshold = least_auc(self._weeks.bundle.evaluation, float(self._weeks.progress[rows[0]]))
            # Of many weeks, by chance alone: a group is only shown.
            beyond = ranked.auc + _SURE * ranked.error
            missed = subject == ALL and threshold is not None and beyond < threshold
            words = f"Outcomes show an AUC of {ranked.auc:.2f}, less than in any run left out of training."
            yield make(
                figure="roc_auc",
                value=ranked.auc,
                low=low,
                high=high,
                threshold=threshold,
                status="problem" if missed else "ok",
                sentence=words if missed else "",
            )
        yield _mean((risk - label) ** 2, partial(make, figure="brier"))
        yield self._gap(run, rows, risk - label, subject, make)
        flagged, bad = shares or self._flagged_and_bad(rows)
        yield _rate(self._labels.outcome[flagged], partial(make, figure="precision"))
        yield _rate((self._weeks.band[bad] == _FLAG).astype(np.float64), partial(make, figure="recall"))

    def _gap(self, run: Run, rows: Ints, gap: Floats, subject: str, make: Make) -> Row:
        """The mean risk less the share who ended badly; of all learners it may be beyond what the level allows."""
        row = _mean(gap, partial(make, figure="calibration_gap"))
        level = level_of(self._weeks.bundle, run, float(self._weeks.progress[rows[0]]))
        error = float(gap.std(ddof=1)) / len(gap) ** 0.5
        reach = sure_gap((level**2 + error**2) ** 0.5, looks=1)  # the weeks of a run share its outcomes
        value = row.value or 0.0
        if subject != ALL:
            return row
        side = "high" if value > 0 else "low"
        words = f"Outcomes show risks that were {abs(value):.0%} too {side} on average."
        off = abs(value) > reach
        return structs.replace(
            row,
            threshold=reach if value >= 0 else -reach,
            status="problem" if off else "ok",
            sentence=words if off else "",
        )

    def _first_flags(self, run: Run, until: datetime) -> dict[str, datetime]:
        rows = self._of_run(run)
        rows = rows[(self._weeks.band[rows] == _FLAG) & (self._weeks.observed.as_of[rows] <= np.datetime64(until))]
        rows = rows[np.argsort(self._weeks.observed.as_of[rows], kind="stable")]
        learners, first = np.unique(self._weeks.observed.learner_id[rows].astype(str), return_index=True)
        return dict(zip(learners.tolist(), self._weeks.observed.as_of[rows[first]].tolist(), strict=True))

    def _kinds(self, course: str, learner: str, flagged: datetime) -> list[str]:
        until = flagged + timedelta(days=ACTED_WITHIN)
        return [kind for at, kind in self._actions.get((course, learner), ()) if flagged <= at < until]

    def _lead(self, run: Run, make: Make) -> Iterator[Row]:
        """Of those flagged who ended badly, the days from the first flag to the end: the middle, and the quartiles."""
        rows = self._of_run(run)
        bad = rows[self._labels.outcome[rows] == 1]
        decided = dict(
            zip(self._weeks.observed.learner_id[bad].tolist(), self._labels.decided[bad].tolist(), strict=True)
        )
        flags = self._first_flags(run, run.ends_at)
        days = [
            (min(decided[learner], run.ends_at) - flagged).total_seconds() / 86_400
            for learner, flagged in flags.items()
            if learner in decided
        ]
        make = partial(make, family="outcome", figure="lead_days", learners=len(days))
        if len(days) < LEAST_OF_RATE:
            yield make(learners=0, status="suppressed")
            return
        low, middle, high = np.quantile(days, [0.25, 0.5, 0.75]).tolist()
        yield make(value=middle, low=low, high=high)


def _mean(values: Floats, make: Make) -> Row:
    value, reach = float(values.mean()), _Z * float(values.std(ddof=1)) / len(values) ** 0.5
    return make(value=value, low=value - reach, high=value + reach)


def _rate(values: Floats, make: Make) -> Row:
    """The share of ones with Wilson's interval; of fewer than ten it is not shown."""
    count = len(values)
    if count < LEAST_OF_RATE:
        return make(learners=0, status="suppressed")
    share = float(values.mean())
    centre, squared = share + _Z**2 / (2 * count), _Z**2 / count
    reach = _Z * (share * (1 - share) / count + _Z**2 / (4 * count**2)) ** 0.5
    low, high = (max(0.0, min(1.0, (centre + sign * reach) / (1 + squared))) for sign in (-1, 1))
    return make(value=share, low=min(low, share), high=max(high, share), learners=count)
