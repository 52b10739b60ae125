"""Measures the candidates through what will serve, chooses one, and seals its bundle."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.evaluate.bands import evidence, make_bands
from components.evaluate.choice import choose
from components.evaluate.code_digest import code_digest
from components.evaluate.data_summary import data_facts, days_left, missing_values
from components.evaluate.explanations import agreement, stability
from components.evaluate.fairness import disparity, fairness, read_protected
from components.evaluate.importance import importance
from components.evaluate.measure import CUTOFFS, Measurer
from components.evaluate.metrics import THRESHOLD, Floats
from components.evaluate.operating import Policy
from components.evaluate.rubric import rubric_facts
from components.evaluate.splits import Honest, fold_of, held_out, honest_splits
from components.evaluate.subject import Counts, Subject
from components.evaluate.uncertainty import coverage, unseen_ends
from components.examples import Examples, read_examples
from earlybell import __version__
from earlybell.bundle import Bands, Catalogue, Evaluation, Manifest, Training, read_candidate, seal
from earlybell.bundle.evaluation import FORMAT, CoverageRow, EvidenceRule, OperatingPoint, Thresholds
from earlybell.bundle.figures import SPLITS, Measured, MetricRow
from earlybell.bundle.json_files import read_json, write_json
from earlybell.bundle.manifest import CatalogueFacts, CodeFacts, DataFacts
from earlybell.bundle.manifest import Policy as PolicyFacts
from earlybell.gates import CUTOFF, Gates, judge, write_verdict
from earlybell.predict import Predictor

SEED = 42
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

    Returns:
        The contents of evaluation.json.

    Raises:
        TrainingError: no honest split can be measured, as where its learners all have the same label.
    """
    material = _read(candidates, features, labels, tables, label)
    choice = _choose(material)
    bands, point = make_bands(
        material.catalogue,
        material.examples,
        choice.unseen,
        choice.by_learner,
        policy,
        days_left(tables, material.examples),
        SEED,
    )
    evaluation = _evaluation(material, choice, bands, point)
    shutil.copytree(choice.folder, out)
    write_json(out / "bands.json", bands)
    write_json(out / "evaluation.json", evaluation)
    write_verdict(judge(evaluation, gates, without_gates), out)
    seal(out, _manifest(evaluation, material.catalogue, policy))
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
        folder: of its unsealed bundle.
        splits: those that can be measured.
        unseen: its risk (n,) in the most honest split, NaN where not held out.
        by_learner: its risk (n,) of learners left out, or `unseen` where there is none.
        rows: the figures of all candidates in all splits.
    """

    subject: Subject
    rule: str
    folder: Path
    splits: Honest
    unseen: Floats
    by_learner: Floats
    rows: list[MetricRow]


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
    risks = {name: _risks(folder, material.examples) for name, folder in material.folders.items()}
    splits = honest_splits(risks, material.examples, material.measurer.rows(CUTOFF), material.label)
    risks = {name: _without(by_split, splits.without) for name, by_split in risks.items()}
    rows, auc = _measure(material.measurer, risks, splits.main)
    chosen, rule = choose(material.training, auc, splits.main)
    unseen = risks[chosen][splits.main]
    return _Choice(
        Subject(chosen, splits.main),
        " ".join([rule, *splits.notes]),
        material.folders[chosen] / "final",
        splits,
        unseen,
        risks[chosen].get("learner", unseen),
        rows,
    )


def _evaluation(material: _Material, choice: _Choice, bands: Bands, point: OperatingPoint) -> Evaluation:
    examples, unseen, splits = material.examples, choice.unseen, choice.splits
    fold, predictor = fold_of(splits.main, examples), Predictor(read_candidate(choice.folder))
    at_cutoff = dict(material.measurer.masks(unseen))[CUTOFF]
    return Evaluation(
        format=FORMAT,
        label=material.label,
        chosen=choice.subject.candidate,
        split=splits.main,
        rule=choice.rule,
        cutoffs=CUTOFFS,
        threshold=THRESHOLD,
        thresholds=Thresholds(bands.high, bands.medium),
        operating_point=point,
        evidence_rule=EvidenceRule(bands.days_needed, bands.most_outside),
        evidence=evidence(material.catalogue, examples, unseen, fold, SEED),
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


def _risks(candidate: Path, examples: Examples) -> dict[str, Floats]:
    """Risk (n,) by split, for splits that hold anything out."""
    found = {split: held_out(candidate, split, examples) for split in SPLITS}
    return {split: risk for split, risk in found.items() if not np.isnan(risk).all()}


def _without(risks: dict[str, Floats], splits: frozenset[str]) -> dict[str, Floats]:
    return {split: risk for split, risk in risks.items() if split not in splits}


def _measure(
    measurer: Measurer, risks: Mapping[str, Mapping[str, Floats]], main: str
) -> tuple[list[MetricRow], dict[str, dict[float, Floats]]]:
    """Rows of all candidates and splits, and each candidate's AUC at the cut-offs in the main split."""
    rows: list[MetricRow] = []
    auc: dict[str, dict[float, Floats]] = {name: {} for name in risks}
    for name, by_split in risks.items():
        for split, risk in by_split.items():
            for row, values in measurer.metrics(Subject(name, split), risk, each_run=split == main):
                rows.append(row)
                if split == main and row.metric == "roc_auc" and row.group == "all" and row.cutoff:
                    auc[name][row.cutoff] = values
    return rows, auc


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


def _manifest(evaluation: Evaluation, catalogue: Catalogue, policy: Policy) -> Manifest:
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
        code=CodeFacts(__version__, code_digest()),
    )
