"""Measures the candidates through what will serve, chooses one, and seals its bundle."""

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec import structs
from threadpoolctl import threadpool_limits

from components.evaluate.bands import evidence, make_bands
from components.evaluate.choice import BESIDE, DECIDES, choose, gain_over_baseline
from components.evaluate.code_digest import code_digest
from components.evaluate.course_evidence import Gap, LeftOut, course_evidence, gaps, in_doubt, level_error
from components.evaluate.data_summary import data_facts, days_left, missing_values
from components.evaluate.explanations import agreement, stability
from components.evaluate.fairness import disparity, fairness, read_protected
from components.evaluate.heads import MeasuredHead, measure_heads, write_heads
from components.evaluate.importance import importance
from components.evaluate.measure import CUTOFFS, Measurer
from components.evaluate.operating import Policy
from components.evaluate.rubric import rubric_facts
from components.evaluate.splits import Honest, fold_of, held_out, honest_splits, knows_earlier_runs
from components.evaluate.subject import Counts, Subject
from components.evaluate.uncertainty import coverage, unseen_ends
from components.examples import Examples, read_examples
from components.metrics.sample import THRESHOLD, Floats
from components.targets import read_targets
from earlybell import __version__
from earlybell.bundle import Bands, Catalogue, Evaluation, Manifest, Training, read_candidate, seal
from earlybell.bundle.evaluation import FORMAT, CoverageRow, EvidenceRule, Gain, OperatingPoint, Thresholds
from earlybell.bundle.figures import EACH_RUN, NEW_COURSE, SPLITS, Measured, MetricRow
from earlybell.bundle.json_files import read_json, write_json
from earlybell.bundle.manifest import CatalogueFacts, CodeFacts, DataFacts
from earlybell.bundle.manifest import Policy as PolicyFacts
from earlybell.extensions import Extension, installed
from earlybell.gates import CUTOFF, Gates, judge, write_verdict
from earlybell.predict import Course, Key, Predictor, courses_at

SEED = 42
MOST_AT_ONCE = 4  # subjects that are measured at the same time, each with memory of its own
EXTENSIONS = "extensions.json"  # of a bundle that extensions had a part in
DEFAULT, GATES = Policy(), Gates()


def evaluate(
    candidates: list[Path],
    features: Path,
    labels: Path,
    tables: Path,
    out: Path,
    policy: Policy = DEFAULT,
    label: str = "outcome",
    gates: Gates = GATES,
    without_gates: str = "",
    heads: Path | None = None,
    targets: Path | None = None,
) -> Evaluation:
    """Measure candidates, choose, judge, and write the sealed bundle of the chosen one to `out` (a new folder).

    A model that misses a gate is sealed too, with that verdict: nobody registers it.

    Args:
        candidates: folders that the train step wrote.
        features, labels: what the candidates were trained on.
        tables: the canonical tables that these came from.
        policy: what decides the thresholds.
        label: what label 1 means, as `outcome`.
        gates: what the verdict is judged by.
        without_gates: the reason for which a missed gate does not count; empty: it does.
        heads, targets: what the train step wrote of them, and what they were trained on; without these there are none.

    Returns:
        The contents of evaluation.json.

    Raises:
        TrainingError: no honest split can be measured, as where its learners all have the same label.
    """
    material = _read(candidates, features, labels, tables, label)
    by_target = read_targets(features, labels, targets) if targets else {}
    choice = _choose(material)
    bands, point = make_bands(
        material.catalogue,
        material.examples,
        choice.unseen,
        choice.by_learner,
        policy,
        days_left(tables, material.examples),
        level_error(choice.gaps),
        SEED,
    )
    measured = _heads(material, choice, bands, heads, by_target) if heads and by_target else []
    evaluation = structs.replace(
        _evaluation(material, choice, bands, point), heads=tuple(head.figures for head in measured)
    )
    shutil.copytree(choice.folder, out)
    write_json(out / "bands.json", bands)
    if heads:
        write_heads(measured, heads, out)
    write_json(out / "evaluation.json", evaluation)
    write_verdict(judge(evaluation, gates, without_gates), out)
    extensions = installed()
    if extensions:
        write_json(out / EXTENSIONS, extensions)
    seal(out, _manifest(evaluation, material.catalogue, policy, extensions))
    return evaluation


@dataclass(frozen=True)
class _Material:
    """What there is to measure: candidates by name, the simplest first, and the examples that they learned from."""

    training: dict[str, Training]
    folders: dict[str, Path]
    catalogue: Catalogue
    examples: Examples
    measurer: Measurer
    labels: Path
    tables: Path
    label: str


