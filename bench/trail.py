"""`python -m bench.jobs trail ADDRESS ANCHORS CALLERS RECORDS`: what appending a record costs each of the callers."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np

from earlybell.trail import Record, Trail, open_trail

_FEATURES = 45


def trail(address: str, anchors: str, callers: int, records: int) -> dict[str, float]:
    """So many records, one a call, by so many callers at once: records a second, and latency in milliseconds."""
    with open_trail(address, anchors=anchors) as opened, ThreadPoolExecutor(callers) as pool:
        began = time.monotonic()
        seconds = list(pool.map(lambda number: _append(opened, number), range(records)))
        total = time.monotonic() - began
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return {"callers": callers, "records_per_second": records / total, "p50_ms": float(p50), "p99_ms": float(p99)}


def report(figures: dict[str, float]) -> None:
    """Print the figures."""
    print("  ".join(f"{name} {value:,.2f}" for name, value in figures.items()))


def _append(opened: Trail, number: int) -> float:
    now = datetime.now(UTC)
    features = tuple(number / 7 + place for place in range(_FEATURES))
    names = ("learner-risk", "1", 64 * "0")
    record = Record(
        f"{number:032x}", now, "run", f"{number % 500:032x}", now, *names, features, 0.2, 0.1, 0.3, "low", "me"
    )
    began = time.monotonic()
    opened.append([record]).result()
    return time.monotonic() - began
