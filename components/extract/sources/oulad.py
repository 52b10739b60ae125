"""The source `oulad:DIR`."""

from components.extract import oulad
from components.extract.sources import Source

SOURCE = Source("oulad", "DIR", "the Open University Learning Analytics Dataset in its own files", oulad.read)
