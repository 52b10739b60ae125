"""Measures the heads out of fold, within each course run left out, and decides which are answered.

A head is answered where, on average over course runs and cut-offs, it has a smaller squared error than each of its
baselines, and orders learners as the risk does. The mean is a hard baseline: it is that of the very learners that
are measured, which nobody knows beforehand. The part of its squared error that a head saves is the Brier skill of a
probability, and R2 of a score.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec import structs
from scipy.stats import rankdata
from sklearn.isotonic import IsotonicRegression

from components.evaluate.measure import CUTOFFS, RESAMPLES, Measurer
from components.evaluate.metrics import interval, measure, resample
from components.evaluate.over_runs import bounded, mean_over_runs
from components.evaluate.uncertainty import GRID
from components.examples import Examples
from components.metrics import find_metrics
from components.metrics.resamples import Resamples
from components.metrics.sample import Floats
from components.targets import read_heads
from earlybell.bundle import Bands, Catalogue
from earlybell.bundle.evaluation import Contradicted, HeadFigures, HeadRow
from earlybell.bundle.figures import Measured
from earlybell.bundle.heads import FOLDER, AnsweredHead, Head, Implied, Spread
from earlybell.bundle.json_files import write_json
from earlybell.predict import HeadModel, band_of, contradicts, within

MODEL, MEAN, LAST = "model", "mean", "last"
AGREEMENT, COVERED = "agreement", "coverage"
COVERAGE = 0.8  # of a score's interval
STAGE = "progress"  # the feature that the interval depends on
STAGES = (0.1, 0.3, 0.5, 0.7, 0.9)  # the middles of fifths of a run, each of which has ends of its own
LEAST_LEARNERS = 20  # of a course run at a cut-off: a figure of fewer says nothing
_OF_PROBABILITIES = ("roc_auc", "brier_skill", "calibration_error")
_LOWER_IS_BETTER = frozenset({"calibration_error", "mae", "mse", "rmse"})

Mask = npt.NDArray[np.bool_]
Named = tuple[str, str]  # who answers, and the figure


@dataclass(frozen=True)
class MeasuredHead:
    """The figures of a head, and what is served of it; None: it is not answered."""

    figures: HeadFigures
    answered: AnsweredHead | None


@dataclass(frozen=True)
class _Unseen:
    """A head's answers to n rows that its models had not seen, what came true, and the risk of the same rows.

    Attributes:
        split: what was left out.
        stage, last: the features that the interval depends on, and that a score must do better than.
    """

    head: Head
    split: str
    examples: Examples
    answer: Floats
    target: Floats
    risk: Floats
    stage: Floats
    last: Floats

    @property
    def fold(self) -> npt.NDArray[np.int64]:
        """What is left out together (n,): a course run, or some learners."""
        column = self.examples.learner_fold if self.split == "learner" else self.examples.course_id
        return np.unique(column, return_inverse=True)[1]

    def where(self, mask: Mask) -> "_Unseen":
        columns = (column[mask] for column in (self.answer, self.target, self.risk, self.stage, self.last))
        return _Unseen(self.head, self.split, self.examples.where(mask), *columns)


def measure_heads(
    folder: Path,
    by_target: Mapping[str, Floats],
    examples: Examples,
    measurer: Measurer,
    catalogue: Catalogue,
    risk: Floats,
    bands: Bands,
    seed: int,
) -> list[MeasuredHead]:
    """The heads that the train step wrote to `folder`.

    Args:
        by_target: the target (n,) of each, as `read_targets` gives it.
        risk: (n,), by models that had not seen the examples, NaN where there is none.
    """
    measured = []
    for head in read_heads(folder):
        unseen = _unseen(folder, head, examples, by_target[head.name], risk, catalogue)
        known = ~np.isnan(unseen.answer + unseen.target + unseen.risk)
        near = {cutoff: measurer.rows(cutoff)[known] for cutoff in CUTOFFS}
        if known.any():
            measured.append(_measured(unseen.where(known), near, bands, seed))
    return measured


def write_heads(measured: list[MeasuredHead], folder: Path, out: Path) -> None:
    """Write those that are answered into the unsealed bundle `out`; nothing where none is."""
    answered = tuple(of_head.answered for of_head in measured if of_head.answered)
    if not answered:
        return
    (out / FOLDER).mkdir()
    for of_head in answered:
        file = f"{of_head.head.name}.onnx"
        shutil.copyfile(folder / "final" / file, out / FOLDER / file)
    write_json(out / "heads.json", answered)


def _unseen(
    folder: Path, head: Head, examples: Examples, target: Floats, risk: Floats, catalogue: Catalogue
) -> _Unseen:
    answer, split = np.full(len(examples), np.nan), ""
    for path in sorted(folder.glob(f"*-*/{head.name}.onnx")):
        split, _, fold = path.parent.name.rpartition("-")
        held_out = examples.folds[split] == int(fold)
        if held_out.any():
            answer[held_out] = HeadModel(path).answer(examples.values[held_out])
    stage = examples.values[:, catalogue.names.index(STAGE)].astype(np.float64)
    last = np.full(len(examples), np.nan)
    if head.baseline:
        last = examples.values[:, catalogue.names.index(head.baseline)].astype(np.float64)
    return _Unseen(head, split, examples, answer, target, risk, stage, last)


def _measured(unseen: _Unseen, near: Mapping[float, Mask], bands: Bands, seed: int) -> MeasuredHead:
    head = unseen.head
    spread = score_spread(unseen.answer, unseen.target, unseen.stage, unseen.fold) if head.kind == "score" else None
    opposed = AnsweredHead(head=head, implied=_implied(unseen), doubts=("high", "low"), spread=spread)
    contradicted = tuple(_contradicted(opposed, unseen, bands))
    answered = structs.replace(opposed, doubts=tuple(row.band for row in contradicted if row.borne_out))
    inside = _inside(unseen) if spread else None
    rows, by_cutoff = list[HeadRow](), dict[Named, list[Floats]]()
    for cutoff, mask in near.items():
        for (by, metric), by_run in _by_run(unseen.where(mask), None if inside is None else inside[mask], seed).items():
            values = mean_over_runs([*by_run.values()], seed)
            by_cutoff.setdefault((by, metric), []).append(values)
            rows.append(_row(by, cutoff, metric, interval(values), {run: figure[0] for run, figure in by_run.items()}))
    over_cutoffs = {named: interval(np.mean(values, axis=0)) for named, values in by_cutoff.items()}
    gains = {by: gain for (by, metric), gain in over_cutoffs.items() if metric == "gain"}
    agreement = over_cutoffs.get((MODEL, AGREEMENT), Measured())
    why = _why_not(gains, agreement)
    figures = HeadFigures(
        head=head,
        split=unseen.split,
        moments=len(unseen.target),
        mean=round(float(unseen.target.mean()), 4),
        gains=gains,
        agreement=agreement,
        answered=not why,
        why=why,
        coverage=spread.coverage if spread else None,
        rows=tuple(row for row in rows if row.metric != "gain"),
        contradicted=contradicted,
    )
    return MeasuredHead(figures, None if why else answered)


def _by_run(unseen: _Unseen, inside: Floats | None, seed: int) -> dict[Named, dict[str, Floats]]:
    """Each figure (1 + resamples,) of each course run at one cut-off; a run where all is the same has none.

    Args:
        inside: (n,), whether the interval holds the score; None of a probability.
    """
    weights = resample(unseen.examples.learner, RESAMPLES, seed)
    by_run: dict[Named, dict[str, Floats]] = {}
    for run in np.unique(unseen.examples.course_id):
        mask = unseen.examples.course_id == run
        of_run = unseen.where(mask)
        if mask.sum() < LEAST_LEARNERS or len(np.unique(of_run.target)) < 2:
            continue
        for named, values in _figures(of_run, None if inside is None else inside[mask], weights.where(mask)):
            by_run.setdefault(named, {})[str(run)] = values
    return by_run


def _figures(unseen: _Unseen, inside: Floats | None, weights: Resamples) -> Iterator[tuple[Named, Floats]]:
    total = weights.total
    with np.errstate(invalid="ignore", divide="ignore"):
        yield (MODEL, AGREEMENT), unseen.head.direction * rank_correlation(unseen.answer, unseen.risk, weights)
        if inside is None:
            measured = measure(unseen.target.astype(np.int32), unseen.answer, weights)
            yield from (
                ((MODEL, metric), bounded(find_metrics()[metric], measured[metric])) for metric in _OF_PROBABILITIES
            )
            yield (MEAN, "gain"), measured["brier_skill"]
            return
        yield (MODEL, COVERED), weights @ inside / total
        mean = np.full(len(inside), unseen.target.mean())
        variance = weights @ (mean - unseen.target) ** 2 / total
        squared = {}
        for by, answer in _answers(unseen, mean).items():
            squared[by] = weights @ (answer - unseen.target) ** 2 / total
            yield (by, "mae"), weights @ np.abs(answer - unseen.target) / total
            yield (by, "mse"), squared[by]
            yield (by, "rmse"), np.sqrt(squared[by])
            yield (by, "r2"), 1 - squared[by] / variance
        yield from (((by, "gain"), 1 - squared[MODEL] / squared[by]) for by in squared if by != MODEL)


def _answers(unseen: _Unseen, mean: Floats) -> dict[str, Floats]:
    """The head's answers (n,) and those of its baselines."""
    answers = {MODEL: unseen.answer, MEAN: mean}
    if unseen.head.baseline:
        answers[LAST] = np.where(np.isnan(unseen.last), mean, unseen.last)
    return answers


