"""A text agrees with its numbers: 1 row, 2 rows. `earlybell.counts` has the rule, and no text has one of its own."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from earlybell.counts import Count, counted

ROOT = Path(__file__).parents[1]
FOLDERS = ("earlybell", "components", "pipelines", "rollout", "serving")
# A plural after a number: of what is counted in data, and of no unit of a setting (days, seconds).
THINGS = "rows|values|learners|students|people|events|files|courses|runs|course runs|enrolments|extensions|submissions"
THINGS += "|activities|grades|scores|deadlines|moments|titles|entries|writers|records|tables|months|characters"
PLURAL = re.compile(rf"^ (?:more |bad |other )?(?:{THINGS})\b")
OF_ALL = re.compile(r"\b(of|of the|All|all) $")  # 1 of 2 rows: a total, which is mostly more
SETTING = re.compile(r"^[A-Z_]+$|^most_|^len\(courses\)$")  # and what an error has counted as several


def test_a_number_stands_with_what_it_counts() -> None:
    assert counted(1, "row") == "1 row"
    assert counted(0, "row") == "0 rows"
    assert counted(2_000, "course run") == "2,000 course runs"
    assert counted(1, "person", "people") == "1 person"
    assert counted(3, "person", "people") == "3 people"


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1 of 3 rows is bad"), (2, "2 of 3 rows are bad"), (0, "0 of 3 rows are bad")]
)
def test_other_words_agree_with_a_number_by_its_format(number: int, text: str) -> None:
    count, rows = Count(number), Count(3)
    assert f"{count:,} of {rows:,} {rows:row|rows} {count:is|are} bad" == text
    assert f"{count:,} of {rows:,} {rows:row|rows} {count:is|are} bad" == text


def test_a_count_is_written_as_any_other_number_is() -> None:
    assert f"{Count(12_345):,}" == "12,345"
    assert f"{Count(7):>3}" == "  7"
    assert f"{Count(7)}" == "7"


def test_no_text_has_a_plural_after_a_number_that_may_be_1() -> None:
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    assert [place for path in files for place in _plurals(path)] == []


def _plurals(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            for before, value, after in zip([None, *node.values], node.values, node.values[1:], strict=False):
                if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant):
                    number, text = ast.unparse(value.value), str(after.value)
                    total = isinstance(before, ast.Constant) and OF_ALL.search(str(before.value))
                    if PLURAL.match(text) and not total and not SETTING.match(number):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}: {{{number}}}{text}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for matched in re.finditer(r"\{\d*(?::,)?\}(.*)", node.value):
                if PLURAL.match(matched[1]):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}: {matched[0]}"
