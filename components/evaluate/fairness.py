"""Fairness check: how the risk serves groups of learners. The one place that reads protected attributes.

It tells where groups differ, not why, and not whether that is just: groups whose outcomes differ cannot agree in all
of these figures at once. Of groups of fewer than ten learners the name alone is shown, and no rate over fewer than ten.
That keeps figures of a few learners out of sight, but a single hidden group can still be worked out from the others.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from components.evaluate.measure import RESAMPLES
from components.evaluate.metrics import interval, measure, resample
from components.evaluate.subject import Subject, count_learners
from components.examples import Examples
from components.metrics.sample import Floats
from earlybell.bundle.figures import Measured, MetricRow
from earlybell.predict import open_tables
from earlybell.tables import BY_NAME

ATTRIBUTES = BY_NAME["learners"].names[1:]
SMALLEST = 10  # learners of a group that is shown, and of what a shown rate is a share of
UNKNOWN = "unknown"
PROXY_FOLDS = 3

Strings = npt.NDArray[np.object_]

_DIFFERENCES = {
    "selection_rate": "selection_rate_difference",
    "true_positive_rate": "true_positive_rate_difference",
    "false_positive_rate": "false_positive_rate_difference",
    "calibration_gap": "calibration_difference",
}
MATRIX = (("true_negatives", "false_positives"), ("false_negatives", "true_positives"))


def read_protected(tables: Path, learner_id: Iterable[str]) -> dict[str, Strings]:
    """The learners' values of every protected attribute that any of them has, in their order; "unknown" for none."""
    columns = ", ".join(f"coalesce({name}, '{UNKNOWN}')" for name in ATTRIBUTES)
    found = open_tables(tables).execute(f"SELECT learner_id, {columns} FROM learners").fetchall()
    values = {learner: of_learner for learner, *of_learner in found}
    listed = np.array([values.get(one, [UNKNOWN] * len(ATTRIBUTES)) for one in learner_id], dtype=object)
    by_name = zip(ATTRIBUTES, listed.reshape(-1, len(ATTRIBUTES)).T, strict=True)
    return {name: column for name, column in by_name if (column != UNKNOWN).any()}


def fairness(
    subject: Subject,
    examples: Examples,
    risk: Floats,
    *,
    protected: Mapping[str, Strings],
    threshold: float,
    cutoff: float,
    seed: int,
) -> list[MetricRow]:
    """The rows of a subject for each protected attribute and each pair of them.

    A group is `gender=F`, or `gender=F & age=0-35`. Each has its selection_rate (share flagged), true_positive_rate,
    false_positive_rate, calibration_gap (mean risk minus share with label 1) and base_rate; those of one attribute
    also roc_auc and the counts of the confusion matrix. A rate over fewer than ten learners is null.

    The rows of `gender`, or `gender & age`, are the differences (largest minus smallest group; see `_difference`),
    suppressed_groups (how many have fewer than ten learners; no row for none) and, for one attribute, proxy_auc: how
    well the features tell the groups apart, as the mean over groups of the AUC of group against rest, by a logistic
    regression on learners that it was not fitted on. 0.5 is none. Its interval does not count the fitting. A group that
    is too small has one row, `suppressed`, which counts nobody.

    Args:
        examples: n moments at the cut-off, at most one a learner and course run.
        risk: (n,), held out.
        protected: values (n,) by attribute (see `read_protected`).
        threshold: a risk from which on a learner is flagged.
    """
    check = _Check(subject, examples, risk, (risk >= threshold).astype(np.int32), cutoff, seed)
    groups = {name: f"{name}=" + values for name, values in protected.items()}
    one = (check.attribute(name, group) for name, group in groups.items())
    two = (check.pair(f"{a} & {b}", groups[a] + " & " + groups[b]) for a, b in combinations(groups, 2))
    return list(chain.from_iterable(chain(one, two)))


def disparity(rows: Iterable[MetricRow]) -> float | None:
    """What a gate bounds: how far the true positive rates of an attribute's groups differ at the least.

    The lower end of the interval is taken, of single attributes, and the largest of them; so only what is clearly
    there fails a gate, and not the chance differences of small groups. None where no difference could be measured.
    """
    metric = _DIFFERENCES["true_positive_rate"]
    lows = [row.low for row in rows if row.metric == metric and row.group in ATTRIBUTES]
    return max((low for low in lows if low is not None), default=None)


@dataclass(frozen=True)
class _Groups:
    """Groups that are shown; `at` (n,) is each row's place in `names`, -1 in none of them."""

    names: list[str]
    at: npt.NDArray[np.int64]
    suppressed: list[str]


