"""Calls of the C library that hang for as long as a test wants, in the programs that it starts."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Hanging:
    """What makes a program hang that is started with `environment`."""

    library: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "HANGING": str(self.folder)}

    @contextmanager
    def sync(self, part: str) -> Iterator[None]:
        """Nothing comes to the disk of a file whose path has this part in it."""
        with self._named("sync", part):
            yield

    @contextmanager
    def unlink(self, part: str) -> Iterator[None]:
        """No file whose path has this part in it is removed."""
        with self._named("unlink", part):
            yield

    @contextmanager
    def end_of(self, part: str) -> Iterator[None]:
        """Reading a file whose path has this part in it does not come to its end."""
        with self._named("read", part):
            yield

    @contextmanager
    def listing(self, part: str) -> Iterator[None]:
        """No folder whose path has this part in it is listed."""
        with self._named("opendir", part):
            yield

    @contextmanager
    def names(self) -> Iterator[None]:
        """No name server answers."""
        with self._named("getaddrinfo", ""):
            yield

    @contextmanager
    def _named(self, call: str, text: str) -> Iterator[None]:
        file = self.folder / call
        file.with_suffix(".new").write_text(text)
        file.with_suffix(".new").rename(file)
        try:
            yield
        finally:
            file.unlink()


def hanging_in(folder: Path) -> Hanging:
    """Built into the folder."""
    if shutil.which("gcc") is None and "EARLYBELL_CI" not in os.environ:
        pytest.skip("gcc is not installed, which builds what makes a call hang")
    library = folder / "hanging.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
    (folder / "hanging").mkdir()
    return Hanging(library, folder / "hanging")


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds; it must in so many seconds."""
    last = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < last
        time.sleep(0.05)
