"""A chunk of a run's learners: who they are, their latent path, how it ends and how likely that was."""

from dataclasses import dataclass

import numpy as np

from components.extract.simulate.plan import (
    DAY,
    HOUR,
    NEVER,
    WEEK,
    Columns,
    Flags,
    Floats,
    Ints,
    Objects,
    Run,
    logistic,
)

_LEAVING = 0.05  # expected departures over a whole run of a learner whose engagement stays at 0
_STEEPNESS = 1.45  # how strongly the latent path decides the end
_LOSS = 0.8  # of engagement in a pandemic, on average
_HARDER = 1.8  # log-odds of failing, of a harder examination


@dataclass(frozen=True)
class Cohort:
    """Learners of one run, in the order of their numbers. Shapes: learners, or learners x weeks.

    Attributes:
        learner_id: raw ids.
        attributes: protected attributes by name.
        style: how much a learner clicks, whatever the engagement.
        hazard: probability of leaving in a week, given still there at its start.
        p_fail: probability of failing, given not left.
        left_at: when the learner leaves, known in the current run too; NEVER: stays.
        until: every record of the learner is before it (the departure, or the end of the run's records).
    """

    learner_id: Objects
    attributes: Columns
    prior_attempts: Ints
    enrolled_at: Ints
    style: Floats
    ability: Floats
    engagement: Floats
    hazard: Floats
    p_fail: Floats
    failed: Flags
    left_at: Ints
    until: Ints

    def __len__(self) -> int:
        return len(self.learner_id)


def draw(run: Run, numbers: range, rng: np.random.Generator) -> Cohort:
    """The learners with these numbers."""
    size = len(numbers)
    attributes = _attributes(size, rng)
    prior_attempts = rng.choice(3, size, p=(0.86, 0.11, 0.03))
    enrolled_at = _enrolled_at(run, size, rng)
    ability = rng.normal(-0.2 * prior_attempts, 0.9)[:, None] + rng.normal(0, 0.06, (size, run.weeks)).cumsum(axis=1)
    engagement = _engagement(run.weeks, ability[:, 0], attributes, rng)
    if run.scenario == "pandemic":
        engagement[:, run.onset :] -= rng.gamma(1.5, _LOSS / 1.5, (size, 1))
    hazard = _hazard(run, engagement, enrolled_at)
    p_fail = _p_fail(run, ability, engagement, prior_attempts)
    left_at = _left_at(run, hazard, rng)
    return Cohort(
        learner_id=np.array([f"learner-{number:06d}" for number in numbers], dtype=object),
        attributes=attributes,
        prior_attempts=prior_attempts,
        enrolled_at=enrolled_at,
        style=rng.lognormal(-0.06, 0.35, size),
        ability=ability,
        engagement=engagement,
        hazard=hazard,
        p_fail=p_fail,
        failed=rng.random(size) < p_fail,
        left_at=left_at,
        until=np.minimum(left_at, run.records_end),
    )


def true_risk(run: Run, cohort: Cohort) -> Columns:
    """For each learner and week, while enrolled: the probability of failing or leaving, given the latent path.

    At the start of week k it is 1 - product over weeks k and later of (1 - hazard) x (1 - probability of failing).
    """
    stays = np.cumprod(1 - cohort.hazard[:, ::-1], axis=1)[:, ::-1]
    risk = 1 - stays * (1 - cohort.p_fail)[:, None]
    as_of = run.starts_at + WEEK * np.arange(run.weeks)
    enrolled = (cohort.enrolled_at[:, None] < as_of) & (cohort.left_at[:, None] > as_of) & (as_of <= run.records_end)
    learner, week = np.nonzero(enrolled)
    return {"learner": learner, "as_of": as_of[week], "risk": risk[learner, week]}


