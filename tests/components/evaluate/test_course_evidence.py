"""How far the level of courses is off, and what the rule of a course answers, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from components.evaluate.course_evidence import (
    EARLIER_RUNS,
    NO_EARLIER_RUNS,
    TIMES,
    Gap,
    LeftOut,
    course_evidence,
    gaps,
    in_doubt,
    level_error,
)
from components.evaluate.measure import near
from earlybell.bundle import Bands
from earlybell.bundle.bands import Interval
from earlybell.bundle.history import STAGES
from tests.components.evaluate.labelled import labelled

BANDS = Bands(0.6, 0.4, 7, 0, {}, Interval((0.0, 1.0), (0.0, 0.0), (1.0, 1.0)))


def _left_out(split: str, risks: dict[str, tuple[float, float]], earlier: frozenset[str] = frozenset()) -> LeftOut:
    """Runs of 40 learners in two weeks, half of whom fail: the mean risk of each, and how far they differ from it.

    Those who fail have the higher risks. The first letter of a run is its course.
    """
    count = 80 * len(risks)
    run = np.repeat(np.array([*risks], dtype=object), 80)
    label = np.arange(count) % 2
    mean, spread = (np.array([risks[name][place] for name in run]) for place in (0, 1))
    examples = replace(
        labelled(label, np.arange(count) // 80 * 40 + np.arange(count) % 40),
        course_id=run,
        code=np.array([name[0] for name in run], dtype=object),
    )
    fold = np.unique(examples.code, return_inverse=True)[1].astype(np.int64)
    progress = np.where(np.arange(count) % 80 < 40, 0.2, 0.6)
    return LeftOut(split, examples, progress, mean + spread * (2 * label - 1), fold, np.isin(run, [*earlier]))


def _gap(code: str, size: float, *, earlier_runs: bool = False) -> Gap:
    return Gap(code, earlier_runs, np.full(len(STAGES), size))


def test_a_gap_is_of_courses_left_out_and_of_runs_left_out_whose_earlier_runs_are_known() -> None:
    new = _left_out("course", {"A1": (0.6, 0.1), "B1": (0.3, 0.1)})
    runs = _left_out("course_run", {"A1": (0.9, 0.1), "A2": (0.55, 0.1)}, frozenset({"A2"}))
    found = [(gap.code, gap.earlier_runs, round(float(gap.gap[0]), 6)) for gap in gaps([new, runs])]
    assert found == [("A", False, 0.1), ("B", False, -0.2), ("A", True, 0.05)]


def test_where_no_course_has_two_runs_every_run_left_out_is_a_new_course() -> None:
    runs = _left_out("course_run", {"A1": (0.6, 0.1), "B1": (0.3, 0.1)})
    assert [(gap.code, gap.earlier_runs) for gap in gaps([runs])] == [("A", False), ("B", False)]


def test_a_gap_is_of_the_week_that_is_nearest_to_the_stage() -> None:
    left_out = _left_out("course", {"A1": (0.6, 0.1)})
    risk = np.where(left_out.progress == 0.6, 0.5, left_out.risk)
    (gap,) = gaps([replace(left_out, risk=risk)])
    assert gap.gap[STAGES.index(0.2)] == pytest.approx(0.1)
    assert gap.gap[STAGES.index(0.65)] == pytest.approx(0.0)


def test_the_level_error_is_a_root_mean_square_of_the_runs_and_of_those_that_stand_for_the_default() -> None:
    known = [_gap("A", size) for size in (0.1, -0.1, 0.2, -0.2)] + [_gap("A", 0.3, earlier_runs=True)]
    levels = level_error(known)
    assert levels.no_earlier_runs[0] == pytest.approx(np.sqrt((0.1 + 24 * 0.08**2) / 28), abs=1e-4)
    assert levels.earlier_runs[-1] == pytest.approx(np.sqrt((0.09 + 24 * 0.04**2) / 25), abs=1e-4)
    none = level_error([])
    assert (none.earlier_runs[0], none.no_earlier_runs[0], none.times) == (EARLIER_RUNS, NO_EARLIER_RUNS, TIMES)


def test_a_course_left_out_is_judged_by_the_level_errors_of_the_others() -> None:
    left_out = _left_out("course", {"A1": (0.5, 0.3), "B1": (0.5, 0.3)})
    known = [_gap("A", 0.2) for _ in range(24)] + [_gap("B", 0.0) for _ in range(24)]  # of B 0.152, of A 0.057
    doubted = in_doubt(left_out, known)
    assert not doubted[:80].any()
    assert doubted[80:].all()


@pytest.mark.parametrize(
    ("weeks", "cutoff", "nearest"),
    [
        ((0.1, 0.2, 0.3), 0.2, 0.2),
        ((0.1, 0.2, 0.3), 0.4, 0.3),  # one step further
        ((0.1, 0.2, 0.3), 0.41, None),
        ((0.02, 0.04), 0.09, 0.04),
        ((0.02, 0.04), 0.1, None),
        ((0.3,), 0.8, 0.3),
    ],
)
def test_a_run_whose_records_do_not_reach_a_cut_off_has_no_rows_there(
    weeks: tuple[float, ...], cutoff: float, nearest: float | None
) -> None:
    progress = np.repeat(np.array(weeks, dtype=np.float32), 2)
    rows = near(progress, np.zeros(len(progress), dtype=np.int64), cutoff)
    assert progress[rows].tolist() == ([] if nearest is None else [pytest.approx(nearest)] * 2)


def test_a_row_has_the_certainty_of_the_run_and_the_figures_of_those_with_evidence_of_their_own() -> None:
    left_out = _left_out("course", {"A1": (0.5, 0.3), "B1": (0.7, 0.0)})
    left_out.examples.days_seen[:10] = 1.0
    known = [_gap(code, 0.08) for code in "AB"]
    rows = {(row.course_id, row.cutoff): row for row in course_evidence(left_out, known, BANDS, ["a", "b"], 1)}
    sure, unsure = rows["A1", 0.2], rows["B1", 0.2]
    assert (sure.certainty, sure.answered, sure.learners, sure.share) == (3.75, True, 40, 0.75)
    assert sure.brier_skill.value == pytest.approx(1 - 0.04 / 0.25)
    assert (unsure.certainty, unsure.answered, unsure.share) == (0.0, False, 1.0)
    assert unsure.brier_skill.value == pytest.approx(-0.04 / 0.25)
    assert rows["A1", 0.5].share == 1.0
