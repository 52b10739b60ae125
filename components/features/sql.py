"""The stages of the feature table compiled to an engine's SQL; DuckDB's travels in a bundle and serves."""

import functools

import ibis

from components.features.catalogue import CATALOGUE
from components.features.expression import stages


@functools.cache
def feature_sql(engine: str = "duckdb") -> str:
    """One SELECT: `moment_id` and the catalogue's features in its order, float64, null where there is no value."""
    getattr(ibis, engine)  # loads the backend's settings, which its compiler reads
    found = stages()
    last = found.popitem()[1].select("moment_id", *CATALOGUE.names)
    tables = ",\n".join(f"{name} AS (\n{ibis.to_sql(stage, dialect=engine)}\n)" for name, stage in found.items())
    return f"WITH {tables}\n{ibis.to_sql(last, dialect=engine)}"
