"""Evaluation and gates as KFP components."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def evaluate(
    candidates: dsl.Input[list[dsl.Model]],
    tables: dsl.Input[dsl.Dataset],
    examples: dsl.Input[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset],
    targets: dsl.Input[dsl.Dataset],
    heads: dsl.Input[dsl.Model],
    label_kind: str,
    capacity: float,
    cost_miss: float,
    cost_false_alarm: float,
    min_auc: float,
    max_calibration_error: float,
    max_disparity: float,
    min_brier_skill: float,
    min_worst_auc: float,
    max_worst_calibration_error: float,
    without_gates: str,
    bundle: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    curves: dsl.Output[dsl.ClassificationMetrics],
    slices: dsl.Output[dsl.SlicedClassificationMetrics],
) -> None:
    """The candidates measured, one chosen, judged and sealed."""
    from pathlib import Path

    from components.evaluate import Policy, artifacts
    from components.evaluate import evaluate as evaluate_candidates
    from components.reporting import done, errors_reported, progress
    from earlybell.counts import counted
    from earlybell.gates import Gates, check_reason

    with errors_reported():
        if without_gates:
            check_reason(without_gates)
        evaluation = evaluate_candidates(
            [Path(candidate.path) for candidate in candidates],
            Path(examples.path),
            Path(labels.path),
            Path(tables.path),
            Path(bundle.path),
            Policy(capacity, cost_miss or None, cost_false_alarm or None),
            label_kind,
            Gates(
                min_auc,
                max_calibration_error,
                max_disparity,
                min_brier_skill,
                min_worst_auc,
                max_worst_calibration_error,
            ),
            without_gates,
            Path(heads.path),
            Path(targets.path),
        )
        data = evaluation.data
        bundle.metadata.update({"algorithm": evaluation.chosen, "data": data.digest, "learners": data.learners})
        artifacts.log_metrics(metrics, evaluation)
        artifacts.log_curves(curves, evaluation)
        artifacts.log_slices(slices, evaluation)
        progress("evaluate", evaluation.rule)
        titles = {candidate.name: candidate.title for candidate in evaluation.candidates}
        learners = counted(data.learners or 0, "learner")
        done("evaluate", f"{titles[evaluation.chosen]} of {len(titles)} candidates, on {learners}")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def gates(
    bundle: dsl.Input[dsl.Model], model_name: str, trail: str, trail_anchors: str, verdict: dsl.Output[dsl.Metrics]
) -> None:
    """Fail with a clear message where the chosen model missed a gate; one that was waived is recorded in the trail.

    Without a trail's address: that of EARLYBELL_TRAIL, and its anchors those of EARLYBELL_TRAIL_ANCHORS; else none.
    """
    from pathlib import Path

    from components.evaluate.waiver import record_waiver
    from components.reporting import done, errors_reported, progress, warn
    from earlybell.gates import require_verdict

    with errors_reported():
        judged = require_verdict(Path(bundle.path))
        for finding in judged.findings:
            if finding.value is not None:
                verdict.log_metric(finding.metric, finding.value)
            progress("gates", str(finding))
        if judged.waived:
            warn("gates", record_waiver(Path(bundle.path), judged, model_name, trail, trail_anchors))
        outcome = "waived" if judged.waived else "passed"
        done("gates", f"{outcome}: {', '.join(f'{finding.metric} {finding.figure}' for finding in judged.findings)}")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def compare(
    champion: dsl.Input[dsl.Model],
    candidates: dsl.Input[list[dsl.Model]],
    bundle: dsl.Input[dsl.Model],
    tables: dsl.Input[dsl.Dataset],
    examples: dsl.Input[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset],
    decision: dsl.Input[dsl.Artifact],
    proposal: dsl.Output[dsl.Artifact],
) -> None:
    """Champion and candidate on the same recent learners, and in what they differ: what a person decides on."""
    from pathlib import Path

    from components.evaluate.compare import changes
    from components.evaluate.compare import compare as compare_bundles
    from components.reporting import done, errors_reported
    from components.retraining import Decision, Proposal
    from earlybell.bundle import read_bundle
    from earlybell.bundle.json_files import read_json, write_json

    with errors_reported():
        old, new = read_bundle(Path(champion.path)), read_bundle(Path(bundle.path))
        folders = [Path(candidate.path) for candidate in candidates]
        proposed = Proposal(
            decision=read_json(Path(decision.path), Decision),
            champion=champion.metadata.get("version", "") or old.version,
            champion_digest=old.digest,
            candidate_digest=new.digest,
            changes=changes(old, new),
            comparison=compare_bundles(old, new, folders, Path(examples.path), Path(labels.path), Path(tables.path)),
        )
        write_json(Path(proposal.path), proposed)
        done("compare", proposed.sentence)
