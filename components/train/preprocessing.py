"""The one preprocessing of all candidates, as an ONNX graph: training runs the very graph that will serve.

A missing value becomes the median of training; counts are skewed, so every value v becomes sign(v) log(1 + |v|);
then Min-Max scaling to 0..1 (the paper's phase 5), and what lies outside of the training range is cut to it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx import ModelProto, TensorProto, helper, numpy_helper

OPSETS = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)]
IR_VERSION = 8

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Preprocessing:
    """Fill value, minimum and range of each feature, shape (features,); the last two after the logarithm."""

    fill: Floats
    minimum: Floats
    span: Floats

    def scale(self, values: Floats) -> Floats:
        """Scaled features in 0..1, shape (n, features), without missing values."""
        model = self.to_onnx()
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        scaled: Floats = session.run(["scaled"], {"features": values})[0]
        return scaled

    def to_onnx(self) -> ModelProto:
        """The graph: `features` (n, features) float32 to `scaled`, same shape."""
        constants = {"fill": self.fill, "minimum": self.minimum, "span": self.span, "one": np.float32(1)}
        constants |= {"zero": np.float32(0)}
        nodes = [
            helper.make_node("IsNaN", ["features"], ["missing"]),
            helper.make_node("Where", ["missing", "fill", "features"], ["filled"]),
            helper.make_node("Sign", ["filled"], ["sign"]),
            helper.make_node("Abs", ["filled"], ["size"]),
            helper.make_node("Add", ["size", "one"], ["more"]),
            helper.make_node("Log", ["more"], ["log"]),
            helper.make_node("Mul", ["sign", "log"], ["signed"]),
            helper.make_node("Sub", ["signed", "minimum"], ["above"]),
            helper.make_node("Div", ["above", "span"], ["spanned"]),
            helper.make_node("Clip", ["spanned", "zero", "one"], ["scaled"]),
        ]
        width = len(self.fill)
        graph = helper.make_graph(
            nodes,
            "preprocessing",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])],
            [helper.make_tensor_value_info("scaled", TensorProto.FLOAT, [None, width])],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        )
        return helper.make_model(graph, opset_imports=OPSETS, ir_version=IR_VERSION)


def fit_preprocessing(values: Floats) -> Preprocessing:
    """Medians and ranges of raw features (n, features). A feature without any value becomes a constant."""
    seen = ~np.isnan(values).all(axis=0)
    fill = np.zeros(values.shape[1], dtype=np.float32)
    fill[seen] = np.nanmedian(values[:, seen], axis=0)
    filled = np.where(np.isnan(values), fill, values)
    signed = np.sign(filled) * np.log(np.abs(filled) + np.float32(1))
    minimum, maximum = signed.min(axis=0), signed.max(axis=0)
    span = np.where(maximum > minimum, maximum - minimum, 1)
    return Preprocessing(fill, minimum.astype(np.float32), span.astype(np.float32))
