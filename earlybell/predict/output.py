"""Predictions as a table with a row a moment: a Parquet file, or lines of JSON."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from earlybell.predict.answer import LISTS, ROW
from earlybell.predict.predictor import Predictions
from earlybell.tables.sql import connect, quoted
from earlybell.whole import written_whole

_SQL_TYPES = {str: "VARCHAR", float: "DOUBLE", bool: "BOOLEAN", datetime: "TIMESTAMP", Literal: "VARCHAR"}
_ARRAY_TYPES: dict[type, npt.DTypeLike] = {str: object, float: np.float64, bool: np.bool_}


def json_rows(predictions: Predictions) -> Iterator[str]:
    """A line of JSON a moment, with the columns of `ROW`."""
    values = (array.tolist() for array in predictions.columns().values())
    for row in zip(*values, *(getattr(predictions, name) for name in LISTS), strict=True):
        yield msgspec.json.encode(dict(zip(ROW, row, strict=True))).decode()


def write_predictions(predictions: Predictions, out: Path) -> None:
    """Write a Parquet file with a row a moment and the columns of `ROW`, whole or not at all."""
    columns = {name: _plain(array) for name, array in predictions.columns().items()}
    with written_whole(out) as part, connect() as connection:
        connection.register("moments", {"row": np.arange(len(predictions.risk))} | columns)
        for name, kind in LISTS.items():
            connection.register(name, _list_columns(getattr(predictions, name), kind))
        connection.execute(f"COPY ({_select()}) TO {quoted(part)} (FORMAT parquet)")


def _select() -> str:
    """SQL for the rows of `moments`, each with its lists."""
    columns = {name: f"{name}::{_sql_type(hint)} AS {name}" for name, hint in ROW.items()}
    joins = ""
    for name, kind in LISTS.items():
        columns[name] = f"coalesce({name}, [])::{_sql_type(ROW[name])} AS {name}"
        fields = ", ".join(f"{field} := {_nullable(field, hint)}" for field, hint in get_type_hints(kind).items())
        lists = f"SELECT row, list(struct_pack({fields}) ORDER BY place) AS {name} FROM {name} GROUP BY row"
        joins += f" LEFT JOIN ({lists}) USING (row)"
    return f"SELECT {', '.join(columns.values())} FROM moments{joins} ORDER BY row"


def _nullable(name: str, hint: Any) -> str:
    """SQL for a column of an array; what is None in a number's column is NaN there."""
    return f"if(isnan({name}), NULL, {name})" if _optional(hint) else name


def _optional(hint: Any) -> bool:
    return NoneType in get_args(hint)


def _sql_type(hint: Any) -> str:
    """DuckDB's type for the values of a type."""
    if get_origin(hint) is tuple:
        return f"{_sql_type(get_args(hint)[0])}[]"
    if isinstance(hint, type) and issubclass(hint, Struct):
        return f"STRUCT({', '.join(f'{name} {_sql_type(kind)}' for name, kind in get_type_hints(hint).items())})"
    return _SQL_TYPES[_bare(hint)]


def _bare(hint: Any) -> Any:
    """A type without None and without its choices."""
    plain = next((kind for kind in get_args(hint) if kind is not NoneType), hint) if _optional(hint) else hint
    return get_origin(plain) or plain


def _plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """As DuckDB reads it: texts as objects."""
    return array.astype(object) if array.dtype.kind == "U" else array


def _list_columns(lists: Sequence[tuple[Struct, ...]], kind: type[Struct]) -> dict[str, npt.NDArray[Any]]:
    """The items of all lists one after the other, with the row and the place in it of each."""
    every = [item for of_row in lists for item in of_row]
    columns = {
        name: np.array([getattr(item, name) for item in every], dtype=_ARRAY_TYPES[_bare(hint)])
        for name, hint in get_type_hints(kind).items()
    }
    rows = np.repeat(np.arange(len(lists)), list(map(len, lists)))
    return {"row": rows, "place": np.arange(len(every))} | columns
