"""The JSON files of a bundle: one reader and one writer, for whatever type a file is of."""

from pathlib import Path
from typing import TypeVar

import msgspec

from earlybell.errors import BundleError

T = TypeVar("T")


def read_json(path: Path, kind: type[T]) -> T:
    """The contents of a file, as a value of that type.

    Raises:
        BundleError: it cannot be read, is no JSON, or is not of the type.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise BundleError(f"cannot read {path}", str(error), "Take the bundle from the registry again.") from None


def write_json(path: Path, value: object) -> None:
    """Write a value of one of the bundle's types, so that it can be read: JSON has no NaN, and says null for it."""
    text = msgspec.json.encode(value)
    msgspec.json.decode(text, type=type(value))
    path.write_bytes(msgspec.json.format(text, indent=1))
