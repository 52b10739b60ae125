"""Moodle's log as it is now, in blocks of ids, however it is asked: what `log_store` compares with what it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from components.extract.moodle_db.databases import Database
from components.extract.moodle_db.structure import LOG, LOG_TABLE


class Count(msgspec.Struct, frozen=True):
    """What Moodle has of a block: how many rows, the sum of their ids, the last id, and whose act that was, and when.

    Ids that a restored site gives out anew count as before; the last row tells.
    """

    rows: int = 0
    total: int = 0
    last: int = 0
    user: int = 0
    at: int = 0


@dataclass(frozen=True)
class Extent:
    """Of the rows that Moodle's log has: the first and the last id, 0 without a row, and the earliest second."""

    first: int
    last: int
    oldest: int | None


class MoodleLog(Protocol):
    """The log of a site. All functions raise SourceError where it cannot be read."""

    @property
    def questions(self) -> int:
        """That the site was asked, whatever about."""

    def extent(self) -> Extent: ...

    def count(self, start: int, end: int, block: int) -> dict[int, Count]:
        """What there is of each block that has a row, by its first id, from `start` to before `end`."""

    def blocks_of(self, courses: Sequence[int], block: int) -> set[int]:
        """The first ids of the blocks that have rows of the courses."""

    def write(self, courses: Sequence[int], start: int, end: int, path: Path) -> None:
        """Write the rows of the courses from `start` to before `end` as `Database.write` does."""


class DatabaseLog:
    """That of a database, at the moment of its transaction."""

    def __init__(self, database: Database, prefix: str) -> None:
        self._database, self._name = database, f'"{prefix}{LOG}"'

    @property
    def questions(self) -> int:
        return self._database.questions

    def extent(self) -> Extent:
        """Three ends of indexes."""
        ((first, last),) = self._database.rows(f"SELECT min(id), max(id) FROM {self._name}")
        ((oldest,),) = self._database.rows(f"SELECT min(timecreated) FROM {self._name} WHERE timecreated > 0")
        return Extent(int(first or 0), int(last or 0), None if oldest is None else int(oldest))

    def count(self, start: int, end: int, block: int) -> dict[int, Count]:
        blocks = (
            f"SELECT id - id % {block} AS first, count(*) AS n, sum(id) AS total, max(id) AS last "
            f"FROM {self._name} WHERE id BETWEEN {start} AND {end - 1} GROUP BY 1"
        )
        last_rows = f"({blocks}) b JOIN {self._name} l ON l.id = b.last"
        rows = self._database.rows(f"SELECT b.first, b.n, b.total, b.last, l.userid, l.timecreated FROM {last_rows}")
        return {int(first): Count(*map(int, values)) for first, *values in rows}

    def blocks_of(self, courses: Sequence[int], block: int) -> set[int]:
        query = f"SELECT DISTINCT id - id % {block} FROM {self._name} WHERE {_within(courses)}"
        return {int(first) for (first,) in self._database.rows(query)}

    def write(self, courses: Sequence[int], start: int, end: int, path: Path) -> None:
        rest = f"FROM {self._name} t WHERE t.id BETWEEN {start} AND {end - 1} AND {_within(courses)}"
        self._database.write(LOG_TABLE.columns, rest, path, "reading the log")


def _within(courses: Sequence[int]) -> str:
    return LOG_TABLE.within.format(p="", courses=", ".join(map(str, courses)))
