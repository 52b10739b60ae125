"""Features: what is known of a learner at a moment, and nothing later."""

from components.features.catalogue import find_catalogue
from components.features.compute import compute_features
from components.features.sql import feature_sql

__all__ = ["compute_features", "feature_sql", "find_catalogue"]
