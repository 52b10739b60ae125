"""Which outcomes are warned of: the one place that says so."""

from earlybell.tables.sql import quoted

BAD_OUTCOMES = ("fail", "withdrawn")


def bad_outcome(column: str = "outcome") -> str:
    """SQL for the outcome label of a column of outcomes: 1 for a bad one, else 0."""
    return f"({column} IN ({', '.join(map(quoted, BAD_OUTCOMES))}))::INTEGER"
