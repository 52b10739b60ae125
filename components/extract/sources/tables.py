"""The source `tables:DIR`."""

from components.extract import canonical
from components.extract.sources import Source

SOURCE = Source("tables", "DIR", "canonical tables, for any other system", canonical.read)
