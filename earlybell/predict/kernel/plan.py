"""DuckDB's plan of a bundle's SQL, as `json_serialize_plan` writes it: what of it the kernel reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import msgspec
from msgspec import Struct

from earlybell.predict.kernel.columns import NotUnderstoodError
from earlybell.tables import SQL_TYPES
from earlybell.tables.schema import Table
from earlybell.tables.sql import connect


class TypeInfo(Struct):
    """More of a type: the digits of a DECIMAL, and how many of them are after the point."""

    width: int = 0
    scale: int = 0


class SqlType(Struct):
    """A type of DuckDB's."""

    id: str
    type_info: TypeInfo | None = None

    @property
    def name(self) -> str:
        """As the SQL writes it, a DECIMAL with its width and its scale."""
        if self.id == "DECIMAL" and self.type_info:
            return f"DECIMAL({self.type_info.width},{self.type_info.scale})"
        return self.id


class Constant(Struct):
    """A value in the SQL."""

    type: SqlType
    is_null: bool
    value: Any = None


class Name(Struct):
    """Where a function is, and at the end of it what it is called."""

    path: list[str]


class Cast(Struct):
    """How to cast."""

    try_cast: bool = False


class Check(Struct):
    """A branch of CASE."""

    when_expr: Expression
    then_expr: Expression


class Order(Struct):
    """What rows are ordered by."""

    type: str
    null_order: str
    expression: Expression


class Expression(Struct):
    """An expression, its references by place in the operator's input."""

    expression_class: str
    type: str
    return_type: SqlType | None = None
    children: list[Expression] = []
    index: int = 0
    value: Constant | None = None
    qname: Name | None = None
    function_data: Cast | None = None
    case_checks: list[Check] = []
    else_expr: Expression | None = None
    aggregate_type: str = ""
    filter: Any = None
    order_bys: Any = None
    partitions: list[Expression] = []
    orders: list[Order] = []
    filters: Any = None
    ignore_nulls: bool = False
    start: str = ""
    end: str = ""
    end_expr: Expression | None = None
    offset_expr: Expression | None = None
    default_expr: Expression | None = None
    exclude_clause: str = "NO_OTHER"
    distinct: bool = False
    arg_orders: list[Any] = []

    @property
    def name(self) -> str:
        """Of the function."""
        return self.qname.path[-1] if self.qname else ""

    @property
    def type_id(self) -> str:
        """Of the value, as the SQL writes it."""
        if self.value:
            return self.value.type.name
        return self.return_type.name if self.return_type else "BOOLEAN"

    @property
    def key(self) -> bytes:
        """The same of expressions that say the same."""
        return msgspec.json.encode(self)


class Condition(Struct):
    """Of a join."""

    comparison: str
    left: Expression
    right: Expression


class ColumnIndex(Struct):
    """A column of a table that is read."""

    index: int


class Operator(Struct):
    """An operator and what feeds it."""

    type: str
    children: list[Operator] = []
    expressions: list[Expression] = []
    groups: list[Expression] = []
    grouping_sets: list[list[int]] = []
    join_type: str = ""
    conditions: list[Condition] = []
    names: list[str] = []
    qname: Name | None = None
    function_data: Any = None
    column_indexes: list[ColumnIndex] = []
    projection_ids: list[int] = []
    projection_map: list[int] = []
    left_projection_map: list[int] = []
    right_projection_map: list[int] = []
    table_index: int = 0
    cte_index: int = 0
    bound_columns: list[str] = []
    setop_all: bool = True


class _Plans(Struct):
    error: bool
    plans: list[Operator] = []
    error_message: str = ""


def planned(sql: str, tables: Iterable[Table]) -> tuple[Operator, list[str]]:
    """The plan of a SELECT over these tables, nothing of it moved or left out, and the names of its columns.

    Raises:
        NotUnderstoodError: DuckDB does not write it, or the kernel cannot read it.
    """
    with connect(threads=1) as connection:
        for table in tables:
            columns = ", ".join(f"{column.name} {SQL_TYPES[column.type]}" for column in table.columns)
            connection.execute(f"CREATE TABLE {table.name} ({columns})")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            names = [str(row[0]) for row in connection.execute(f"DESCRIBE {sql}").fetchall()]
            row = connection.execute("SELECT json_serialize_plan($1, optimize := false)", [sql]).fetchone()
            plans = msgspec.json.decode(row[0] if row else "", type=_Plans)
        except (duckdb.Error, msgspec.DecodeError) as error:
            raise NotUnderstoodError(str(error)) from None
    if plans.error or len(plans.plans) != 1:
        raise NotUnderstoodError(plans.error_message)
    return plans.plans[0], names
