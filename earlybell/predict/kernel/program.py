"""A program: a plan as a list of instructions, each of which makes one thing of others that the answer needs."""

from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from earlybell.predict.kernel.columns import Column
from earlybell.predict.kernel.ranges import EVERYTHING, Range
from earlybell.predict.kernel.ties import Ordered, Step, met

Compute: TypeAlias = Callable[..., Any]


class Value(NamedTuple):
    """A column that the program makes, as the plan tells it.

    Attributes:
        slot: where it is while the program runs.
        type: DuckDB's.
        range: what its values can be.
        single: whether it is one value that stands for all rows.
    """

    slot: int
    type: str
    range: Range = EVERYTHING
    single: bool = False


class Frame:
    """Rows of columns that the program makes, each when it is first asked for.

    Attributes:
        rows: the slot that has how many.
        width: how many columns.
        memo: expressions over the columns that were asked for before.
    """

    def __init__(self, rows: int, width: int, make: Callable[[int], Value]) -> None:
        self.rows, self.width, self._make = rows, width, make
        self._columns: dict[int, Value] = {}
        self.memo: dict[bytes, Any] = {}

    def made(self) -> Collection[Value]:
        """The columns that were asked for."""
        return self._columns.values()

    def column(self, place: int) -> Value:
        """The column at a place."""
        if place not in self._columns:
            self._columns[place] = self._make(place)
        return self._columns[place]


class _Instruction(NamedTuple):
    compute: Compute
    inputs: Callable[[list[Any]], Sequence[Any]]
    output: int
    dead: tuple[int, ...]  # slots that nothing needs any more


class Program:
    """Instructions as they are added; `made` ends it.

    Attributes:
        constants: the slots of the SQL's constants, by what says them.
        settled: the slots of aggregates.
    """

    def __init__(self) -> None:
        self._known: list[Any] = []  # by slot, what is known before it runs
        self._is_known: list[bool] = []
        self._steps: list[Step] = []
        self._made: dict[tuple[Compute, tuple[int, ...]], int] = {}
        self._windows: dict[int, tuple[int, Frame]] = {}
        self.constants: dict[bytes, int] = {}
        self.settled: set[int] = set()

    def constant(self, value: Any) -> int:
        """A slot with something that is always the same."""
        self._known.append(value)
        self._is_known.append(True)
        return len(self._known) - 1

    def given(self) -> int:
        """A slot for what whoever runs the program gives."""
        self._known.append(None)
        self._is_known.append(False)
        return len(self._known) - 1

    def add(self, compute: Compute, *inputs: int) -> int:
        """The slot of what is computed of others: what can be is computed now, and the same but once."""
        key = (compute, inputs)
        if key not in self._made:
            self._made[key] = self._added(compute, inputs)
        return self._made[key]

    def _added(self, compute: Compute, inputs: tuple[int, ...]) -> int:
        if all(self._is_known[slot] for slot in inputs):
            return self.constant(compute(*(self._known[slot] for slot in inputs)))
        output = self.given()
        self._steps.append((compute, inputs, output))
        return output

    def known(self, slot: int) -> Any:
        """What is always in a slot; None where it differs."""
        return self._known[slot]

    def full(self, value: Value, frame: Frame) -> int:
        """The slot of a column that has a value for each row."""
        return self.add(Column.of_length, value.slot, frame.rows) if value.single else value.slot

    def ordered(self, slot: int, order: int, frame: Frame) -> None:
        """Say that a slot has values of a window over a frame, in an order."""
        self._windows[slot] = order, frame

    def check_ties(self, answer: Sequence[int], check: Compute, refuse: Compute) -> list[int]:
        """Slots of checks that no answer depends on which of tied rows comes first, to be run with it.

        Args:
            answer: its slots.
            check: takes an order and columns, which must be the same of tied rows.
            refuse: takes an order, which must have no ties.
        """
        steps = self._needed(answer)
        needed = {output for _, _, output in steps}
        windows = [
            Ordered(slot, order, frame.rows, frozenset(value.slot for value in frame.made() if not value.single))
            for slot, (order, frame) in self._windows.items()
            if slot in needed
        ]
        checks = []
        for window in windows:
            columns = met(window, windows, steps, self.settled, answer)
            checks.append(
                self.add(refuse, window.order) if columns is None else self.add(check, window.order, *sorted(columns))
            )
        return checks

    def made(self, answer: Sequence[int]) -> Callable[[dict[int, Any], Callable[[], None]], list[Any]]:
        """How to run it: takes what is given, by slot, and what to call before each instruction."""
        instructions = self._instructions(answer)
        known = self._known

        def run(given: dict[int, Any], go_on: Callable[[], None]) -> list[Any]:
            slots = known.copy()
            for slot, value in given.items():
                slots[slot] = value
            for compute, inputs, output, dead in instructions:
                go_on()
                slots[output] = compute(*inputs(slots))
                for slot in dead:
                    slots[slot] = None
            return [slots[slot] for slot in answer]

        return run

    def _instructions(self, answer: Sequence[int]) -> list[_Instruction]:
        """Those that the answer needs."""
        needed, instructions = set(answer), list[_Instruction]()
        for compute, inputs, output in reversed(self._needed(answer)):
            dead = {slot for slot in inputs if slot not in needed and not self._is_known[slot]}
            needed |= {*inputs}
            instructions.append(_Instruction(compute, _reader(inputs), output, tuple(dead)))
        return instructions[::-1]

    def _needed(self, answer: Sequence[int]) -> list[Step]:
        needed, steps = set(answer), list[Step]()
        for step in reversed(self._steps):
            _, inputs, output = step
            if output in needed:
                needed |= {*inputs}
                steps.append(step)
        return steps[::-1]


def _reader(inputs: Sequence[int]) -> Callable[[list[Any]], Sequence[Any]]:
    """What reads the inputs out of the slots, as a sequence."""
    return itemgetter(*inputs) if len(inputs) > 1 else itemgetter(slice(inputs[0], inputs[0] + 1))
