"""Features: ours against the same ones written plainly in pandas, and how their time grows with the number of events.

All of them as of the moment when half of each course run has passed.
"""

from pathlib import Path
from typing import Any

from bench import measure, sites
from earlybell.tables.sql import connect, parquet

SHARE = 0.5
LEARNERS, EVENTS = 60_000, 167  # 10 million events
GROWTH = ((6_000, 167), (18_000, 167), (LEARNERS, EVENTS), (LEARNERS, 500))  # 1, 3, 10 and 30 million
FASTER, PEAK_MIB = 10, 2048  # targets
TOLERANCE = 1e-6  # relative; absolute below 1

_KEYS = ("course_id", "learner_id")
_OTHERS = ("moment_id", "as_of")  # columns that are neither


def features(folder: Path, part: int, repeat: int) -> dict[str, Any]:
    """Every figure, of sites with one `part`-th of the learners.

    Args:
        folder: where sites and features are kept.
        repeat: runs of each; ours and pandas' take turns, so that what else the machine does falls on both.
    """
    smaller, small, main, large = (sites.site(folder, learners // part, events) for learners, events in GROWTH)
    costs = _against_pandas(main, folder, repeat)
    alone = {site: measure.summary([_ours(site, folder) for _ in range(repeat)]) for site in (smaller, small, large)}
    growth = [_with_size(site, alone.get(site, costs["ours"])) for site in (smaller, small, main, large)]
    return {"as_of": SHARE, **costs, "growth": growth}


def report(figures: dict[str, Any]) -> None:
    """Print every figure beside what it is compared to."""
    ours, equal, size = figures["ours"], figures["equal"], figures["growth"][2]
    print(f"\nFeatures of {size['events']:,} events as of {figures['as_of']:.0%} of each course run")
    print(f"{'':14}{'seconds':>9}{'with start':>12}{'CPU s':>8}{'peak MiB':>10}   seconds of every run")
    for name in ("ours", "pandas"):
        print(f"{name:14}{_line(figures[name])}   {', '.join(map(str, figures[name]['runs']))}")
    print(f"ours is {figures['times_faster']} times faster (target: {FASTER}); with the start of Python", end=" ")
    print(f"{figures['times_faster_with_start']}, in CPU time {figures['times_less_cpu']} times")
    print(f"our peak memory is {ours['peak_mib']:,} MiB (target: below {PEAK_MIB:,})")
    differing = equal["differing"] or "none"
    print(f"equal to pandas: {equal['features']} features of {equal['rows']:,} learners; differing: {differing}")
    print(
        f"\n{'events':>12}{'learners':>10}{'seconds':>9}{'with start':>12}{'CPU s':>8}{'peak MiB':>10}{'s/million':>11}"
    )
    for site in figures["growth"]:
        print(f"{site['events']:12,}{site['learners']:10,}{_line(site)}{site['seconds'] / site['events'] * 1e6:11.2f}")


def _line(cost: dict[str, Any]) -> str:
    return f"{cost['seconds']:9.2f}{cost['process_seconds']:12.2f}{cost['cpu_seconds']:8.2f}{cost['peak_mib']:10,}"


def _against_pandas(site: Path, folder: Path, repeat: int) -> dict[str, Any]:
    costs = [(_ours(site, folder), measure.run("pandas", site, SHARE, _theirs(folder))) for _ in range(repeat)]
    ours, pandas = (measure.summary(list(each)) for each in zip(*costs, strict=True))
    return {
        "ours": ours,
        "pandas": pandas,
        "times_faster": round(pandas["seconds"] / ours["seconds"], 1),
        "times_faster_with_start": round(pandas["process_seconds"] / ours["process_seconds"], 1),
        "times_less_cpu": round(pandas["cpu_seconds"] / ours["cpu_seconds"], 1),
        "equal": compare(folder / "ours" / "features.parquet", _theirs(folder)),
    }


def _ours(site: Path, folder: Path) -> measure.Cost:
    return measure.run("ours", site, SHARE, folder / "ours")


def _theirs(folder: Path) -> Path:
    return folder / "pandas.parquet"


def _with_size(site: Path, summary: measure.Summary) -> dict[str, Any]:
    return {"events": sites.count(site, "events"), "learners": sites.count(site, "enrolments"), **summary}


def compare(ours: Path, theirs: Path) -> dict[str, Any]:
    """Every learner and feature of two files: how many rows there are, how many of them only one has, and how many
    values of each feature differ."""
    connection = connect()
    connection.sql(f"FROM {parquet(ours)}").create_view("a")
    connection.sql(f"FROM {parquet(theirs)}").create_view("b")
    names = [name for name in connection.view("b").columns if name not in (*_KEYS, *_OTHERS)]
    row = connection.execute(
        f"SELECT count(*), count(*) FILTER (a.moment_id IS NULL OR b.days_seen IS NULL), "
        f"{', '.join(f'count(*) FILTER ({_differs(name)})' for name in names)} "
        f"FROM a FULL JOIN b USING ({', '.join(_KEYS)})"
    ).fetchone()
    rows, alone, *counts = row or ()
    differing = {name: number for name, number in zip(names, counts, strict=True) if number}
    return {"rows": rows, "alone": alone, "features": len(names), "differing": differing}


def _differs(name: str) -> str:
    limit = f"{TOLERANCE} * greatest(1, abs(b.{name}))"
    missing = f"(a.{name} IS NULL) != (b.{name} IS NULL)"
    return f"coalesce(abs(a.{name} - b.{name}) > {limit}, {missing})"
