"""The feature table by DuckDB and by Spark: the same expressions on two engines."""

import importlib.util
import shutil
from pathlib import Path
from typing import Any

from bench import measure, sites
from bench.features import GROWTH, SHARE, compare

ENGINES = ("duckdb", "pyspark")


def engines(folder: Path) -> dict[str, Any] | None:
    """Figures of both engines on the smallest site; None without Spark or Java."""
    learners, events = GROWTH[0]
    if not shutil.which("java") or not importlib.util.find_spec("pyspark"):
        return None
    site = sites.site(folder, learners, events)
    costs = {name: measure.summary([measure.run("ours", site, SHARE, folder / name, name)]) for name in ENGINES}
    duckdb, spark = (folder / name / "features.parquet" for name in ENGINES)
    return {"events": sites.count(site, "events"), **costs, "equal": compare(duckdb, spark)}


def report(figures: dict[str, Any]) -> None:
    """Print both."""
    print(f"\nFeatures of {figures['events']:,} events by engine; differing: {figures['equal']['differing'] or 'none'}")
    for name in ENGINES:
        print(f"{name:14}{figures[name]['seconds']:9.2f} s, peak {figures[name]['peak_mib']:,} MiB")
