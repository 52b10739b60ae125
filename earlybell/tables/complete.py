"""Whether the records of a course run are whole at a moment: old logs may be purged, an export may end early."""

import numpy as np

# SQL, of the columns of `courses` and a moment `as_of`.
COMPLETE = "coalesce(as_of > complete_from, true) AND coalesce(as_of <= complete_until, true)"


def is_complete(at: np.datetime64, since: np.datetime64, until: np.datetime64) -> bool:
    """The same by a run's `complete_from` and `complete_until`, which may be NaT."""
    return bool((np.isnat(since) or at > since) and (np.isnat(until) or at <= until))
