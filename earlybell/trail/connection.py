"""The way to a store that may be away, or hang: made anew in a thread of its own, and waited for by our own clock."""

import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from earlybell.clock import Hand, HungError
from earlybell.errors import TrailError
from earlybell.trail.stores import TIMEOUT, Store, StoreError, StoreHungError, connect, shown

LONGEST_PAUSE = 5.0  # seconds between two tries of a store that is away
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Connection:
    """The store of an address, for one thread.

    Attributes:
        problem: why it is away, or was last.
        away_since: since when, in the monotonic clock's seconds; None while it is there.
    """

    def __init__(self, address: str, *, timeout: float, retry: float, ready: Callable[[], None]) -> None:
        """
        Args:
            timeout: seconds that its user waits for a call; the store itself is told less, as its own word says more.
            retry: seconds until a store that is away is tried again; doubled each time, up to 5.
            ready: called from another thread when a try has ended.
        """
        self._address, self._timeout, self._retry, self._ready = address, 0.8 * timeout, retry, ready
        self._hand = Hand("earlybell-trail-store")
        self._store: Store | None = None
        self._lost: Store | None = None  # to be closed before there is another
        self._opening: Future[Store] | None = None
        self._was_there, self._next_try, self._pause = False, 0.0, retry
        self.problem = "it was not there at the start"
        self.away_since: float | None = time.monotonic()

    @property
    def there(self) -> bool:
        """Whether it is connected; it may be away all the same, until a call has failed."""
        return self._store is not None

    @property
    def ready(self) -> bool:
        """Whether a try has ended whose result `store` will take."""
        return self._opening is not None and self._opening.done()

    @property
    def next_try(self) -> float | None:
        """When it is tried again; None while it is there, or is being tried."""
        return self._next_try if self._store is None and self._opening is None else None

    def open(self) -> None:
        """Make it, for the first time.

        Raises:
            StoreError: it cannot be reached, or hangs; a try that hangs goes on.
            TrailError, SettingError, MissingPackageError: as `connect`.
        """
        self._try()
        if self._opening and not wait([self._opening], max(self._timeout, TIMEOUT)).done:
            raise StoreError(f"it has not answered within {max(self._timeout, TIMEOUT):g} seconds")
        opening, self._opening = self._opening, None
        self._next_try = time.monotonic() + self._retry
        if opening:
            self._opened(opening.result())

    def store(self, seconds: float = 0.0) -> Store | None:
        """The store, if it is there. One that is not is tried when it is time; that is waited for so long."""
        if self._store is None and self._opening is None and time.monotonic() >= self._next_try:
            self._try()
        if self._opening and wait([self._opening], max(0.0, seconds)).done:
            opening, self._opening = self._opening, None
            try:
                self._opened(opening.result())
            except Exception as error:
                self.lose(str(error))
            else:
                _log.warning("the trail's store is there again: %s", shown(self._address))
        return self._store

    def do(self, function: Callable[[], _T], seconds: float) -> _T:
        """What a call of the store returns.

        Raises:
            StoreError: it fails; whether it was done is unknown.
            StoreHungError: it does not answer in so many seconds; it may still be done.
        """
        try:
            return self._hand.call(function, seconds)
        except HungError as error:
            if self._store:
                self._store.abandon()
            raise StoreHungError(str(error)) from error

    def lose(self, problem: str, *, at_once: bool = False) -> None:
        """It is away: it is tried again after a pause, or `at_once`."""
        if problem != self.problem or self.away_since is None:
            _log.warning("the trail's store %s is away: %s", shown(self._address), problem)
        self._lost, self._store, self.problem = self._store or self._lost, None, problem
        self.away_since = self.away_since or time.monotonic()
        self._pause = self._retry if at_once else self._pause
        self._next_try = 0.0 if at_once else time.monotonic() + self._pause
        self._pause = self._pause if at_once else min(2 * self._pause, LONGEST_PAUSE)

    def close(self, seconds: float) -> None:
        """End it; what still hangs then is left to itself."""
        if self._opening:
            self._opening.add_done_callback(_closed)
        for store in (self._store, self._lost):
            if store:
                with contextlib.suppress(StoreError, HungError):
                    self._hand.call(store.close, seconds)
        self._hand.end()

    def _try(self) -> None:
        lost = self._lost
        try:
            self._opening = self._hand.start(lambda: self._connected(lost))
        except HungError as error:
            self.lose(str(error))
            return
        self._lost = None
        self._opening.add_done_callback(lambda _: self._ready())

    def _connected(self, lost: Store | None) -> Store:
        """By the hand. One that was there is not made anew."""
        if lost:
            with contextlib.suppress(StoreError):
                lost.close()
        return connect(self._address, create=not self._was_there, timeout=self._timeout)

    def _opened(self, store: Store) -> None:
        self._store, self._was_there, self._pause, self.away_since = store, True, self._retry, None


def _closed(opening: Future[Store]) -> None:
    with contextlib.suppress(StoreError, TrailError):
        opening.result().close()
