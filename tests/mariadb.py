"""A MariaDB server of the tests' own, from Debian's package."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER, PASSWORD = "earlybell", "of the tests"
_START = f"""
CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';
GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;
DELETE FROM mysql.global_priv WHERE User = '';
FLUSH PRIVILEGES;
"""


class MariaDb:
    """A server in a folder of its own, on a free port of this machine."""

    def __init__(self) -> None:
        self._data = Path(tempfile.mkdtemp(prefix="earlybell-mariadb-"))
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={self._data}", "--skip-test-db"]
        subprocess.run([*install, *self._as_root()], check=True, capture_output=True)
        self._socket = self._data / "socket"
        self.port = _free_port()
        self._start()
        self.run(_START)

    def run(self, statements: str) -> None:
        """Run statements as its own administrator."""
        command = ["mariadb", "--no-defaults", f"--socket={self._socket}", "--user=root"]
        subprocess.run(command, input=statements.encode(), check=True, capture_output=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Its process stopped, as on a machine that hangs: the kernel still answers for it."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        self._process.kill()
        self._process.wait(30)
        shutil.rmtree(self._data)

    def _start(self) -> None:
        options = [f"--datadir={self._data}", f"--socket={self._socket}", f"--port={self.port}"]
        options += ["--bind-address=127.0.0.1", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"]
        command = [_program(), "--no-defaults", *options, "--innodb-buffer-pool-size=64M", *self._as_root()]
        self._process = subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while subprocess.run(
            ["mariadb-admin", "--no-defaults", f"--socket={self._socket}", "--user=root", "ping"],
            check=False,
            capture_output=True,
        ).returncode:
            assert time.monotonic() < until, "MariaDB did not start"
            time.sleep(0.1)

    @staticmethod
    def _as_root() -> list[str]:
        return ["--user=root"] if os.getuid() == 0 else []


def start_mariadb() -> MariaDb:
    """A new server; the test is skipped where MariaDB is not installed."""
    if not (shutil.which("mariadb-install-db") and _program()):
        pytest.skip("MariaDB is not installed (Debian's package mariadb-server)")
    return MariaDb()


def _program() -> str:
    return shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin") or ""


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
