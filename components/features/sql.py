"""The stages of the feature table compiled to an engine's SQL; DuckDB's travels in a bundle and serves."""

import functools

import ibis

from components.features.catalogue import find_catalogue
from components.features.expression import stages


@functools.cache
def feature_sql(engine: str = "duckdb") -> str:
    """One SELECT: `moment_id`, `days_seen` (the learner's days of teaching) and the catalogue's features in its order,
    all float64 but the first, features null where there is no value."""
    getattr(ibis, engine)  # loads the backend's settings, which its compiler reads
    by_name = stages(engine)
    last = by_name.popitem()[1].select("moment_id", "days_seen", *find_catalogue().names)
    tables = ",\n".join(f"{name} AS (\n{ibis.to_sql(stage, dialect=engine)}\n)" for name, stage in by_name.items())
    return f"WITH {tables}\n{ibis.to_sql(last, dialect=engine)}"
