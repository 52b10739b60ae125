"""Time travel on simulated sites: what is noticed of each scenario, when, and by which name.

The table of all scenarios at a larger size is in docs/explanation/monitoring.md.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.time_travel import Alarm, first_alarms, newest, train_on, travel
from components.extract.simulate import Settings, simulate
from tests.conftest import Once

QUIET = Settings(learners=1200, courses=3, runs=4, weeks=12, events=80, seed=11, current=False, onset=5)
WITHIN = 3  # weeks from the onset


@pytest.fixture(scope="module")
def world(once: Once) -> Path:
    """A quiet site, and a model of all its rounds but the newest."""

    def make(out: Path) -> None:
        simulate(out / "none", QUIET)
        train_on(out / "none", newest(QUIET), out / "model")

    return once("time-travel", make)


def _alarms(world: Path, folder: Path, scenario: str) -> list[Alarm]:
    settings = replace(QUIET, scenario=scenario)
    place = world / "none" if scenario == "none" else folder / scenario
    return first_alarms(travel(world / "model" / "bundle", settings, place)[1])


def _runs(alarms: Iterable[Alarm], *figures: str) -> set[str]:
    return {alarm.course_id for alarm in alarms if alarm.figure in figures and alarm.week <= QUIET.onset + WITHIN}


def test_nothing_is_said_of_quiet_terms(world: Path, tmp_path: Path) -> None:
    assert _alarms(world, tmp_path, "none") == []


@pytest.mark.parametrize(
    ("scenario", "figures", "named"),
    [
        ("broken_ingestion", ("days_without_record",), "No events have arrived since"),
        ("dead_feature", ("lost_components",), "No events of mod_quiz, mod_forum for two weeks"),
        ("pandemic", ("events_a_learner", "ks_earlier_runs", "ks_training"), "clicks"),
    ],
)
def test_a_scenario_that_harms_is_noticed_within_three_weeks_by_its_name(
    scenario: str, figures: tuple[str, ...], named: str, world: Path, tmp_path: Path
) -> None:
    alarms = _alarms(world, tmp_path, scenario)
    assert _runs(alarms, *figures) == set(newest(QUIET))
    firsts = [alarm for alarm in alarms if alarm.figure in figures]
    assert min(alarm.week for alarm in firsts) > QUIET.onset
    assert named in " ".join(alarm.sentence for alarm in firsts)


def test_a_harder_examination_shows_in_outcomes_alone(world: Path, tmp_path: Path) -> None:
    """Nothing that learners do before it differs, so nothing else can."""
    alarms = _alarms(world, tmp_path, "changed_labels")
    assert {alarm.figure for alarm in alarms} == {"calibration_gap"}
    assert "too low on average" in alarms[0].sentence
