"""Features: what is known of a learner at a moment, and nothing later."""

from components.features.catalogue import CATALOGUE
from components.features.compute import compute_features
from components.features.sql import feature_sql

__all__ = ["CATALOGUE", "compute_features", "feature_sql"]
