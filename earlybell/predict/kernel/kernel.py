"""The operators of a plan, and the plan as a whole."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from earlybell.predict.kernel import aggregates, functions
from earlybell.predict.kernel.columns import Column, NotUnderstoodError, Rows, UnusualError, concatenated, range_of
from earlybell.predict.kernel.expressions import value_of, values_of
from earlybell.predict.kernel.functions import Apply
from earlybell.predict.kernel.groups import Groups, grouped
from earlybell.predict.kernel.joins import joined
from earlybell.predict.kernel.plan import Expression, Operator, planned
from earlybell.predict.kernel.program import Frame, Program, Value
from earlybell.predict.kernel.ranges import hull
from earlybell.predict.kernel.windows import check_no_ties, check_ties, window
from earlybell.tables import SQL_TYPES
from earlybell.tables.schema import Table

Read: TypeAlias = Callable[[str, str], Column]


class Kernel:
    """A SELECT over tables, made ready to run over arrays; several threads may use it at once.

    Raises:
        NotUnderstoodError: it has a word that is not in the vocabulary.
    """

    def __init__(self, sql: str, tables: Sequence[Table]) -> None:
        program = Program()
        compiler = _Compiler(program, tables)
        plan, self._names = planned(sql, tables)
        try:
            with np.errstate(all="raise", under="ignore"):
                answer = compiler.frame(plan)
                columns = [program.full(answer.column(place), answer) for place in range(answer.width)]
                checks = program.check_ties(columns, check_ties, check_no_ties)
        except (UnusualError, FloatingPointError) as error:  # of constants
            raise NotUnderstoodError(str(error)) from None
        self._columns, self._rows = compiler.columns, compiler.rows
        self._run = program.made([*columns, *checks])

    def run(self, rows: Mapping[str, int], read: Read, go_on: Callable[[], None]) -> dict[str, Column]:
        """The columns of the answer by name; its rows are in no order.

        Args:
            rows: of each table, how many.
            read: a column, by the names of its table and its own.
            go_on: called before each instruction; what it raises ends this.

        Raises:
            UnusualError: DuckDB must say what becomes of these values.
        """
        given: dict[int, Any] = {slot: read(*name) for name, slot in self._columns.items()}
        given |= {slot: rows[name] for name, slot in self._rows.items()}
        try:
            with np.errstate(all="raise", under="ignore"):
                return dict(zip(self._names, self._run(given, go_on), strict=False))
        except FloatingPointError as error:
            raise UnusualError(str(error)) from None


class _Compiler:
    """Makes a program of a plan over tables.

    Attributes:
        columns: the slots of the columns that it reads, by the names of table and column.
        rows: the slots of how many rows the tables have, by name.
    """

    def __init__(self, program: Program, tables: Sequence[Table]) -> None:
        self._program = program
        self._tables = {table.name: table for table in tables}
        self._common: dict[int, Frame] = {}
        self.columns: dict[tuple[str, str], int] = {}
        self.rows = {table.name: program.given() for table in tables}

    def frame(self, operator: Operator) -> Frame:
        """The rows that an operator gives.

        Raises:
            NotUnderstoodError: there is a word that is not in the vocabulary.
        """
        if operator.type not in _OPERATORS:
            raise NotUnderstoodError(operator.type)
        return _OPERATORS[operator.type](self, operator)

    def get(self, operator: Operator) -> Frame:
        """Of a table its columns."""
        data = operator.function_data
        table = self._tables.get(str(data.get("table")) if isinstance(data, dict) else "")
        places = [column.index for column in operator.column_indexes]
        if table is None or operator.projection_ids or max(places) >= len(table.columns):
            raise NotUnderstoodError("a scan of no table, or of the numbers of its rows")
        name, columns = table.name, [table.columns[place] for place in places]

        def column(place: int) -> Value:
            key = (name, columns[place].name)
            if key not in self.columns:
                self.columns[key] = self._program.given()
            of_type = columns[place].type
            return Value(self.columns[key], SQL_TYPES[of_type], range_of(of_type))

        return Frame(self.rows[name], len(columns), column)

    def project(self, operator: Operator) -> Frame:
        """Of each row other columns."""
        child = self._only_child(operator)
        expressions = operator.expressions
        return Frame(child.rows, len(expressions), lambda place: value_of(self._program, expressions[place], child))

    def select(self, operator: Operator) -> Frame:
        """The rows of which conditions hold."""
        child, program = self._only_child(operator), self._program
        conditions = [value.slot for value in values_of(program, operator.expressions, child)]
        rows = program.add(_rows_where, child.rows, *conditions)

        def column(place: int) -> Value:
            value = child.column(place)
            return value if value.single else value._replace(slot=program.add(Column.take, value.slot, rows))

        return Frame(program.add(len, rows), child.width, column)

    def join(self, operator: Operator) -> Frame:
        """Pairs of rows."""
        left, right = map(self.frame, operator.children)
        return joined(self._program, operator, left, right)

    def group(self, operator: Operator) -> Frame:
        """Rows by groups: first what they have in common, then the aggregates."""
        child, program = self._only_child(operator), self._program
        keys = values_of(program, operator.groups, child)
        if not keys or operator.grouping_sets not in ([], [[*range(len(keys))]]):
            raise NotUnderstoodError("an aggregate without groups, or with several sets of them")
        groups = program.add(grouped, child.rows, *(program.full(key, child) for key in keys))

        def column(place: int) -> Value:
            if place >= len(keys):
                return self._aggregate(operator.expressions[place - len(keys)], groups, child)
            slot = program.add(_first_of_each, program.full(keys[place], child), groups)
            return keys[place]._replace(slot=slot, single=False)

        return Frame(program.add(len, groups), len(keys) + len(operator.expressions), column)

    def _aggregate(self, expression: Expression, groups: int, frame: Frame) -> Value:
        name, values = expression.name, values_of(self._program, expression.children, frame)
        if expression.aggregate_type != "NON_DISTINCT" or expression.filter or expression.order_bys:
            raise NotUnderstoodError(f"{name} of some of the rows")
        types = [value.type for value in values]
        if name == "arg_max" and types == ["DOUBLE", "DOUBLE"]:
            compute: Apply = aggregates.arg_max
        elif len(types) == 1:
            compute = aggregates.aggregate(name, types[0], expression.type_id)
        else:
            raise NotUnderstoodError(f"{name} of {', '.join(types)}")
        slot = self._program.add(compute, groups, *(self._program.full(value, frame) for value in values))
        self._program.settled.add(slot)
        return Value(slot, expression.type_id, aggregates.range_of(name, values[0].range))

    def window(self, operator: Operator) -> Frame:
        """Beside its columns what each row makes of the rows around it."""
        child, windows = self._only_child(operator), operator.expressions

        def column(place: int) -> Value:
            if place < child.width:
                return child.column(place)
            return window(self._program, windows[place - child.width], child)

        return Frame(child.rows, child.width + len(windows), column)

    def unite(self, operator: Operator) -> Frame:
        """The rows of several, all of them."""
        sides, program = [self.frame(child) for child in operator.children], self._program
        if not operator.setop_all:
            raise NotUnderstoodError("a union that leaves out what repeats")

        def column(place: int) -> Value:
            values = [side.column(place) for side in sides]
            slots = (program.full(value, side) for value, side in zip(values, sides, strict=True))
            slot = program.add(_one_after_the_other, *slots)
            return Value(slot, values[0].type, hull(*(value.range for value in values)))

        return Frame(program.add(_total, *(side.rows for side in sides)), sides[0].width, column)

    def common(self, operator: Operator) -> Frame:
        """What is computed once, and the rest, which refers to it."""
        common, rest = operator.children
        self._common[operator.table_index] = self.frame(common)
        return self.frame(rest)

    def reference(self, operator: Operator) -> Frame:
        """What was computed before."""
        if operator.cte_index not in self._common:
            raise NotUnderstoodError("a reference to nothing")
        return self._common[operator.cte_index]

    def _only_child(self, operator: Operator) -> Frame:
        (child,) = operator.children
        return self.frame(child)


def _rows_where(rows: int, *conditions: Column) -> Rows:
    return np.flatnonzero(np.broadcast_to(functions.is_true(functions.all_of(*conditions)), rows))


def _first_of_each(column: Column, groups: Groups) -> Column:
    return column.take(groups.first)


def _one_after_the_other(*columns: Column) -> Column:
    return concatenated(columns)


def _total(*rows: int) -> int:
    return sum(rows)


_OPERATORS: Mapping[str, Callable[[_Compiler, Operator], Frame]] = {
    "LOGICAL_GET": _Compiler.get,
    "LOGICAL_PROJECTION": _Compiler.project,
    "LOGICAL_FILTER": _Compiler.select,
    "LOGICAL_COMPARISON_JOIN": _Compiler.join,
    "LOGICAL_AGGREGATE_AND_GROUP_BY": _Compiler.group,
    "LOGICAL_WINDOW": _Compiler.window,
    "LOGICAL_UNION": _Compiler.unite,
    "LOGICAL_MATERIALIZED_CTE": _Compiler.common,
    "LOGICAL_CTE_REF": _Compiler.reference,
}
