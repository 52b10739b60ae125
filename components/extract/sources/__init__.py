"""The sources, a module each: `NAME:PLACE` is the address of one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from components.extract import canonical
from components.extract.staging import Extracted, Staging
from earlybell.extensions import find_extensions

Read = Callable[[Staging, str, str], Extracted]


@dataclass(frozen=True)
class Source:
    """A kind of source.

    Attributes:
        name: what stands before the colon of an address.
        place: what stands behind it, in a word, as `DIR`.
        meaning: what it reads, in a line.
        read: takes the staging, the whole address and the place behind the colon.
    """

    name: str
    place: str
    meaning: str
    read: Read


@cache
def find_sources() -> dict[str, Source]:
    """Every kind of source by its name, our own first.

    Raises:
        SettingError: as `find_extensions`.
    """
    return find_extensions("sources", Source, __name__)


def as_tables(write: Callable[[str, Path], None]) -> Read:
    """How to read a source that is written as canonical tables first, and read as `tables:DIR` then.

    Args:
        write: takes the place of the address, and a new folder that it writes a file for each table into.
    """

    def read(staging: Staging, source: str, place: str) -> Extracted:
        staging.check_key()  # before the work
        folder = staging.folder / f"written{len(staging.files)}"
        folder.mkdir()
        write(place, folder)
        return canonical.read(staging, source, str(folder))

    return read
