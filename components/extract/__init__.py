"""Sources into canonical tables."""

from components.extract.extract import extract, validate
from components.extract.staging import Site

__all__ = ["Site", "extract", "validate"]
