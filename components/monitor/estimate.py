"""How well a model does before anybody knows how its learners end: by its own risks, and by what happened since.

The estimate is confidence-based (Guillory et al. 2021; Garg et al. 2022): where risks are calibrated, they tell how
often a flag is right, and so every figure that labels would. A prediction interval holds what labels will show of these
very learners: labels are drawn from the risks, while the level of the run's risks is off by as much as it was in runs
left out of training (`bands.json`), and their slope by SLOPE. Both, and how often the interval holds the truth, are
measured in docs/explanation/monitoring.md.

Risks that are wrong cannot tell so themselves. So the risks of four weeks ago are corrected by what happened since: who
left, and who missed the next work. How much that tells of the end is learned from earlier runs at the same stage. With
it the same figures are estimated again, for that earlier week. Work that was missed is a label of its own, too: the
AUC of the risk for it is compared with that in earlier runs.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from scipy.stats import norm, rankdata
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from components.monitor.labels import WEEKS_SINCE, Labels
from components.monitor.weeks import LEAST_LEARNERS, Floats, Ints, Run, Weeks
from components.watched import Row, Status
from earlybell.bundle import Bundle, Evaluation

ALPHA = 0.02  # over the looks of a term and three tests; estimated AUCs have 95% intervals at each look instead
_TESTS = 3
DRAWS = 200
SLOPE = 0.2  # standard deviation of the logarithm of a run's slope of calibration
DEFAULT_LEVEL = 0.08  # as of a course without earlier runs: where a bundle does not know its level errors
LEAST_PROGRESS = 0.2  # of a run: earlier no estimate can be trusted
LEAST_LABELS = 5  # of each kind
MARGIN = 0.1  # of AUC, below what was measured, that nobody need hear of
_EDGE = 1e-4
_MEASURED = "less than in any run left out of training"

Make = Callable[..., Row]


class Ranked(NamedTuple):
    """An AUC and its standard error."""

    auc: float
    error: float


def auc(label: npt.NDArray[np.number], risk: Floats) -> Ranked:
    """Of labels 0 and 1 (n,), with the standard error of DeLong et al. (1988). Ties count half."""
    positive = np.asarray(label) > 0.5
    ones, zeros = risk[positive], risk[~positive]
    ranks = rankdata(np.r_[ones, zeros])
    over = (ranks[: len(ones)] - rankdata(ones)) / len(zeros)  # of each positive, the share of negatives below it
    under = 1 - (ranks[len(ones) :] - rankdata(zeros)) / len(ones)
    variance = sum(part.var(ddof=1) / len(part) if len(part) > 1 else 0.25 for part in (over, under))
    return Ranked(float(over.mean()), float(np.sqrt(variance)))


def expected_auc(chance: Floats, risk: Floats) -> float:
    """The AUC to be expected where each of n learners has label 1 with a chance of its own."""
    _, group = np.unique(risk, return_inverse=True)
    ones, zeros = np.bincount(group, chance), np.bincount(group, 1 - chance)
    below = zeros.cumsum() - zeros / 2
    return float((ones * below).sum() / (ones.sum() * zeros.sum()))


def drawn(chance: Floats, level: float, seed: int) -> npt.NDArray[np.bool_]:
    """Labels (draws, n) that may come of chances whose level and slope may be off."""
    rng = np.random.default_rng(seed)
    odds = logit(np.clip(chance, _EDGE, 1 - _EDGE))
    steep = max(float(np.mean(chance * (1 - chance))), 0.01)  # of the mean chance, by its log-odds
    shift, slope = rng.normal(0, level / steep, (DRAWS, 1)), np.exp(rng.normal(0, SLOPE, (DRAWS, 1)))
    middle = float(odds.mean())
    return np.asarray(rng.random((DRAWS, len(odds))) < expit(middle + slope * (odds - middle) + shift))


class Estimated(NamedTuple):
    """A figure and its 95% prediction interval."""

    value: float
    low: float
    high: float


def estimates(
    chance: Floats, risk: Floats, flagged: npt.NDArray[np.bool_], level: float, seed: int = 0
) -> dict[str, Estimated]:
    """AUC, Brier score and precision of flags that labels of n learners will show; without flags no precision.

    Args:
        chance: (n,), of label 1, as is believed now.
        risk: (n,), what is judged.
        level: how far the mean of `chance` may be off, as a standard deviation.
    """
    label = drawn(chance, level, seed)
    ranks, ones = rankdata(risk), label.sum(axis=1)
    pairs = ones * (len(risk) - ones)
    with np.errstate(invalid="ignore", divide="ignore"):
        aucs = (label @ ranks - ones * (ones + 1) / 2) / pairs
    figures = {
        "auc": (expected_auc(chance, risk), aucs[pairs > 0]),
        "brier": (
            float(np.mean(chance * (1 - risk) ** 2 + (1 - chance) * risk**2)),
            ((risk - label) ** 2).mean(axis=1),
        ),
    }
    if flagged.any():
        figures["precision"] = (float(chance[flagged].mean()), label[:, flagged].mean(axis=1))
    return {name: _interval(value, draws) for name, (value, draws) in figures.items() if len(draws)}


def _interval(value: float, draws: Floats) -> Estimated:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimated(value, min(float(low), value), max(float(high), value))


class Estimates:
    """The figures of the families `estimate` and `early`."""

    def __init__(self, weeks: Weeks, labels: Labels) -> None:
        self._weeks, self._labels = weeks, labels

    def rows(self, run: Run, week: int, version: str) -> Iterator[Row]:
        """The figures of a look."""
        rows = self._weeks.rows(run.course_id, week)
        at = self._weeks.at(rows)
        make = partial(Row, course_id=run.course_id, version=version, as_of=at, week=week)
        if len(rows) >= LEAST_LEARNERS and self._weeks.progress[rows[0]] >= LEAST_PROGRESS:
            yield from self._by_risks(run, rows, partial(make, family="estimate", learners=len(rows)))
        before = self._weeks.rows(run.course_id, week - WEEKS_SINCE)
        if len(before) >= LEAST_LEARNERS:
            yield from self._by_labels(run, before, at, make)

    def _by_risks(self, run: Run, rows: Ints, make: Make) -> Iterator[Row]:
        risk, flagged = self._weeks.risk[rows], self._weeks.band[rows] == "high"
        progress = float(self._weeks.progress[rows[0]])
        figures = estimates(risk, risk, flagged, level_of(self._weeks.bundle, run, progress))
        for name, figure in figures.items():
            threshold = least_auc(self._weeks.bundle.evaluation, progress) if name == "auc" else None
            low = threshold is not None and figure.high < threshold
            words = f"The risks alone let expect an AUC of {figure.value:.2f}, at most {figure.high:.2f}; {_MEASURED}."
            yield make(
                figure=f"estimated_{name}",
                value=figure.value,
                low=figure.low,
                high=figure.high,
                threshold=threshold,
                status="warning" if low else "ok",
                sentence=words if low else "",
            )

    def _by_labels(self, run: Run, rows: Ints, at: datetime, make: Make) -> Iterator[Row]:
        """Of the risks of some weeks ago, by what has happened since."""
        risk, early, left = self._weeks.risk[rows], self._labels.early[rows], self._labels.left[rows]
        progress = float(self._weeks.progress[rows[0]])
        known = ~np.isnan(early)
        if min(early[known].sum(), (1 - early[known]).sum()) >= LEAST_LABELS:
            yield self._early(run, rows, known, make)
        chance = self._chances(run, rows, at)
        if chance is None:
            return
        make = partial(make, family="estimate", learners=len(rows))
        level = level_of(self._weeks.bundle, run, progress) * float(np.mean(~left))
        figure = estimates(chance, risk, np.zeros(len(risk), dtype=bool), level).get("auc")
        threshold = least_auc(self._weeks.bundle.evaluation, progress)
        if figure:
            low = threshold is not None and figure.high < threshold
            auc_words = f"{figure.value:.2f}, at most {figure.high:.2f}"
            words = f"By what happened since, the AUC of four weeks ago was {auc_words}; {_MEASURED}."
            yield make(
                figure="adjusted_auc",
                value=figure.value,
                low=figure.low,
                high=figure.high,
                threshold=threshold,
                status="problem" if low else "ok",
                sentence=words if low else "",
            )
        # What missed work tells of the end differs between courses. On OULAD this was off by .09, so it asks nobody.
        yield make(figure="adjusted_calibration_gap", value=float(risk.mean() - chance.mean()))

    def _early(self, run: Run, rows: Ints, known: npt.NDArray[np.bool_], make: Make) -> Row:
        ranked = auc(self._labels.early[rows][known], self._weeks.raw[rows][known])
        before = self._early_before(run, rows)
        reach = float(norm.isf(ALPHA / (_TESTS * run.looks)))
        threshold = min((one.auc + reach * -one.error for one in before), default=None)
        threshold = None if threshold is None else threshold - MARGIN
        low = threshold is not None and ranked.auc + reach * ranked.error < threshold
        status: Status = "problem" if low else "ok"
        was = f"{min((one.auc for one in before), default=0):.2f}"
        words = (
            f"The risk of four weeks ago told who missed the next work with an AUC of {ranked.auc:.2f}; in earlier "
            f"runs {was} at least."
        )
        return make(
            family="early",
            figure="early_auc",
            value=ranked.auc,
            low=max(ranked.auc - 1.96 * ranked.error, 0.0),
            high=min(ranked.auc + 1.96 * ranked.error, 1.0),
            threshold=threshold,
            learners=int(known.sum()),
            status=status,
            sentence=words if low else "",
        )

    def _early_before(self, run: Run, rows: Ints) -> list[Ranked]:
        """The same figure in earlier runs after as much teaching, or in the looks beside."""
        week, ranked = int(self._weeks.week[rows[0]]), list[Ranked]()
        for other in self._weeks.earlier(run):
            like = self._weeks.like(run, week, other)
            near = (
                [self._weeks.rows(other.course_id, int(self._weeks.week[like[0]]) + by) for by in (-1, 0, 1)]
                if len(like)
                else []
            )
            for look in near:
                early = self._labels.early[look]
                known = ~np.isnan(early)
                if min(early[known].sum(), (1 - early[known]).sum()) >= LEAST_LABELS:
                    ranked.append(auc(early[known], self._weeks.raw[look][known]))
        return ranked

    def _chances(self, run: Run, rows: Ints, at: datetime) -> Floats | None:
        """The chance (n,) of a bad end, by the risk and what was known `at` a moment; None where nothing shows how.

        Who has left is at 1. How much missed work tells is learned from ended runs at about this stage, of this course
        if there are enough, else of all.
        """
        early, left = self._labels.early, self._labels.left
        if np.isnan(early[rows]).all() and not left[rows].any():
            return None
        week = int(self._weeks.week[rows[0]])
        for others in (self._weeks.earlier(run), self._weeks.ended(run)):
            before = self._weeks.all_like(run, week, others, by_share=True)
            known = ~np.isnan(self._labels.outcome[before]) & (self._labels.decided[before] <= np.datetime64(at))
            before = before[known & ~left[before]]
            label = self._labels.outcome[before]
            if min(label.sum(), (1 - label).sum()) >= LEAST_LEARNERS:
                return np.where(left[rows], 1.0, _updated(self._signs(before), label, self._signs(rows)))
        return None

    def _signs(self, rows: Ints) -> Floats:
        """The log-odds of the risk, whether the next work was missed, and whether it was handed in: (n, 3)."""
        early = self._labels.early[rows]
        odds = logit(np.clip(self._weeks.risk[rows], 0.005, 0.995))
        return np.column_stack([odds, early == 1, early == 0]).astype(np.float64)


def least_auc(evaluation: Evaluation, progress: float) -> float | None:
    """The AUC of the worst run left out of training, at the nearest cut-off, less the margin; None: not known."""
    if not evaluation.cutoffs:
        return None
    cutoff = min(evaluation.cutoffs, key=lambda at: abs(at - progress))
    worst = evaluation.worst_run("roc_auc", cutoff, higher_is_better=True) or evaluation.figure("roc_auc", cutoff)
    return worst.value - MARGIN if worst and worst.value is not None else None


def level_of(bundle: Bundle, run: Run, progress: float) -> float:
    """How far the mean risk of a course run may be off at a stage, as a standard deviation."""
    errors = bundle.bands.level_error
    if errors is None:
        return DEFAULT_LEVEL
    known = any(other.code == run.code and other.starts_at < run.starts_at for other in bundle.history.runs)
    return float(np.interp(progress, errors.stages, errors.earlier_runs if known else errors.no_earlier_runs))


def sure_gap(level: float, looks: int) -> float:
    """How far risks must be off on average, to be more than a level that is off by so much makes at any look."""
    return float(norm.isf(ALPHA / (2 * _TESTS * looks))) * level


def _updated(signs: Floats, label: Floats, own: Floats) -> Floats:
    with threadpool_limits(limits=1):
        model = LogisticRegression(C=10.0).fit(signs, label)
    return np.asarray(model.predict_proba(own)[:, 1], dtype=np.float64)
