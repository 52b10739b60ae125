"""Features: ours against the same ones written plainly in pandas, and how their time grows with the number of events.

As of the moment when half of each course run has passed. What a run takes is that of a whole process, from starting
Python to the written file.
"""

from pathlib import Path
from typing import Any

import duckdb

from bench import measure, sites

SHARE = 0.5
LEARNERS, EVENTS = 60_000, 167  # 10 million events
GROWTH = ((6_000, 167), (18_000, 167), (LEARNERS, EVENTS), (LEARNERS, 500))  # 1, 3, 10 and 30 million
FASTER, PEAK_MIB = 10, 2048
TOLERANCE = 1e-6  # relative


def features(folder: Path, part: int, repeat: int) -> dict[str, Any]:
    """Every figure, of sites with one `part`-th of the learners.

    Args:
        folder: where sites and features are kept.
        repeat: runs of each; they take turns, so that what else the machine does falls on both.
    """
    growth = []
    for learners, events in GROWTH:
        site = sites.site(folder, learners // part, events)
        if (learners, events) == (LEARNERS, EVENTS):
            against_pandas = _against_pandas(site, folder, repeat)
            growth.append(_with_size(against_pandas["ours"], site))
        else:
            growth.append(_with_size(measure.summary([_ours(site, folder) for _ in range(repeat)]), site))
    return {"as_of": SHARE, **against_pandas, "growth": growth}


def report(found: dict[str, Any]) -> None:
    """Print every figure beside what it is compared to."""
    ours, pandas, equal = found["ours"], found["pandas"], found["equal"]
    print(f"\nFeatures: {found['events']:,} events, {equal['rows']:,} learners, as of {found['as_of']:.0%} of each run")
    print(f"{'':22}{'seconds':>9}{'CPU s':>9}{'peak MiB':>10}   runs")
    for name, one in (("ours", ours), ("plain pandas", pandas)):
        print(f"{name:22}{one['seconds']:9.2f}{one['cpu_seconds']:9.2f}{one['peak_mib']:10,}   {one['runs']}")
    print(f"{'times faster':22}{found['times_faster']:9.1f}   (target: {FASTER})")
    print(f"{'our peak memory':22}{ours['peak_mib']:9,} MiB   (target: below {PEAK_MIB:,})")
    print(
        f"{'equal to pandas':22}{equal['rows']:9,} learners x {equal['features']} features within {TOLERANCE:g}, "
        f"differing: {equal['differing'] or 'none'}"
    )
    print("\nGrowth: ours")
    print(f"{'events':>12}{'learners':>10}{'seconds':>9}{'s a million':>13}{'CPU s a million':>17}{'peak MiB':>10}")
    for one in found["growth"]:
        millions = one["events"] / 1e6
        print(
            f"{one['events']:12,}{one['learners']:10,}{one['seconds']:9.2f}{one['seconds'] / millions:13.2f}"
            f"{one['cpu_seconds'] / millions:17.2f}{one['peak_mib']:10,}"
        )


def _against_pandas(site: Path, folder: Path, repeat: int) -> dict[str, Any]:
    costs = [(_ours(site, folder), _pandas(site, folder)) for _ in range(repeat)]
    ours, pandas = (measure.summary(list(each)) for each in zip(*costs, strict=True))
    return {
        "events": sites.count(site, "events"),
        "ours": ours,
        "pandas": pandas,
        "times_faster": round(pandas["seconds"] / ours["seconds"], 1),
        "equal": _compare(folder / "ours" / "features.parquet", folder / "pandas.parquet"),
    }


def _with_size(summary: measure.Summary, site: Path) -> dict[str, Any]:
    return {"events": sites.count(site, "events"), "learners": sites.count(site, "enrolments"), **summary}


def _ours(site: Path, folder: Path) -> measure.Cost:
    return measure.run(_run_ours, site, folder / "ours")


def _pandas(site: Path, folder: Path) -> measure.Cost:
    return measure.run(_run_pandas, site, folder / "pandas.parquet")


def _run_ours(site: Path, out: Path) -> None:
    from components.features import compute_features

    compute_features(site, str(SHARE), out)


def _run_pandas(site: Path, out: Path) -> None:
    from bench import plain_pandas

    plain_pandas.features(site, SHARE).to_parquet(out)


def _compare(ours: Path, pandas: Path) -> dict[str, Any]:
    """Every learner and feature of both: how many rows there are, and of each differing feature how many differ."""
    connection = duckdb.connect()
    connection.read_parquet(str(ours)).create_view("a")
    connection.read_parquet(str(pandas)).create_view("b")
    keys = ("course_id", "learner_id")
    names = [name for name in connection.view("b").columns if name not in keys]
    differ = ", ".join(
        f"count(*) FILTER (CASE WHEN a.{name} IS NULL OR b.{name} IS NULL THEN a.{name} IS DISTINCT FROM b.{name} "
        f"ELSE abs(a.{name} - b.{name}) > {TOLERANCE} * greatest(1, abs(b.{name})) END)"
        for name in names
    )
    row = connection.execute(
        f"SELECT count(*), count(*) FILTER (a.moment_id IS NULL OR b.course_id IS NULL), {differ} "
        f"FROM a FULL JOIN b USING ({', '.join(keys)})"
    ).fetchone()
    rows, alone, *counts = row or ()
    differing = {name: number for name, number in zip(names, counts, strict=True) if number}
    return {"rows": rows, "alone": alone, "features": len(names), "differing": differing}
