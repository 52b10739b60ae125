"""What a model must reach before it is registered."""

from typing import Any

from earlybell.gates.verdict import Finding, Gates, Verdict

CUTOFF = 0.4  # where gates look: early enough to help, late enough to know something
SPLITS = ("course_run", "learner")  # the most honest that could be measured
_KEY = ("candidate", "cutoff", "group")


def judge(evaluation: dict[str, Any], gates: Gates, waived: str = "") -> Verdict:
    """The verdict on the chosen model of an evaluation.json.

    Args:
        waived: the reason for which a missed gate does not count; empty: it does.
    """
    bounds = {
        "roc_auc": gates.min_auc,
        "calibration_error": gates.max_calibration_error,
        "disparity": gates.max_disparity,
    }
    split, figures = _figures(evaluation)
    if "disparity" not in figures or gates.max_disparity >= 1:
        del bounds["disparity"]
    findings = (Finding.of(metric, figures.get(metric), bound) for metric, bound in bounds.items())
    return Verdict(gates, CUTOFF, split, tuple(findings), waived)


def _figures(evaluation: dict[str, Any]) -> tuple[str, dict[str, float | None]]:
    """The most honest split that was measured, and its figures of all groups together."""
    wanted = (evaluation["chosen"], CUTOFF, "all")
    by_split: dict[str, dict[str, float | None]] = {}
    for row in evaluation["metrics"]:
        if wanted == tuple(row[key] for key in _KEY):
            by_split.setdefault(row["split"], {})[row["metric"]] = row["value"]
    split = next((split for split in SPLITS if split in by_split), "")
    return split, by_split.get(split, {})
