"""Training: candidates under one preprocessing, calibrated, exported to ONNX: an unsealed bundle each."""

from components.train.candidates import find_candidates
from components.train.heads import train_heads
from components.train.train import train

__all__ = ["find_candidates", "train", "train_heads"]
