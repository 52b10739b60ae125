"""The benchmark: both sides compute the same, and every figure is there. Times are never asserted."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bench import measure, plain_pandas, scale
from bench.features import compare
from components.features import compute_features


def quick(folder: Path, *parts: str) -> tuple[dict[str, Any], str]:
    """The figures of these parts of the quick benchmark, and what it printed."""
    options = ["--quick", "--out", str(folder / "bench.json"), "--work", str(folder / "work")]
    only = [f"--only={part}" for part in parts]
    done = subprocess.run([sys.executable, "-m", "bench", *options, *only], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "bench.json").read_text()), done.stdout


def test_the_quick_benchmark_finds_both_sides_equal_and_writes_its_figures(tmp_path: Path) -> None:
    figures, printed = quick(tmp_path, "features")
    features = figures["features"]
    assert features["equal"]["differing"] == features["equal"]["alone"] == [] or not features["equal"]["differing"]
    assert features["ours"]["peak_mib"] > 0
    assert len(features["growth"]) == 4
    assert "times faster" in printed


# Clocks and weekends of the world, overlapping holidays, and beside some events what Moodle writes by itself.
_NUMBERED = "(SELECT *, row_number() OVER (ORDER BY course_id) AS number FROM '{site}/courses.parquet')"
_DAY_SUM = """
    SELECT * REPLACE (timezone('UTC', timezone('Pacific/Auckland', date_trunc('day', timezone(
        'Pacific/Auckland', timezone('UTC', occurred_at))) + INTERVAL 86399 SECOND)) AS occurred_at)"""
_CHANGES = {
    "courses": f"""
        SELECT * EXCLUDE number REPLACE (
            list_extract(['Europe/Berlin', 'America/Lima', 'Asia/Kathmandu', 'Pacific/Auckland'], number) AS timezone,
            list_extract([NULL, 'sat,sun', 'sat', 'none', 'fri,sat'], number) AS weekend,
            if(number = 4, 'daily', 'raw') AS granularity) FROM {_NUMBERED}""",
    "breaks": """
        FROM t UNION ALL SELECT course_id, starts_at + INTERVAL 60 HOUR, ends_at + INTERVAL 90 HOUR FROM t
        UNION ALL SELECT course_id, starts_at - INTERVAL 9 DAY, ends_at - INTERVAL 9 DAY FROM t""",
    "events": f"""
        WITH own AS (
            FROM t ANTI JOIN {_NUMBERED} n ON t.course_id = n.course_id AND number = 4
            UNION ALL {_DAY_SUM} FROM t SEMI JOIN {_NUMBERED} n ON t.course_id = n.course_id AND number = 4)
        FROM own UNION ALL
        SELECT * REPLACE ('core' AS component, 'updated' AS action, 'course_module_completion' AS target)
        FROM own WHERE hash(occurred_at) % 5 = 0 UNION ALL
        SELECT * REPLACE ('uploaded' AS action, 'assessable' AS target) FROM own WHERE action = 'created'""",
}


def test_both_sides_agree_on_clocks_weekends_holidays_and_what_moodle_writes_by_itself(
    site: Path, tmp_path: Path
) -> None:
    tables = tmp_path / "tables"
    shutil.copytree(site, tables)
    for name, select in _CHANGES.items():
        connection = duckdb.connect()
        files = f"{name}.parquet" if (site / f"{name}.parquet").exists() else f"{name}/*.parquet"
        connection.execute(f"CREATE VIEW t AS FROM '{site}/{files}'")
        shutil.rmtree(tables / name, ignore_errors=True)
        connection.execute(f"COPY ({select.format(site=site)}) TO '{tables}/{name}.parquet'")

    compute_features(tables, "0.6", tmp_path / "ours")
    plain_pandas.features(tables, 0.6).to_parquet(tmp_path / "pandas.parquet")

    comparison = compare(tmp_path / "ours" / "features.parquet", tmp_path / "pandas.parquet")
    assert comparison["rows"] > 250
    assert (comparison["alone"], comparison["differing"]) == (0, {})


def test_growth_is_told_as_a_power_of_the_events() -> None:
    """Four times the events: eight times the processor time is the power of 1.5, twice the memory that of 0.5."""
    costs = [measure.Cost(1.0, 1.0, cpu, mib * 2**20) for cpu, mib in ((10.0, 500), (80.0, 1000))]
    smaller, larger = (
        scale.Size(learners=events, events=events, train=measure.summary([cost]), predict=measure.summary([cost]))
        for events, cost in zip((1000, 4000), costs, strict=True)
    )
    assert scale.growth(smaller, larger) == {"cpu": 1.5, "peak": 0.5}


def test_the_quick_benchmark_of_serving_loses_no_answer_and_serves_the_forest_that_it_is_compared_to(
    tmp_path: Path,
) -> None:
    pytest.importorskip("kserve")
    figures, printed = quick(tmp_path, "latency", "kserve", "kill", "start", "growth")
    serving = figures["serving"]
    assert all(
        latency["statuses"].keys() == {"200"}
        for body in ("one", "class")
        for latency in serving["latency"][body].values()
    )
    assert serving["latency"]["targets"].keys() == {"one", "class"}
    assert serving["kserve"]["same_forest"]
    assert serving["kill"]["acknowledged"] > serving["kill"]["missing"] == 0
    assert serving["kill"]["whole"]
    assert serving["start"]["resident_mib"] > 0
    assert serving["growth"]["statuses"].keys() == {"200", "400"}
    assert "times the throughput" in printed
