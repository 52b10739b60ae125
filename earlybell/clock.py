"""Waits that end by our own clock: a call that hangs is left behind, in a thread that holds up no process.

What the other side offers does not do. The kernel of a machine whose server was stopped still answers TCP, and nothing
ends a wait for a disk, for a name or for an answer that comes a byte at a time.
"""

import functools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ParamSpec, Protocol, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class HungError(TimeoutError):
    """A call has not ended in its time. It may still end, and do what it was asked for."""


class Hand:
    """A thread that makes calls which may hang, one at a time; while one hangs, there is no other."""

    def __init__(self, name: str) -> None:
        self._name, self._last = name, Future[Any]()
        self._last.set_result(None)
        self._calls = queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None]()
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return not self._last.done()

    def start(self, function: Callable[[], _T]) -> Future[_T]:
        """Begin a call.

        Raises:
            HungError: the one before it is still under way.
        """
        if self.busy:
            raise HungError("it still hangs")
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        future = self._last = Future[_T]()
        self._calls.put((function, future))
        return future

    def call(self, function: Callable[[], _T], seconds: float) -> _T:
        """Make a call and wait for it.

        Raises:
            HungError: it has not ended in so many seconds, or the one before it is still under way.
        """
        future = self.start(function)
        try:
            future.exception(seconds)
        except TimeoutError:
            raise HungError(f"it has not answered within {seconds:.3g} seconds") from None
        return future.result()

    def end(self) -> None:
        """No more calls; a call that is under way is left to itself."""
        self._calls.put(None)
        if self._thread is not None and not self.busy:
            self._thread.join()  # at once; a thread that is there when Python ends holds what nobody sees freed

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            _make(*call)
            del call  # what it holds is not kept until the next one comes


def within(seconds: float, function: Callable[[], _T]) -> _T:
    """What a call returns or raises, if it ends in so many seconds.

    Raises:
        HungError: it does not.
    """
    hand = Hand(f"at most {seconds:g} s")
    try:
        return hand.call(function, seconds)
    finally:
        hand.end()


class _Bounding(Protocol):
    """What makes a function of a function, of the same arguments and result."""

    def __call__(self, function: Callable[_P, _T], /) -> Callable[_P, _T]: ...


def at_most(seconds: float, too_late: Callable[[HungError], Exception]) -> _Bounding:
    """A function that ends within so many seconds, if only by the exception that `too_late` makes."""

    def bounded(function: Callable[_P, _T]) -> Callable[_P, _T]:
        @functools.wraps(function)
        def in_time(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            try:
                return within(seconds, lambda: function(*args, **kwargs))
            except HungError as error:
                raise too_late(error) from None

        return in_time

    return bounded


def _make(function: Callable[[], _T], future: Future[_T]) -> None:
    try:
        result = function()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
