"""The JSON schema of a request, made from the tables; `request.json` beside this file holds it for other languages.

`python -m earlybell.tables.request` prints it.
"""

import json
import sys
from typing import Any

import msgspec

from earlybell.tables.codec import TABLES_READ, may_be_coded
from earlybell.tables.correction import SentCorrection
from earlybell.tables.rules import least, most
from earlybell.tables.schema import BY_NAME, LONGEST, Column, Table, Type
from earlybell.tables.trial import TrialDigest

_KINDS: dict[Type, list[str]] = {
    "string": ["string"],
    "integer": ["integer", "string"],
    "number": ["number", "string"],
    "timestamp": ["string", "number"],  # seconds of Unix
}
_TIME = {"type": _KINDS["timestamp"], "examples": ["2026-03-01T08:30:00Z", 1772353800, "1772353800"]}
_DIGITS: dict[Type, str] = {"integer": "[0-9]+(?:[.,]0+)?", "number": "[0-9]+(?:[.,][0-9]+)?"}  # of a number as a text


def schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of a request's body."""
    tables = {name: {"$ref": f"#/$defs/{name}"} for name in TABLES_READ}
    instance = {
        "type": "object",
        "description": "a small extract of one course run in the canonical tables",
        "properties": {
            "as_of": {"description": "the moment; now if left out", **_TIME},
            "correction": {"$ref": f"#/$defs/{SentCorrection.__name__}"},
            "trial": msgspec.json.schema(TrialDigest),
            **tables,
        },
        "required": ["courses", "enrolments"],
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Earlybell request",
        "type": "object",
        "properties": {"instances": {"type": "array", "minItems": 1, "items": instance}},
        "required": ["instances"],
        "$defs": {name: _table_schema(BY_NAME[name]) for name in TABLES_READ} | _correction_schema(),
    }


def _correction_schema() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components([SentCorrection], ref_template="#/$defs/{name}")
    return schemas


def _table_schema(table: Table) -> dict[str, Any]:
    cells = {column.name: _cell(table, column) for column in table.columns}
    needed = [c.name for c in table.columns if not c.nullable and (c.name != "course_id" or table.name == "courses")]
    only_one = {"minItems": 1, "maxItems": 1} if table.name == "courses" else {}
    row = {"type": "object", "properties": cells, "required": needed, "additionalProperties": False}
    lists = {column.name: _list(table, column, cells[column.name], only_one) for column in table.columns}
    columns = {"type": "object", "properties": lists, "required": needed, "additionalProperties": False}
    return {"description": table.meaning, "oneOf": [{"type": "array", "items": row, **only_one}, columns]}


def _list(table: Table, column: Column, cell: dict[str, object], only_one: dict[str, int]) -> dict[str, object]:
    """A column: a list, or, of texts that repeat, each text once and of each row its place among them."""
    plain: dict[str, object] = {"type": "array", "items": cell, **only_one}
    if not may_be_coded(table, column):
        return plain
    codes = {"type": "array", "items": {"type": "integer", "minimum": 0}}
    parts = {"categories": {"type": "array", "items": cell}, "codes": codes}
    coded = {"type": "object", "properties": parts, "required": [*parts], "additionalProperties": False}
    return {"oneOf": [plain, coded]}


def _cell(table: Table, column: Column) -> dict[str, Any]:
    """A value: where it is set aside if it is out of range, none is told."""
    cell: dict[str, Any] = {"description": column.meaning} | (_TIME if column.type == "timestamp" else {})
    kinds = _KINDS[column.type] + (["integer"] if column.is_id else []) + (["null"] if column.nullable else [])
    cell["type"] = kinds if len(kinds) > 1 else kinds[0]
    if column.type in _DIGITS:
        refused = (column.bad or table.bad) == "stop"
        cell |= {"minimum": least(column), "maximum": most(column)} if refused else {}
        sign = "" if refused and least(column) >= 0 else "-?"
        cell["pattern"] = f"^(?:{sign}{_DIGITS[column.type]}){'?' if column.nullable else ''}$"
    if column.type == "string":
        cell |= {"minLength": 1, "maxLength": LONGEST}
    if column.pattern is not None:
        cell["pattern"] = f"^(?:{column.pattern})$"
    if column.timezone:
        cell["examples"] = ["Europe/Berlin"]
    if column.choices:
        cell["enum"] = list(column.choices)
    return cell


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=1) + "\n")
