"""Fits and evaluates models, in a process of its own: it can be ended at any moment, and its memory goes with it.

`python -m serving.mlbackend.fitting FOLDER` reads FOLDER/task.json and writes result.json, and the model or the log.
"""

import csv
import io
import os
import signal
import sys
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from onnx import ModelProto, helper
from sklearn.metrics import brier_score_loss, f1_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from components.train.candidates import SEED, find_candidates
from components.train.export import to_onnx
from components.train.fitted import Fitted, fit
from earlybell.bundle import Catalogue, Feature
from serving.mlbackend.card import CARD, Card, Model, with_missing
from serving.mlbackend.dataset import Floats, Rows, read_rows
from serving.mlbackend.learners import learners
from serving.mlbackend.tasks import LOG, LOW_SCORE, MODEL, NOT_ENOUGH_DATA, OK, RESULT, TASK, Result, Task

CANDIDATE = "xgboost"
FOLDS = 5
SHOWN = 0.6  # Moodle's `min_prediction_score`: below it a prediction makes no insight
_HALF = 0.5
_TOO_LITTLE = (
    "There must be two learners of each class at least: {0} of class 0 and {1} of class 1 are here. All are kept"
)

Labels = npt.NDArray[np.int32]
Risks = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """All rows of a model.

    Attributes:
        rows: of all its parts.
        learner: a number (n,), the same for rows of one learner in one course.
        counts: how many learners are of class 0, and of class 1.
    """

    rows: Rows
    learner: npt.NDArray[np.int64]
    counts: tuple[int, int]


def run(task: Task, folder: Path) -> Result:
    """Do a task; a model, or the log of an evaluation, is written into the folder."""
    left_out = task.kind == "evaluate" and not task.trained
    samples = gathered([read_rows(Path(part)) for part in task.parts], sure=left_out)
    if task.kind == "train":
        return _train(samples, task, folder)
    result, runs = _evaluate(samples, task)
    _write_log(folder / LOG, result, runs)
    return result


def gathered(parts: list[Rows], *, sure: bool) -> Samples:
    """All parts together. Who is in two of them counts as two learners: Moodle does not say that they are one.

    Args:
        sure: only rows of which it is sure that no other group has some of the same learner.
    """
    numbers, keep, first = [], [], 0
    for part in parts:
        whose = learners(part)
        numbers.append(whose.group + first)
        keep.append(whose.sure | (not sure))
        first += len(part)
    mask = np.hstack(keep)
    values, label = np.vstack([part.values for part in parts]), np.hstack([part.label for part in parts])
    rows, learner = Rows(parts[0].head, values[mask], label[mask]), np.hstack(numbers)[mask]
    ones = len(np.unique(learner[rows.label == 1]))
    return Samples(rows, learner, (len(np.unique(learner[rows.label == 0])), ones))


def _train(samples: Samples, task: Task, folder: Path) -> Result:
    if min(samples.counts) < 2:
        return Result(NOT_ENOUGH_DATA, (_TOO_LITTLE.format(*samples.counts) + " for the next training.",))
    rows = samples.rows
    missing = partly_missing(rows.values)
    fitted = _fit(with_missing(rows.values, missing), rows.label, samples.learner)
    base_rate, count = float(rows.label.mean()), len(np.unique(samples.learner))
    card = Card(rows.head, missing, task.state, len(rows), count, base_rate)
    (folder / MODEL).write_bytes(_with_card(to_onnx(fitted), card).SerializeToString())
    return Result(OK, (f"Trained on {len(rows):,} samples of {count:,} learners; base rate {base_rate:.1%}.",))


def partly_missing(values: Floats) -> tuple[int, ...]:
    """Places of columns with a value in some rows and none in others; of those that miss the same rows the first."""
    missing = np.isnan(values)
    some = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    _, first = np.unique(missing[:, some], axis=1, return_index=True) if len(some) else (None, np.empty(0, dtype=int))
    return tuple(sorted(some[first].tolist()))


def _fit(values: Floats, label: Labels, learner: npt.NDArray[np.int64]) -> Fitted:
    """The product's own model, calibrated on learners that its inner fits did not see."""
    features = tuple(Feature(str(i), "", "ratio", "moodle", "", "") for i in range(values.shape[1]))
    return fit(find_candidates()[CANDIDATE], Catalogue("1", features), values, label, learner, np.ones(len(label)))


def _with_card(model: ModelProto, card: Card) -> ModelProto:
    helper.set_model_props(model, {CARD: msgspec.json.encode(card).decode()})
    return model


@dataclass(frozen=True)
class Held:
    """Risks of rows that a model did not see, of one split."""

    label: Labels
    risk: Risks
    score: float


