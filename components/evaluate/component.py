"""Evaluation and gates as KFP components."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def evaluate(
    candidates: dsl.Input[list[dsl.Model]],
    tables: dsl.Input[dsl.Dataset],
    examples: dsl.Input[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset],
    label_kind: str,
    capacity: float,
    cost_miss: float,
    cost_false_alarm: float,
    bundle: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    curves: dsl.Output[dsl.ClassificationMetrics],
    slices: dsl.Output[dsl.SlicedClassificationMetrics],
) -> None:
    """The candidates measured, and one chosen and sealed."""
    from pathlib import Path

    from components.evaluate import Policy, artifacts
    from components.evaluate import evaluate as evaluate_candidates
    from components.reporting import errors_reported, progress

    with errors_reported():
        evaluation = evaluate_candidates(
            [Path(one.path) for one in candidates],
            Path(examples.path),
            Path(labels.path),
            Path(tables.path),
            Path(bundle.path),
            Policy(capacity, cost_miss or None, cost_false_alarm or None),
            label_kind,
        )
        data = evaluation.data
        bundle.metadata.update({"algorithm": evaluation.chosen, "data": data.digest, "learners": data.learners})
        artifacts.log_metrics(metrics, evaluation)
        artifacts.log_curves(curves, evaluation)
        artifacts.log_slices(slices, evaluation)
        progress("evaluate", evaluation.rule)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def gates(
    bundle: dsl.Input[dsl.Model],
    min_auc: float,
    max_calibration_error: float,
    max_disparity: float,
    verdict: dsl.Output[dsl.Metrics],
) -> None:
    """Fail with a clear message where the chosen model misses what was asked."""
    from pathlib import Path

    from components.reporting import errors_reported, progress
    from earlybell.bundle import read_bundle
    from earlybell.gates import Gates, judge

    with errors_reported():
        found = judge(read_bundle(Path(bundle.path)).evaluation, Gates(min_auc, max_calibration_error, max_disparity))
        for finding in found.findings:
            if finding.value is not None:
                verdict.log_metric(finding.metric, finding.value)
            progress("gates", str(finding))
        found.require()
