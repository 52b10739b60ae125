"""Sources into canonical tables."""

from components.extract.extract import check_share, extract, validate
from components.extract.staging import Site

__all__ = ["Site", "check_share", "extract", "validate"]
