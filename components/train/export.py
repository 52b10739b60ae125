"""A fitted candidate as an unsealed bundle: ONNX for the score and the risk, arrays for the reasons.

The converters give the estimator; preprocessing and calibration are ONNX nodes of our own around it, because the
converters' calibration is wrong without a warning (a sigmoid over logistic regression by up to 0.48).
"""

from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, compose, helper, numpy_helper
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from components.train.fitted import EDGE, Fitted
from components.train.preprocessing import IR_VERSION, OPSETS
from components.train.trees import forest_booster
from earlybell.bundle import Catalogue
from earlybell.bundle.json_files import write_json
from earlybell.bundle.reasons import LinearReasons, Platt, Reasons, Space, TreeReasons
from earlybell.errors import SettingError

TARGET = {"": 15, "ai.onnx.ml": 3}
_ESTIMATORS = (LogisticRegression, RandomForestClassifier, XGBClassifier)


def export(fitted: Fitted, catalogue: Catalogue, sql: str, out: Path) -> None:
    """Write the unsealed bundle `out` (a new folder): model.onnx, reasons, catalogue and SQL.

    Raises:
        SettingError: the candidate's estimator is none that can be written so.
    """
    _check_estimator(fitted)
    out.mkdir(parents=True)
    write_json(out / "catalogue.json", catalogue)
    (out / "features.sql").write_text(sql)
    (out / "model.onnx").write_bytes(to_onnx(fitted).SerializeToString())
    write_json(out / "reasons.json", _reasons(fitted, out))


def _check_estimator(fitted: Fitted) -> None:
    if not isinstance(fitted.estimator, _ESTIMATORS):
        names = ", ".join(estimator.__name__ for estimator in _ESTIMATORS)
        thing = f"candidate {fitted.candidate.name} fits an estimator that no bundle can hold"
        raise SettingError(thing, type(fitted.estimator).__name__, f"Fit one of {names}.")


def to_onnx(fitted: Fitted) -> ModelProto:
    """`features` (n, features) float32 to `scaled` (same shape), `score` (n,) and `risk` (n,)."""
    width = len(fitted.preprocessing.fill)
    before = _with_copy(fitted.preprocessing.to_onnx(), width)
    model = compose.merge_models(before, estimator_to_onnx(fitted.estimator, width), io_map=[("model_input", "input")])
    model = compose.merge_models(model, _calibration(fitted), io_map=[(_output(model), "estimated")])
    keep = [output for output in model.graph.output if output.name in ("scaled", "score", "risk")]
    del model.graph.output[:]
    model.graph.output.extend(keep)
    onnx.checker.check_model(model)
    return model


def _with_copy(model: ModelProto, width: int) -> ModelProto:
    """`scaled` stays an output, so that reasons start from it; the estimator reads a copy of it."""
    model.graph.node.append(helper.make_node("Identity", ["scaled"], ["model_input"]))
    model.graph.output.append(helper.make_tensor_value_info("model_input", TensorProto.FLOAT, [None, width]))
    return model


def _output(model: ModelProto) -> str:
    """The name of the estimator's output that is not a class."""
    return next(str(o.name) for o in model.graph.output if o.name in ("probabilities", "log_odds"))


def estimator_to_onnx(estimator: Any, width: int) -> ModelProto:
    """`input` (n, width) to `log_odds` (n, 1) of a linear model, `probabilities` (n, 2) of trees that classify, or the
    only output (n, 1) of boosted trees that do not."""
    if isinstance(estimator, LogisticRegression):
        return _linear(estimator, width)
    if isinstance(estimator, RandomForestClassifier):
        from skl2onnx import to_onnx as convert
        from skl2onnx.common.data_types import FloatTensorType

        plain = copy(estimator)
        plain.bootstrap = False  # else the converter has every tree's sample drawn anew, four times
        forest: ModelProto = convert(
            plain,
            initial_types=[("input", FloatTensorType([None, width]))],
            options={id(plain): {"zipmap": False}},
            target_opset=TARGET,
        )
        return _same_version(forest)
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType as XgboostTensor

    converted: ModelProto = onnxmltools.convert_xgboost(
        estimator, initial_types=[("input", XgboostTensor([None, width]))], target_opset=TARGET[""]
    )
    return _same_version(converted)


