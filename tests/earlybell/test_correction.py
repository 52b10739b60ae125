"""The correction of a course, by hand: what is expected of it, how far its risks are pulled, and what bounds that."""

import math
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from earlybell.bundle.history import History, RunHistory
from earlybell.predict.correction import Correction, Course, correct, correction
from earlybell.tables.correction import BOUND

STAGES = (0.2, 0.6)
MANY = np.full(10**7, 0.3)  # so many that the size of the class takes nothing away


def _run(code: str, year: int, rates: tuple[float, float], learners: int = 100, left: float = 0.1) -> RunHistory:
    return RunHistory(
        course_id=f"{code}_{year}",
        code=code,
        starts_at=datetime(year, 10, 1),
        learners=learners,
        repeaters=None,
        base_rates=rates,
        left=(left, left),
    )


def _course(code: str = "A", year: int = 2024, progress: float = 0.2, left: float = 0.1) -> Course:
    return Course(code, datetime(year, 10, 1), progress, left, None)


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))


def test_the_mean_risk_is_pulled_three_quarters_of_the_way_to_the_base_rate_of_earlier_runs() -> None:
    history = History(STAGES, (_run("A", 2023, (0.5, 0.4)),))
    made = correction(history, _course(), MANY)
    assert (made.basis, made.expected, made.runs) == ("earlier_runs", 0.5, 1)
    assert made.mean_risk == pytest.approx(0.3)
    assert made.shift == pytest.approx(0.75 * (_log_odds(0.5) - _log_odds(0.3)), abs=1e-5)


def test_between_two_stages_the_base_rate_is_between_theirs() -> None:
    history = History(STAGES, (_run("A", 2023, (0.5, 0.4)),))
    assert correction(history, _course(progress=0.4), MANY).expected == pytest.approx(0.45)


def test_each_earlier_run_counts_the_same_and_later_runs_and_few_other_courses_do_not_count() -> None:
    runs = (
        _run("A", 2022, (0.5, 0.5), learners=300),
        _run("A", 2023, (0.2, 0.2), learners=100),
        _run("A", 2024, (0.9, 0.9)),  # the run itself, were it known
        _run("A", 2025, (0.9, 0.9)),
        _run("B", 2022, (0.9, 0.9)),
    )
    expected = 1 / (1 + math.exp(-(_log_odds(0.5) + _log_odds(0.2)) / 2))
    made = correction(History(STAGES, runs), _course(), MANY)
    assert made.expected == pytest.approx(expected, abs=1e-6)
    assert made.runs == 2


OTHERS = (
    _run("B", 2022, (0.4, 0.4)),
    _run("B", 2023, (0.4, 0.4)),
    _run("C", 2022, (0.6, 0.6)),
    _run("D", 2022, (0.5, 0.5)),
    _run("E", 2022, (0.5, 0.5)),
)


def test_a_course_without_earlier_runs_is_pulled_to_other_courses_each_counting_once() -> None:
    made = correction(History(STAGES, OTHERS), _course(), MANY)
    assert (made.basis, made.runs) == ("other_courses", 5)
    assert made.expected == pytest.approx(0.5)
    assert made.shift == pytest.approx(0.75 * (_log_odds(0.5) - _log_odds(0.3)), abs=1e-5)


def test_other_courses_count_half_as_much_as_one_earlier_run() -> None:
    made = correction(History(STAGES, (_run("A", 2023, (0.8, 0.8)), *OTHERS)), _course(), MANY)
    assert (made.basis, made.runs) == ("earlier_runs", 1)
    assert _log_odds(made.expected or 0) == pytest.approx(_log_odds(0.8) / 1.5, abs=1e-5)


def test_where_more_have_left_than_elsewhere_more_is_expected_if_it_was_so_in_other_courses() -> None:
    runs = tuple(
        _run(code, 2022, (rate, rate), left=left) for code, rate, left in zip("BCDE", RATES, LEFT, strict=True)
    )
    level = float(np.mean([_log_odds(rate) for rate in RATES]))
    deviation = float(np.std(LEFT))
    signal = [(left - 0.25) / deviation for left in LEFT]
    effect = sum(x * (_log_odds(rate) - level) for x, rate in zip(signal, RATES, strict=True)) / (
        sum(x * x for x in signal) + 2
    )
    made = correction(History(STAGES, runs), _course(left=0.35), MANY)
    assert _log_odds(made.expected or 0) == pytest.approx(level + effect * 0.1 / deviation, abs=1e-4)
    assert (made.expected or 0) > 0.5


RATES, LEFT = (0.35, 0.45, 0.55, 0.65), (0.1, 0.2, 0.3, 0.4)


def test_a_share_of_repeaters_that_is_hardly_any_says_nothing_of_a_course() -> None:
    shares = (0.1, 0.15, 0.2, 0.25, 0.3)
    history = History(
        STAGES, tuple(structs.replace(run, repeaters=share) for run, share in zip(OTHERS, shares, strict=True))
    )
    expected = [correction(history, replace(_course(), repeaters=share), MANY).expected for share in (None, 0.005, 0.3)]
    assert expected[0] == expected[1] == pytest.approx(0.5)
    assert expected[2] != expected[0]


@pytest.mark.parametrize("codes", ["", "B", "BC", "BCD"])
def test_three_other_courses_say_nothing_of_a_new_one(codes: str) -> None:
    history = History(STAGES, tuple(_run(code, 2022, (0.9, 0.9)) for code in codes))
    made = correction(history, _course(), MANY)
    assert (made.shift, made.basis, made.expected) == (0, "none", None)


def test_a_class_of_twenty_is_pulled_half_as_far_and_one_of_nobody_is_not() -> None:
    history = History(STAGES, (_run("A", 2023, (0.5, 0.4)),))
    whole = correction(history, _course(), MANY).shift
    assert correction(history, _course(), np.full(20, 0.3)).shift == pytest.approx(whole / 2, abs=1e-5)
    assert correction(history, _course(), np.empty(0)) == Correction()


def test_nothing_is_shifted_by_more_than_the_bound() -> None:
    history = History(STAGES, (_run("A", 2023, (0.99, 0.99)),))
    assert correction(history, _course(), np.full(10**6, 0.01)).shift == BOUND
    assert correction(history, _course(progress=0.1), np.full(10**6, 0.01)).shift == pytest.approx(0.5)
    assert correction(history, _course(progress=0.0), np.full(10**6, 0.01)).shift == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(-BOUND, BOUND))
def test_a_correction_keeps_the_order_of_learners_and_stays_a_probability(risks: list[float], shift: float) -> None:
    risk = np.sort(np.array(risks))
    corrected = correct(risk, shift)
    assert ((corrected >= 0) & (corrected <= 1)).all()
    assert (np.diff(corrected) >= 0).all()
    assert (correct(risk, 0.0) == risk).all()
    inside = (risk > 1e-6) & (risk < 1 - 1e-6)
    assert np.allclose(correct(corrected[inside], -shift), risk[inside], atol=1e-6)