def rank_correlation(a: Floats, b: Floats, weights: Resamples) -> Floats:
    """Spearman's correlation (resamples,) of values (n,), with the ranks of all."""
    total = weights.total
    ranks = [rankdata(values) for values in (a, b)]
    means = [weights @ of / total for of in ranks]
    covariance = weights @ (ranks[0] * ranks[1]) / total - means[0] * means[1]
    deviations = [np.sqrt(weights @ of**2 / total - mean**2) for of, mean in zip(ranks, means, strict=True)]
    return np.asarray(covariance / (deviations[0] * deviations[1]))


def score_spread(answer: Floats, target: Floats, stage: Floats, fold: npt.NDArray[np.int64]) -> Spread:
    """The interval of a score, from how far answers (n,) to unseen rows were from the target: split conformal
    prediction, apart for each fifth of a run, in which each course run weighs the same."""
    residual, fifth = target - answer, np.clip((stage * len(STAGES)).astype(int), 0, len(STAGES) - 1)
    ends = [_ends(residual[fifth == at], fold[fifth == at]) for at in range(len(STAGES))]
    known = [(at, *pair) for at, pair in zip(STAGES, ends, strict=True) if pair]
    at, low, high = (tuple(column) for column in zip(*known, strict=True))
    return Spread(STAGE, COVERAGE, at, low, high, float(target.min()), float(target.max()))


