"""What a model must reach before it is registered."""

from earlybell.bundle import Evaluation
from earlybell.bundle.figures import HONEST_SPLITS
from earlybell.gates.verdict import Finding, Gates, Verdict

CUTOFF = 0.4  # where gates look: early enough to help, late enough to know something


def judge(evaluation: Evaluation, gates: Gates, waived: str = "") -> Verdict:
    """The verdict on the chosen model in a split without the learner's own rows in training.

    Args:
        waived: the reason for which a missed gate does not count; empty: it does.
    """
    bounds = {
        "roc_auc": gates.min_auc,
        "calibration_error": gates.max_calibration_error,
        "disparity": gates.max_disparity,
    }
    split = evaluation.split if evaluation.split in HONEST_SPLITS else ""
    figures = {metric: evaluation.figure(metric, CUTOFF) for metric in bounds if split}
    if figures.get("disparity") is None or gates.max_disparity >= 1:
        del bounds["disparity"]
    values = {metric: row.value for metric, row in figures.items() if row}
    findings = (Finding.of(metric, values.get(metric), bound) for metric, bound in bounds.items())
    return Verdict(gates, CUTOFF, split, tuple(findings), waived)
