"""Whether a course run looks otherwise than runs did before: features and risks, week by week.

Two runs of a course are never quite alike: another plan, other learners. A test of "no difference at all" would warn in
every term. So a run is compared with the runs before it at the same week by the distance of Kolmogorov and Smirnov, and
the question is whether it differs by more than such runs do where nothing is wrong (a test of relevant differences:
Munk and Czado 1998, Nonparametric validation of similar distributions). How much that is the source itself shows: each
earlier run is compared with those before it in the same way, and of each feature the largest of these distances is the
margin.

A look is at the end of a week of the run, so that a nightly run sees the same until the next. What chance may add to
the margin is bounded at ALPHA over all looks of the term, all features and groups (Bonferroni), by the exponential
bound of two samples (see `by_chance`). That is sampling alone: where nothing is wrong, the true shift of a new run may
still exceed the largest of a few earlier ones. Drift alone only warns.

PSI and Wasserstein's distance tell the size of what the first shows, and the maximum mean discrepancy (MMD) whether the
features together differ where none does alone. They are of size, so they warn nobody.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from components.groups import of_shown
from components.monitor.distances import by_chance, ks, mmd, psi, wasserstein
from components.monitor.weeks import LEAST_LEARNERS, Floats, Ints, Run, Weeks
from components.watched import ALL, Row, Status

ALPHA = 0.02  # of a false warning by chance, in a term of a course run: over all its looks, features and groups
LEAST_MARGIN = 0.1  # a distance that nobody need hear of
FEW_COMPARISONS, MARGIN_OF_FEW = 5, 0.5  # with fewer comparisons it is hardly known how much runs differ
MOST_COMPARED = 60  # runs whose distances make the margins: the latest
MOST_REFERENCE = 2_000  # learners of earlier runs that a look is compared with: more add little and cost time
MOST_TOGETHER = 400  # learners of each side for MMD, which looks at every pair
NOISE = 0.83  # the middle of Kolmogorov's distribution: what chance makes of no distance, in sqrt(1/n + 1/m)
_NAMED = 3

Mask = npt.NDArray[np.bool_]
Basis = Literal["earlier_runs", "training"]
BASES: tuple[Basis, ...] = ("earlier_runs", "training")
_WORDS: dict[Basis, str] = {"earlier_runs": "earlier runs at this week", "training": "training at this stage"}


class Compared(NamedTuple):
    """A look beside its reference: the rows of both, and the distance (columns,) of each feature, of the risk last."""

    now: Ints
    before: Ints
    distance: Floats

    @property
    def noise(self) -> float:
        return float(np.sqrt(1 / len(self.now) + 1 / len(self.before)))


class Margin(NamedTuple):
    """How far runs differ where nothing is wrong, by column, and of how many comparisons that is the largest."""

    distance: Floats
    comparisons: int


class Drift:
    """Compares looks of runs with what was before them.

    Args:
        weeks: of the whole source.
        groups: which rows of `weeks` are of each group of learners.
    """

    def __init__(self, weeks: Weeks, groups: Mapping[str, Mask] | None = None) -> None:
        self._weeks, self._groups = weeks, groups or {}
        catalogue = weeks.bundle.catalogue
        # What only the calendar says differs with every plan, and is nobody's doing.
        self._features = [one for one in catalogue.features if one.family not in catalogue.never_reasons]
        at = [catalogue.names.index(one.name) for one in self._features]
        self._values = np.column_stack([weeks.observed.values[:, at], weeks.raw])
        self._compared: dict[tuple[str, int, Basis], Compared | None] = {}
        self._furthest: dict[tuple[str, Basis], Floats | None] = {}

    def rows(self, run: Run, week: int, version: str) -> Iterator[Row]:
        """The figures of a look."""
        rows = self._weeks.rows(run.course_id, week)
        make = partial(Row, course_id=run.course_id, version=version, as_of=self._weeks.at(rows), week=week)
        for basis in BASES:
            compared = self.compared(run, week, basis)
            if compared is None:
                why = f"It cannot be compared with {_WORDS[basis]}: {self._obstacle(run, week)}."
                figures = (f"ks_{basis}", f"risk_ks_{basis}")
                yield from (make(family="drift", figure=figure, status="unknown", sentence=why) for figure in figures)
            else:
                yield from self._features_of(run, compared, basis, make)
                yield self._together_of(run, compared, basis, make)
                yield self._risk_of(run, compared, basis, make)
        yield from self._groups_of(run, week, make)

    def compared(self, run: Run, week: int, basis: Basis) -> Compared | None:
        """A look beside its reference; None where either has too few learners."""
        key = (run.course_id, week, basis)
        if key not in self._compared:
            self._compared[key] = self._compare(run, week, basis)
        return self._compared[key]

    def margin(self, run: Run, basis: Basis) -> Margin:
        """By the runs that had ended when this one began."""
        ended = [other for other in self._weeks.runs.values() if other.ends_at <= run.starts_at]
        latest = sorted(ended, key=lambda other: (other.ends_at, other.course_id))[-MOST_COMPARED:]
        known = [distance for other in latest if (distance := self._furthest_of(other, basis)) is not None]
        least = LEAST_MARGIN if len(known) >= FEW_COMPARISONS else MARGIN_OF_FEW
        return Margin(np.max([np.full(self._values.shape[1], least), *known], axis=0), len(known))

    def _compare(self, run: Run, week: int, basis: Basis) -> Compared | None:
        now = self._weeks.rows(run.course_id, week if self._weeks.usual(run.course_id, week) else -1)
        before = self._reference(run, week, basis)
        if min(len(now), len(before)) < LEAST_LEARNERS:
            return None
        return Compared(now, before, ks(self._values[now], self._values[before]))

    def _obstacle(self, run: Run, week: int) -> str:
        if not self._weeks.usual(run.course_id, week):
            return "there was a break in the week before"
        enough = len(self._weeks.rows(run.course_id, week)) >= LEAST_LEARNERS
        return "the source has none" if enough else f"there are fewer than {LEAST_LEARNERS} learners"

    def _reference(self, run: Run, week: int, basis: Basis) -> Ints:
        weeks = self._weeks
        if basis == "earlier_runs":
            rows = weeks.all_like(run, week, weeks.earlier(run))
        else:
            rows = weeks.all_like(run, week, weeks.trained(run), by_share=True)
        return rows[:: -(-len(rows) // MOST_REFERENCE)] if len(rows) else rows

    def _furthest_of(self, run: Run, basis: Basis) -> Floats | None:
        """The largest distances of a run over its weeks, less what chance alone makes; None without any."""
        key = (run.course_id, basis)
        if key not in self._furthest:
            looks = [self.compared(run, week, basis) for week in self._weeks.weeks(run.course_id)]
            distances = [look.distance - NOISE * look.noise for look in looks if look]
            self._furthest[key] = np.max(distances, axis=0) if distances else None
        return self._furthest[key]

    def _alpha(self, run: Run) -> float:
        """Of each test: all of a term share ALPHA."""
        return ALPHA / (run.looks * (len(BASES) * int(self._values.shape[1]) + len(self._groups)))

    def _features_of(self, run: Run, compared: Compared, basis: Basis, make: Callable[..., Row]) -> Iterator[Row]:
        """The feature that is furthest beyond its threshold, by each statistic."""
        alpha, margin = self._alpha(run), self.margin(run, basis)
        thresholds = margin.distance[:-1] + by_chance(alpha, len(compared.now), len(compared.before))
        beyond = compared.distance[:-1] - thresholds
        order = np.argsort(-beyond, kind="stable")
        culprits = [int(place) for place in order[:_NAMED] if beyond[place] > 0]
        worst = int(order[0])
        now, before = (self._values[rows, worst] for rows in (compared.now, compared.before))
        status: Status = "warning" if culprits else "ok"
        sentence = self._sentence(compared, basis, culprits, margin)
        make = partial(
            make,
            family="drift",
            subject=self._features[worst].name,
            learners=len(now),
        )
        index, sampling = psi(now, before, alpha)
        yield make(
            figure=f"ks_{basis}",
            value=float(compared.distance[worst]),
            threshold=float(thresholds[worst]),
            status=status,
            sentence=sentence,
        )
        yield make(figure=f"psi_{basis}", value=index, threshold=sampling)
        if (distance := wasserstein(now, before)) is not None:
            yield make(figure=f"wasserstein_{basis}", value=distance)

    def _together_of(self, run: Run, compared: Compared, basis: Basis, make: Callable[..., Row]) -> Row:
        """How far all features together are apart."""
        now, before = (self._values[_few(rows), :-1] for rows in (compared.now, compared.before))
        value, threshold = mmd(now, before, self._alpha(run))
        figure = f"mmd_{basis}"
        return make(family="drift", figure=figure, subject=ALL, learners=len(now), value=value, threshold=threshold)

    def _sentence(self, compared: Compared, basis: Basis, culprits: Sequence[int], margin: Margin) -> str:
        if not culprits:
            return ""
        named = "; ".join(
            f"{self._features[at].title}: now {self._typical(compared.now, at)}, "
            f"in {_WORDS[basis]} {self._typical(compared.before, at)}"
            for at in culprits
        )
        known = f"more than in any of {margin.comparisons} earlier comparisons" if margin.comparisons else "clearly"
        return f"Learners differ {known}. {named}."

    def _typical(self, rows: Ints, at: int) -> str:
        """The middle value of a feature in the catalogue's words, or how many have none."""
        values, feature = self._values[rows, at], self._features[at]
        missing = np.isnan(values)
        if missing.mean() > 0.5:
            return f"“not known” for {missing.mean():.0%}"
        return f"“{feature.say(float(np.median(values[~missing])))}”"

    def _risk_of(self, run: Run, compared: Compared, basis: Basis, make: Callable[..., Row]) -> Row:
        threshold = float(self.margin(run, basis).distance[-1]) + by_chance(
            self._alpha(run), len(compared.now), len(compared.before)
        )
        distance = float(compared.distance[-1])
        means = [f"{self._values[rows, -1].mean():.0%}" for rows in (compared.now, compared.before)]
        words = f"Risks before the correction are {means[0]} on average, in {_WORDS[basis]} {means[1]}."
        return make(
            family="drift",
            figure=f"risk_ks_{basis}",
            value=distance,
            threshold=threshold,
            learners=len(compared.now),
            status="warning" if distance > threshold else "ok",
            sentence=words if distance > threshold else "",
        )

    def _groups_of(self, run: Run, week: int, make: Callable[..., Row]) -> Iterator[Row]:
        """The risks of each group beside those of the same group before; a group that is too small is not shown."""
        compared = self.compared(run, week, "earlier_runs")
        if compared is None:
            return
        margin = float(self.margin(run, "earlier_runs").distance[-1])
        shown = (of_shown(self._groups, rows, LEAST_LEARNERS) for rows in (compared.now, compared.before))
        groups_now, groups_before = shown
        for group in self._groups:
            now, before = groups_now[group], groups_before[group]
            row = partial(make, family="fairness", figure="group_risk_ks", subject=group)
            if min(len(now), len(before)) < LEAST_LEARNERS:
                yield row(status="suppressed")
                continue
            distance = float(ks(self._values[now, -1:], self._values[before, -1:])[0])
            threshold = margin + by_chance(self._alpha(run), len(now), len(before))
            mean, was = (f"{self._values[rows, -1].mean():.0%}" for rows in (now, before))
            words = f"The risks of {group} are {mean} on average, in {_WORDS['earlier_runs']} {was}."
            status: Status = "warning" if distance > threshold else "ok"
            yield row(
                value=distance,
                threshold=threshold,
                learners=len(now),
                status=status,
                sentence=words if status == "warning" else "",
            )


def _few(rows: Ints) -> Ints:
    """As many rows as MMD can take, evenly spread."""
    return rows if len(rows) <= MOST_TOGETHER else rows[np.linspace(0, len(rows) - 1, MOST_TOGETHER).astype(int)]
