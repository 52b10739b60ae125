"""The decision to train again as a KFP component."""

from typing import NamedTuple

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def decide(
    label_kind: str,
    rubric: str,
    capacity: float,
    cost_miss: float,
    cost_false_alarm: float,
    min_auc: float,
    max_calibration_error: float,
    max_disparity: float,
    min_brier_skill: float,
    min_worst_auc: float,
    max_worst_calibration_error: float,
    calendar_days: float,
    margin: float,
    cool_down_days: float,
    budget: float,
    approval: str,
    champion: dsl.Input[dsl.Model],
    tables: dsl.Input[dsl.Dataset],
    figures: dsl.Input[dsl.Dataset],
    trainings: dsl.Input[dsl.Artifact],
    decision: dsl.Output[dsl.Artifact],
) -> NamedTuple("Outputs", [("train", str)]):  # type: ignore[valid-type] # as KFP writes it
    """Whether to train again, because of what, or why not; `train` is `yes` or `no`."""
    from datetime import datetime
    from pathlib import Path

    from components.basis import Basis, records_digest, settings_digest
    from components.label.scale import read_rubric
    from components.reporting import done, errors_reported, warn
    from components.retrain import Rules
    from components.retrain import decide as decide_by
    from components.retrain.champion import with_champion
    from components.retraining import Trained, check_approval
    from components.watched import learners_of, read_rows
    from earlybell.bundle import read_bundle
    from earlybell.bundle.evaluation import RubricFacts
    from earlybell.bundle.json_files import read_json, write_json
    from earlybell.bundle.manifest import Policy
    from earlybell.gates import Gates

    with errors_reported():
        check_approval(approval)
        gates = Gates(
            min_auc,
            max_calibration_error,
            max_disparity,
            min_brier_skill,
            min_worst_auc,
            max_worst_calibration_error,
        )
        scale = read_rubric(Path(rubric) if rubric else None) if label_kind == "rubric" else None
        of_rubric = RubricFacts(version=scale.version, threshold=scale.threshold) if scale else None
        settings = settings_digest(label_kind, Policy(capacity, cost_miss, cost_false_alarm), gates, of_rubric)
        basis = Basis(records_digest(Path(tables.path), label_kind), settings)
        rows = read_rows(Path(figures.path))
        trained = with_champion(
            read_json(Path(trainings.path), list[Trained]),
            read_bundle(Path(champion.path)),
            champion.metadata.get("version", ""),
        )
        now = datetime.fromisoformat(figures.metadata["as_of"])
        decided = decide_by(rows, trained, basis, now, Rules(calendar_days, margin, cool_down_days, budget))
        write_json(Path(decision.path), decided)
        learners = learners_of(rows)
        decision.metadata.update({"cause": decided.cause, "learners": learners})
        for shift in decided.warnings[:3]:
            warn("decide", shift)
        done("decide", f"{'train' if decided.train else 'no training'} ({decided.cause}): {decided.sentence}")
        return ("yes" if decided.train else "no",)
