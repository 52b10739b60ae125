"""What refuses a request, gathered: who mends it sees every fault at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from earlybell.errors import RequestError

MOST_FAULTS = 20  # that an error tells


class Faults:
    """The first faults of a request, and how many more there are."""

    def __init__(self) -> None:
        self._first: list[RequestError] = []
        self._more = 0

    def __bool__(self) -> bool:
        return bool(self._first)

    def add(self, thing: str, value: object, way_out: str) -> None:
        """A fault, as RequestError has it."""
        if len(self._first) < MOST_FAULTS:
            self._first.append(RequestError(thing, value, way_out))
        else:
            self.count(1)

    def count(self, more: int) -> None:
        """Further faults, which are not told."""
        self._more += more

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Take the faults of a RequestError that ends what is done meanwhile."""
        try:
            yield
        except RequestError as error:
            for fault in (error, *error.others):
                self.add(fault.thing, fault.value, fault.way_out)
            self._more += error.more

    def end(self) -> None:
        """
        Raises:
            RequestError: there are faults.
        """
        if self._first:
            first, *others = self._first
            raise RequestError(first.thing, first.value, first.way_out, others=others, more=self._more)
