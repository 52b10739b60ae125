"""Time and memory of a job in a process of its own."""

import os
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict


@dataclass(frozen=True)
class Cost:
    """What one run of a job took.

    Attributes:
        seconds: the job itself, Python running and its packages loaded.
        process_seconds: the whole process, from starting Python to its end.
        cpu_seconds: of the whole process, all its threads together.
        peak_bytes: the most memory that the process held.
    """

    seconds: float
    process_seconds: float
    cpu_seconds: float
    peak_bytes: int


class Summary(TypedDict):
    """Several runs of one job: the shortest time of each kind, the largest memory, and `seconds` of every run."""

    seconds: float
    process_seconds: float
    cpu_seconds: float
    peak_mib: int
    runs: list[float]


def run(job: str, *arguments: object) -> Cost:
    """Run a job of `bench.jobs` in a fresh process.

    A process starts with the peak memory of the one that started it, so whoever calls this must be small itself.
    """
    command = [sys.executable, "-m", "bench.jobs", job, *(str(argument) for argument in arguments)]
    read, write = os.pipe()
    began = time.monotonic()
    child = os.posix_spawn(sys.executable, command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
    os.close(write)
    with os.fdopen(read) as output:
        seconds = output.read()
    _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"bench: the job {job} failed")
    return Cost(float(seconds), time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def command(arguments: Sequence[object], settings: Mapping[str, str]) -> Cost:
    """Run a command of `earlybell` as a user would; `seconds` are those of the whole process.

    Args:
        settings: environment variables beside those of this process, of which MLflow's are left out.
    """
    program = str(Path(sys.executable).with_name("earlybell"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    began = time.monotonic()
    child = os.posix_spawn(program, [program, *map(str, arguments)], {**environment, **settings}, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"bench: earlybell {arguments[0]} failed")
    seconds = time.monotonic() - began
    return Cost(seconds, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def summary(costs: list[Cost]) -> Summary:
    """The least disturbed of several runs."""
    return {
        "seconds": round(min(cost.seconds for cost in costs), 2),
        "process_seconds": round(min(cost.process_seconds for cost in costs), 2),
        "cpu_seconds": round(min(cost.cpu_seconds for cost in costs), 2),
        "peak_mib": round(max(cost.peak_bytes for cost in costs) / 2**20),
        "runs": [round(cost.seconds, 2) for cost in costs],
    }


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, all its threads together."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def cpu_seconds_of_children() -> float:
    """Processor time of the processes that this one has started, and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def machine() -> dict[str, float]:
    """Processors of this machine, and how many processes wanted them in the last minute."""
    return {"processors": os.cpu_count() or 1, "load": round(os.getloadavg()[0], 1)}
