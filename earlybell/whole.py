"""A file or folder that is written whole or not at all, and that is on the disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """A path to write a file or a folder to, which takes the place of `out` at the end; not if anything is raised.

    It lies in a folder for it alone, on the disk of `out`, whose folder is made. A file takes the place of a file, a
    folder that of an empty one alone.

    Raises:
        OSError: it cannot take that place.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".earlybell-", dir=out.parent) as folder:
        part = Path(folder) / out.name
        yield part
        part.replace(out)


def settle(path: Path) -> None:
    """Have what a file holds on the disk when this returns; of a folder, the names in it.

    Raises:
        OSError: the disk has not taken it.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
