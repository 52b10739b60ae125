"""The whole training on real course runs, and its honest figures beside a plain scikit-learn baseline."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.baseline import METRICS, baseline

CUTOFFS = [0.2, 0.4, 0.6]
TARGET_SECONDS = 90


def training(source: str, folder: Path) -> dict[str, Any]:
    """Train on `source` as a user would; seconds, and each figure with the baseline's beside it.

    Args:
        folder: where the run and its tables are kept; what was there is removed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    key = {"EARLYBELL_PSEUDONYM_KEY": secrets.token_hex(32), "EARLYBELL_HOME": str(folder)}
    began = time.monotonic()
    _earlybell("train", source, "--out", str(folder / "bundle"), environment=key)
    seconds = time.monotonic() - began
    _earlybell("extract", source, str(folder / "extracted"), environment=key)
    evaluation = json.loads((folder / "bundle" / "evaluation.json").read_text())
    plain = {(row["cutoff"], row["metric"]): row for row in baseline(folder / "extracted", CUTOFFS)}
    rows = [_beside(row, plain) for row in evaluation["metrics"] if _shown(row, evaluation)]
    return {"source": source, "seconds": round(seconds, 1), "chosen": evaluation["chosen"], "figures": rows}


def report(figures: dict[str, Any]) -> None:
    """Print the figures."""
    print(f"\nTraining on {figures['source']}: {figures['seconds']} s (target: below {TARGET_SECONDS})")
    print(f"Chosen: {figures['chosen']}")
    print("a whole course run left out in turn   ours (95% interval)        plain scikit-learn")
    for row in figures["figures"]:
        ours, plain = (_words(row[name]) for name in ("ours", "plain"))
        print(f"{row['metric']:20} at {row['cutoff']:.0%}           {ours:26} {plain}")


def _earlybell(*arguments: str, environment: dict[str, str]) -> None:
    command = [str(Path(sys.executable).with_name("earlybell")), *arguments]
    subprocess.run(command, env={**_inherited(), **environment}, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}


def _shown(row: dict[str, Any], evaluation: dict[str, Any]) -> bool:
    key = (row["candidate"], row["split"], row["group"])
    return key == (evaluation["chosen"], "course_run", "all") and row["metric"] in METRICS and row["cutoff"] in CUTOFFS


def _beside(row: dict[str, Any], plain: dict[tuple[float, str], dict[str, Any]]) -> dict[str, Any]:
    figures = {"ours": row, "plain": plain[row["cutoff"], row["metric"]]}
    values = {name: {end: estimate[end] for end in ("value", "low", "high")} for name, estimate in figures.items()}
    return {"cutoff": row["cutoff"], "metric": row["metric"], **values}


def _words(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f}-{figure['high']:.3f})"
