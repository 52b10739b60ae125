"""Predictions as a Parquet file."""

import json
from pathlib import Path

from earlybell.predict.predictor import Predictions
from earlybell.tables.sql import connect, quoted, quoted_path
from earlybell.whole import written_whole

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

_FORM = "format = 'newline_delimited', hive_partitioning = false"


def write_predictions(predictions: Predictions, out: Path) -> None:
    """Write a row a moment (course_id, learner_id, as_of, risk, low, high, band, reasons), whole or not at all."""
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _TYPES.items())
    with written_whole(out) as part:
        lines = part.with_name("rows of it.json")
        with lines.open("w") as file:
            file.writelines(json.dumps(row) + "\n" for row in predictions.rows())
        select = f"SELECT * FROM read_json({quoted_path(lines)}, {_FORM}, columns = {{{columns}}})"
        connect().execute(f"COPY ({select}) TO {quoted(part)} (FORMAT parquet)")