def _ends(residual: Floats, fold: npt.NDArray[np.int64]) -> tuple[float, float] | None:
    if not len(residual):
        return None
    _, number, count = np.unique(fold, return_inverse=True, return_counts=True)
    order = np.argsort(residual)
    share = np.cumsum((1 / count[number] / len(count))[order])
    low, high = ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)
    places = np.searchsorted(share, [low, high]).clip(0, len(residual) - 1)
    first, last = residual[order][places]
    return round(float(first), 2), round(float(last), 2)


def _inside(unseen: _Unseen) -> Floats:
    """Whether the interval (n,) of what was learned from other folds holds the score."""
    inside, fold = np.full(len(unseen.target), np.nan), unseen.fold
    for number in np.unique(fold):
        own, others = fold == number, fold != number
        if others.any():
            columns = (unseen.answer, unseen.target, unseen.stage, fold)
            spread = score_spread(*(column[others] for column in columns))
            _, low, high = within(spread, unseen.answer[own], unseen.stage[own])
            inside[own] = (unseen.target[own] >= low) & (unseen.target[own] <= high)
    return inside


def _implied(unseen: _Unseen) -> Implied:
    """Which share had label 1 by the answer, by isotonic regression in the head's direction; each run weighs one."""
    _, number, count = np.unique(unseen.fold, return_inverse=True, return_counts=True)
    isotonic = IsotonicRegression(increasing=unseen.head.direction > 0, y_min=0, y_max=1, out_of_bounds="clip")
    isotonic.fit(unseen.answer, unseen.examples.label, sample_weight=1 / count[number])
    grid = np.unique(np.quantile(unseen.answer, np.linspace(0, 1, GRID)).round(6))
    return Implied(tuple(grid.tolist()), tuple(isotonic.predict(grid).round(6).tolist()))


def _contradicted(opposed: AnsweredHead, unseen: _Unseen, bands: Bands) -> Iterator[Contradicted]:
    """Whom a head would contradict, by band, and whether it was right to."""
    band = band_of(bands, unseen.risk)
    against, label = contradicts(opposed, unseen.answer, band, bands), unseen.examples.label
    for name, lower in (("high", True), ("low", False)):
        called = band == name
        if called.any():
            contradicted, others = called & against, called & ~against
            share, share_of_others = _share(label[contradicted]), _share(label[others])
            right = share is not None and share_of_others is not None and (share < share_of_others) == lower
            yield Contradicted(
                band=name,
                moments=int(called.sum()),
                contradicted=int(contradicted.sum()),
                share=share_of_others,
                share_contradicted=share,
                borne_out=right and len(np.unique(unseen.examples.learner[contradicted])) >= LEAST_LEARNERS,
            )


def _share(label: npt.NDArray[np.int32]) -> float | None:
    return round(float(label.mean()), 4) if len(label) else None


def _row(by: str, cutoff: float, metric: str, mean: Measured, by_run: Mapping[str, float]) -> HeadRow:
    worst = (max if metric in _LOWER_IS_BETTER else min)(by_run, key=lambda run: by_run[run])
    return HeadRow(
        by=by,
        cutoff=cutoff,
        metric=metric,
        mean=mean,
        worst=round(float(by_run[worst]), 6),
        worst_run=worst,
        runs=len(by_run),
    )


def _why_not(gains: Mapping[str, Measured], agreement: Measured) -> str:
    """Why a head is not answered; empty: it is."""
    if not gains:
        return "no course run has enough learners to measure it"
    baselines = {MEAN: "the mean of the learners themselves", LAST: "the latest score"}
    beaten_by = [baselines[by] for by, gain in gains.items() if not _positive(gain)]
    if beaten_by:
        return f"it is no better than {' and '.join(beaten_by)}"
    return "" if _positive(agreement) else "it does not order learners as the risk does"


def _positive(measured: Measured) -> bool:
    return measured.value is not None and measured.value > 0
