"""The benchmark: both sides compute the same, and every figure is there. Times are never asserted."""

import json
import subprocess
import sys
from pathlib import Path


def test_the_quick_benchmark_finds_both_sides_equal_and_writes_its_figures(tmp_path: Path) -> None:
    options = ["--quick", "--out", str(tmp_path / "bench.json"), "--work", str(tmp_path / "work")]
    done = subprocess.run([sys.executable, "-m", "bench", *options], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "bench.json").read_text())["features"]
    assert found["equal"]["differing"] == found["equal"]["alone"] == [] or not found["equal"]["differing"]
    assert found["ours"]["peak_mib"] > 0
    assert len(found["growth"]) == 4
    assert "times faster" in done.stdout
