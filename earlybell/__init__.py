"""Earlybell: an early-warning system for courses on Moodle."""

import os

__version__ = "0.1.0"

# Libraries that report their use to their makers unless they are told not to. ONNX Runtime asks when it is imported,
# so this stands in the first module of ours that any program imports. The images set the same variables.
NO_TELEMETRY = {"ORT_DISABLE_TELEMETRY": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
os.environ.update(NO_TELEMETRY)
