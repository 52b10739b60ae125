"""One folder is one model version: its format, and how to read, verify and seal it."""

from earlybell.bundle.bundle import UNSEALED, Bundle, read_bundle, read_candidate, seal
from earlybell.bundle.catalogue import Catalogue, Feature

__all__ = ["UNSEALED", "Bundle", "Catalogue", "Feature", "read_bundle", "read_candidate", "seal"]
