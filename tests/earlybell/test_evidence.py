"""The rules of evidence by hand: of a learner, and of a course run as a whole."""

from datetime import datetime

import numpy as np
import pytest

from earlybell.bundle import Bands
from earlybell.bundle.bands import Interval, LevelError
from earlybell.bundle.history import History
from earlybell.predict import DOUBT_WORDS, Course, Observed, certainty, corrections, course_doubt, doubts

LEVELS = LevelError((0.2, 0.6), earlier_runs=(0.04, 0.02), no_earlier_runs=(0.1, 0.05), times=2.0)
AT = datetime(2026, 1, 1)


def _class(spread: float, learners: int = 20) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Risks around one half, with this standard deviation."""
    return 0.5 + spread * np.where(np.arange(learners) % 2, 1.0, -1.0)


@pytest.mark.parametrize(
    ("progress", "earlier_runs", "level_error"),
    [(0.1, False, 0.1), (0.2, False, 0.1), (0.4, False, 0.075), (0.9, False, 0.05), (0.4, True, 0.03)],
)
def test_a_course_must_differ_by_so_many_level_errors_of_its_stage(
    progress: float, earlier_runs: bool, level_error: float
) -> None:
    below, above = (_class(share * 2 * level_error) for share in (0.99, 1.01))
    assert course_doubt(LEVELS, below, progress, earlier_runs=earlier_runs) == "course_level"
    assert course_doubt(LEVELS, above, progress, earlier_runs=earlier_runs) == ""
    assert certainty(LEVELS, above, progress, earlier_runs=earlier_runs) == pytest.approx(2.02)


def test_a_very_small_class_shows_nothing_of_its_course() -> None:
    assert course_doubt(LEVELS, _class(0.0, 9), 0.2, earlier_runs=False) == ""
    assert course_doubt(LEVELS, _class(0.0, 10), 0.2, earlier_runs=False) == "course_level"


def test_an_older_bundle_has_no_rule_of_a_course() -> None:
    assert course_doubt(None, _class(0.0), 0.2, earlier_runs=False) == ""


def test_a_learners_own_doubt_comes_before_that_of_the_course() -> None:
    interval = Interval((0.0, 1.0), (0.0, 0.0), (1.0, 1.0))
    bands = Bands(0.6, 0.4, days_needed=7, most_outside=0, ranges={"a": (0, 1)}, interval=interval)
    nobody = np.full(5, "", dtype=object)
    values = np.array([[0.5], [2.0], [0.5], [2.0], [np.nan]], dtype=np.float32)
    days = np.array([7.0, 7.0, 6.9, np.nan, 8.0])
    observed = Observed(nobody, nobody, np.full(5, np.datetime64(AT, "us")), days, values)
    own = ["", "unlike_training", "little_teaching", "little_teaching", ""]
    assert doubts(bands, observed, ["a"]).tolist() == own
    of_course = doubts(bands, observed, ["a"], "course_level").tolist()
    assert of_course == [doubt or "course_level" for doubt in own]
    assert {*of_course} == {*DOUBT_WORDS}


def test_each_course_run_of_a_batch_is_doubted_by_its_own_risks() -> None:
    run = np.repeat(np.array(["flat", "spread"], dtype=object), 20)
    observed = Observed(
        run, run, np.full(40, np.datetime64(AT, "us")), np.full(40, 20.0), np.zeros((40, 1), dtype=np.float32)
    )
    courses = {(name, AT): Course(name, datetime(2025, 10, 1), 0.2, 0.0, None) for name in ("flat", "spread")}
    risk = np.r_[_class(0.1), _class(0.3)]
    made = corrections(History(), courses, observed, risk, LEVELS)
    assert {key[0]: entry.doubt for key, entry in made.by_course.items()} == {"flat": "course_level", "spread": ""}
    assert made.doubt.tolist() == ["course_level"] * 20 + [""] * 20
    assert set(corrections(History(), courses, observed, risk).doubt.tolist()) == {""}
