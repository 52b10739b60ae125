"""Time zones: the names that the engine knows, which are those of the IANA database that it carries."""

from functools import cache

from earlybell.tables.sql import connect


@cache
def known_zones() -> frozenset[str]:
    """Every name that a course run's `timezone` may have."""
    with connect() as connection:
        return frozenset(row[0] for row in connection.execute("SELECT name FROM pg_timezone_names()").fetchall())
