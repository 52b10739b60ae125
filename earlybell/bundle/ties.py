"""Ties: which features of a catalogue hang together, as data. What the bounds mean is the server's to know.

A tie bounds a feature by others: clicks of the last 7 days are clicks of the last 28. The names are the bundle's; the
vocabulary below is all that is in code, and `earlybell.predict.ties` carries it out.
"""

from typing import Literal

from msgspec import Struct

Bound = Literal["same", "some", "none", "rest", "total", "within", "recent", "part"]
Per = Literal["", "week"]


class Tie(Struct, frozen=True):
    """`feature` is at least the `bound` by the features `of`, or at most, where more of it raises the risk.

    Attributes:
        feature: what follows.
        of: what it is bounded by: two or more for `total`, else one.
        bound:
            same: the other's value.
            some: 1 where the other is above 0, else 0.
            none: 0 where the other is 0; else there is no bound.
            rest: what the other leaves of 1.
            total: the sum of the others that have a value.
            within: 1 where the other is less than `days`, else 0.
            recent: `days` where the other is above 0; else there is no bound.
            part: `feature` is the share that `of` is of a whole number, as of work that was due, and that number stays.
        days: of the window that the bound is about; 0: of none.
        per: "week": the bound is what was done in the last `days`, by week of teaching since the start. It holds only
            after so many days of teaching, as what is recent may be from before the start.
    """

    feature: str
    of: tuple[str, ...]
    bound: Bound
    days: int = 0
    per: Per = ""
