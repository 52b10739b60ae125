"""Documents follow the code."""

from pathlib import Path

import pytest

from earlybell.tables import TABLES, Table

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "tables.md"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_canonical_tables_are_documented_as_they_are(table: Table) -> None:
    columns = ", ".join(column.name + "?" * column.nullable for column in table.columns)
    required = " (required)" * table.required
    assert f"| `{table.name}`{required} | {columns} | {table.meaning} |" in REFERENCE.read_text()
