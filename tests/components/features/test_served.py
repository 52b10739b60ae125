"""The kernel that serves computes of random sites what DuckDB computes by the same SQL."""

from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, assume, given, settings, target

from components.features import feature_sql, find_catalogue
from earlybell.predict.kernel import Column, Kernel, UnusualError
from earlybell.predict.kernel.columns import staged
from earlybell.predict.moments import MOMENTS
from earlybell.tables import BY_NAME
from earlybell.tables.codec import TABLES_READ
from earlybell.tables.schema import Table
from tests.components.features.random_sites import sites
from tests.components.features.small import Row, Site, assert_same, features

TABLES = {name: BY_NAME[name] for name in TABLES_READ} | {MOMENTS.name: MOMENTS}


@pytest.fixture(scope="module")
def kernel() -> Kernel:
    return Kernel(feature_sql(), [*TABLES.values()])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sites())
def test_the_kernel_computes_what_duckdb_computes(kernel: Kernel, site: Site) -> None:
    assume(site.moments)
    target(len(site.tables["events"]))
    try:
        computed = _computed(kernel, site)
    except UnusualError as error:
        # Two clicks in one second, on two days: where the SQL leaves their order open, DuckDB is asked.
        assume("in no order" not in str(error))
        raise

    assert_same(computed, features(site))


def _computed(kernel: Kernel, site: Site) -> npt.NDArray[np.float64]:
    moments = [
        {"moment_id": number, "course_id": course, "learner_id": learner, "as_of": as_of}
        for number, (course, learner, as_of) in enumerate(site.moments)
    ]
    rows = {**site.tables, MOMENTS.name: moments}
    columns = kernel.run(
        {name: len(rows.get(name, ())) for name in TABLES},
        lambda table, name: column_of(TABLES[table], name, rows.get(table, ())),
        lambda: None,
    )
    order = np.argsort(columns["moment_id"].values)
    return np.array([_numbers(columns[name])[order] for name in find_catalogue().names]).T


def column_of(table: Table, name: str, rows: Any) -> Column:
    """A column of rows, as a request stages it."""
    of_type, values = table.column(name).type, [_plain(row, name) for row in rows]
    if of_type == "string":
        return staged(of_type, np.array([*values, None], dtype=object)[:-1])
    kind = "datetime64[us]" if of_type == "timestamp" else np.float64
    nothing = np.datetime64("NaT") if of_type == "timestamp" else np.nan
    return staged(of_type, np.array([nothing if value is None else value for value in values], dtype=kind))


def _plain(row: Row, name: str) -> Any:
    value = row.get(name)
    return np.datetime64(value, "us") if isinstance(value, datetime) else value


def _numbers(column: Column) -> npt.NDArray[np.float64]:
    return np.where(column.null, np.nan, column.values) if column.null is not None else column.values
