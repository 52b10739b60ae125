"""Estimated figures beside the truth, in course runs that were left out of training in turn.

`python -m bench.estimated oulad:DIR` trains XGBoost for each fold of the course runs, predicts each run by a model that
has not seen it, and prints how far the estimates of the monitoring lie from what outcomes show, at shares of the run.
"""

import argparse
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from components.evaluate.splits import held_out
from components.examples import Examples, read_examples
from components.extract import extract
from components.features import compute_features
from components.label import label_outcomes
from components.monitor.estimate import Estimates, auc
from components.monitor.labels import WEEKS_SINCE, Labels, read_labels
from components.monitor.weeks import Run, Weeks, read_runs, stages
from components.train import find_candidates
from components.train.masking import as_elsewhere
from components.train.train import _train_fold
from components.watched import Row
from earlybell.bundle import read_candidate
from earlybell.predict import courses_at, open_tables

SHARES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
AFTER = datetime(2100, 1, 1)


def left_out(source: str, work: Path) -> tuple[Weeks, Labels]:
    """Every week of every run by a model that has not seen the run, and what came of it."""
    tables, features, labels, candidate = (work / name for name in ("tables", "features", "labels.parquet", "xgboost"))
    if not tables.exists():
        extract([source], tables, key="", ids="keep")
    if not features.exists():
        compute_features(tables, "weekly", features)
    if not labels.exists():
        label_outcomes(tables, features, labels)
    _, examples = read_examples(features, labels)
    _train(features, examples, candidate)
    risk = held_out(candidate, "course_run", examples, courses_at(tables, examples.observed))
    connection = open_tables(tables)
    runs = read_runs(connection, set(examples.course_id.astype(str).tolist()))
    week, progress = stages(examples.observed, runs)
    nothing = np.full(len(risk), "", dtype=np.str_)
    bundle = read_candidate(candidate / "course_run-0")
    weeks = Weeks(bundle, tables, runs, examples.observed, week, progress, risk, risk, nothing, nothing)
    return weeks, read_labels(connection, examples.observed, AFTER)


def _train(features: Path, examples: Examples, candidate: Path) -> None:
    catalogue, _ = read_examples(features, features.parent / "labels.parquet")
    sql, masked = (features / "features.sql").read_text(), as_elsewhere(examples, catalogue)
    with threadpool_limits(limits=1):
        for fold in np.unique(examples.run_fold).tolist():
            out = candidate / f"course_run-{fold}"
            if not out.exists():
                rows = np.flatnonzero(examples.run_fold != fold)
                _train_fold(find_candidates()["xgboost"], catalogue, sql, masked, rows, out)


def compared(weeks: Weeks, labels: Labels, share: float) -> Iterator[tuple[str, str, float, float, bool]]:
    """Of each run at the look nearest to a share: figure, estimate, truth, and whether the interval holds it."""
    estimates = Estimates(weeks, labels)
    for run in weeks.runs.values():
        looks = weeks.weeks(run.course_id)
        week = min(looks, key=lambda look: abs(_progress(weeks, run, look) - share))
        if abs(_progress(weeks, run, week) - share) > 0.05:
            continue
        yield from _beside(weeks, labels, run, week, estimates.rows(run, week, "1"), "estimated_")
        if week + WEEKS_SINCE in looks:
            yield from _beside(weeks, labels, run, week, estimates.rows(run, week + WEEKS_SINCE, "1"), "adjusted_")


def _beside(
    weeks: Weeks, labels: Labels, run: Run, week: int, rows: Iterable[Row], kind: str
) -> Iterator[tuple[str, str, float, float, bool]]:
    for row in rows:
        truth = _truth(weeks, labels, weeks.rows(run.course_id, week), row.figure)
        if row.figure.startswith(kind) and truth is not None and row.value is not None:
            held = row.low is not None and row.high is not None and row.low <= truth <= row.high
            yield run.course_id, row.figure, row.value, truth, held


def _progress(weeks: Weeks, run: Run, week: int) -> float:
    return float(weeks.progress[weeks.rows(run.course_id, week)[0]])


def _truth(weeks: Weeks, labels: Labels, rows: npt.NDArray[np.int64], figure: str) -> float | None:
    label, risk = labels.outcome[rows], weeks.risk[rows]
    known = ~np.isnan(label)
    label, risk = label[known], risk[known]
    truths = {
        "auc": lambda: auc(label, risk).auc,
        "brier": lambda: float(np.mean((risk - label) ** 2)),
        "calibration_gap": lambda: float(np.mean(risk - label)),
    }
    name = figure.partition("_")[2]
    return truths[name]() if name in truths and not figure.startswith("early") else None


def main() -> None:
    """Print a line for each share and figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="as oulad:DIR")
    parser.add_argument("--work", type=Path, default=Path(".earlybell/estimated"), help="folder that keeps the models")
    options = parser.parse_args()
    weeks, labels = left_out(options.source, options.work)
    for share in SHARES:
        rows = list(compared(weeks, labels, share))
        for figure in sorted({figure for _, figure, *_ in rows}):
            own = [(value, truth, held) for _, name, value, truth, held in rows if name == figure]
            off = np.array([value - truth for value, truth, _ in own])
            held = sum(inside for *_, inside in own)
            print(
                f"{share:.0%} {figure}: {len(own)} runs, off by {off.mean():+.3f} on average, {np.abs(off).mean():.3f} "
                f"in size, {np.abs(off).max():.3f} at most; {np.sum(np.abs(off) <= 0.03)} within .03; {held} held",
                flush=True,
            )


if __name__ == "__main__":
    main()
