"""A PgBouncer before PostgreSQL: one session serves many in turn, a transaction each."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from earlybell.errors import SettingError
from earlybell.trail import erase, open_trail, read_records, verify
from tests.earlybell.trail.places import record
from tests.postgresql import Server


@contextmanager
def _pgbouncer(postgresql: Server, mode: str, database: str) -> Iterator[str]:
    """One that gives all of its clients a single session of the server; the trail's address through it."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None and "EARLYBELL_CI" not in os.environ:
        pytest.skip("PgBouncer is not installed (Debian's package pgbouncer)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = "nobody" if os.getuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="earlybell-pgbouncer-") as folder:
        settings = _settings(Path(folder), postgresql, mode, database, port)
        if user:
            shutil.chown(folder, user)
        process = subprocess.Popen([str(program), "-q", settings], user=user, stderr=subprocess.DEVNULL)
        try:
            _wait(process, port)
            yield f"postgresql://earlybell@127.0.0.1:{port}/{database}"
        finally:
            process.terminate()
            process.wait(20)


def _settings(folder: Path, postgresql: Server, mode: str, database: str, port: int) -> Path:
    behind = f"host=127.0.0.1 port={urlsplit(postgresql.address).port} dbname={database} user=earlybell"
    (folder / "users").write_text('"earlybell" ""\n')
    (folder / "settings").write_text(
        f"[databases]\n{database} = {behind}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {folder}/users\npool_mode = {mode}\n"
        f"default_pool_size = 1\nlogfile = {folder}/log\n"
    )
    return folder / "settings"


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None, "PgBouncer ended"
            assert time.monotonic() < until, "PgBouncer did not start"
            time.sleep(0.05)


@pytest.fixture
def database(postgresql: Server) -> str:
    """A new database of its own: PgBouncer takes no schema in an address."""
    import psycopg

    name = f"pooled_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(postgresql.address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return name


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_the_trail_works_behind_a_pooler(postgresql: Server, database: str, tmp_path: Path, mode: str) -> None:
    anchors = tmp_path / "heads"
    with _pgbouncer(postgresql, mode, database) as address:
        if mode == "session":  # with a single session there is one client at a time
            with open_trail(address, anchors=anchors) as trail:
                trail.append([record("a")]).result()
        else:
            with (
                open_trail(address, anchors=anchors) as trail,
                open_trail(address, anchors=anchors) as other,
                ThreadPoolExecutor(8) as callers,
            ):
                writers = [trail, other]
                done = callers.map(
                    lambda number: writers[number % 2].append([record(str(number))]).result(), range(200)
                )
                assert len(list(done)) == 200
                assert len(list(read_records(address))) == 200
            trails = [open_trail(address, anchors=anchors) for _ in range(5)]  # more clients than sessions
            for client in trails:
                client.append([record("x", "bob")]).result()
            for client in trails:
                client.close()
            assert erase(address, "bob", "why", anchors=anchors) == 5
        audit = verify(address, anchors)
        assert audit.whole
        assert audit.entries == (206 if mode == "transaction" else 1)
    straight = postgresql.address.replace("/postgres", f"/{database}")
    assert verify(straight, anchors).whole


def test_nothing_that_was_set_stays_in_the_session_that_others_get(postgresql: Server, database: str) -> None:
    import psycopg

    with _pgbouncer(postgresql, "transaction", database) as address:
        with open_trail(address, anchors="none") as trail:
            trail.append([record("a")] * 10).result()
        assert erase(address, "ann", "why", anchors="none") == 10
        with psycopg.connect(address, autocommit=True, prepare_threshold=None) as other:
            settings = [other.execute(f"SHOW {name}".encode()).fetchone() for name in _SET]
            prepared = other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
            locks = other.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
    assert settings == [("0",), ("on",), ("read committed",), ("off",)]
    assert (prepared, locks) == ((0,), (0,))


_SET = ["statement_timeout", "synchronous_commit", "default_transaction_isolation", "default_transaction_read_only"]


def test_a_pooler_that_gives_each_statement_another_session_is_refused(postgresql: Server, database: str) -> None:
    with (
        _pgbouncer(postgresql, "statement", database) as address,
        pytest.raises(SettingError, match=r"pooler.*statement pooling.*Set its pool_mode to transaction or session"),
    ):
        open_trail(address, anchors="none")


def test_options_that_a_pooler_refuses_are_named(postgresql: Server, database: str, tmp_path: Path) -> None:
    with (
        _pgbouncer(postgresql, "transaction", database) as address,
        pytest.raises(SettingError, match=r"pooler.*unsupported startup parameter.*options.*ALTER ROLE"),
    ):
        open_trail(f"{address}?options=-csearch_path%3Dother", anchors="none", journal=tmp_path / "journal")
