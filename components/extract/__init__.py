"""Sources into canonical tables."""

from components.extract.extract import extract, validate

__all__ = ["extract", "validate"]
