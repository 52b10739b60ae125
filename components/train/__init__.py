"""Training: candidates under one preprocessing, calibrated, exported to ONNX: an unsealed bundle each."""

from components.train.candidates import CANDIDATES
from components.train.train import train

__all__ = ["CANDIDATES", "train"]