@dataclass(frozen=True)
class _Choice:
    """The chosen candidate in the most honest split, by the `rule` in words.

    Attributes:
        gain: over the better baseline, or of the best other over it.
        folder: of its unsealed bundle.
        splits: those that can be measured.
        unseen: its risk (n,) in the most honest split, NaN where not held out.
        by_learner: its risk (n,) of learners left out, or `unseen` where there is none.
        rows: the figures of all candidates in all splits.
        left_out: what it said in the most honest split, and where courses were left out, by split.
        gaps: how far the level of its risks was off in course runs left out.
    """

    subject: Subject
    rule: str
    gain: Gain | None
    folder: Path
    splits: Honest
    unseen: Floats
    by_learner: Floats
    rows: list[MetricRow]
    left_out: dict[str, LeftOut]
    gaps: list[Gap]


def _read(candidates: list[Path], features: Path, labels: Path, tables: Path, label: str) -> _Material:
    catalogue, examples = read_examples(features, labels)
    trained = {path: read_json(path / "training.json", Training) for path in candidates}
    ordered = sorted(trained.items(), key=lambda item: item[1].complexity)
    return _Material(
        {training.name: training for _, training in ordered},
        {training.name: path for path, training in ordered},
        catalogue,
        examples,
        Measurer(catalogue, examples, SEED),
        labels,
        tables,
        label,
    )


def _choose(material: _Material) -> _Choice:
    courses = courses_at(material.tables, material.examples.observed)
    risks = {name: _risks(folder, material.examples, courses) for name, folder in material.folders.items()}
    splits = honest_splits(risks, material.examples, material.measurer.rows(CUTOFF), material.label)
    risks = {name: _without(by_split, splits.without) for name, by_split in risks.items()}
    rows, deciding = _measure(material.measurer, risks, splits.main)
    chosen, rule = choose(material.training, deciding[DECIDES], deciding[BESIDE], splits.main)
    unseen = risks[chosen][splits.main]
    left_out = {
        split: _left_out(material, chosen, split, risk, courses)
        for split, risk in risks[chosen].items()
        if split in (splits.main, NEW_COURSE)
    }
    return _Choice(
        Subject(chosen, splits.main),
        " ".join([rule, *splits.notes]),
        gain_over_baseline(material.training, deciding[DECIDES], chosen),
        material.folders[chosen] / "final",
        splits,
        unseen,
        risks[chosen].get("learner", unseen),
        rows,
        left_out,
        gaps([of_split for split, of_split in left_out.items() if split != "learner"]),
    )


def _left_out(material: _Material, chosen: str, split: str, risk: Floats, courses: Mapping[Key, Course]) -> LeftOut:
    examples = material.examples
    progress = examples.values[:, material.catalogue.names.index("progress")].astype(np.float64)
    known = knows_earlier_runs(material.folders[chosen], split, examples, courses)
    return LeftOut(split, examples, progress, risk, fold_of(split, examples), known)


def _evaluation(material: _Material, choice: _Choice, bands: Bands, point: OperatingPoint) -> Evaluation:
    examples, unseen, splits = material.examples, choice.unseen, choice.splits
    fold, predictor = fold_of(splits.main, examples), Predictor(read_candidate(choice.folder))
    at_cutoff = dict(material.measurer.masks(unseen))[CUTOFF]
    doubted = in_doubt(choice.left_out[splits.main], choice.gaps)
    return Evaluation(
        format=FORMAT,
        label=material.label,
        chosen=choice.subject.candidate,
        split=splits.main,
        rule=choice.rule,
        gain=choice.gain,
        cutoffs=CUTOFFS,
        threshold=THRESHOLD,
        thresholds=Thresholds(bands.high, bands.medium),
        operating_point=point,
        evidence_rule=EvidenceRule(bands.days_needed, bands.most_outside, bands.level_error),
        evidence=evidence(material.catalogue, examples, unseen, fold, doubted, SEED),
        course_evidence=tuple(
            row
            for split, left_out in choice.left_out.items()
            if split != "learner"
            for row in course_evidence(left_out, choice.gaps, bands, material.catalogue.names, SEED)
        ),
        coverage=_coverage(unseen, examples, fold),
        rubric=rubric_facts(material.labels, examples, at_cutoff, SEED),
        data=data_facts(material.tables, examples, by_run=not splits.by_run, why=splits.by_run),
        candidates=tuple(material.training.values()),
        metrics=choice.rows + _fairness(material, choice, bands.high, at_cutoff),
        curves=list(material.measurer.curves(choice.subject, unseen)),
        importance=importance(predictor, examples.values),
        agreement=agreement(predictor, examples, unseen, SEED),
        stability=stability(predictor, examples, SEED),
        missing=missing_values(material.training[choice.subject.candidate].missing, material.catalogue),
        seed=SEED,
    )


