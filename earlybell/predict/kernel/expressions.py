"""Expressions of a plan as instructions of a program."""

from collections.abc import Sequence

from earlybell.predict.kernel import functions
from earlybell.predict.kernel.columns import Column, NotUnderstoodError
from earlybell.predict.kernel.functions import Apply, Function, Term
from earlybell.predict.kernel.plan import Constant, Expression
from earlybell.predict.kernel.program import Frame, Program, Value
from earlybell.predict.kernel.ranges import CONDITION, Range, hull

_CONDITIONS: dict[str, Apply] = {
    "OPERATOR_IS_NULL": functions.is_null,
    "OPERATOR_IS_NOT_NULL": functions.is_not_null,
    "OPERATOR_NOT": functions.not_,
    "CONJUNCTION_AND": functions.all_of,
    "CONJUNCTION_OR": functions.any_of,
}


def value_of(program: Program, expression: Expression, frame: Frame) -> Value:
    """An expression over the columns of a frame; one that was asked for before is not computed again.

    Raises:
        NotUnderstoodError: there is a word that is not in the vocabulary.
    """
    if expression.expression_class == "BOUND_REF":
        return frame.column(expression.index)
    key = expression.key
    if key not in frame.memo:
        frame.memo[key] = _computed(program, expression, frame)
    value: Value = frame.memo[key]
    return value


def values_of(program: Program, expressions: Sequence[Expression], frame: Frame) -> list[Value]:
    """Several expressions."""
    return [value_of(program, expression, frame) for expression in expressions]


def full_values_of(program: Program, expressions: Sequence[Expression], frame: Frame) -> list[int]:
    """The slots of several expressions, with a value for each row."""
    return [program.full(value, frame) for value in values_of(program, expressions, frame)]


def _computed(program: Program, expression: Expression, frame: Frame) -> Value:
    if expression.value:
        column = _constant(expression.value)
        slot = program.constants.setdefault(expression.key, program.constant(column))
        return Value(slot, expression.type_id, _range_of(column), single=True)
    if expression.expression_class == "BOUND_CASE":
        return _case(program, expression, frame)
    parts = values_of(program, expression.children, frame)
    apply, values = _function(expression, parts)
    slot = program.add(apply, *(part.slot for part in parts))
    return Value(slot, expression.type_id, values, all(part.single for part in parts))


def _function(expression: Expression, parts: Sequence[Value]) -> Function:
    terms = tuple(Term(part.type, part.range) for part in parts)
    if expression.type == "OPERATOR_CAST":
        if expression.function_data is None or expression.function_data.try_cast:
            raise NotUnderstoodError("TRY_CAST")
        return functions.cast(terms[0], expression.type_id)
    if expression.expression_class == "BOUND_FUNCTION":
        return functions.function(expression.name, terms, expression.type_id)
    if expression.type == "OPERATOR_COALESCE":
        return Function(functions.coalesce, hull(*(term.range for term in terms)))
    if expression.type in _CONDITIONS:
        return Function(_CONDITIONS[expression.type], CONDITION)
    raise NotUnderstoodError(f"{expression.expression_class} {expression.type}")


def _case(program: Program, expression: Expression, frame: Frame) -> Value:
    if expression.else_expr is None:
        raise NotUnderstoodError("CASE without ELSE")
    value = value_of(program, expression.else_expr, frame)
    for check in reversed(expression.case_checks):
        when, then = values_of(program, [check.when_expr, check.then_expr], frame)
        slot = program.add(functions.case, when.slot, then.slot, value.slot)
        single = when.single and then.single and value.single
        value = Value(slot, expression.type_id, hull(then.range, value.range), single)
    return value


def _constant(value: Constant) -> Column:
    return functions.constant(value.type.name, None if value.is_null else value.value)


def _range_of(column: Column) -> Range:
    if column.words is not None:
        return Range(0, max(map(len, column.words)))
    value = float(column.values[0])
    return Range(value, value)
