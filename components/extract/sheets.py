"""XLSX files as CSV, so that they are read, checked and set aside as every other file."""

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException


def write_csv(path: Path, out: Path) -> None:
    """Write the first sheet's values to `out`, a line a row: of formulas what they last came to.

    Raises:
        OSError: it is no XLSX file, or a broken one.
    """
    try:
        with warnings.catch_warnings(), out.open("w", encoding="utf-8", newline="") as text:
            warnings.filterwarnings("ignore", module="openpyxl")  # of styles, which nobody here looks at
            csv.writer(text, lineterminator="\n").writerows(_rows(path))
    except (BadZipFile, InvalidFileException, KeyError, ValueError, EOFError) as error:
        out.unlink(missing_ok=True)
        raise OSError(f"not a whole XLSX file ({type(error).__name__})") from error


def _rows(path: Path) -> Iterator[list[str]]:
    """Rows of texts, each as wide as the first one or wider; an empty row has nothing."""
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()  # some writers state fewer rows than there are
        width = 0
        for values in sheet.iter_rows(values_only=True):
            texts = ["" if value is None else " ".join(str(value).split()) for value in values]
            while texts and not texts[-1]:
                texts.pop()
            width = width or len(texts)
            yield [*texts, *[""] * (width - len(texts))] if texts else []
    finally:
        workbook.close()