def _heads(
    material: _Material, choice: _Choice, bands: Bands, folder: Path, by_target: Mapping[str, Floats]
) -> list[MeasuredHead]:
    examples, measurer, catalogue = material.examples, material.measurer, material.catalogue
    return measure_heads(folder, by_target, examples, measurer, catalogue, choice.unseen, bands, SEED)


def _risks(candidate: Path, examples: Examples, courses: Mapping[Key, Course]) -> dict[str, Floats]:
    """Risk (n,) by split, for splits that hold anything out."""
    risks = {split: held_out(candidate, split, examples, courses) for split in SPLITS}
    return {split: risk for split, risk in risks.items() if not np.isnan(risk).all()}


def _without(risks: dict[str, Floats], splits: frozenset[str]) -> dict[str, Floats]:
    return {split: risk for split, risk in risks.items() if split not in splits}


def _measure(
    measurer: Measurer, risks: Mapping[str, Mapping[str, Floats]], main: str
) -> tuple[list[MetricRow], dict[str, dict[str, dict[float, Floats]]]]:
    """Rows of all candidates and splits; and of the main split what decides: figure, candidate, cut-off."""
    rows: list[MetricRow] = []
    deciding: dict[str, dict[str, dict[float, Floats]]] = {
        metric: {name: {} for name in risks} for metric in (DECIDES, BESIDE)
    }

    def measured(subject: Subject) -> list[tuple[MetricRow, Floats]]:
        risk = risks[subject.candidate][subject.split]
        return list(measurer.metrics(subject, risk, each_run=subject.split in (main, NEW_COURSE)))

    subjects = [Subject(name, split) for name, by_split in risks.items() for split in by_split]
    # NumPy computes without the interpreter's lock, and its own threads would wait for ours.
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool, threadpool_limits(limits=1):
        for subject, figures in zip(subjects, pool.map(measured, subjects), strict=True):
            for row, values in figures:
                rows.append(row)
                if subject.split == main and row.metric in deciding and row.group in ("all", EACH_RUN) and row.cutoff:
                    deciding[row.metric][subject.candidate][row.cutoff] = values  # each run comes after all together
    measurer.clear()
    return rows, deciding


def _fairness(material: _Material, choice: _Choice, threshold: float, mask: npt.NDArray[np.bool_]) -> list[MetricRow]:
    """Rows of the fairness check at the gates' cut-off, and one row for the gate; none without protected attributes.

    The gate's row has no value where no group is large enough to be compared.

    Args:
        mask: the rows (n,) of that cut-off whose risk is known.
    """
    examples = material.examples.where(mask)
    protected = read_protected(material.tables, examples.learner_id)
    rows = fairness(
        choice.subject,
        examples,
        choice.unseen[mask],
        protected=protected,
        threshold=threshold,
        cutoff=CUTOFF,
        seed=SEED,
    )
    if protected:
        counts = Counts(len(examples), int(examples.label.sum()))
        rows.append(choice.subject.row(CUTOFF, "all", "disparity", Measured(disparity(rows)), counts))
    return rows


def _coverage(unseen: Floats, examples: Examples, fold: npt.NDArray[np.int64]) -> tuple[CoverageRow, ...]:
    seen = ~np.isnan(unseen)
    risk, kept = unseen[seen], examples.where(seen)
    return coverage(unseen_ends(risk, kept, fold[seen]), risk, kept.label.astype(np.float64), kept.learner, SEED)


def _manifest(
    evaluation: Evaluation, catalogue: Catalogue, policy: Policy, extensions: tuple[Extension, ...]
) -> Manifest:
    data = evaluation.data
    return Manifest(
        name="learner-risk",
        algorithm=evaluation.chosen,
        label=evaluation.label,
        settings=PolicyFacts(policy.capacity, policy.cost_miss or 0.0, policy.cost_false_alarm or 0.0),
        seed=evaluation.seed,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        data=DataFacts(data.sources, data.digest, data.learners or 0, data.moments or 0),
        catalogue=CatalogueFacts(catalogue.version, catalogue.hash),
        code=CodeFacts(__version__, code_digest(extensions=extensions)),
    )
