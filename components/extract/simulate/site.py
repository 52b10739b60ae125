"""Writes a simulated site: run after run, chunk by chunk of learners, each chunk a part of every table."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from components.extract.simulate import activity, records, work
from components.extract.simulate.cohort import draw, true_risk
from components.extract.simulate.plan import Run, plan
from components.extract.simulate.settings import SCENARIOS, Settings
from components.extract.simulate.writer import Writer
from components.reporting import progress
from earlybell.counts import counted
from earlybell.errors import SettingError
from earlybell.tables.store import FACTS, tables_digest

_CHUNK_EVENTS = 400_000  # about what a chunk, and so a part, holds
_CHUNK_LEARNERS = 4_000
_PILOT_LEARNERS = 1_000
_REPORT_EVERY_S = 5.0


def simulate(out: Path, settings: Settings) -> None:
    """Write the canonical tables of a made-up site to `out`, and the true risks to `out/truth/true_risk.parquet`.

    True risks have columns course_id, learner_id, as_of (the start of each week of the run) and risk. Memory is
    bounded by a chunk of learners. `tables.json` is written last: a folder without it is not whole.

    Raises:
        SettingError: `out` holds files.
    """
    if out.exists() and any(out.iterdir()):
        raise SettingError("folder for a simulated site is not empty", str(out), "Name a new one, or empty it.")
    runs = plan(settings)
    rate = _rate(plan(replace(settings, scenario="none")), settings)
    with Writer(out) as writer:
        for name, columns in records.calendar(runs).items():
            writer.whole(name, columns)
        _report(writer, _chunks(runs, settings), rate, settings)
    facts = _facts(runs, settings) | {"digest": tables_digest(out)}
    (out / FACTS).write_text(json.dumps(facts, indent=2) + "\n")


def _report(
    writer: Writer, chunks: Iterator[tuple[Run, range, np.random.Generator]], rate: float, settings: Settings
) -> None:
    """Write every chunk, saying on stderr every few seconds how far it is."""
    written, reported_at = 0, time.monotonic()
    for run, numbers, rng in chunks:
        written += _write(writer, run, numbers, rate, rng)
        if time.monotonic() - reported_at > _REPORT_EVERY_S or numbers.stop == settings.learners:
            reported_at = time.monotonic()
            progress("simulate", f"{counted(written, 'event')} of {counted(numbers.stop, 'learner')}")


def _write(writer: Writer, run: Run, numbers: range, rate: float, rng: np.random.Generator) -> int:
    """Write one chunk's part of every table; how many events it has."""
    cohort = draw(run, numbers, rng)
    granted = work.grant(run, cohort, rng)
    handed_in = work.submissions(run, cohort, granted, rng)
    parts = [activity.handing_in(handed_in), activity.browsing(run, cohort, rate, rng)]
    tables = {
        "events": activity.events(run, activity.recorded(run, cohort, parts, rng)),
        "submissions": handed_in,
        "extensions": work.extensions(run, granted),
        "enrolments": records.enrolments(run, cohort),
        "learners": records.learners(cohort),
        "outcomes": records.outcomes(run, cohort, rng),
        "ratings": records.ratings(run, cohort, rng),
        "interventions": records.interventions(run, cohort, rng),
        "true_risk": true_risk(run, cohort),
    }
    for name, columns in tables.items():
        writer.part(name, columns, run.course_id, cohort.learner_id)
    return len(tables["events"]["learner"])


def _chunks(runs: list[Run], settings: Settings) -> Iterator[tuple[Run, range, np.random.Generator]]:
    """Chunks of a run's learners, each with a generator of its own."""
    size = min(_CHUNK_LEARNERS, max(1, _CHUNK_EVENTS // settings.events))
    for run in runs:
        for chunk, start in enumerate(range(run.learners.start, run.learners.stop, size), start=1):
            yield run, range(start, min(start + size, run.learners.stop)), _generator(settings, run, chunk)


def _generator(settings: Settings, run: Run, chunk: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(settings.seed, spawn_key=(run.number, chunk)))


def _rate(runs: list[Run], settings: Settings) -> float:
    """Events in sessions a usual learner and week that give the mean asked for; from a pilot cohort of each run."""
    sessions, others = 0.0, 0.0
    for run in runs:
        rng = _generator(settings, run, 0)
        cohort = draw(run, range(_PILOT_LEARNERS), rng)
        handed_in = work.submissions(run, cohort, work.grant(run, cohort, rng), rng)
        scale = len(run.learners) / _PILOT_LEARNERS
        sessions += scale * activity.expected(run, cohort)
        others += scale * len(activity.handing_in(handed_in)["learner"])
    return (settings.events * settings.learners - others) / sessions


def _facts(runs: list[Run], settings: Settings) -> dict[str, object]:
    notes = ["A simulated site: no learner in it is real. True risks are in truth/true_risk.parquet."]
    notes += [
        f"Course run {run.course_id} is under way: its records stop at {_date(run.records_end)} UTC, half-way."
        for run in runs
        if not run.finished
    ]
    if settings.scenario != "none":
        notes.append(f"Scenario of the newest runs, from week {settings.onset + 1} on: {SCENARIOS[settings.scenario]}.")
    return {"format": 1, "sources": [f"simulate:{settings.place}"], "ids": "raw", "notes": notes}


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
