"""The canonical tables: their columns as plain data, and folders of them on disk."""

from earlybell.tables.schema import BY_NAME, DEFAULT_WEEKS, SQL_TYPES, TABLES, Column, Table
from earlybell.tables.store import attach, checked_facts, read_facts, tables_digest

__all__ = [
    "BY_NAME",
    "DEFAULT_WEEKS",
    "SQL_TYPES",
    "TABLES",
    "Column",
    "Table",
    "attach",
    "checked_facts",
    "read_facts",
    "tables_digest",
]
