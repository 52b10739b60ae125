"""Sites of several sizes, trained and predicted as a user would: how processor time and memory grow with learners."""

import math
import secrets
import shutil
from itertools import pairwise
from pathlib import Path
from typing import TypedDict

from bench import measure, sites

EVENTS = 500  # of a learner
SIZES = (2_000, 8_000)  # learners; 60,000 are asked for with --learners
LARGEST = 60_000
TRAIN_SECONDS, TRAIN_MIB, PREDICT_SECONDS, GROWTH = 15 * 60, 4096, 5 * 60, 1.1  # targets, of the largest


class Size(TypedDict):
    """A site of so many learners and events, and what training and a night's prediction of it took."""

    learners: int
    events: int
    train: measure.Summary
    predict: measure.Summary


class Figures(TypedDict):
    """All sizes, and by what power of the events processor time and memory grew from one to the next."""

    sizes: list[Size]
    growth: list[dict[str, float]]


def scale(folder: Path, learners: list[int]) -> Figures:
    """Measure sites of so many learners; the sites are kept, the rest is made anew."""
    sizes = [_size(folder, count) for count in sorted(learners)]
    return {"sizes": sizes, "growth": [growth(smaller, larger) for smaller, larger in pairwise(sizes)]}


def growth(smaller: Size, larger: Size) -> dict[str, float]:
    """The powers of the number of events: 1 is linear."""
    times = math.log(larger["events"] / smaller["events"])
    of_training = smaller["train"], larger["train"]
    return {
        "cpu": round(math.log(of_training[1]["cpu_seconds"] / of_training[0]["cpu_seconds"]) / times, 2),
        "peak": round(math.log(of_training[1]["peak_mib"] / of_training[0]["peak_mib"]) / times, 2),
    }


def _size(folder: Path, learners: int) -> Size:
    site, run = sites.site(folder, learners, EVENTS), folder / f"scale-{learners}"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True)
    settings = {"EARLYBELL_PSEUDONYM_KEY": secrets.token_hex(32), "EARLYBELL_HOME": str(run)}
    train = measure.command(
        ["train", f"tables:{site}", "--out", run / "bundle", "--without-gates", "measured for its speed"], settings
    )
    predict = ["predict", run / "bundle", f"tables:{site}", "--out", run / "risks.parquet"]
    night = measure.command(
        [*predict, "--worklist", run / "worklist.csv", "--trail", f"sqlite:{run / 'trail.db'}"], settings
    )
    return {
        "learners": learners,
        "events": sites.count(site, "events"),
        "train": measure.summary([train]),
        "predict": measure.summary([night]),
    }


def report(figures: Figures) -> None:
    """Print each size, and the growth."""
    print("\nTraining, and a night's prediction with reasons, trail and worklist")
    print(f"{'learners':>10}{'events':>14}{'':>4}{'':10}{'seconds':>9}{'CPU s':>9}{'peak MiB':>10}")
    for size in figures["sizes"]:
        for name in ("train", "predict"):
            cost: measure.Summary = size["train"] if name == "train" else size["predict"]
            numbers = f"{cost['process_seconds']:9.1f}{cost['cpu_seconds']:9.1f}{cost['peak_mib']:10,}"
            print(f"{size['learners']:10,}{size['events']:14,}    {name:10}{numbers}")
    for powers in figures["growth"]:
        print(
            f"  training grew by the events to the power of {powers['cpu']} (processor), {powers['peak']} (memory);",
            end=" ",
        )
        print(f"target: at most {GROWTH}")
    print(
        f"  targets of {LARGEST:,} learners: training {TRAIN_SECONDS} s, {TRAIN_MIB:,} MiB; night {PREDICT_SECONDS} s"
    )
