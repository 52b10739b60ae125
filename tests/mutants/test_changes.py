"""The changes that mutants are made by, and the list of modules that they are made of."""

from pathlib import Path

import pytest

from tests.mutants.changes import mutants_of
from tests.mutants.run import Explained, Judged, read_list

ROOT = Path(__file__).parents[2]

SOURCE = '''
"""A module: 1 = 1 AND 2 < 3 in SELECT."""
LEAST: int | None = 5

def rule(rows: list[int], *, strict: bool = True) -> int | None:
    """SELECT 1 is no SQL."""
    if len(rows) < LEAST:
        raise ValueError(f"fewer than {LEAST} rows")
    try:
        return dict(zip(rows, rows, strict=True))
    except (OSError, json.JSONDecodeError):
        return None

SQL = f"""
    SELECT a, count(DISTINCT b) FROM t WHERE a <= {LEAST} AND b IS NULL"""
'''


def test_code_and_sql_are_changed_and_annotations_documents_and_messages_are_not() -> None:
    changes = {(mutant.line, mutant.function, mutant.now) for mutant in mutants_of("module.py", SOURCE)}
    select = 'SELECT a, count(DISTINCT b) FROM t WHERE a <= {LEAST} AND b IS NULL"""'
    assert changes == {
        (3, "", "LEAST: int | None = 6"),
        (3, "", "LEAST: int | None = 4"),
        (5, "rule", "def rule(rows: list[int], *, strict: bool = False) -> int | None:"),
        (7, "rule", "if not len(rows) < LEAST:"),
        (7, "rule", "if len(rows) <= LEAST:"),
        (7, "rule", "if len(rows) >= LEAST:"),
        (11, "rule", "except ( StopAsyncIteration, json.JSONDecodeError):"),
        (11, "rule", "except (OSError, StopAsyncIteration):"),
        (15, "", select.replace("DISTINCT ", "")),
        (15, "", select.replace("<=", "<")),
        (15, "", select.replace("<=", ">")),
        (15, "", select.replace("AND", "OR")),
        (15, "", select.replace("IS NULL", "IS NOT NULL")),
    }


@pytest.mark.parametrize("module", read_list()[0], ids=lambda module: module.path)
def test_each_module_and_each_test_of_the_list_is_there(module: Judged) -> None:
    paths = [module.path, *(word for word in module.tests if word.startswith("tests/"))]
    assert [path for path in paths if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("survivor", read_list()[1], ids=lambda survivor: survivor.was)
def test_each_explained_survivor_is_a_mutant(survivor: Explained) -> None:
    source = (ROOT / survivor.path).read_text(encoding="utf-8")
    assert any(survivor.is_of(mutant) for mutant in mutants_of(survivor.path, source))
