"""The history of a run by hand, and beside what a prediction sees of the same run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from components.examples import Examples, read_examples
from components.train.history import history_of
from earlybell.bundle import Catalogue, Feature
from earlybell.predict import courses_at
from tests.components.evaluate.labelled import labelled

CATALOGUE = Catalogue(
    "1", tuple(Feature(name, name, "ratio", "calendar", "", "{value}") for name in ("progress", "prior_attempts"))
)


def _example(rows: list[tuple[int, float, int, float]]) -> Examples:
    """Examples of one run from learner, progress, label and earlier attempts."""
    learner, progress, label, attempts = map(np.array, zip(*rows, strict=True))
    examples = labelled(label, learner, np.column_stack([progress, attempts]))
    return replace(examples, starts_at=np.full(len(rows), np.datetime64("2025-10-01", "us")))


def test_a_runs_history_says_who_was_there_who_had_left_and_who_repeated() -> None:
    """Four learners in weeks at 25, 50 and 75%: learner 3 comes in the second, learner 1 leaves after it."""
    rows = [(0, 0.25, 1, 2.0), (0, 0.5, 1, 2.0), (0, 0.75, 1, 2.0), (1, 0.25, 1, 0.0), (1, 0.5, 1, 0.0)]
    rows += [(2, 0.25, 0, np.nan), (2, 0.5, 0, np.nan), (2, 0.75, 0, np.nan), (3, 0.5, 0, 0.0), (3, 0.75, 0, 0.0)]
    history = history_of(_example(rows), CATALOGUE, np.arange(len(rows)))
    (run,) = history.runs
    at = {stage: place for place, stage in enumerate(history.stages)}
    assert run.learners == 4
    assert run.repeaters == pytest.approx(1 / 3, abs=1e-4), "of the three whose attempts are known"
    assert [run.base_rates[at[stage]] for stage in (0.25, 0.5, 0.75, 1.0)] == [0.6667, 0.5, 0.3333, 0.3333]
    assert [run.left[at[stage]] for stage in (0.25, 0.5, 0.75)] == [0, 0, 0.25]


def test_a_history_is_of_the_rows_that_are_asked_for() -> None:
    """Every second row: of learner 0 and 2, while 1 and 3 between them would tell otherwise."""
    rows = [(0, 0.5, 1, 1.0), (1, 0.5, 0, 0.0), (2, 0.5, 1, 1.0), (3, 0.5, 0, 0.0)]
    examples = replace(
        _example(rows), run=np.array([0, 0, 1, 1]), course_id=np.array(["a", "a", "b", "b"], dtype=object)
    )
    runs = history_of(examples, CATALOGUE, np.array([0, 2])).runs
    assert [(run.course_id, run.learners, run.repeaters, run.base_rates[0]) for run in runs] == [
        ("a", 1, 1.0, 1.0),
        ("b", 1, 1.0, 1.0),
    ]


def test_where_no_attempt_is_known_the_share_who_repeat_is_not_known() -> None:
    (run,) = history_of(_example([(0, 0.5, 1, np.nan), (1, 0.5, 0, np.nan)]), CATALOGUE, np.arange(2)).runs
    assert run.repeaters is None


def test_training_and_prediction_see_the_same_course(site: Path, features: Path, labels: Path) -> None:
    catalogue, examples = read_examples(features, labels)
    history = history_of(examples, catalogue, np.arange(len(examples)))
    courses = courses_at(site, examples.observed)
    for run in history.runs:
        for (course_id, _), course in courses.items():
            if course_id == run.course_id:
                there = float(np.interp(course.progress, history.stages, run.left))
                assert course.left == pytest.approx(there, abs=0.06)
                assert (course.code, course.starts_at) == (run.code, run.starts_at)
                assert course.repeaters == pytest.approx(run.repeaters, abs=0.03)
