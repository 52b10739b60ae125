"""JSON files of rows as CSV, as Moodle's downloads are: a list of sheets, each a list of rows.

Moodle writes a row as an object, by what letters and digits the columns' titles have. Older ones write a list, and no
titles; the oldest have one list of rows, and none of sheets.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

Cell = str | int | float | bool | None
Row = dict[str, Cell] | list[Cell]


def write_csv(path: Path, out: Path, untitled: Sequence[str]) -> None:
    """Write the rows to `out`, a line a row, under their titles; `untitled` are those of lists that have none.

    Raises:
        OSError: it is no list of rows, or a broken one.
    """
    try:
        rows = list(_rows(msgspec.json.decode(path.read_bytes(), type=list[dict[str, Cell] | list[Row | Cell]])))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OSError(f"not a whole JSON list of rows ({error})") from error
    with out.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        if header := _titles(rows, untitled):
            writer.writerow(header)
        titles = [*rows[0]] if rows and isinstance(rows[0], dict) else []
        for row in rows:
            cells = [row.get(title) for title in titles] if isinstance(row, dict) else row
            writer.writerow("" if cell is None else " ".join(str(cell).split()) for cell in cells)


def _rows(loaded: Sequence[dict[str, Cell] | list[Row | Cell]]) -> Iterator[Row]:
    for item in loaded:
        rows = [row for row in item if isinstance(row, dict | list)] if isinstance(item, list) else []
        if isinstance(item, dict):
            yield item
        elif rows:
            yield from rows
        elif item:
            yield [cell for cell in item if not isinstance(cell, dict | list)]


def _titles(rows: Sequence[Row], untitled: Sequence[str]) -> Sequence[str]:
    """The titles to write before the rows: none where the first row has them."""
    first = rows[0] if rows else []
    if isinstance(first, dict):
        return [*first]
    return untitled if first and any(map(str.isdigit, str(first[0]))) else ()
