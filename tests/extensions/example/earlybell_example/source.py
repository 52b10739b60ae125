"""The source `lms:LEARNERS`: a made-up learning platform, whose tables are written as Earlybell reads them."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from components.extract.sources import Source, as_tables
from earlybell.errors import SettingError

STARTS = {"algebra_1": datetime(2024, 1, 8), "algebra_2": datetime(2024, 9, 2)}
LENGTH = timedelta(weeks=8)
COLUMNS = {
    "courses": "course_id,code,starts_at,ends_at,granularity,timezone,weekend",
    "enrolments": "course_id,learner_id,enrolled_at,unenrolled_at,prior_attempts",
    "events": "course_id,learner_id,occurred_at,component,action,target,object_id,count",
    "outcomes": "course_id,learner_id,outcome,final_score,decided_at",
}
Rows = dict[str, list[tuple[object, ...]]]


def _write(place: str, folder: Path) -> None:
    if not place.isdecimal():
        raise SettingError("no number of learners", place, "As lms:100.")
    random = np.random.default_rng(int(place))
    rows: Rows = {name: [] for name in COLUMNS}
    for run, start in STARTS.items():
        rows["courses"].append((run, "algebra", start, start + LENGTH, "raw", "UTC", "sat,sun"))
        for number in range(int(place)):
            _add_learner(rows, random, run, f"{run}-{number}")
    for name, columns in COLUMNS.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([columns.split(","), *rows[name]])


def _add_learner(rows: Rows, random: np.random.Generator, run: str, learner: str) -> None:
    start, diligence = STARTS[run], random.random()
    rows["enrolments"].append((run, learner, start - timedelta(days=7), None, 0))
    for share in np.sort(random.random(random.poisson(40 * diligence + 2))):
        at = (start + share * LENGTH).replace(microsecond=0)
        rows["events"].append((run, learner, at, "mod_page", "viewed", "course_module", None, 1))
    outcome = "pass" if random.random() < diligence else "fail"
    rows["outcomes"].append((run, learner, outcome, None, start + LENGTH))


SOURCE = Source("lms", "LEARNERS", "a made-up learning platform", as_tables(_write))
