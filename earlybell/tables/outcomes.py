"""Which outcomes are warned of: the one place that says so."""

from earlybell.tables.sql import quoted

BAD_OUTCOMES = ("fail", "withdrawn")


def is_bad(column: str = "outcome") -> str:
    """SQL: whether an outcome of the column is one that is warned of; null where there is none."""
    return f"({column} IN ({', '.join(map(quoted, BAD_OUTCOMES))}))"


def bad_outcome(column: str = "outcome") -> str:
    """SQL for the outcome label of a column of outcomes: 1 for a bad one, else 0."""
    return f"{is_bad(column)}::INTEGER"
