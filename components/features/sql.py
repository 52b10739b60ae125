"""The stages of the feature table compiled to DuckDB SQL: what travels in a bundle and serves."""

import functools

import ibis

from components.features.catalogue import CATALOGUE
from components.features.expression import stages


@functools.cache
def feature_sql() -> str:
    """One SELECT: `moment_id` and the catalogue's features in its order, float64, null where there is no value."""
    *named, last = ((name, ibis.to_sql(stage, dialect="duckdb")) for name, stage in stages().items())
    tables = ",\n".join(f"{name} AS (\n{sql}\n)" for name, sql in [*named, last])
    columns = ", ".join(f'"{name}"' for name in CATALOGUE.names)
    return f"WITH {tables}\nSELECT moment_id, {columns} FROM {last[0]}"
