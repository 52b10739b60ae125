"""Sources into canonical tables."""

from components.extract.extract import check_share, extract, validate
from components.extract.merging import concerns
from components.extract.staging import Site

__all__ = ["Site", "check_share", "concerns", "extract", "validate"]
