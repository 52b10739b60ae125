"""Sources into canonical tables."""

from components.extract.extract import check_share, extract
from components.extract.merging import concerns

__all__ = ["check_share", "concerns", "extract"]
