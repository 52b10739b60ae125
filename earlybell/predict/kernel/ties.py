"""Whether it matters which of tied rows a window takes first.

A window whose order has ties gives tied rows its values in an order that the SQL leaves open. Where these rows have the
same value, only which row gets what is open. That matters where something else of the row meets it: in an expression, a
condition, a group, or a row of the answer. So all that the window's values meet must be the same of tied rows, too.

The features of activity are the case that this is for. Of two clicks in one second, one is followed after no time, and
the other by the next click. Sums over both are the same whichever comes first, unless the kinds of the clicks, which
may differ, are combined with the time that follows: they are summed on their own.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

Step: TypeAlias = tuple[Callable[..., Any], tuple[int, ...], int]  # what computes, of which slots, into which


class Ordered(NamedTuple):
    """A window whose order may have ties.

    Attributes:
        slot: its values.
        order: the slot of the order; windows of one order put tied rows in the same one.
        rows: the slot of how many rows there are.
        columns: the slots of the columns that it is beside.
    """

    slot: int
    order: int
    rows: int
    columns: frozenset[int]


def met(
    window: Ordered, windows: Iterable[Ordered], steps: Sequence[Step], settled: Collection[int], answer: Sequence[int]
) -> frozenset[int] | None:
    """The columns beside a window that its values meet; None: those of a window of another order, too.

    Args:
        windows: all.
        steps: in the order in which they run.
        settled: slots of aggregates: of the same values and groups they are the same, whatever row has which.
        answer: the slots of the columns of the answer.
    """
    of_window, beside = {window.slot}, set[int]()
    for _, inputs, output in steps:
        if of_window.intersection(inputs):
            beside.update(slot for slot in inputs if slot not in of_window)
            if output not in settled:
                of_window.add(output)
    if of_window.intersection(answer):
        beside.update(slot for slot in answer if slot not in of_window)
    others = {other.slot for other in windows if other.rows == window.rows and other.order != window.order}
    made_of = {output: inputs for _, inputs, output in steps}
    if others & (of_window | _behind(beside, made_of, window.columns | {window.rows})):
        return None
    return frozenset(_behind(beside, made_of, window.columns | {window.rows}) & window.columns)


def _behind(slots: Iterable[int], made_of: Mapping[int, tuple[int, ...]], ends: Collection[int]) -> set[int]:
    """These slots and what they are made of, and that, as far as the ends."""
    behind, ahead = set[int](), [*slots]
    while ahead:
        slot = ahead.pop()
        if slot not in behind:
            behind.add(slot)
            if slot not in ends:
                ahead.extend(made_of.get(slot, ()))
    return behind
