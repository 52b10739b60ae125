"""When a course run ends: as it says, else a site's usual length after its start."""

import numpy as np

from earlybell.tables.schema import DEFAULT_WEEKS

RUN_END = f"coalesce(ends_at, starts_at + INTERVAL {DEFAULT_WEEKS} WEEK)"  # SQL, of the columns of `courses`


def run_end(start: np.datetime64, end: np.datetime64) -> np.datetime64:
    """The end of a run by its `starts_at` and `ends_at`, which may be NaT."""
    return start + np.timedelta64(DEFAULT_WEEKS, "W") if np.isnat(end) else end
