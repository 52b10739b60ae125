"""A model's graph, opened by ONNX Runtime."""

from pathlib import Path

import onnxruntime

from earlybell.errors import BundleError


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """
    Args:
        threads: of one call; 0: as many as there are processors.

    Raises:
        BundleError: it cannot be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own undocumented classes
        raise BundleError(f"cannot load {path}", str(error), "Train again.") from None
