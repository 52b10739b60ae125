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
    found = {name: measure.summary([measure.run("ours", site, SHARE, folder / name, name)]) for name in ENGINES}
    duckdb, spark = (folder / name / "features.parquet" for name in ENGINES)
    return {"events": sites.count(site, "events"), **found, "equal": compare(duckdb, spark)}


def report(found: dict[str, Any]) -> None:
    """Print both."""
    print(f"\nFeatures of {found['events']:,} events by engine; differing: {found['equal']['differing'] or 'none'}")
    for name in ENGINES:
        print(f"{name:14}{found[name]['seconds']:9.2f} s, peak {found[name]['peak_mib']:,} MiB")