class _Check:
    """Measures groups of the same rows, with the same resamples."""

    def __init__(
        self,
        subject: Subject,
        examples: Examples,
        risk: Floats,
        flagged: npt.NDArray[np.int32],
        cutoff: float,
        seed: int,
    ) -> None:
        self._subject = subject
        self._examples, self._risk, self._flagged = examples, risk, flagged
        self._cutoff, self._seed = cutoff, seed
        self._weights = resample(examples.learner, RESAMPLES, seed)
        self._dense = self._weights.dense()

    def attribute(self, name: str, group: Strings) -> list[MetricRow]:
        """All rows of one attribute."""
        shown = self._shown(group)
        if not shown.names:
            return self._summary(name, shown, {})
        rates = self._rates(shown)
        rows = self._of_groups(shown, rates)
        for place, one in enumerate(shown.names):
            rows += self._detail(one, shown.at == place)
        rows += self._summary(name, shown, rates)
        if len(shown.names) > 1:
            rows.append(self._row(name, "proxy_auc", interval(self._proxy(shown)), shown.at >= 0))
        return rows

    def pair(self, name: str, group: Strings) -> list[MetricRow]:
        """All rows of two attributes together."""
        shown = self._shown(group)
        rates = self._rates(shown) if shown.names else {}
        return self._of_groups(shown, rates) + self._summary(name, shown, rates)

    def _of_groups(self, shown: _Groups, rates: dict[str, Floats]) -> list[MetricRow]:
        return [
            # Of resamples that hold more rows than the value does, the middle lies elsewhere on purpose.
            self._row(one, metric, interval(values[:, place], corrected=False), shown.at == place)
            for place, one in enumerate(shown.names)
            for metric, values in rates.items()
        ]

    def _summary(self, name: str, shown: _Groups, rates: dict[str, Floats]) -> list[MetricRow]:
        kept = shown.at >= 0
        differences = _DIFFERENCES.items() if len(shown.names) > 1 else ()
        rows = [self._row(name, to, _difference(rates[metric]), kept) for metric, to in differences]
        if shown.suppressed:
            rows.append(self._row(name, "suppressed_groups", Measured(float(len(shown.suppressed))), kept))
        nobody = np.zeros(len(kept), dtype=bool)
        rows += [self._row(one, "suppressed", Measured(1.0), nobody) for one in shown.suppressed]
        return rows

    def _shown(self, group: Strings) -> _Groups:
        names, at = np.unique(group.astype(str), return_inverse=True)
        large = self._learners(at, len(names)) >= SMALLEST
        places = np.where(large, np.cumsum(large) - 1, -1)
        return _Groups(names[large].tolist(), places[at], names[~large].tolist())

    def _learners(self, at: npt.NDArray[np.int64], count: int, label: int | None = None) -> npt.NDArray[np.int64]:
        """How many learners (count,) each group has; only those with a row of this label, where one is given."""
        counted = (at >= 0) & (True if label is None else self._examples.label == label)
        pairs = np.unique(np.column_stack([self._examples.learner[counted], at[counted]]), axis=0)
        return np.bincount(pairs[:, 1], minlength=count)

    def _rates(self, shown: _Groups) -> dict[str, Floats]:
        """Each rate (1 + resamples, groups); NaN where it is a share of too few learners."""
        found = _rates(*self._with_doubt(shown))
        for metric, label in (("true_positive_rate", 1), ("false_positive_rate", 0)):
            found[metric][:, self._learners(shown.at, len(shown.names), label) < SMALLEST] = np.nan
        return found

    def _with_doubt(self, shown: _Groups) -> tuple[npt.NDArray[Any], ...]:
        """Group, label, flag, risk (m,) and weights (1 + resamples, m) of all rows and of four more for each group.

        The four are each label flagged and not, with a risk of one half. They count in resamples alone, once on
        average: without them a group whose few positives were all flagged would have a rate without doubt, since no
        resample of it can differ (Agresti and Coull 1998 and Agresti and Caffo 2000 add as many).
        """
        count = len(shown.names)
        more = np.random.default_rng(self._seed).poisson(1.0, size=(1 + RESAMPLES, 4 * count))
        more[0] = 0
        return (
            np.r_[shown.at, np.repeat(np.arange(count), 4)],
            np.r_[self._examples.label, np.tile([0, 0, 1, 1], count)],
            np.r_[self._flagged, np.tile([0, 1, 0, 1], count)],
            np.r_[self._risk, np.full(4 * count, 0.5)],
            np.hstack([self._dense, more]),
        )

    def _detail(self, group: str, mask: npt.NDArray[np.bool_]) -> Iterator[MetricRow]:
        """What only groups of one attribute have: AUC and the counts of the confusion matrix."""
        label, flagged = self._examples.label[mask], self._flagged[mask]
        auc = measure(label, self._risk[mask], self._weights.where(mask))["roc_auc"]
        few = min(len(np.unique(self._examples.learner[mask & (self._examples.label == one)])) for one in (0, 1))
        yield self._row(group, "roc_auc", interval(auc if few >= SMALLEST else np.full(1, np.nan)), mask)
        for truth, names in enumerate(MATRIX):
            for flag, name in enumerate(names):
                count = float(((label == truth) & (flagged == flag)).sum())
                yield self._row(group, name, Measured(count), mask)

    def _proxy(self, shown: _Groups) -> Floats:
        """Macro AUC (1 + resamples,) of telling the groups apart from the features."""
        kept = shown.at >= 0
        values, group, learner = self._examples.values[kept], shown.at[kept], self._examples.learner[kept]
        model = make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(C=0.1, tol=1e-3, max_iter=1000),
        )
        folds = PredefinedSplit(_folds(group, learner, self._seed))
        with threadpool_limits(limits=1):  # the fits are small: more threads would only wait for each other
            guess = cross_val_predict(model, values, group, cv=folds, method="predict_proba")
        weights = self._weights.where(kept)
        each = [
            measure((group == place).astype(np.int32), guess[:, place], weights)["roc_auc"]
            for place in range(len(shown.names))
        ]
        return np.asarray(np.mean(each, axis=0))

    def _row(self, group: str, metric: str, measured: Measured, mask: npt.NDArray[np.bool_]) -> MetricRow:
        counts = count_learners(self._examples.learner[mask], self._examples.label[mask])
        return self._subject.row(self._cutoff, group, metric, measured, counts)