def _evaluate(samples: Samples, task: Task) -> tuple[Result, list[list[Held]]]:
    label = samples.rows.label
    folds = min(FOLDS, *samples.counts)
    if task.trained:
        risk = Model(Path(task.trained)).risk(samples.rows.values)
        runs = [[Held(label, risk, _score(label, risk))]]
    elif folds < 2:
        return Result(NOT_ENOUGH_DATA, (_TOO_LITTLE.format(*samples.counts) + ".",), score=0.0), []
    else:
        runs = [_split(samples, folds, i) for i in range(-(-task.iterations // folds))]
    return _figures(samples, task, runs), runs


def _split(samples: Samples, folds: int, number: int) -> list[Held]:
    """Every learner is left out once, with all their rows."""
    rows, held = samples.rows, []
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=SEED + number)
    for seen, left_out in splitter.split(rows.values, rows.label, samples.learner):
        missing = partly_missing(rows.values[seen])
        label = rows.label[left_out]
        if len(np.unique(rows.label[seen])) == 2:
            fitted = _fit(with_missing(rows.values[seen], missing), rows.label[seen], samples.learner[seen])
            risk = fitted.predict(with_missing(rows.values[left_out], missing))
            held.append(Held(label, risk, _score(label, risk)))
    return held


def _score(label: Labels, risk: Risks) -> float:
    """What Moodle's other back ends call the score: F1 of both classes, weighted by how many are of each."""
    return float(f1_score(label, risk > _HALF, average="weighted", zero_division=0))


def _figures(samples: Samples, task: Task, runs: list[list[Held]]) -> Result:
    scores = [held.score for run in runs for held in run]
    score, deviation = float(np.mean(scores)), float(np.std(scores))
    pooled = [(np.hstack([held.label for held in run]), np.hstack([held.risk for held in run])) for run in runs]
    both = all(len(np.unique(label)) == 2 for label, _ in pooled)
    auc = float(np.mean([roc_auc_score(label, risk) for label, risk in pooled])) if both else None
    brier = float(np.mean([brier_score_loss(label, risk) for label, risk in pooled]))
    base_rate = float(samples.rows.label.mean())
    status, info = OK, _info(samples, pooled, auc, brier)
    if deviation > task.most_deviation:
        status += NOT_ENOUGH_DATA
        info += (f"The scores differ by {deviation:.3f}, more than {task.most_deviation:g}: there is too little data.",)
    if score < task.least_score:
        status += LOW_SCORE
        info += (f"The score {score:.3f} is below {task.least_score:g}.",)
    return Result(status, info, score, deviation, auc, brier, base_rate)


def _info(samples: Samples, pooled: list[tuple[Labels, Risks]], auc: float | None, brier: float) -> tuple[str, ...]:
    label = samples.rows.label
    base_rate = float(label.mean())
    shown = np.mean([(risk >= SHOWN).mean() for _, risk in pooled])
    never = _score(label, np.full(len(label), float(base_rate > _HALF)))
    area = "cannot be said of one class" if auc is None else f"{auc:.3f} (0.5 is guessing)"
    return (
        f"AUC {area}, Brier score {brier:.4f} (the base rate for everybody: {base_rate * (1 - base_rate):.4f}), "
        f"base rate {base_rate:.1%}, {len(label):,} samples of {len(np.unique(samples.learner)):,} learners.",
        f"The score is a weighted F1: a model that says the same of everybody has {never:.3f} here.",
        f"Moodle shows predictions of class 1 from a probability of {SHOWN:g} on: {shown:.1%} of these samples.",
    )


def _write_log(path: Path, result: Result, runs: list[list[Held]]) -> None:
    """The figures, and the held-out risks by tenths, as anybody may see them: no row, no id."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("evaluation.json", msgspec.json.format(msgspec.json.encode(result), indent=1))
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["risk_from", "risk_to", "samples", "mean_risk", "share_of_class_1"])
        held = [part for run in runs for part in run]
        if held:
            label, risk = (np.hstack([getattr(part, name) for part in held]) for name in ("label", "risk"))
            tenth = np.minimum((risk * 10).astype(int), 9)
            for i in np.unique(tenth):
                at = tenth == i
                row = [i / 10, (i + 1) / 10, int(at.sum()), f"{risk[at].mean():.4f}", f"{label[at].mean():.4f}"]
                writer.writerow(row)
        archive.writestr("calibration.csv", table.getvalue())


def _end_with_parent() -> None:
    """The server holds the other end of stdin: when it is gone, however it went, nobody waits for a result."""

    def watch() -> None:
        os.read(0, 1)  # unbuffered: a lock on sys.stdin would abort Python at its end
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def main(folder: Path) -> None:
    """Do the task that lies in the folder."""
    _end_with_parent()
    task = msgspec.json.decode((folder / TASK).read_bytes(), type=Task)
    with threadpool_limits(limits=1):
        result = run(task, folder)
    (folder / RESULT).write_bytes(msgspec.json.encode(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
