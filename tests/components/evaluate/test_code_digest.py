"""The digest of the code: what can make another bundle makes another digest, and what cannot does not."""

import shutil
from pathlib import Path

import pytest

from components.evaluate.code_digest import ROOMS, ROOT, code_digest


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "components/label/rubric.yaml",
        "components/extract/survey.yaml",
        "components/extract/moodle_log/words.yaml",
        "components/train/train.py",
        "earlybell/bundle/bands.py",
    ],
)
def test_a_word_a_rubric_or_a_line_of_code_makes_another_digest(copy: Path, name: str) -> None:
    assert code_digest(copy) == code_digest()
    with (copy / name).open("a") as file:
        file.write(" ")
    assert code_digest(copy) != code_digest()


@pytest.mark.parametrize("name", ["pictures.py", "words.py", "sections/summary.py"])
def test_how_a_report_is_drawn_does_not(copy: Path, name: str) -> None:
    with (copy / "components" / "report" / name).open("a") as file:
        file.write(" ")
    assert code_digest(copy) == code_digest()
