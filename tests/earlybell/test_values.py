"""Values of a request: those of a column that are written alike are read at once, and mean what each means alone."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earlybell.tables.schema import BY_NAME
from earlybell.tables.values import Categories, read_values

DUE_AT = BY_NAME["assessments"].column("due_at")  # may be null
FORMS = ["", "Z", ".5", ".25Z", ".123456", ".000001Z"]
MANY = 40


def _text(parts: tuple[int, int, int, int, int, int], form: str) -> str:
    year, month, day, hour, minute, second = parts
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{form}"


# Of what a clock and a calendar have, and a little of what they do not.
PARTS = st.tuples(
    st.integers(1989, 2101),
    st.integers(1, 12) | st.integers(0, 13),
    st.integers(1, 28) | st.integers(0, 32),
    st.integers(0, 23) | st.just(24),
    st.integers(0, 59) | st.just(60),
    st.integers(0, 59) | st.just(60),
)
ODD = st.sampled_from(
    [None, "", "2026-03-01", "2026-03-01T08:30:00+02:00", "２026-03-01T08:30:00", "2026-03-01 08:30:00Z"]
)


@settings(max_examples=200, deadline=None)
@given(
    parts=st.lists(PARTS, min_size=1, max_size=3),
    form=st.sampled_from(FORMS),
    odd=st.lists(ODD, max_size=1),
    chance=st.randoms(use_true_random=False),
)
@example(parts=[(2024, 2, 29, 23, 59, 59), (2000, 2, 29, 0, 0, 0)], form="Z", odd=[], chance=None)
@example(parts=[(2023, 2, 29, 0, 0, 0)], form="Z", odd=[], chance=None)
@example(parts=[(2100, 2, 29, 0, 0, 0)], form=".123456Z", odd=[None], chance=None)
def test_times_of_a_column_are_read_as_each_alone(parts: Any, form: str, odd: list[Any], chance: Any) -> None:
    values = ([_text(of_one, form) for of_one in parts] * MANY)[:MANY] + odd
    if chance:
        chance.shuffle(values)
    read, alone = read_values(DUE_AT, values), [read_values(DUE_AT, [value]) for value in values]

    np.testing.assert_array_equal(read.array, np.concatenate([one.array for one in alone]))
    wrong = np.logical_or.reduce([np.zeros(len(values), dtype=bool), *read.wrong.values()])
    assert wrong.tolist() == [bool(one.wrong) for one in alone]
    assert read.full == all(one.full for one in alone)


@pytest.mark.parametrize("form", FORMS)
def test_times_to_the_microsecond_by_hand(form: str) -> None:
    fraction = {"": 0, "Z": 0, ".5": 500_000, ".25Z": 250_000, ".123456": 123_456, ".000001Z": 1}[form]
    read = read_values(DUE_AT, [f"2026-03-01T08:30:05{form}"] * MANY)

    assert read.array.tolist()[0].microsecond == fraction
    assert set(read.array.astype("datetime64[s]").astype(str)) == {"2026-03-01T08:30:05"}


SECONDS = (
    st.integers(-(10**9), 5 * 10**9) | st.floats(0, 4e9).map(lambda at: round(at, 6)) | st.sampled_from([0, 0.0, None])
)


@settings(max_examples=200, deadline=None)
@given(st.lists(SECONDS, min_size=1, max_size=20))
@example([1_772_353_805, 1_772_353_805.000001, 4_102_444_799.999999, None, 0])
def test_seconds_of_unix_are_counted_from_1970(values: list[float | None]) -> None:
    read = read_values(DUE_AT, values)
    expected = [
        datetime(1970, 1, 1) + timedelta(microseconds=round(value * 1e6)) if value else None for value in values
    ]

    assert read.array.tolist() == expected
    assert (read.wrong, read.full) == ({}, None not in expected)


@pytest.mark.parametrize("odd", ["2026-03-01T08:30:05Z", "1772353805", "", True, [], 1e12, 10**400])
def test_seconds_beside_something_else_are_read_as_alone(odd: Any) -> None:
    read, alone = read_values(DUE_AT, [1_772_353_805, odd]), read_values(DUE_AT, [odd])

    assert read.array.tolist() == [datetime(2026, 3, 1, 8, 30, 5), *alone.array.tolist()]
    assert [mask.tolist() for mask in read.wrong.values()] == [[False, *mask.tolist()] for mask in alone.wrong.values()]


ID = BY_NAME["events"].column("object_id")
TEXT = st.sampled_from(["7", " 7", "7.0", "", "NULL", "a\nb", "x" * 300, None, 7, 7.0, True, 2.5, "b", "c"])


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=4), st.lists(st.integers(0, 3), min_size=1, max_size=60))
def test_categories_are_read_as_the_list_that_they_stand_for(categories: list[Any], codes: list[int]) -> None:
    places = [code % len(categories) for code in codes]
    by_list = read_values(ID, [categories[place] for place in places])
    by_code = read_values(ID, Categories(categories, np.array(places)))

    assert by_code.array.tolist() == by_list.array.tolist()
    assert by_code.full == by_list.full
    assert {reason: mask.tolist() for reason, mask in by_code.wrong.items()} == {
        reason: mask.tolist() for reason, mask in by_list.wrong.items()
    }
    if by_code.coded is not None and by_list.coded is not None:
        assert by_code.coded.words == by_list.coded.words
        assert by_code.coded.codes.tolist() == by_list.coded.codes.tolist()


def test_categories_of_many_rows_keep_their_words() -> None:
    codes = np.array([2, 0, 2, 2] * 10)
    coded = read_values(ID, Categories(["7", "nobody's", None], codes)).coded
    assert coded is not None
    assert (coded.words, coded.codes.tolist()) == (("7", None), [1, 0, 1, 1] * 10)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([7, "7", None, -1, 12_345_678_901], ["7", "7", None, "-1", "12345678901"]),
        ([1, True, 2.0, 2.5, {}], ["1", None, "2", "2.5", None]),
        ([1] * 40, ["1"] * 40),
    ],
)
def test_numbers_as_ids_are_their_texts(values: list[Any], texts: list[str | None]) -> None:
    assert read_values(ID, values).array.tolist() == texts
