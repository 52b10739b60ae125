"""`python -m bench.jobs JOB ARGUMENT ...`: one job in this process; prints the seconds that it took.

Each job loads what it needs before the clock starts.
"""

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Job = Callable[[], Any]


def _simulate(out: str, place: str) -> Job:
    from components.extract.simulate import parse, simulate

    return lambda: simulate(Path(out), parse(place))


def _ours(site: str, share: str, out: str, engine: str = "duckdb") -> Job:
    from components.features import compute_features

    importlib.import_module("ibis.backends.duckdb")  # Ibis would load it when it first compiles
    return lambda: compute_features(Path(site), share, Path(out), engine)


def _pandas(site: str, share: str, out: str) -> Job:
    from bench import plain_pandas

    importlib.import_module("pyarrow.parquet")  # pandas would load it when it first reads
    return lambda: plain_pandas.features(Path(site), float(share)).to_parquet(out)


def _trail(address: str, anchors: str, callers: str, records: str) -> Job:
    from bench import trail

    return lambda: trail.report(trail.trail(address, anchors, int(callers), int(records)))


def _serving(folder: str, learners: str, events: str) -> Job:
    from bench.serving_site import prepare

    return lambda: prepare(Path(folder), int(learners), int(events))


_JOBS: dict[str, Callable[..., Job]] = {
    "simulate": _simulate,
    "ours": _ours,
    "pandas": _pandas,
    "trail": _trail,
    "serving": _serving,
}


def main(name: str, *arguments: str) -> None:
    """Run the job of that name."""
    job = _JOBS[name](*arguments)
    began = time.monotonic()
    job()
    print(time.monotonic() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
