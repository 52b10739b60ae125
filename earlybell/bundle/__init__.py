"""One folder is one model version: its format, and how to read, verify and seal it."""

from earlybell.bundle.bands import Bands
from earlybell.bundle.bundle import UNSEALED, Bundle, read_bundle, read_candidate, seal
from earlybell.bundle.catalogue import Catalogue, Fact, Feature
from earlybell.bundle.evaluation import Evaluation
from earlybell.bundle.manifest import Manifest
from earlybell.bundle.ties import Tie
from earlybell.bundle.training import Training

__all__ = [
    "UNSEALED",
    "Bands",
    "Bundle",
    "Catalogue",
    "Evaluation",
    "Fact",
    "Feature",
    "Manifest",
    "Tie",
    "Training",
    "read_bundle",
    "read_candidate",
    "seal",
]
