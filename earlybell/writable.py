"""Whether a place can be written, asked before any work starts: what it found out only at the end would be lost."""

import errno
import os
import tempfile
from pathlib import Path

from earlybell.errors import SettingError

LONGEST_NAME = 255  # bytes, of most file systems


def check_file(place: Path, name: str) -> None:
    """
    Args:
        name: what errors call it, as `--out`.

    Raises:
        SettingError: no file can be written: a folder or a device is there, or it, or its folder, may not be changed.
    """
    try:
        if place.is_dir():
            raise _refusal(place, name, "It is a folder: name a file.")
        if place.exists() and not place.is_file():
            raise _refusal(place, name, "It is no plain file: name another.")
        if place.exists() and not os.access(place, os.W_OK):
            raise _refusal(place, name, "It may not be changed: name another, or change its rights.")
        _check_name(place)
        _probe(place.parent)
    except OSError as error:
        raise _reason(place, name, error) from None


def check_folder(place: Path, name: str, *, empty: bool = False) -> None:
    """
    Args:
        name: what errors call it, as `--out`.
        empty: it holds nothing yet, if it is there.

    Raises:
        SettingError: no files can be written into such a folder, or it cannot be made.
    """
    try:
        if place.exists() and not place.is_dir():
            raise _refusal(place, name, "It is a file: name a folder.")
        if empty and place.exists() and any(place.iterdir()):
            raise SettingError(f"{name} is not empty", str(place), "Name a new folder.")
        _probe(place)
    except OSError as error:
        raise _reason(place, name, error) from None


def check_new_folder(place: Path, name: str) -> None:
    """
    Raises:
        SettingError: something is there already, or no folder can be made there.
    """
    try:
        if os.path.lexists(place):
            raise SettingError(f"{name} is there already", str(place), "Name a new folder.")
        _check_name(place)
        _probe(place.parent)
    except OSError as error:
        raise _reason(place, name, error) from None


def _probe(folder: Path) -> None:
    """Write a file, which is gone at once, into the folder or into the nearest one that is there.

    Raises:
        OSError: that cannot be done, or a name on the way is too long or a file's.
    """
    there = folder.absolute()
    while not there.exists():
        _check_name(there)
        there = there.parent
    with tempfile.TemporaryFile(dir=there):
        pass


def _check_name(place: Path) -> None:
    if len(os.fsencode(place.name)) > LONGEST_NAME:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


def _reason(place: Path, name: str, error: OSError) -> SettingError:
    return _refusal(place, name, f"{error.strerror or error}: name another, or change its rights.")


def _refusal(place: Path, name: str, way_out: str) -> SettingError:
    return SettingError(f"{name} cannot be written", str(place), way_out)
