"""What the clocks of a time zone show, from DuckDB's own tables: an offset that holds from one time to the next."""

from functools import cache
from typing import NamedTuple

import duckdb
import numpy as np

from earlybell.predict.kernel.columns import Array, UnusualError
from earlybell.predict.kernel.ranges import Range
from earlybell.tables.schema import EARLIEST, LATEST
from earlybell.tables.sql import connect

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
# All plausible times, and two years more at each end for what is computed of them.
_FIRST, _LAST = (
    int(np.datetime64(at, "us").astype(np.int64)) + more * 731 * _DAY for at, more in ((EARLIEST, -1), (LATEST, 1))
)
KNOWN = Range(_FIRST, _LAST)
_SHOWN = "epoch_us(timezone($zone, timezone('UTC', make_timestamp(us)))) - us"
_INSTANT = "epoch_us(timezone($zone, make_timestamp(us))) - us"


class Offsets(NamedTuple):
    """Offsets, in microseconds: the first until the first of the times, each other from one of them on."""

    times: Array
    offsets: Array

    def at(self, times: Array) -> Array:
        """What to add to these times, in microseconds."""
        return self.offsets[np.searchsorted(self.times, times, side="right")]


@cache
def shown(zone: str) -> Offsets:
    """From an instant in UTC to what the clocks of the zone show."""
    return _offsets(_SHOWN, zone)


@cache
def instant(zone: str) -> Offsets:
    """From what the clocks of the zone show to the instant in UTC."""
    return _offsets(_INSTANT, zone)


def _offsets(expression: str, zone: str) -> Offsets:
    """By bisection between days whose offsets differ: clocks change on a whole second, and never twice in a day.

    Raises:
        UnusualError: there is no such zone.
    """
    if zone == "UTC":
        return Offsets(np.array([], dtype=np.int64), np.array([0]))
    with connect(threads=1) as connection:

        def offset(times: Array) -> Array:
            connection.register("times", {"us": times})
            try:
                found = connection.execute(f"SELECT {expression} AS us FROM times", {"zone": zone}).fetchnumpy()
            except duckdb.Error as error:
                raise UnusualError(str(error)) from None
            return np.asarray(found["us"])

        days = np.arange(_FIRST, _LAST + 2 * _DAY, _DAY)
        by_day = offset(days)
        changes = np.flatnonzero(by_day[1:] != by_day[:-1])
        before, after, old = days[changes], days[changes + 1], by_day[changes]
        while len(before) and (after - before).max() > _SECOND:
            middle = before + (after - before) // (2 * _SECOND) * _SECOND
            same = offset(middle) == old
            before, after = np.where(same, middle, before), np.where(same, after, middle)
    return Offsets(after, np.append(by_day[:1], by_day[changes + 1]))
