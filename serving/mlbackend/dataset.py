"""A data set as Moodle sends it: a line of names, a line of values, a line of columns, then a row each."""

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from msgspec import Struct

from earlybell.errors import RequestError

Floats = npt.NDArray[np.float32]

HEAD_BYTES = 1 << 20  # of the three lines before the rows
TARGET = "target"  # the last column of a file of rows
_SAMPLE = "sampleid"
_META = b"earlybell"
_CLASSES = [0, 1]
_SHOWN = 120  # characters of what is wrong, in a message


class Head(Struct, frozen=True):
    """What the rows of a model have in common.

    Attributes:
        columns: the names of the features.
        interval: Moodle's analysis interval.
        target: Moodle's target.
    """

    columns: tuple[str, ...]
    interval: str
    target: str


@dataclass(frozen=True)
class Rows:
    """Rows of a data set.

    Attributes:
        values: (n, features), NaN where Moodle has no value.
        label: (n,), 0 or 1; of no rows where the data set has no target.
        samples: (n,), Moodle's ids; of none where it has a target.
    """

    head: Head
    values: Floats
    label: npt.NDArray[np.int32]
    samples: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)


def read_labelled(file: BinaryIO) -> Rows:
    """A data set with a target, which comes last.

    Raises:
        RequestError: it is none, or its target has other classes than 0 and 1.
    """
    head, names = _head(file)
    if names[:1] == [_SAMPLE]:
        raise RequestError("data set", _quoted(_SAMPLE), "It has no target: it is one to predict.")
    head = Head(tuple(names[:-1]), head.interval, head.target)
    numbers = _numbers(_table(file, names, {}), 0)
    values, label = numbers[:, :-1], numbers[:, -1]
    if wrong := np.setdiff1d(label, _CLASSES)[:1].tolist():
        raise RequestError("target", "empty" if np.isnan(wrong[0]) else f"{wrong[0]:g}", "It must be 0 or 1.")
    return Rows(head, np.ascontiguousarray(values), label.astype(np.int32))


def read_unlabelled(file: BinaryIO) -> Rows:
    """A data set to predict: ids of samples come first, and there is no target.

    Raises:
        RequestError: it is none.
    """
    head, names = _head(file)
    if names[:1] != [_SAMPLE]:
        raise RequestError("data set", _quoted(names[0]), f"Its first column must be {_SAMPLE}.")
    head = Head(tuple(names[1:]), head.interval, head.target)
    table = _table(file, names, {_SAMPLE: pa.string()})
    samples = tuple(str(sample or "") for sample in table.column(0).to_pylist())
    return Rows(head, _numbers(table, 1), np.empty(0, dtype=np.int32), samples)


def write_rows(rows: Rows, path: Path) -> None:
    """Labelled rows as Parquet."""
    arrays = [pa.array(column, from_pandas=False) for column in rows.values.T]
    names = [*rows.head.columns, TARGET]
    meta = {_META: json.dumps([rows.head.interval, rows.head.target]).encode()}
    table = pa.table([*arrays, pa.array(rows.label)], schema=_schema(names, meta))
    pyarrow.parquet.write_table(table, path, compression="zstd")


def read_rows(path: Path) -> Rows:
    """What `write_rows` wrote."""
    table = pyarrow.parquet.read_table(path)
    interval, target = json.loads(table.schema.metadata[_META])
    columns = tuple(table.column_names[:-1])
    label = table.column(len(columns)).to_numpy().astype(np.int32)
    return Rows(Head(columns, interval, target), _numbers(table.select(range(len(columns))), 0), label)


def count_rows(path: Path) -> int:
    """How many rows such a file has."""
    return int(pyarrow.parquet.read_metadata(path).num_rows)


def _schema(names: list[str], meta: dict[bytes, bytes]) -> pa.Schema:
    kinds = [pa.float32()] * (len(names) - 1) + [pa.int32()]
    return pa.schema([pa.field(name, kind) for name, kind in zip(names, kinds, strict=True)], metadata=meta)


def _head(file: BinaryIO) -> tuple[Head, list[str]]:
    """The interval and the target, and the names of all columns; the file stands before the rows."""
    lines = [file.readline(HEAD_BYTES) for _ in range(3)]
    if not lines[2].endswith(b"\n"):
        raise RequestError("data set", f"{sum(map(len, lines))} bytes", "It ends before its rows, or is no data set.")
    try:
        names, values, columns = csv.reader(io.StringIO(b"".join(lines).decode(), newline=""), strict=True)
    except (UnicodeDecodeError, ValueError, csv.Error) as error:
        raise RequestError("data set", _quoted(str(error)), "It must be CSV in UTF-8, as Moodle writes it.") from None
    meta = dict(zip(names, values, strict=False))
    if missing := {"timesplitting", "nfeatures", "targetcolumn", "targettype", "targetclasses"} - meta.keys():
        raise RequestError("data set lacks", ", ".join(sorted(missing)), "Its first two lines must be Moodle's.")
    _check_target(meta["targettype"], meta["targetclasses"])
    if str(len(columns) - 1) != meta["nfeatures"]:
        wrong = f"{len(columns) - 1} columns"
        raise RequestError("data set", wrong, f"Its second line says nfeatures {_quoted(meta['nfeatures'])}.")
    if len(set(columns)) < len(columns) or TARGET in columns:
        raise RequestError("data set", "a column twice", "Each column has a name of its own.")
    return Head((), meta["timesplitting"], meta["targetcolumn"]), columns


def _check_target(kind: str, classes: str) -> None:
    """
    Raises:
        RequestError: the target is none of two classes.
    """
    if kind != "discrete":
        raise RequestError("target type", _quoted(kind), "Earlybell classifies: it must be discrete.")
    try:
        known = json.loads(classes)
    except ValueError:
        known = None
    if known not in (_CLASSES, ["0", "1"]):
        way_out = "Earlybell predicts targets of the two classes 0 and 1: use Moodle's PHP back end for this model."
        raise RequestError("target classes", _quoted(classes), way_out)


def _table(file: BinaryIO, names: list[str], kinds: dict[str, pa.DataType]) -> pa.Table:
    """The rows after the head."""
    schema = pa.schema([(name, kinds.get(name, pa.float32())) for name in names])
    start = file.tell()
    if not file.read(1):
        return schema.empty_table()
    file.seek(start)
    try:
        table = pyarrow.csv.read_csv(
            file,
            read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False),
            convert_options=pyarrow.csv.ConvertOptions(column_types=schema, null_values=[""], strings_can_be_null=True),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError) as error:
        way_out = "Each row must have a value, or nothing, for each column, and values must be numbers."
        # pyarrow's message quotes the row; where it stands is all that may be said of it.
        place = re.search(r"Row #\d+", str(error))
        raise RequestError("rows of the data set", place[0] if place else "unreadable", way_out) from None
    for name, column in zip(names, table.columns, strict=True):
        if name not in kinds and pc.all(pc.is_finite(column)).as_py() is False:
            raise RequestError("column", _quoted(name), "Its values must be finite numbers, or missing.")
    return table


def _numbers(table: pa.Table, first: int) -> Floats:
    """Columns from the first on as (n, columns); what is missing is NaN."""
    numbers = np.empty((table.num_rows, table.num_columns - first), dtype=np.float32)
    for i, column in enumerate(table.columns[first:]):
        numbers[:, i] = column.to_numpy()
    return numbers


def _quoted(text: str) -> str:
    return json.dumps(text[:_SHOWN])