def _attributes(size: int, rng: np.random.Generator) -> Columns:
    choices = {
        "gender": (("female", "male", None), (0.55, 0.43, 0.02)),
        "age": (("18-21", "22-25", "26-35", "36+", None), (0.5, 0.25, 0.15, 0.08, 0.02)),
        "disability": (("no", "yes"), (0.91, 0.09)),
        "region": (("north", "east", "south", "west", None), (0.25, 0.2, 0.3, 0.23, 0.02)),
        "deprivation": (("most", "high", "middle", "low", "least"), (0.2, 0.2, 0.2, 0.2, 0.2)),
        "education": (("secondary", "vocational", "bachelor", None), (0.62, 0.25, 0.1, 0.03)),
    }
    return {
        name: np.array(words, dtype=object)[rng.choice(len(words), size, p=shares)]
        for name, (words, shares) in choices.items()
    }


def _enrolled_at(run: Run, size: int, rng: np.random.Generator) -> Ints:
    """Mostly in the three weeks before the start; one in seventeen late, within the first seventh of the run."""
    early = run.starts_at - HOUR - rng.gamma(2.0, 5 * DAY, size)
    late = run.starts_at + rng.uniform(HOUR, run.weeks * WEEK / 7, size)
    return np.where(rng.random(size) < 0.06, late, early).astype(np.int64)


def _engagement(weeks: int, ability: Floats, attributes: Columns, rng: np.random.Generator) -> Floats:
    deprived = (attributes["deprivation"] == "most") * 1.0
    level: Floats = 0.3 * ability - 0.18 * deprived + rng.normal(0.08, 0.75, len(ability))
    return level[:, None] + _moods(len(ability), weeks, rng) + _drifts(len(ability), weeks, rng)


def _moods(size: int, weeks: int, rng: np.random.Generator) -> Floats:
    """An autoregressive process of order one, stationary with standard deviation 0.37."""
    memory, deviation = 0.75, 0.37
    moods = rng.normal(0, deviation, (size, weeks))
    for week in range(1, weeks):
        moods[:, week] = memory * moods[:, week - 1] + np.sqrt(1 - memory**2) * moods[:, week]
    return moods


def _drifts(size: int, weeks: int, rng: np.random.Generator) -> Floats:
    """Three in ten learners slide at some point, a third of these come back; one in twelve starts slowly."""
    share = np.arange(weeks) / weeks
    onset = rng.uniform(0, 0.8, size)[:, None]
    depth = rng.uniform(0.8, 2.4, size)[:, None] * (rng.random(size) < 0.3)[:, None]
    back = (rng.random(size) < 0.33)[:, None] * 0.9
    slide = ((share - onset) / 0.2).clip(0, 1) - back * ((share - onset - 0.3) / 0.2).clip(0, 1)
    slow = (rng.random(size) < 1 / 12)[:, None] * 1.5
    drift: Floats = -depth * slide - slow * (1 - share / 0.4).clip(0, 1)
    return drift


def _hazard(run: Run, engagement: Floats, enrolled_at: Ints) -> Floats:
    """None in the week in which a learner joins nor before it."""
    rate: Floats = _LEAVING / run.weeks * np.exp(0.5 * run.hardness - 1.1 * _STEEPNESS * engagement)
    joined = (enrolled_at - run.starts_at) // WEEK
    hazard: Floats = (1 - np.exp(-rate)).clip(max=0.35)
    return np.where(np.arange(run.weeks) > joined[:, None], hazard, 0.0)


def _p_fail(run: Run, ability: Floats, engagement: Floats, prior_attempts: Ints) -> Floats:
    lasting = (engagement * np.linspace(0.6, 1.4, run.weeks)).mean(axis=1)  # later weeks matter more
    harder = _HARDER if run.scenario == "changed_labels" else 0.0
    odds = (
        -2.15 + run.hardness + harder - _STEEPNESS * (1.5 * lasting + 0.9 * ability.mean(axis=1)) + 0.2 * prior_attempts
    )
    return logistic(odds)


def _left_at(run: Run, hazard: Floats, rng: np.random.Generator) -> Ints:
    """Some moment inside the first week in which the hazard strikes."""
    leaves = rng.random(hazard.shape) < hazard
    moment = run.starts_at + leaves.argmax(axis=1) * WEEK + rng.integers(1, WEEK, len(hazard))
    return np.where(leaves.any(axis=1), moment, NEVER)