def _rates(
    at: npt.NDArray[np.int64],
    label: npt.NDArray[np.int32],
    flagged: npt.NDArray[np.int32],
    risk: Floats,
    weights: Floats,
) -> dict[str, Floats]:
    """Every rate (resamples, groups) of n rows with weights (resamples, n)."""
    member = (at[:, None] == np.arange(at.max() + 1)).astype(np.float64)
    columns = (np.ones(len(at)), label, flagged, flagged * label, risk)
    count, positives, selected, hits, risks = (weights @ (member * column[:, None]) for column in columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "selection_rate": selected / count,
            "true_positive_rate": hits / positives,
            "false_positive_rate": (selected - hits) / (count - positives),
            "calibration_gap": (risks - positives) / count,
            "base_rate": positives / count,
        }


def _folds(group: npt.NDArray[np.int64], learner: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """A fold (n,) for each row: all rows of a learner in one, each group spread evenly."""
    _, first, of = np.unique(learner, return_index=True, return_inverse=True)
    fold = np.zeros(len(first), dtype=np.int64)
    splits = StratifiedKFold(PROXY_FOLDS, shuffle=True, random_state=seed).split(first, group[first])
    for number, (_, held_out) in enumerate(splits):
        fold[held_out] = number
    return np.asarray(fold[of])


def _difference(values: Floats) -> Measured:
    """The largest minus the smallest rate of groups, (1 + resamples, groups), and its 95% interval.

    The largest of many noisy rates minus the smallest is above the true difference, the more so in resamples, and
    never 0. So the interval is not one of resampled differences: it is the widest reach of the intervals of all
    pairs of groups that hold together, by the resamples' largest deviation in standard errors (max-t; Beran 1988,
    Balanced simultaneous confidence sets). `low` is 0 where no two groups clearly differ. With dozens of groups of
    little more than ten learners it is still somewhat too narrow.
    """
    values = values[:, ~np.isnan(values[0])]
    if values.shape[1] < 2:
        return Measured()
    one, other = np.triu_indices(values.shape[1], 1)
    drawn = values[1:, one] - values[1:, other]
    centre, error = np.nanmean(drawn, axis=0), np.nanstd(drawn, axis=0)
    reach = error * np.quantile(np.nan_to_num(np.abs(drawn - centre) / error).max(axis=1), 0.95)
    low, high = (np.abs(centre) - reach).max(), (np.abs(centre) + reach).max()
    value = np.ptp(values[0])
    return Measured(*(round(float(x), 6) for x in (value, min(max(low, 0.0), value), max(min(high, 1.0), value))))
