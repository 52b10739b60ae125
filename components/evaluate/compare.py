"""Champion and candidate on the same recent learners, from whom the candidate's figures have learned nothing.

The candidate's risks are those of the models that left out the learner's course run (or the learner): a little less
was learned there than by the bundle itself. They have learned from other runs of the same term, though, as the bundle
will have when the next term begins. The champion has learned from none of these runs, wherever there are such.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.evaluate.fairness import SMALLEST, read_protected
from components.evaluate.measure import CUTOFFS, RESAMPLES, Mask, near
from components.evaluate.metrics import interval, intervals, measure, resample
from components.evaluate.splits import held_out
from components.examples import Examples, read_examples
from components.groups import of_shown
from components.metrics.sample import Floats
from components.retraining import BandMove, Change, Compared, Comparison, Finding
from earlybell.bundle import Bands, Bundle, Training
from earlybell.bundle.json_files import read_json
from earlybell.gates import CUTOFF
from earlybell.predict import Predictor, courses_at

METRICS = ("brier", "roc_auc", "calibration_gap")
LEAST_LEARNERS = 20  # of a course run or group that is compared
SEED = 42
_NAMED = 5  # course runs and features that a change names
_BANDS = ("low", "medium", "high")


@dataclass(frozen=True)
class _Both:
    """What both say of n examples that neither figure has learned from."""

    examples: Examples
    run: npt.NDArray[np.int64]
    progress: npt.NDArray[np.float32]
    champion: Floats
    candidate: Floats

    def at(self, cutoff: float) -> npt.NDArray[np.int64]:
        """The rows of the week of each run that is nearest to a share of it."""
        return np.flatnonzero(near(self.progress, self.run, cutoff))

    def figures(self, rows: npt.NDArray[np.int64], group: str, cutoff: float) -> Iterator[Compared]:
        """The metrics of some rows; of too few learners none."""
        examples = self.examples.where(rows)
        learners = len(np.unique(examples.learner))
        if learners < LEAST_LEARNERS:
            yield from (Compared(group=group, cutoff=cutoff, metric=metric, suppressed=True) for metric in METRICS)
            return
        weights = resample(examples.learner, RESAMPLES, SEED)
        old, new = (measure(examples.label, risk[rows], weights) for risk in (self.champion, self.candidate))
        of_old, of_new = intervals(old), intervals(new)
        for metric in METRICS:
            yield Compared(
                group=group,
                cutoff=cutoff,
                metric=metric,
                champion=of_old[metric],
                candidate=of_new[metric],
                difference=interval(new[metric] - old[metric]),
                learners=learners,
            )


def compare(
    champion: Bundle, candidate: Bundle, folders: Iterable[Path], features: Path, labels: Path, tables: Path
) -> Comparison:
    """Compare two sealed bundles on the course runs that the champion does not know; else on the newest of each course.

    Args:
        folders: of the candidates that the train step wrote, among them that of `candidate`.
        features, labels, tables: what `candidate` was trained on.
    """
    split = candidate.evaluation.split
    catalogue, examples = read_examples(features, labels)
    if champion.manifest.label != candidate.manifest.label:
        return Comparison(at=CUTOFF, left_out=split)
    recent, seen = _recent(champion, examples)
    examples = examples.where(recent)
    folder = next(path for path in folders if _name(path) == candidate.evaluation.chosen)
    new = held_out(folder, split, examples, courses_at(tables, examples.observed))
    old = _risk(champion, tables, examples)
    known = ~np.isnan(new) & ~np.isnan(old)
    examples, new, old = examples.where(known), new[known], old[known]
    progress = examples.values[:, catalogue.names.index("progress")]
    _, run = np.unique(examples.course_id, return_inverse=True)
    both = _Both(examples, run, progress, old, new)
    rows = tuple(_rows(both, tables))
    return Comparison(
        course_runs=tuple(sorted({str(course) for course in examples.course_id})),
        seen=seen,
        left_out=split,
        learners=len(np.unique(examples.learner)),
        at=CUTOFF,
        rows=rows,
        moves=_moves(both, champion.bands, candidate.bands),
        finding=_finding(rows, seen=seen),
    )


def changes(champion: Bundle, candidate: Bundle) -> tuple[Change, ...]:
    """In what the candidate was made otherwise: data, settings, features and thresholds."""
    old, new = _facts(champion), _facts(candidate)
    named = [
        _named("course runs", _runs(champion), _runs(candidate)),
        _named("features", champion.catalogue.names, candidate.catalogue.names),
    ]
    changed = [Change(what, old[what], new[what]) for what in old if old[what] != new[what]]
    return (*filter(None, named), *changed)


def _facts(bundle: Bundle) -> dict[str, str]:
    manifest, training = bundle.manifest, bundle.training
    return {
        "learners": f"{manifest.data.learners:,}",
        "moments": f"{manifest.data.moments:,}",
        "sources": ", ".join(manifest.data.sources),
        "label": manifest.label,
        "model": training.title if training else manifest.algorithm,
        "capacity": f"{manifest.settings.capacity:g}",
        "cost of a miss": f"{manifest.settings.cost_miss:g}",
        "cost of a false alarm": f"{manifest.settings.cost_false_alarm:g}",
        "definitions of features": manifest.catalogue.hash[:12],
        "high risk from": f"{bundle.bands.high:.3f}",
        "medium risk from": f"{bundle.bands.medium:.3f}",
        "version of Earlybell": manifest.code.version,
    }


def _named(what: str, before: Sequence[str], after: Sequence[str]) -> Change | None:
    """A change of a list: how many there were and are, and which came and went."""
    came, went = ([name for name in one if name not in set(other)] for one, other in ((after, before), (before, after)))
    if not came and not went:
        return None
    told = "".join(f"; {word} {_first(names)}" for word, names in (("new:", came), ("gone:", went)) if names)
    return Change(what, f"{len(before):,}", f"{len(after):,}{told}")


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _runs(bundle: Bundle) -> list[str]:
    return [run.course_id for run in bundle.evaluation.data.course_runs]


def _recent(champion: Bundle, examples: Examples) -> tuple[Mask, bool]:
    """The rows (n,) to compare on, and whether the champion has learned from them.

    Course runs that it does not know; where it knows all, the newest run of each course.
    """
    unknown = ~np.isin(examples.course_id.astype(str), np.array(_runs(champion), dtype=np.str_))
    if unknown.any():
        return unknown, False
    _, course = np.unique(examples.code, return_inverse=True)
    newest = np.full(int(course.max()) + 1, examples.starts_at.min())
    np.maximum.at(newest, course, examples.starts_at)
    return examples.starts_at == newest[course], True


def _name(folder: Path) -> str:
    return read_json(folder / "training.json", Training).name


def _risk(champion: Bundle, tables: Path, examples: Examples) -> Floats:
    """Risk (n,) as the champion serves it; NaN where it says nothing of a moment."""
    predicted = Predictor(champion).predict_tables(tables, "weekly", most_reasons=0)
    observed, courses = predicted.observed, np.unique(examples.course_id.astype(str))
    rows = np.flatnonzero(np.isin(observed.course_id.astype(str), courses))
    risks = dict(
        zip(_keys(observed.course_id, observed.learner_id, observed.as_of, rows), predicted.risk[rows], strict=True)
    )
    keys = _keys(examples.course_id, examples.learner_id, examples.as_of, np.arange(len(examples)))
    return np.array([risks.get(key, np.nan) for key in keys], dtype=np.float64)


def _keys(
    course: npt.NDArray[np.object_],
    learner: npt.NDArray[np.object_],
    at: npt.NDArray[np.datetime64],
    rows: npt.NDArray[np.int64],
) -> Iterator[tuple[object, ...]]:
    return zip(*(column[rows].tolist() for column in (course, learner, at.astype("datetime64[us]"))), strict=True)


def _rows(both: _Both, tables: Path) -> Iterator[Compared]:
    for cutoff in CUTOFFS:
        yield from both.figures(both.at(cutoff), "all", cutoff)
    rows = both.at(CUTOFF)
    for course in np.unique(both.examples.course_id[rows].astype(str)):
        yield from both.figures(rows[both.examples.course_id[rows] == course], str(course), CUTOFF)
    for group, own in of_shown(_groups(both.examples, tables), rows, LEAST_LEARNERS).items():
        yield from both.figures(own, group, CUTOFF)


def _groups(examples: Examples, tables: Path) -> Mapping[str, Mask]:
    """Which rows (n,) are of each group, as `gender=F`."""
    protected = read_protected(tables, examples.learner_id)
    return {
        f"{name}={value}": values == value
        for name, values in protected.items()
        for value in sorted(set(values.tolist()))
    }


def _moves(both: _Both, old: Bands, new: Bands) -> tuple[BandMove, ...]:
    """The shares of learners by the band before and after, by risk alone; where one is hidden, so is the next smallest.

    Else it would follow by subtraction.
    """
    rows = both.at(CUTOFF)
    before, after = _bands(both.champion[rows], old), _bands(both.candidate[rows], new)
    counts = {
        (one, other): int(((before == i) & (after == j)).sum())
        for i, one in enumerate(_BANDS)
        for j, other in enumerate(_BANDS)
    }
    ordered = sorted((pair for pair, count in counts.items() if count), key=lambda pair: counts[pair])
    small = sum(counts[pair] < SMALLEST for pair in ordered)
    hidden = set(ordered[: 2 if small == 1 else small])
    return tuple(
        BandMove(*pair, share=None if pair in hidden else counts[pair] / len(rows)) for pair in counts if counts[pair]
    )


def _bands(risk: Floats, bands: Bands) -> npt.NDArray[np.int64]:
    return (risk >= bands.medium).astype(np.int64) + (risk >= bands.high)


def _finding(rows: Sequence[Compared], *, seen: bool) -> Finding:
    """By the interval of the Brier score's difference; a champion that knows these learners looks better than it is."""
    decisive = next((row for row in rows if (row.group, row.cutoff, row.metric) == ("all", CUTOFF, "brier")), None)
    if decisive is None or decisive.difference.low is None or decisive.difference.high is None:
        return "not comparable"
    if decisive.difference.high < 0:
        return "better"
    if seen:
        return "not comparable"
    return "worse" if decisive.difference.low > 0 else "no clear difference"
