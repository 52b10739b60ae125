"""SQL: paths and texts of any kind, and connections that print nothing."""

import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pytest

from earlybell.errors import MEMORY, SettingError
from earlybell.predict.features import confine
from earlybell.tables import sql
from earlybell.tables.sql import SCRATCH, connect, connect_scratch, parquet, quoted, quoted_path

NAMES = [
    'it\'s a "run" {1} [x]*',
    "100% é ?",
    "[",
    "[!a]",
    "**",
    "a\\b",
    "course_id=7",
    "{a,b}",
    "$HOME;--",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_written_and_read_by_its_own_path_alone(tmp_path: Path, name: str) -> None:
    for folder in (name, "x", "ax", 'it\'s a "run" {1} x and more', "100% é a", "a", "b"):
        (tmp_path / folder).mkdir(exist_ok=True)
        row = f"SELECT {quoted(folder)} AS folder, 1 AS course_id"
        connect().execute(f"COPY ({row}) TO {quoted(tmp_path / folder / 'one.parquet')} (FORMAT parquet)")
    path = tmp_path / name / "one.parquet"
    assert connect().execute(f"FROM {parquet(path)}").fetchall() == [(name, 1)]
    assert connect().execute(f"FROM {parquet([path, path])}").fetchall() == [(name, 1)] * 2
    (tmp_path / name / "one.csv").write_text("a,b\n1,2\n")
    read = f"read_csv({quoted_path(tmp_path / name / 'one.csv')}, hive_partitioning = false)"
    assert connect().execute(f"FROM {read}").fetchall() == [(1, 2)]


def test_files_take_options_of_their_own(tmp_path: Path) -> None:
    connect().execute(f"COPY (SELECT 'a'::BLOB AS text) TO {quoted(tmp_path / 'one.parquet')} (FORMAT parquet)")
    read = parquet(tmp_path / "one.parquet", "binary_as_string = true")
    assert connect().execute(f"SELECT text FROM {read}").fetchall() == [("a",)]


@pytest.mark.parametrize("name", sorted({*NAMES, "a?threads=1"} - {"a\\b"}))
def test_a_scratch_database_lies_in_its_own_folder_alone(tmp_path: Path, name: str) -> None:
    (folder := tmp_path / name).mkdir()
    with connect_scratch(folder) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT range AS number FROM range(7)")
        cursor = connection.cursor().execute("USE scratch")
        assert cursor.execute("SELECT sum(number) FROM numbers").fetchall() == [(21,)]
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert [path.name for path in folder.iterdir()] == [SCRATCH]


def test_a_scratch_database_may_be_larger_than_the_memory(tmp_path: Path) -> None:
    with connect_scratch(tmp_path, memory_limit="24MB", threads=1) as connection:
        connection.execute("CREATE TABLE texts (number BIGINT, text VARCHAR)")
        for start in range(0, 600_000, 100_000):
            rows = f"range({start}, {start + 100_000}) AS numbers(number)"
            connection.execute(f"INSERT INTO texts SELECT number, md5(number::VARCHAR) FROM {rows}")
        query = "SELECT count(*), min(text) = min(md5(number::VARCHAR)), sum(length(text)) FROM texts"
        assert connection.execute(query).fetchall() == [(600_000, True, 32 * 600_000)]


def test_a_connection_takes_so_much_memory_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def limit() -> str:
        return str(connect().execute("SELECT current_setting('memory_limit')").fetchall()[0][0])

    monkeypatch.setattr(sql, "_most_bytes", sql.MOST_BYTES)  # and afterwards as it was
    sql.take_at_most(10**8)
    assert limit() == "95.3 MiB"
    monkeypatch.setenv(MEMORY, "1GiB")
    assert limit() == "1.0 GiB"
    monkeypatch.delenv(MEMORY)
    sql.take_at_most(10**15)
    own = duckdb.connect().execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
    assert limit() == own, "a small machine has less"
    monkeypatch.setenv(MEMORY, "much")
    with pytest.raises(SettingError, match="EARLYBELL_MEMORY is not a size.*'much'.*8GB"):
        connect()


def test_what_does_not_fit_goes_through_a_folder_that_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv(MEMORY, "60MB")
    with connect(threads=2) as connection:
        confine(connection)
        rows = "SELECT DISTINCT hash(range) AS hash, range FROM range(4000000)"
        assert connection.execute(f"SELECT count(*) FROM ({rows})").fetchall() == [(4_000_000,)]
        assert len([*tmp_path.iterdir()]) == 1
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("opened", "bar"), [("duckdb.connect()", True), ("connect()", False)])
def test_no_progress_bar_is_drawn_even_where_duckdb_takes_the_process_for_interactive(opened: str, bar: bool) -> None:
    code = f"""
import duckdb
from earlybell.tables.sql import connect
print({opened}.execute("SELECT current_setting('enable_progress_bar')").fetchall())"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"[({bar},)]\n"
