"""A PostgreSQL server of the tests' own, from Debian's package."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class Server:
    """A PostgreSQL server of the tests' own, on a free port of this machine.

    Attributes:
        user: its administrator, whom it trusts.
    """

    user = "earlybell"

    def __init__(self, programs: Path, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._programs, self._data = programs, Path(tempfile.mkdtemp(prefix="earlybell-postgresql-"))
        self._user = "nobody" if os.getuid() == 0 else None  # PostgreSQL refuses to run as root
        if self._user:
            shutil.chown(self._data, self._user)
        self._run("initdb", "-U", self.user, "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.address = f"postgresql://{self.user}@127.0.0.1:{self.port}/postgres"
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories="]
        settings += ["fsync=off", "full_page_writes=off"]  # what is killed is the process, never the machine
        settings += [f"{name}={value}" for name, value in self._settings.items()]
        command = [
            str(self._programs / "postgres"),
            "-D",
            str(self._data),
            *(part for setting in settings for part in ("-c", setting)),
        ]
        self._process = subprocess.Popen(command, user=self._user, cwd="/", stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while self._exit_code("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)):
            assert time.monotonic() < until, "PostgreSQL did not start"
            time.sleep(0.05)

    def run(self, database: str, statements: str) -> None:
        """Run statements as its administrator; one that fails ends them."""
        words = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", self.user]
        command = [str(self._programs / "psql"), *words, "-d", database]
        subprocess.run(command, input=statements.encode(), check=True, capture_output=True, cwd="/")

    def stop(self) -> None:
        """End it at once, as a crash would."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All of its processes stopped, as on a machine that hangs: the kernel still answers for them."""
        self._process.send_signal(signal.SIGSTOP)  # first: then there are no new ones
        first = self._process.pid
        children = [int(child) for child in Path(f"/proc/{first}/task/{first}/children").read_text().split()]
        _signal(children, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal([*children, first], signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._data)

    def _run(self, program: str, *options: str) -> None:
        command = [str(self._programs / program), "-D", str(self._data), *options]
        subprocess.run(command, user=self._user, cwd="/", check=True, capture_output=True)

    def _exit_code(self, program: str, *options: str) -> int:
        return subprocess.run([self._programs / program, *options], check=False).returncode


def _signal(processes: list[int], number: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # it was about to end
            os.kill(process, number)


def start_postgresql(**settings: str) -> Server:
    """A new server with these settings of postgresql.conf; the test is skipped where PostgreSQL is not installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    return Server(programs[-1].parent, settings)
