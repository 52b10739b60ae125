"""Another engine than DuckDB: the same expressions, the same features."""

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from components.features import CATALOGUE, compute_features
from earlybell.errors import SettingError
from earlybell.tables.sql import connect, parquet
from tests.components.features.small import assert_same


def test_spark_computes_the_features_that_duckdb_computes(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if not shutil.which("java"):
        pytest.skip("Java is not installed")
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")

    tables, decoy = tmp_path / "it's {1} [x]*", tmp_path / "it's 1 x and more"  # as patterns go, the two are the same
    shutil.copytree(site, tables)
    shutil.copytree(site, decoy)
    counts = [compute_features(tables, "0.5", tables / engine, engine) for engine in ("duckdb", "pyspark")]

    assert counts[0] == counts[1] > 300
    assert_same(_values(tables / "pyspark"), _values(tables / "duckdb"))
    assert sorted(path.name for path in (tables / "pyspark").iterdir()) == [
        "catalogue.json",
        "features.parquet",
        "features.sql",
    ]


def test_an_engine_that_is_not_known_is_refused_by_name(site: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no such engine.*'sqlite'.*duckdb, pyspark"):
        compute_features(site, "0.5", tmp_path / "out", "sqlite")
    assert not (tmp_path / "out").exists()


def _values(folder: Path) -> npt.NDArray[np.float64]:
    columns = ", ".join(f'"{name}"' for name in CATALOGUE.names)
    rows = (
        connect().execute(f"SELECT {columns} FROM {parquet(folder / 'features.parquet')} ORDER BY moment_id").fetchall()
    )
    return np.array(rows, dtype=np.float64)
