"""Another engine than DuckDB: the same expressions, the same features."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from components.features import compute_features, find_catalogue
from earlybell.errors import SettingError
from earlybell.tables.sql import connect, parquet, quoted
from tests.components.features.small import assert_same

# Of each course run another clock: one changes in the term, one is three quarters of an hour off, one is half a day.
_OF_THE_WORLD = """
    SELECT * EXCLUDE number REPLACE (
        list_extract(['Europe/Berlin', 'America/Lima', 'Asia/Kathmandu', 'Pacific/Auckland', NULL], number) AS timezone,
        list_extract([NULL, 'sat,sun', 'sat', 'none', 'fri,sat'], number) AS weekend,
        if(number = 4, 'daily', 'raw') AS granularity,
        if(number = 2, starts_at + INTERVAL 100 HOUR, NULL) AS complete_from)
    FROM (SELECT *, row_number() OVER (ORDER BY course_id) AS number FROM '{site}/courses.parquet')"""
_AS_EARLIER = "SELECT * EXCLUDE (timezone, weekend, complete_from, complete_until) FROM '{site}/courses.parquet'"


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark on this machine alone."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if not shutil.which("java"):
        pytest.skip("Java is not installed")
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")


@pytest.mark.parametrize(
    "courses", [_OF_THE_WORLD, _AS_EARLIER], ids=["clocks of the world", "tables of an earlier time"]
)
@pytest.mark.usefixtures("spark")
def test_spark_computes_the_features_that_duckdb_computes(courses: str, site: Path, tmp_path: Path) -> None:
    tables, decoy = tmp_path / "it's {1} [x]*", tmp_path / "it's 1 x and more"  # as patterns go, the two are the same
    shutil.copytree(site, tables)
    shutil.copytree(site, decoy)
    (tables / "courses.parquet").unlink()
    connect().execute(f"COPY ({courses.format(site=site)}) TO {quoted(tables / 'courses.parquet')}")

    counts = [compute_features(tables, "0.5", tables / engine, engine) for engine in ("duckdb", "pyspark")]

    assert counts[0] == counts[1] > 300
    assert_same(_values(tables / "pyspark"), _values(tables / "duckdb"))
    assert sorted(path.name for path in (tables / "pyspark").iterdir()) == [
        "catalogue.json",
        "features.parquet",
        "features.sql",
    ]


@pytest.mark.usefixtures("spark")
def test_spark_sends_no_table_whole_because_its_file_is_small(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three million events, which were 10 MB of files, Java had no room for such a table."""
    from pyspark.sql import DataFrameWriter

    plans = list[str]()
    written = DataFrameWriter.parquet

    def planned(writer: DataFrameWriter, path: str) -> None:
        plans.append(writer._df._jdf.queryExecution().sparkPlan().toString())
        written(writer, path)

    monkeypatch.setattr(DataFrameWriter, "parquet", planned)
    compute_features(site, "0.5", tmp_path / "out", "pyspark")
    (plan,) = plans
    assert "SortMergeJoin" in plan
    assert "BroadcastHashJoin" not in plan


def test_an_engine_that_is_not_known_is_refused_by_name(site: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no such engine.*'sqlite'.*duckdb, pyspark"):
        compute_features(site, "0.5", tmp_path / "out", "sqlite")
    assert not (tmp_path / "out").exists()


def _values(folder: Path) -> npt.NDArray[np.float64]:
    columns = ", ".join(f'"{name}"' for name in ("days_seen", *find_catalogue().names))
    rows = (
        connect().execute(f"SELECT {columns} FROM {parquet(folder / 'features.parquet')} ORDER BY moment_id").fetchall()
    )
    return np.array(rows, dtype=np.float64)


@pytest.mark.parametrize("engine", ["duckdb", "pyspark"])
def test_the_sql_is_the_same_in_every_process(engine: str) -> None:
    """A digest of the bundle has the SQL in it, and Python orders a set by a seed of the process."""
    if engine == "pyspark":
        pytest.importorskip("pyspark", reason="pyspark is not installed")
    code = f"from components.features.sql import feature_sql; print(feature_sql({engine!r}))"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(4)
    ]
    texts = {process.communicate(timeout=120)[0] for process in processes}
    assert len(texts) == 1
    assert "SELECT" in texts.pop()
