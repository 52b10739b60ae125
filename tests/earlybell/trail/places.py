"""What tests of the trail share: records, and a place for a trail in a store that can be tampered with."""

import multiprocessing
import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from earlybell.trail import Record, Trail, open_trail

PROCESSES = multiprocessing.get_context("forkserver")  # which starts one in no time
PROCESSES.set_forkserver_preload(["psycopg", __name__])
CALLERS = 4  # at once, in a process of its own
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def record(request: str, learner: str = "ann", risk: float | None = 0.25, band: str = "medium") -> Record:
    """A record of one answer."""
    features = (1.5, None, 0.1)
    return Record(
        request, NOON, "run 1", learner, NOON, "learner-risk", "3", "abc", features, risk, 0.1, 0.5, band, "moodle"
    )


@dataclass(frozen=True)
class Place:
    """A store's address, its anchor file, and a way past the triggers, as somebody with all rights would take."""

    address: str
    anchors: Path
    tamper: Callable[..., list[tuple[Any, ...]]]

    def open(self, **settings: Any) -> Trail:
        return open_trail(self.address, anchors=self.anchors, **settings)

    def filled(self, requests: Iterable[str], learners: Iterable[str] = ("ann", "bob")) -> str:
        """Write a record a request, each in a commit of its own; the writer's name."""
        names = list(learners)
        with self.open() as trail:
            for number, request in enumerate(requests):
                trail.append([record(request, names[number % len(names)])]).result()
        (writer,) = self.tamper("SELECT writer FROM trail_chain ORDER BY writer LIMIT 1")[0]
        return str(writer)


def sqlite_place(folder: Path) -> Place:
    """A trail in a new SQLite file."""
    path = folder / "trail.db"

    def tamper(sql: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(path)
        try:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            rows = connection.execute(sql, values).fetchall()
            connection.commit()
            return rows
        finally:
            connection.close()

    return Place(f"sqlite:{path}", folder / "heads.jsonl", tamper)


def postgresql_place(folder: Path, address: str, schema: str) -> Place:
    """A trail in a new schema of a PostgreSQL server."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    own = f"{address}?options=-csearch_path%3D{schema}"

    def tamper(sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(own, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            cursor = connection.execute(sql.replace("?", "%s").encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    return Place(own, folder / "heads.jsonl", tamper)


def append_many(address: str, anchors: Path, prefix: str, most: int, acknowledged: Path) -> None:
    """Append for several callers; write each id to `acknowledged` once it is acknowledged. For a process of its own."""
    out = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with open_trail(address, anchors=anchors) as trail, ThreadPoolExecutor(CALLERS) as callers:

        def append(number: int) -> None:
            trail.append([record(f"{prefix}-{number}")]).result()
            os.write(out, f"{prefix}-{number}\n".encode())

        list(callers.map(append, range(most)))
    os.close(out)
