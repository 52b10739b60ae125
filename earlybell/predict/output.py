"""Predictions as a table with a row a moment: a Parquet file, or lines of JSON."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from earlybell.predict.answer import ROW, Reason
from earlybell.predict.predictor import Predictions
from earlybell.tables.sql import connect, quoted
from earlybell.whole import written_whole

_SQL_TYPES = {str: "VARCHAR", float: "DOUBLE", bool: "BOOLEAN", datetime: "TIMESTAMP", Literal: "VARCHAR"}
_ARRAY_TYPES: dict[type, npt.DTypeLike] = {str: object, float: np.float64, bool: np.bool_}


def json_rows(predictions: Predictions) -> Iterator[str]:
    """A line of JSON a moment, with the columns of `ROW`."""
    values = (array.tolist() for array in predictions.columns().values())
    for row in zip(*values, predictions.reasons, strict=True):
        yield msgspec.json.encode(dict(zip(ROW, row, strict=True))).decode()


def write_predictions(predictions: Predictions, out: Path) -> None:
    """Write a Parquet file with a row a moment and the columns of `ROW`, whole or not at all."""
    columns = {name: _plain(array) for name, array in predictions.columns().items()}
    with written_whole(out) as part, connect() as connection:
        connection.register("moments", {"row": np.arange(len(predictions.reasons))} | columns)
        connection.register("reasons", _reason_columns(predictions.reasons))
        connection.execute(f"COPY ({_select()}) TO {quoted(part)} (FORMAT parquet)")


def _select() -> str:
    """SQL for the rows of `moments`, each with its `reasons` as a list."""
    columns = {name: f"{name}::{_sql_type(hint)} AS {name}" for name, hint in ROW.items()}
    columns["reasons"] = f"coalesce(reasons, [])::{_sql_type(ROW['reasons'])} AS reasons"
    reason = ", ".join(f"{name} := {name}" for name in Reason.__struct_fields__)
    lists = f"SELECT row, list(struct_pack({reason}) ORDER BY place) AS reasons FROM reasons GROUP BY row"
    return f"SELECT {', '.join(columns.values())} FROM moments LEFT JOIN ({lists}) USING (row) ORDER BY row"


def _sql_type(hint: Any) -> str:
    """DuckDB's type for the values of a type."""
    if get_origin(hint) is tuple:
        return f"{_sql_type(get_args(hint)[0])}[]"
    if isinstance(hint, type) and issubclass(hint, Struct):
        return f"STRUCT({', '.join(f'{name} {_sql_type(kind)}' for name, kind in get_type_hints(hint).items())})"
    return _SQL_TYPES[get_origin(hint) or hint]


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """As DuckDB reads it: texts as objects."""
    return array.astype(object) if array.dtype.kind == "U" else array


def _reason_columns(reasons: Sequence[tuple[Reason, ...]]) -> dict[str, npt.NDArray[Any]]:
    """All reasons one after the other, with the row and the place in it of each."""
    every = [reason for of_row in reasons for reason in of_row]
    columns = {
        name: np.array([getattr(reason, name) for reason in every], dtype=_ARRAY_TYPES[hint])
        for name, hint in get_type_hints(Reason).items()
    }
    rows = np.repeat(np.arange(len(reasons)), list(map(len, reasons)))
    return {"row": rows, "place": np.arange(len(every))} | columns