def _same_version(model: ModelProto) -> ModelProto:
    """Models are merged only where their versions are the same; a random name would make each bundle another."""
    model.graph.name = "estimator"
    del model.opset_import[:]
    model.opset_import.extend(OPSETS)
    model.ir_version = IR_VERSION
    return model


def _linear(estimator: LogisticRegression, width: int) -> ModelProto:
    weights = {"weights": estimator.coef_.T.astype(np.float32), "bias": estimator.intercept_.astype(np.float32)}
    nodes = [
        helper.make_node("MatMul", ["input", "weights"], ["weighted"]),
        helper.make_node("Add", ["weighted", "bias"], ["log_odds"]),
    ]
    return _model("linear", nodes, ("input", [None, width]), [("log_odds", [None, 1])], weights)


def _calibration(fitted: Fitted) -> ModelProto:
    """`estimated` to `score` (n,), what reasons add up to, and `risk` (n,), calibrated."""
    constants = {
        "slope": np.float32(fitted.slope),
        "intercept": np.float32(fitted.intercept),
        "column": np.array([1], dtype=np.int64),
        "flat": np.array([-1], dtype=np.int64),
        "lower": np.float32(EDGE),
        "upper": np.float32(1 - EDGE),
        "unit": np.float32(1),
    }
    if isinstance(fitted.estimator, LogisticRegression):
        first = [helper.make_node("Reshape", ["estimated", "flat"], ["z"])]
        shape = [None, 1]
    else:
        first = [
            helper.make_node("Gather", ["estimated", "column"], ["positive"], axis=1),
            helper.make_node("Reshape", ["positive", "flat"], ["probability"]),
            helper.make_node("Clip", ["probability", "lower", "upper"], ["clipped"]),
            helper.make_node("Sub", ["unit", "clipped"], ["rest"]),
            helper.make_node("Div", ["clipped", "rest"], ["odds"]),
            helper.make_node("Log", ["odds"], ["z"]),
        ]
        shape = [None, 2]
    score = "probability" if isinstance(fitted.estimator, RandomForestClassifier) else "z"
    last = [
        helper.make_node("Identity", [score], ["score"]),
        helper.make_node("Mul", ["z", "slope"], ["sloped"]),
        helper.make_node("Add", ["sloped", "intercept"], ["shifted"]),
        helper.make_node("Sigmoid", ["shifted"], ["risk"]),
    ]
    used = {name for node in first + last for name in node.input}
    constants = {name: value for name, value in constants.items() if name in used}
    outputs: list[tuple[str, list[int | None]]] = [("score", [None]), ("risk", [None])]
    return _model("calibration", first + last, ("estimated", shape), outputs, constants)


def _model(
    name: str,
    nodes: list[Any],
    source: tuple[str, list[int | None]],
    outputs: list[tuple[str, list[int | None]]],
    constants: dict[str, Any],
) -> ModelProto:
    def info(name: str, shape: list[int | None]) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    tensors = [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()]
    graph = helper.make_graph(nodes, name, [info(*source)], [info(*output) for output in outputs], tensors)
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=IR_VERSION)


def _reasons(fitted: Fitted, out: Path) -> Reasons:
    calibration = Platt(fitted.slope, fitted.intercept, EDGE)
    estimator = fitted.estimator
    if isinstance(estimator, LogisticRegression):
        coefficients, means = estimator.coef_[0], fitted.means
        base = float(estimator.intercept_[0] + coefficients @ means)
        return LinearReasons(
            space="log-odds",
            base=base,
            calibration=calibration,
            coefficients=tuple(coefficients.tolist()),
            means=tuple(means.tolist()),
        )
    forest = isinstance(estimator, RandomForestClassifier)
    booster = forest_booster(estimator) if forest else estimator.get_booster()
    booster.save_model(out / "trees.ubj")
    import xgboost

    effects = booster.predict(xgboost.DMatrix(fitted.means[None, :]), pred_contribs=True)
    space: Space = "probability" if forest else "log-odds"
    return TreeReasons(space=space, base=float(effects[0, -1]), calibration=calibration)
