"""The course runs of a simulated site: their calendar, assessments and holidays, and how they differ.

Times in this package are seconds since 1970 in UTC; `NEVER` stands for none.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from components.extract.simulate.settings import Settings
from components.extract.simulate.words import MATERIALS, NOTHING

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]
Columns = dict[str, npt.NDArray[Any]]

NEVER = int(np.iinfo(np.int64).max)
HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY
_FIRST_START = 1_662_336_000  # Monday, 5 September 2022
_BREAK_PACE = 0.08  # activity in a holiday, as a share of a usual week's
_DEADLINE_PACE = 1.25
_GOLDEN = 0.618  # spreads the courses' traits evenly over their range, however many there are


@dataclass(frozen=True)
class Assessment:
    """Work that a run asks for. `place` is its position in the run's `objects`, `ease` moves its scores."""

    assessment_id: str
    kind: str
    role: str
    week: int
    due_at: int
    weight: float
    max_score: float
    ease: float
    place: int


@dataclass(frozen=True)
class Run:
    """One course run. `records_end` is the moment its records stop: past everything for a finished run.

    Attributes:
        learners: numbers of its learners, from `learners.start` to before `learners.stop`.
        hardness: added to the log-odds of failing and of leaving.
        pace: expected activity of each week, relative to a usual one. Shape: weeks.
        breaks: the weeks that are holidays.
        objects: ids of what events act on; the last is None.
        shelf: by what an event is about, its object in each week: positions in `objects`. Shape: weeks.
        scenario, onset: what happens to it, after so many weeks.
    """

    number: int
    course_id: str
    code: str
    starts_at: int
    weeks: int
    records_end: int
    learners: range
    hardness: float
    pace: Floats
    breaks: tuple[int, ...]
    assessments: tuple[Assessment, ...]
    objects: Objects
    shelf: dict[str, Ints]
    scenario: str
    onset: int

    @property
    def ends_at(self) -> int:
        return self.starts_at + self.weeks * WEEK

    @property
    def strikes_at(self) -> int:
        """When its scenario begins."""
        return self.starts_at + self.onset * WEEK

    @property
    def finished(self) -> bool:
        return self.records_end == NEVER


def plan(settings: Settings) -> list[Run]:
    """Every run of the site: the finished ones, run after run, and the current one last."""
    runs = [(course, again) for again in range(settings.runs) for course in range(settings.courses)]
    runs += [(0, settings.runs)] * settings.current
    bounds = np.linspace(0, settings.learners, len(runs) + 1).astype(int).tolist()
    return [
        _run(settings, number, course, again, range(bounds[number], bounds[number + 1]))
        for number, (course, again) in enumerate(runs)
    ]


def logistic(odds: Floats) -> Floats:
    """Log-odds as probabilities."""
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


def _run(settings: Settings, number: int, course: int, again: int, learners: range) -> Run:
    rng = np.random.default_rng(np.random.SeedSequence(settings.seed, spawn_key=(number,)))
    code = f"FMT-{101 + course}"
    course_id = f"{code}-{again + 1:02d}"
    starts_at = _FIRST_START + again * max(26, settings.weeks + 4) * WEEK
    breaks = _breaks(settings.weeks, course, rng)
    newest = settings.runs - (not settings.current)
    scenario = settings.scenario if newest - settings.rounds < again <= newest else "none"
    assessments = _assessments(course_id, course, starts_at, settings.weeks, breaks, rng, scenario)
    return Run(
        number=number,
        course_id=course_id,
        code=code,
        starts_at=starts_at,
        weeks=settings.weeks,
        records_end=NEVER if again < settings.runs else starts_at + settings.weeks * WEEK // 2,
        learners=learners,
        hardness=1.4 * (_trait(course, 1) - 0.5) + rng.normal(0, 0.1),
        pace=(0.7 + 0.6 * _trait(course, 2)) * _pace(settings.weeks, breaks, assessments, rng),
        breaks=breaks,
        assessments=assessments,
        objects=_objects(course_id, settings.weeks, assessments),
        shelf=_shelf(settings.weeks, assessments),
        scenario=scenario,
        onset=settings.onset,
    )


