"""The tables of what comes after a moment."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.features import feature_sql
from components.label.scale import derivable
from components.label.window import windows
from earlybell.predict import open_tables

ChangeThePast = Callable[[Path, float, int], None]
COLUMNS = ", ".join(f"round({name}::DOUBLE, 9)" for name in sorted(derivable()))  # sums are taken in any order


@pytest.mark.parametrize(
    ("share", "added"), [(0, 0), (0, 300), (0.3, 300), (1, 0)], ids=["scores", "added", "some dropped", "all dropped"]
)
def test_no_feature_of_what_comes_later_changes_with_what_came_before(
    small: Path, change_the_past: ChangeThePast, tmp_path: Path, share: float, added: int
) -> None:
    change_the_past(tmp_path / "tables", share, added)
    assert _later(tmp_path / "tables", small) == _later(small / "tables", small)


def test_names_stand_for_the_whole_tables_again_afterwards(small: Path) -> None:
    connection = open_tables(small / "tables")
    counts = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM submissions WHERE attempt > 0)"
    (all_counts,) = connection.execute(counts).fetchall()
    for _ in windows(connection, small / "features.parquet", 14, False):
        (later,) = connection.execute(counts).fetchall()
        assert 0 < later[0] < all_counts[0]
        assert 0 < later[1] < all_counts[1]
    assert connection.execute(counts).fetchall() == [all_counts]


def test_the_window_of_the_whole_run_holds_everything(small: Path) -> None:
    connection = open_tables(small / "tables")
    (all_events,) = connection.execute("SELECT count(*) FROM events").fetchall()
    for _ in windows(connection, small / "features.parquet", 14, True):
        assert connection.execute("SELECT count(*) FROM events").fetchall() == [all_events]


def _later(tables: Path, features: Path) -> list[tuple[Any, ...]]:
    connection = open_tables(tables)
    rows: list[tuple[Any, ...]] = []
    for _ in windows(connection, features / "features.parquet", 14, False):
        rows += connection.execute(f"SELECT moment_id, {COLUMNS} FROM ({feature_sql()}) ORDER BY moment_id").fetchall()
    assert len(rows) > 50
    return rows
