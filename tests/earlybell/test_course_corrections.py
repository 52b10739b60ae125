"""corrections.json: what is written is read again, the right entry is sent along, and the words say what was done."""

from datetime import datetime
from pathlib import Path

import pytest

from earlybell.errors import SettingError
from earlybell.predict.correction import Basis, Correction
from earlybell.predict.course_corrections import (
    CourseCorrection,
    correction_at,
    in_words,
    read_corrections,
    write_corrections,
)
from earlybell.tables.correction import nothing_sent

DIGEST = "ab" * 32


def _made(course_id: str, day: int, shift: float = 0.1) -> CourseCorrection:
    return CourseCorrection(
        shift,
        "earlier_runs",
        0.4,
        0.3,
        0.36,
        2,
        bundle=DIGEST,
        course_id=course_id,
        as_of=datetime(2026, 3, day),
        words="",
    )


@pytest.mark.parametrize(
    ("after", "basis", "runs", "words"),
    [
        (
            0.362,
            "earlier_runs",
            3,
            "This course looks harder than those learned from: risks were raised by 6 points on average, by how its 3 "
            "earlier runs ended.",
        ),
        (
            0.288,
            "other_courses",
            11,
            "This course looks easier than those learned from: risks were lowered by 1 point on average, by how 11 "
            "runs of other courses ended.",
        ),
        (
            0.309,
            "earlier_runs",
            1,
            "This course looks like those learned from: risks changed by less than a point on average, by how its "
            "earlier run ended.",
        ),
        (
            0.3,
            "none",
            0,
            "Risks were left as they are: the model knows no earlier run of this course, and too few other courses.",
        ),
    ],
    ids=["harder", "easier", "alike", "none"],
)
def test_the_words_say_which_way_how_far_and_by_what(after: float, basis: Basis, runs: int, words: str) -> None:
    assert in_words(Correction(0.1, basis, 0.4, 0.3, after, runs)) == words


def test_the_words_say_that_and_why_nobody_gets_a_band() -> None:
    words = in_words(Correction(0.1, "earlier_runs", 0.4, 0.3, 0.362, 3, "course_level"))
    assert words.startswith("This course looks harder than those learned from")
    assert words.endswith(
        " Nobody gets a band: the learners of this course run differ too little so far for how far off all its risks "
        "may be."
    )


@pytest.mark.parametrize("after", [0.29, 0.3099, 0.3101, 0.315])
def test_what_is_worth_a_line_is_what_its_words_call_a_change(after: float) -> None:
    made = Correction(0.1, "earlier_runs", 0.4, 0.3, after, 2)
    entry = CourseCorrection(
        0.1, "earlier_runs", 0.4, 0.3, after, 2, bundle="", course_id="", as_of=datetime.min, words=""
    )
    assert entry.notable == ("less than a point" not in in_words(made)) == (abs(after - 0.3) > 0.0099999)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    corrections = [_made("a", 1), _made("b", 2, -0.3)]
    write_corrections(corrections, tmp_path / "corrections.json")
    assert read_corrections(tmp_path / "corrections.json") == corrections


@pytest.mark.parametrize("text", ["", "{}", '[{"shift": 0.1}]'])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(SettingError, match=r"cannot read corrections .*other\.json"):
        read_corrections(tmp_path / "other.json")


def test_the_last_correction_that_is_not_later_than_the_moment_is_sent() -> None:
    corrections = [_made("a", 8, 0.3), _made("a", 1, 0.1), _made("b", 2, -0.3), _made("a", 2, 0.2)]
    at = datetime(2026, 3, 2)
    assert correction_at(corrections, "a", at).to_send.shift == 0.2
    assert correction_at(corrections, "a", at).to_send.of(DIGEST).shift == 0.2
    assert correction_at(corrections, "a", at).to_send.of("cd" * 32) == nothing_sent()
    with pytest.raises(SettingError, match="no correction as of 2026-03-01 00:00 or before, of course run: 'b'"):
        correction_at(corrections, "b", datetime(2026, 3, 1))
