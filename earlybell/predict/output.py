"""Predictions as a Parquet file."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from earlybell.predict.predictor import Predictions

_TYPES = {
    "course_id": "VARCHAR",
    "learner_id": "VARCHAR",
    "as_of": "TIMESTAMP",
    "risk": "DOUBLE",
    "low": "DOUBLE",
    "high": "DOUBLE",
    "band": "VARCHAR",
    "reasons": "STRUCT(feature VARCHAR, value DOUBLE, effect DOUBLE, words VARCHAR, changeable BOOLEAN)[]",
}


def write_predictions(predictions: Predictions, out: Path) -> None:
    """Write a row a moment (course_id, learner_id, as_of, risk, low, high, band, reasons), whole or not at all."""
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _TYPES.items())
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".earlybell-", dir=out.parent) as folder:
        lines, part = Path(folder) / "rows.json", Path(folder) / "rows.parquet"
        with lines.open("w") as file:
            file.writelines(json.dumps(row) + "\n" for row in predictions.rows())
        select = f"SELECT * FROM read_json('{lines}', format='newline_delimited', columns={{{columns}}})"
        duckdb.connect().execute(f"COPY ({select}) TO '{part}' (FORMAT parquet)")
        part.replace(out)
