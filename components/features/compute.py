"""The feature table of a folder of canonical tables, in one pass."""

from pathlib import Path

from components.features.catalogue import find_catalogue
from components.features.engines import ENGINES, check_engine
from components.features.sql import feature_sql
from earlybell.bundle.json_files import write_json
from earlybell.predict import create_moments, open_tables


def compute_features(tables: Path, as_of: str, out: Path, engine: str = "duckdb") -> int:
    """Write the folder `out`: features.parquet, and the features.sql and catalogue.json that it came from.

    features.parquet has one row a learner enrolled at a moment: moment_id, course_id, learner_id, as_of, days_seen
    (days of teaching that the learner has had) and the catalogue's features (float64, null where there is no value).

    Args:
        as_of: a share of the course run, a date, or `weekly` (see `earlybell.predict.create_moments`).
        engine: `duckdb`, or `pyspark`: the same expressions on the site's Spark. features.sql is DuckDB's with either.

    Returns:
        The number of moments.

    Raises:
        SettingError: no such engine.
        MissingPackageError: the engine is not installed.
    """
    check_engine(engine)
    out.mkdir(parents=True, exist_ok=True)
    connection = open_tables(tables)
    count = create_moments(connection, as_of)
    ENGINES[engine](connection, tables, out / "features.parquet")
    (out / "features.sql").write_text(feature_sql())
    write_json(out / "catalogue.json", find_catalogue())
    return count
