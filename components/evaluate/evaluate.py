"""Measures the candidates through what will serve, chooses one, and seals its bundle."""

import hashlib
import json
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluate.bands import bands, evidence
from components.evaluate.choice import choose
from components.evaluate.data_summary import data_facts, days_left, missing_values
from components.evaluate.explanations import agreement, stability
from components.evaluate.fairness import disparity, fairness, read_protected
from components.evaluate.importance import importance
from components.evaluate.measure import CUTOFFS, Measurer
from components.evaluate.metrics import THRESHOLD, Floats
from components.evaluate.operating import Policy
from components.evaluate.rubric import rubric_facts
from components.evaluate.splits import SPLITS, fold_of, held_out, honest_splits
from components.evaluate.uncertainty import coverage, unseen_ends
from components.examples import Examples, read_examples
from earlybell import __version__
from earlybell.bundle import Catalogue, read_candidate, seal
from earlybell.gates import CUTOFF
from earlybell.predict import Predictor

SEED = 42
DEFAULT = Policy()


def evaluate(
    candidates: list[Path],
    features: Path,
    labels: Path,
    tables: Path,
    out: Path,
    policy: Policy = DEFAULT,
    label: str = "outcome",
) -> dict[str, Any]:
    """Measure candidates, choose, and write the sealed bundle of the chosen one to `out` (a new folder).

    Args:
        candidates: folders that the train step wrote.
        features, labels: what the candidates were trained on.
        tables: the canonical tables that these came from.
        policy: what decides the thresholds.
        label: what label 1 means, as `outcome`.

    Returns:
        The contents of evaluation.json.

    Raises:
        TrainingError: no honest split can be measured, as where its learners all have the same label.
    """
    catalogue, examples = read_examples(features, labels)
    training = {facts["name"]: facts | {"path": path} for path in candidates for facts in [_training(path)]}
    training = dict(sorted(training.items(), key=lambda item: item[1]["complexity"]))
    measurer = Measurer(catalogue, examples, SEED)
    risks = {name: _risks(one["path"], examples) for name, one in training.items()}
    splits = honest_splits(risks, examples, measurer.rows(CUTOFF), label)
    main, risks = splits.main, {name: _without(one, splits.without) for name, one in risks.items()}
    rows, auc = _measure(measurer, risks, main)
    chosen, rule = choose(training, auc, main)
    unseen = risks[chosen][main]
    days = days_left(tables, examples)
    found, point = bands(catalogue, examples, unseen, risks[chosen].get("learner", unseen), policy, days, SEED)
    final = training[chosen]["path"] / "final"
    evaluation = {
        "format": 1,
        "label": label,
        "chosen": chosen,
        "rule": " ".join([rule, *splits.notes]),
        "cutoffs": list(CUTOFFS),
        "threshold": THRESHOLD,
        "thresholds": {name: found[name] for name in ("high", "medium")},
        "operating_point": point,
        "evidence_rule": {name: found[name] for name in ("days_needed", "most_outside")},
        "evidence": evidence(catalogue, examples, unseen, fold_of(main, examples), SEED),
        "coverage": _coverage(unseen, examples, fold_of(main, examples)),
        "rubric": rubric_facts(labels, examples, dict(measurer.masks(unseen))[CUTOFF], SEED),
        "data": data_facts(tables, examples, by_run=not splits.by_run, why=splits.by_run),
        "candidates": [{name: one[name] for name in one if name != "path"} for one in training.values()],
        "metrics": rows
        + _fairness(measurer, examples, tables, unseen, point["high"], {"candidate": chosen, "split": main}),
        "curves": [{"candidate": chosen, "split": main, **curve} for curve in measurer.curves(unseen)],
        "importance": importance(final, examples.values),
        "agreement": agreement(Predictor(read_candidate(final)), examples, unseen, SEED),
        "stability": stability(Predictor(read_candidate(final)), examples, SEED),
        "missing": missing_values(training[chosen]["missing"], catalogue),
        "seed": SEED,
    }
    shutil.copytree(final, out)
    (out / "bands.json").write_text(json.dumps(found, indent=1))
    (out / "evaluation.json").write_text(json.dumps(evaluation, indent=1, allow_nan=False))
    seal(out, _manifest(evaluation, catalogue, policy))
    return evaluation


def _training(candidate: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((candidate / "training.json").read_text())
    return facts


def _risks(candidate: Path, examples: Examples) -> dict[str, Floats]:
    """Risk (n,) by split, for splits that hold anything out."""
    found = {split: held_out(candidate, split, examples) for split in SPLITS}
    return {split: risk for split, risk in found.items() if not np.isnan(risk).all()}


def _without(risks: dict[str, Floats], splits: frozenset[str]) -> dict[str, Floats]:
    return {split: risk for split, risk in risks.items() if split not in splits}


def _measure(
    measurer: Measurer, risks: dict[str, dict[str, Floats]], main: str
) -> tuple[list[dict[str, Any]], dict[str, dict[float, Floats]]]:
    """Rows of all candidates and splits, and each candidate's AUC at the cut-offs in the main split."""
    rows: list[dict[str, Any]] = []
    auc: dict[str, dict[float, Floats]] = {name: {} for name in risks}
    for name, by_split in risks.items():
        for split, risk in by_split.items():
            for row, values in measurer.metrics(risk, each_run=split == main):
                rows.append({"candidate": name, "split": split, **row})
                if split == main and row["metric"] == "roc_auc" and row["group"] == "all" and row["cutoff"]:
                    auc[name][row["cutoff"]] = values
    return rows, auc


def _fairness(
    measurer: Measurer, examples: Examples, tables: Path, risk: Floats, threshold: float, key: dict[str, str]
) -> list[dict[str, Any]]:
    """Rows of the fairness check at the gates' cut-off, and one row for the gate; none without protected attributes.

    The gate's row has no value where no group is large enough to be compared.
    """
    mask = dict(measurer.masks(risk))[CUTOFF]
    kept = examples.where(mask)
    protected = read_protected(tables, kept.learner_id)
    rows = fairness(kept, risk[mask], protected=protected, threshold=threshold, cutoff=CUTOFF, seed=SEED)
    if protected:
        gap = disparity(rows)
        counts = {"learners": len(kept), "positives": int(kept.label.sum())}
        row = {"cutoff": CUTOFF, "group": "all", "metric": "disparity", "value": gap, "low": None, "high": None}
        rows.append(row | counts)
    return [key | row for row in rows]


def _coverage(unseen: Floats, examples: Examples, fold: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    seen = ~np.isnan(unseen)
    risk, kept = unseen[seen], examples.where(seen)
    return coverage(unseen_ends(risk, kept, fold[seen]), risk, kept.label.astype(np.float64), kept.learner, SEED)


def _manifest(evaluation: dict[str, Any], catalogue: Catalogue, policy: Policy) -> dict[str, Any]:
    return {
        "name": "learner-risk",
        "algorithm": evaluation["chosen"],
        "label": evaluation["label"],
        "settings": {name: value or 0.0 for name, value in asdict(policy).items()},  # the pipeline's parameters
        "seed": evaluation["seed"],
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {name: evaluation["data"][name] for name in ("sources", "digest", "learners", "moments")},
        "catalogue": {"version": catalogue.version, "hash": catalogue.hash},
        "code": {"version": __version__, "digest": _code_digest()},
    }


def _code_digest() -> str:
    """Digest of every Python file of the rooms that make a bundle."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[2]
    for path in sorted(path for room in ("earlybell", "components") for path in (root / room).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