def _trait(course: int, number: int) -> float:
    """A course's trait between 0 and 1: always the same, and different from its neighbours'."""
    return ((course + 1) * _GOLDEN * number) % 1.0


def _breaks(weeks: int, course: int, rng: np.random.Generator) -> tuple[int, ...]:
    """One holiday week before the middle; every other course has a second one after it."""
    shares = (0.34, 0.72) if course % 2 == 0 else (0.34,)
    return tuple(min(int(share * weeks) + int(rng.integers(0, 2)), weeks - 3) for share in shares)


def _pace(weeks: int, breaks: tuple[int, ...], assessments: tuple[Assessment, ...], rng: np.random.Generator) -> Floats:
    pace = rng.normal(1.0, 0.06, weeks)
    pace[[item.week for item in assessments]] *= _DEADLINE_PACE
    pace[list(breaks)] *= _BREAK_PACE
    return pace


def _assessments(
    course_id: str,
    course: int,
    starts_at: int,
    weeks: int,
    breaks: tuple[int, ...],
    rng: np.random.Generator,
    scenario: str,
) -> tuple[Assessment, ...]:
    """A pre-test in the first week, a post-test in the last but one, assignments and quizzes between.

    Their weights sum to 70: the final examination, not held on Moodle, has the rest.
    """
    items = [("quiz", "pre_test", 0, 0.0), ("quiz", "post_test", weeks - 2, 10.0)]
    numbers = (1, weeks - 3) if scenario == "redesign" else (4 + course % 3, 5 - course % 2)
    for kind, number, weight in (("assignment", numbers[0], 40.0), ("quiz", numbers[1], 20.0)):
        items += [(kind, "none", week, weight / number) for week in _spread(number, weeks, breaks, rng)]
    first_place = len(MATERIALS) * weeks
    return tuple(
        Assessment(
            assessment_id=f"{course_id}-{kind}-{place + 1:02d}",
            kind=kind,
            role=role,
            week=week,
            # Assignments are due on Friday, quizzes close on Sunday, both late in the evening.
            due_at=starts_at + week * WEEK + (4 if kind == "assignment" else 6) * DAY + 23 * HOUR,
            weight=weight,
            max_score=100.0 if kind == "assignment" else 10.0,
            ease=float(rng.normal(0, 0.04)),
            place=first_place + place,
        )
        for place, (kind, role, week, weight) in enumerate(sorted(items, key=lambda item: item[2]))
    )


def _spread(number: int, weeks: int, breaks: tuple[int, ...], rng: np.random.Generator) -> list[int]:
    """Weeks spread over a run, none of them a holiday."""
    even = np.linspace(1, weeks - 1.01, number) + rng.uniform(-0.5, 0.5, number)
    chosen = np.clip(even, 1, weeks - 1).astype(int)
    return [int(week) - 1 if week in breaks else int(week) for week in chosen]


def _objects(course_id: str, weeks: int, assessments: tuple[Assessment, ...]) -> Objects:
    materials = [f"{course_id}-{kind}-{week + 1:02d}" for kind in MATERIALS for week in range(weeks)]
    return np.array([*materials, *(item.assessment_id for item in assessments), None], dtype=object)


def _shelf(weeks: int, assessments: tuple[Assessment, ...]) -> dict[str, Ints]:
    week = np.arange(weeks)
    shelf = {kind: number * weeks + week for number, kind in enumerate(MATERIALS)}
    for kind in ("assignment", "quiz"):
        of_kind = [item for item in assessments if item.kind == kind]
        coming = np.searchsorted([item.week for item in of_kind], week).clip(max=len(of_kind) - 1)
        shelf[kind] = np.array([item.place for item in of_kind])[coming]
    return shelf | {NOTHING: np.full(weeks, -1)}
