"""What is kept on disk: of each model its rows, what was fitted to them, and its last evaluations.

Moodle sends a sample once and never again, so the rows are what must not be lost. They are written before anything is
fitted. Each file is written whole, and is on the disk before it takes its place: a process may be killed at any moment.
"""

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from earlybell.errors import RequestError, SettingError
from earlybell.whole import settle
from serving.mlbackend.dataset import Head, Rows, count_rows, read_rows, write_rows

UNIQUEID, DIRHASH, RUNID = (re.compile(form) for form in (r"[0-9a-f]{40}", r"[0-9a-f]{32}", r"[0-9]{1,19}"))
RUNS = 20  # evaluations that are kept of a model
MODEL = "model.onnx"
_SCRATCH, _MODELS = "scratch", "models"


class Store:
    """A folder of models, for one server at a time.

    Raises:
        SettingError: another server has it, or nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder / _SCRATCH, ignore_errors=True)  # what was under way when it was killed
            (folder / _SCRATCH).mkdir()
        except BlockingIOError:
            raise SettingError("folder of models", str(folder), "Another back end uses it: name another.") from None
        except OSError as error:
            raise SettingError("folder of models", str(folder), f"{error.strerror}: name another.") from None

    def close(self) -> None:
        os.close(self._lock)

    def check(self) -> None:
        """Raises:
        OSError: nothing can be written there.
        """
        with tempfile.TemporaryFile(dir=self._folder / _SCRATCH) as file:
            file.write(b"ok")

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for the files of one request, which is gone after it."""
        with tempfile.TemporaryDirectory(dir=self._folder / _SCRATCH) as folder:
            yield Path(folder)

    def model(self, uniqueid: str, dirhash: str) -> "ModelFolder":
        """
        Raises:
            RequestError: these are no ids of Moodle's.
        """
        return ModelFolder(self._of(uniqueid) / _checked("dirhash", DIRHASH, dirhash), self._folder / _SCRATCH)

    def delete(self, uniqueid: str) -> None:
        """All of a model; nothing if there is none.

        Raises:
            RequestError: this is no id of Moodle's.
        """
        place = self._of(uniqueid)
        if place.exists():
            with self.scratch() as rubbish:
                place.replace(rubbish / place.name)  # at once: who reads it fails, and nobody sees a half of it
                settle(place.parent)

    def _of(self, uniqueid: str) -> Path:
        return self._folder / _MODELS / _checked("uniqueid", UNIQUEID, uniqueid)


class ModelFolder:
    """What is kept of a model, in one of Moodle's folders for it."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._folder, self._scratch = folder, scratch

    @property
    def uniqueid(self) -> str:
        """The model, whichever of its folders this is."""
        return self._folder.parent.name

    @property
    def onnx(self) -> Path:
        """Where the fitted model lies, if it was fitted."""
        return self._folder / MODEL

    @property
    def parts(self) -> tuple[Path, ...]:
        """The files of rows, in the order in which they came."""
        return tuple(sorted((self._folder / "rows").glob("*.parquet")))

    @property
    def state(self) -> str:
        """Another text when rows were added or changed, or the model was deleted; empty when there are none."""
        return " ".join(
            f"{part.stem}:{stat.st_size}:{stat.st_mtime_ns}" for part in self.parts if (stat := part.stat())
        )

    def add(self, rows: Rows, most: int) -> None:
        """Keep rows of a training.

        Where Moodle was not told that its last rows had come, or was told that they do not do yet, it sends them again
        among the new ones. They then take their own place.

        Raises:
            RequestError: they have other columns than those before, or are too many.
        """
        parts = self.parts
        replaced = False
        if parts:
            last = read_rows(parts[-1])
            check_head(rows.head, last.head)
            replaced = _contains(rows, last)
        count = sum(count_rows(part) for part in (parts[:-1] if replaced else parts)) + len(rows)
        if count > most:
            raise RequestError("rows of the model", f"{count:,}", f"They may be {most:,}: raise --max-rows.")
        number = len(parts) + (0 if replaced else 1)
        self._write(self._folder / "rows" / f"{number:06}.parquet", lambda path: write_rows(rows, path))

    def publish(self, onnx: Path) -> None:
        """Let a fitted model take the place of the one before."""
        self._write(self.onnx, lambda path: shutil.copyfile(onnx, path))

    def add_run(self, log: Path) -> int:
        """Keep what an evaluation found, and return its number: one that Moodle has not seen."""
        runs = self._folder / "runs"
        numbers = sorted(int(path.stem) for path in runs.glob("*.zip"))
        number = max([time.time_ns() // 1_000_000, *(last + 1 for last in numbers[-1:])])
        self._write(runs / f"{number}.zip", lambda path: shutil.copyfile(log, path))
        for old in numbers[: -(RUNS - 1)]:
            (runs / f"{old}.zip").unlink(missing_ok=True)
        return number

    def run(self, runid: str) -> Path:
        """
        Raises:
            RequestError: this is no number of a run.
        """
        return self._folder / "runs" / f"{_checked('runid', RUNID, runid)}.zip"

    def _write(self, place: Path, write: Callable[[Path], object]) -> None:
        """Whole, or not at all; and on the disk."""
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            part = Path(folder) / place.name
            write(part)
            settle(part)
            part.replace(place)
        # All up to the store's: any of them may be new, also since a server that was killed before it came to this.
        store = self._scratch.parent
        for parent in place.parents[: place.parents.index(store) + 1]:
            settle(parent)


def check_head(head: Head, before: Head) -> None:
    """
    Raises:
        RequestError: their columns, interval or target are others.
    """
    names = ("target", "interval", "columns")
    for name in names:
        value, known = getattr(head, name), getattr(before, name)
        if value != known:
            way_out = "Moodle gives a model of other settings another id: delete or clear this one in Moodle."
            raise RequestError(f"another {name} than the model's", _difference(value, known), way_out)


def _difference(value: str | tuple[str, ...], known: str | tuple[str, ...]) -> str:
    if isinstance(value, str) or isinstance(known, str):
        return repr(value)
    return ", ".join(sorted(set(value) ^ set(known))) or "in another order"


def _contains(rows: Rows, last: Rows) -> bool:
    """Whether the last rows stand among the new ones, in a row: Moodle appends files as they are."""
    new, old = (np.column_stack([part.values, part.label]).astype(np.float32) for part in (rows, last))
    if not len(old):
        return True
    width, text, search = new.shape[1] * new.itemsize, new.tobytes(), old.tobytes()
    at = text.find(search)
    while at > 0 and at % width:
        at = text.find(search, at + 1)
    return at >= 0


def _checked(name: str, form: re.Pattern[str], value: str) -> str:
    if not form.fullmatch(value):
        raise RequestError(name, repr(value[:80]), f"It is not of the form {form.pattern}, as Moodle's are.")
    return value
