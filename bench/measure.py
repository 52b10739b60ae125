"""Time and memory of a job in a process of its own."""

import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, TypedDict


@dataclass(frozen=True)
class Cost:
    """What one run took, from starting Python to its end: wall and CPU time in seconds, peak memory in bytes."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class Summary(TypedDict):
    """Several runs of one job: all wall times, their smallest, the smallest CPU time, the largest memory."""

    runs: list[float]
    seconds: float
    cpu_seconds: float
    peak_mib: int


def run(job: Callable[..., Any], *arguments: object) -> Cost:
    """Run `job` in a fresh process.

    A process starts with the peak memory of the one that started it, so whoever calls this must be small itself: jobs
    import what they need.
    """
    began = time.monotonic()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        used = pool.submit(_run, job, arguments).result()
    return Cost(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def summary(costs: list[Cost]) -> Summary:
    """The least disturbed of several runs, and all of them."""
    return {
        "runs": [round(cost.seconds, 2) for cost in costs],
        "seconds": round(min(cost.seconds for cost in costs), 2),
        "cpu_seconds": round(min(cost.cpu_seconds for cost in costs), 2),
        "peak_mib": round(max(cost.peak_bytes for cost in costs) / 2**20),
    }


def machine() -> dict[str, float]:
    """Processors of this machine, and how many processes compete for them on average (the last minute)."""
    return {"processors": os.cpu_count() or 1, "load": round(os.getloadavg()[0], 1)}


def _run(job: Callable[..., Any], arguments: tuple[object, ...]) -> resource.struct_rusage:
    job(*arguments)
    return resource.getrusage(resource.RUSAGE_SELF)
