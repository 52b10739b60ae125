"""The benchmark: both sides compute the same, and every figure is there. Times are never asserted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def quick(folder: Path, *parts: str) -> tuple[dict[str, Any], str]:
    """The figures of these parts of the quick benchmark, and what it printed."""
    options = ["--quick", "--out", str(folder / "bench.json"), "--work", str(folder / "work")]
    only = [f"--only={part}" for part in parts]
    done = subprocess.run([sys.executable, "-m", "bench", *options, *only], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "bench.json").read_text()), done.stdout


def test_the_quick_benchmark_finds_both_sides_equal_and_writes_its_figures(tmp_path: Path) -> None:
    figures, printed = quick(tmp_path, "features")
    found = figures["features"]
    assert found["equal"]["differing"] == found["equal"]["alone"] == [] or not found["equal"]["differing"]
    assert found["ours"]["peak_mib"] > 0
    assert len(found["growth"]) == 4
    assert "times faster" in printed


def test_the_quick_benchmark_of_serving_loses_no_answer_and_serves_the_forest_that_it_is_compared_to(
    tmp_path: Path,
) -> None:
    pytest.importorskip("kserve")
    figures, printed = quick(tmp_path, "latency", "kserve", "kill", "start", "growth")
    found = figures["serving"]
    assert all(
        one["statuses"].keys() == {"200"} for asked in ("one", "class") for one in found["latency"][asked].values()
    )
    assert found["kserve"]["same_forest"]
    assert found["kill"]["acknowledged"] > found["kill"]["missing"] == 0
    assert found["kill"]["whole"]
    assert found["start"]["resident_mib"] > 0
    assert found["growth"]["statuses"].keys() == {"200", "400"}
    assert "times the throughput" in printed
