"""What the doctor finds in tables by hand: each finding in the run that is made for it, and nowhere else."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.extract import extract
from components.extract.doctor import Diagnosis, examine
from earlybell.cli.main import app
from earlybell.errors import TrainingError
from tests.components.extract.conftest import write_texts

START, NOW = datetime(2024, 9, 2), datetime(2025, 6, 1)


class Site:
    """Tables that runs are added to."""

    def __init__(self) -> None:
        self.courses = ["course_id,code,starts_at,ends_at,granularity,complete_from,complete_until"]
        self.enrolments = ["course_id,learner_id,enrolled_at,unenrolled_at,prior_attempts"]
        self.events = ["course_id,learner_id,occurred_at,component,action,target,object_id,count"]
        self.assessments = ["assessment_id,course_id,kind,role,due_at,weight,max_score"]
        self.outcomes = ["course_id,learner_id,outcome,final_score,decided_at"]

    def add(
        self,
        name: str,
        outcomes: Sequence[str],
        *,
        ends: datetime | None = START + timedelta(days=90),
        due: bool = True,
        first_day: int | None = 1,
        present: float = 1,
        whole: tuple[float | None, float | None] = (None, None),
    ) -> None:
        """A run with a learner for each outcome; `-` is none. Records are whole from and until these days."""
        stated = ",".join("" if day is None else f"{START + timedelta(days=day)}" for day in whole)
        self.courses.append(f"{name},{name},{START},{ends or ''},raw,{stated}")
        self.assessments.append(f"{name}-1,{name},quiz,none,{START + timedelta(days=30) if due else ''},100,10")
        for number, outcome in enumerate(outcomes):
            learner = f"{name}-{number}"
            left = START + timedelta(days=40) if outcome == "withdrawn" else ""
            self.enrolments.append(f"{name},{learner},{START},{left},")
            if outcome != "-":
                self.outcomes.append(f"{name},{learner},{outcome},,{ends}")
            if first_day is not None and number < present * len(outcomes):
                at = START + timedelta(days=first_day, hours=number)
                self.events.append(f"{name},{learner},{at},core,viewed,course,,1")

    def examine(self, folder: Path) -> Diagnosis:
        texts = {name: "\n".join(rows) + "\n" for name, rows in vars(self).items()}
        extract([f"tables:{write_texts(folder / 'in', texts)}"], folder / "out", key=None, ids="keep")
        return examine(folder / "out", NOW)


MIXED = ["pass"] * 9 + ["fail"] * 3 + ["withdrawn"] * 3


def test_each_finding_is_in_its_run_alone(tmp_path: Path) -> None:
    site = Site()
    site.add("good", MIXED)
    site.add("endless", ["-"] * 12, ends=None)
    site.add("undue", MIXED, due=False)
    site.add("small", ["pass"] * 5 + ["fail"] * 4)
    site.add("silent", MIXED, first_day=None)
    site.add("purged", MIXED, first_day=15)
    site.add("kept", MIXED, first_day=14 - 1)
    site.add("elsewhere", MIXED, present=0.1)
    site.add("ungraded", ["-"] * 12 + ["withdrawn"] * 2)
    site.add("unfinished", ["pass"] * 4 + ["fail"] + ["-"] * 10)
    site.add("easy", ["pass"] * 12)
    diagnosis = site.examine(tmp_path)
    assert {finding.kind: finding.courses for finding in diagnosis.findings} == {
        "no-end": ["endless"],
        "no-deadlines": ["undue"],
        "few-learners": ["small"],
        "no-log": ["silent"],
        "log-purged": ["purged"],
        "taught-elsewhere": ["elsewhere"],
        "no-grades": ["endless", "ungraded"],  # of usual length, it is over since December
        "few-grades": ["unfinished"],
        "one-outcome": ["easy"],
    }
    stopping = {finding.kind for finding in diagnosis.findings if finding.stops}
    assert stopping == {"no-log", "log-purged", "taught-elsewhere", "no-grades"}
    assert diagnosis.trainable
    taught = [run.course_id for run in diagnosis.runs if run.teaches]
    assert taught == ["elsewhere", "good", "kept", "small", "undue", "unfinished"]


@pytest.mark.parametrize(
    ("first_day", "whole", "kind", "teaches"),
    [
        (40, (40, None), "log-begins-late", True),
        (40, (83, None), "log-begins-late", True),
        (40, (83.5, None), "log-purged", False),
        (3, (3, 50), "log-begins-late", True),
        (20, (20, 26), "log-purged", False),
        (15, (0, None), None, True),
        (1, (0, 50), None, True),
    ],
    ids=["known", "a week is left", "less than a week", "an export ends early", "both", "nobody acted", "whole"],
)
def test_a_purged_run_is_learnt_from_where_it_is_known_from_when_on_it_is_whole(
    first_day: int, whole: tuple[float | None, float | None], kind: str | None, teaches: bool, tmp_path: Path
) -> None:
    site = Site()
    site.add("run", MIXED, first_day=first_day, whole=whole)
    diagnosis = site.examine(tmp_path)
    assert {finding.kind for finding in diagnosis.findings} == {"one-run" if teaches else "nothing-to-learn-from"} | (
        {kind} if kind else set()
    )
    assert diagnosis.trainable == teaches


@pytest.mark.parametrize(
    ("runs", "kinds", "trainable"),
    [
        ({"a": MIXED}, {"one-run"}, True),
        ({"a": MIXED, "b": MIXED * 2}, set(), True),
        ({"a": MIXED, "b": MIXED * 3, "c": MIXED}, {"huge-course"}, True),
        ({"a": ["pass"] * 20 + ["fail"] * 4}, {"one-run", "too-few-outcomes"}, False),
        ({"a": ["pass"] * 20}, {"one-outcome", "too-few-outcomes", "nothing-to-learn-from"}, False),
    ],
    ids=["one run", "two", "one huge", "four failed", "nobody failed"],
)
def test_the_site_as_a_whole_is_judged(
    runs: dict[str, list[str]], kinds: set[str], trainable: bool, tmp_path: Path
) -> None:
    site = Site()
    for name, outcomes in runs.items():
        site.add(name, outcomes)
    diagnosis = site.examine(tmp_path)
    assert {finding.kind for finding in diagnosis.findings} == kinds
    assert diagnosis.trainable == trainable


def test_the_command_says_it_and_ends_by_4_where_nothing_can_be_trained_on(tmp_path: Path) -> None:
    site = Site()
    site.add("easy", ["pass"] * 12)
    site.examine(tmp_path)
    cli = CliRunner()
    told = cli.invoke(app, ["doctor", f"tables:{tmp_path / 'out'}", "--ids", "keep"])
    assert "1 course run, of which a model can learn from 0." in told.stdout
    assert (
        "one-outcome (less well): all ended well, or none did: nothing tells the two apart. In easy. Look"
        in told.stdout
    )
    assert isinstance(told.exception, TrainingError)
    assert told.exception.exit_code == 4
    as_json = cli.invoke(app, ["doctor", f"tables:{tmp_path / 'out'}", "--ids", "keep", "--json"])
    assert json.loads(as_json.stdout)["trainable"] is False
