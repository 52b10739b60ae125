"""The heads: what comes next of a learner, each by one boosted model of the features of the risk."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import ModelProto, TensorProto, compose, helper
from threadpoolctl import threadpool_limits
from xgboost import XGBRegressor

from components.examples import Examples, read_examples
from components.targets import read_heads, read_targets
from components.train.candidates import find_candidates
from components.train.candidates.xgboost import SETTINGS
from components.train.export import estimator_to_onnx, to_onnx
from components.train.fitted import fit
from components.train.masking import as_elsewhere
from components.train.preprocessing import Preprocessing, fit_preprocessing
from components.train.train import thinned
from earlybell.bundle import Catalogue
from earlybell.bundle.heads import Head
from earlybell.bundle.json_files import write_json

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_ROWS = 100  # of a target: with fewer there is nothing to learn
ROWS_OF_A_LEAF = 30


def train_heads(features: Path, labels: Path, targets: Path, out: Path) -> dict[str, int]:
    """Write `out`: heads.json and, for the job and for each fold that is left out, `FOLD/NAME.onnx`.

    Folds are course runs; of a target that one run alone has, learners. A fold whose rows have one value only is
    skipped, and so is a head that has nothing to learn from.

    Args:
        features, labels, targets: what these steps wrote.

    Returns:
        How many moments each head that was trained learned from.
    """
    catalogue, examples = read_examples(features, labels)
    examples, by_name = as_elsewhere(examples, catalogue), read_targets(features, labels, targets)
    rows = {}
    with threadpool_limits(limits=1):
        for head in read_heads(targets):
            if count := _train(head, examples, by_name[head.name], catalogue, out):
                rows[head.name] = count
    out.mkdir(exist_ok=True, parents=True)
    write_json(out / "heads.json", tuple(head for head in read_heads(targets) if head.name in rows))
    return rows


def _train(head: Head, examples: Examples, target: Floats, catalogue: Catalogue, out: Path) -> int:
    """How many moments were learned from; 0: no model was written."""
    known = np.flatnonzero(~np.isnan(target))
    if not _learnable(target[known]):
        return 0
    for fold, rows in _folds(examples, known).items():
        if _learnable(target[rows]):
            (out / fold).mkdir(parents=True, exist_ok=True)
            model = _fit(head, examples, target, rows, catalogue)
            (out / fold / f"{head.name}.onnx").write_bytes(model.SerializeToString())
    return len(known)


def _learnable(target: Floats) -> bool:
    return len(target) >= LEAST_ROWS and len(np.unique(target)) > 1


def _folds(examples: Examples, known: Ints) -> dict[str, Ints]:
    """The rows to train on, of those whose target is known, by fold."""
    by_run = len(np.unique(examples.run_fold[known])) > 1
    split, column = ("course_run", examples.run_fold) if by_run else ("learner", examples.learner_fold)
    return {"final": known} | {f"{split}-{fold}": known[column[known] != fold] for fold in np.unique(column[known])}


def _fit(head: Head, examples: Examples, target: Floats, rows: Ints, catalogue: Catalogue) -> ModelProto:
    """`features` (n, features) float32 to `answer` (n,)."""
    rows, weight = thinned(examples, rows)
    values, target = examples.values[rows], target[rows]
    if head.kind == "score":
        return _score(values, target, weight / weight.mean())
    xgboost = find_candidates()["xgboost"]
    fitted = fit(xgboost, catalogue, values, target.astype(np.int32), examples.learner[rows], weight)
    return _answering(to_onnx(fitted), "risk")


def _score(values: npt.NDArray[np.float32], target: Floats, weight: Floats) -> ModelProto:
    preprocessing = fit_preprocessing(values)
    settings = SETTINGS | {"min_child_weight": min(ROWS_OF_A_LEAF, len(target) / 20)}
    model = XGBRegressor(**settings, n_estimators=100, max_depth=3)
    model.fit(preprocessing.scale(values), target, sample_weight=weight)
    return score_to_onnx(preprocessing, model)


def score_to_onnx(preprocessing: Preprocessing, model: XGBRegressor) -> ModelProto:
    """A regressor of scaled features: `features` (n, features) float32 to `answer` (n,)."""
    estimator = estimator_to_onnx(model, len(preprocessing.fill))
    merged = compose.merge_models(preprocessing.to_onnx(), estimator, io_map=[("scaled", "input")])
    return _answering(merged, merged.graph.output[0].name)


def _answering(model: ModelProto, output: str) -> ModelProto:
    """The graph with one output, `answer` (n,)."""
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([-1], dtype=np.int64), "of_rows"))
    model.graph.node.append(helper.make_node("Reshape", [output, "of_rows"], ["answer"]))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("answer", TensorProto.FLOAT, [None]))
    onnx.checker.check_model(model)
    return model
