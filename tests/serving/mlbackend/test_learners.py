"""Whose rows are whose, by hand."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.mlbackend.dataset import Head, Rows, read_labelled, read_rows, write_rows
from serving.mlbackend.fitting import gathered, partly_missing
from serving.mlbackend.learners import learners
from tests.serving.mlbackend.moodle import Course, course, labelled


def _numbers(data: bytes) -> list[int]:
    return [int(number) for number in learners(read_labelled(BytesIO(data))).group]


def _two(activity: list[list[float]], label: list[int]) -> Course:
    return Course(np.array(label), np.array(activity))


def test_the_first_rows_of_all_quarters_are_one_learners_and_so_on() -> None:
    three = _two([[0.1, 0.2, 0.3], [0.4, 0.5, 0.7], [0.7, 0.8, 0.8], [0, 0, 0.1]], [0, 1, 0])
    assert _numbers(labelled(three)) == [0, 1, 2] * 4


def test_the_next_course_has_learners_of_its_own() -> None:
    one = _two([[0.1, 0.2], [0.4, 0.5], [0.7, 0.8], [0, 0]], [0, 1])
    other = _two([[0.3, 0.2, 0.2], [0.4, 0.4, 0.5], [0.9, 0.9, 0.8], [0.5, 0, 0]], [0, 1, 1])
    assert _numbers(labelled(one, other)) == [0, 1] * 4 + [8, 9, 10] * 4


def test_a_quarter_without_any_mean_is_a_quarter_all_the_same() -> None:
    nothing = float("nan")
    with pytest.warns(RuntimeWarning, match="empty slice"):  # of the test's own mean
        data = labelled(_two([[0.1, 0.2], [nothing, nothing], [0.7, 0.8], [0, 0]], [0, 1]))
    assert _numbers(data.replace(b"nan", b"")) == [0, 1] * 4


def test_somebody_who_came_late_makes_groups_with_a_row_between_them() -> None:
    """Twenty learners, one of whom has no row in the first quarter: two rows are a group, and one is left out."""
    draw = np.random.default_rng(1).uniform(-1, 1, (4, 20))
    lines = labelled(_two(draw.tolist(), [0] * 20)).splitlines(keepends=True)
    whose = learners(read_labelled(BytesIO(b"".join(lines[:3] + lines[4:]))))
    assert whose.group[:7].tolist() == whose.group[19:26].tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert whose.sure[:7].tolist() == whose.sure[19:26].tolist() == [True, True, False, True, True, False, True]


@given(st.integers(2, 60), st.data())
@settings(max_examples=60, deadline=None)
def test_whoever_came_late_nobody_is_in_two_groups(count: int, data: st.DataObject) -> None:
    came = sorted(data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    if 0 not in came:
        return
    came = data.draw(st.permutations(came))  # the quarter in which each came
    there = [[i for i in range(count) if came[i] <= quarter] for quarter in range(4)]
    values = [[float(quarter == i) for i in range(4)] for quarter in range(4) for _ in there[quarter]]
    head = Head(tuple(f"range/{i}" for i in range(4)), "quarters", "target")
    rows = Rows(head, np.array(values, dtype=np.float32), np.zeros(len(values), dtype=np.int32))
    whose, learner = learners(rows), np.array([i for quarter in there for i in quarter])
    for i in range(count):
        assert len(set(whose.group[(learner == i) & whose.sure].tolist())) <= 1
    assert whose.sure.any()


def test_a_course_whose_quarters_lose_learners_counts_as_one() -> None:
    three = labelled(_two([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9], [0, 0, 0]], [0, 1, 0]))
    assert _numbers(b"".join(three.splitlines(keepends=True)[:-1])) == [0] * 11


def test_and_so_does_one_whose_outcomes_do_not_agree_by_place() -> None:
    lines = labelled(_two([[0.1, 0.2], [0.4, 0.5], [0.7, 0.8], [0, 0]], [0, 1])).splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]
    assert _numbers(b"".join(lines)) == [0] * 8


def test_without_parts_each_row_is_a_learners() -> None:
    data = labelled(_two([[0.1, 0.2], [0.4, 0.5], [0.7, 0.8], [0, 0]], [0, 1]))
    assert _numbers(data.replace(b"range/", b"other/")) == [*range(8)]


def test_learners_of_two_trainings_are_counted_apart() -> None:
    parts = [read_labelled(BytesIO(labelled(course(6, 0.5, seed)))) for seed in (1, 2)]
    samples = gathered(parts, sure=True)
    assert len(np.unique(samples.learner)) == 12
    assert samples.counts == (6, 6)


def test_what_is_missing_stays_missing_from_the_csv_to_the_file(tmp_path: object) -> None:
    nothing = float("nan")
    data = labelled(_two([[0.1, nothing], [0.4, 0.5], [nothing, 0.8], [0, 0]], [0, 1]))
    rows = read_labelled(BytesIO(data))
    path = tmp_path / "rows.parquet"  # type: ignore[operator]
    write_rows(rows, path)
    again = read_rows(path)
    assert again.head == rows.head
    assert again.label.tolist() == [0, 1] * 4
    assert np.isnan(again.values[:, 4]).tolist() == [False, True, False, False, True, False, False, False]
    assert np.isnan(again.values[:, 6]).all()
    np.testing.assert_array_equal(again.values, rows.values)


def test_a_model_is_told_of_each_pattern_of_missing_values_once() -> None:
    nan = float("nan")
    values = np.array([[1, nan, nan, nan, 1], [1, 2, 2, nan, nan], [1, 3, 3, nan, 1]], dtype=np.float32)
    assert partly_missing(values) == (1, 4)
