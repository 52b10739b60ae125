"""What Moodle wrote into a column of texts: JSON, or PHP's `serialize` on older sites. Data alone, never an object."""

import json
from collections.abc import Mapping

Value = str | int | float | bool | None | Mapping[str, "Value"]
LONGEST, DEEPEST = 100_000, 10  # bytes, and arrays within arrays


class UnreadableError(ValueError):
    """It is neither, or has what Moodle never writes there."""


def loads(text: str) -> Value:
    """The value; lists are mappings from their numbers, as PHP has them.

    Raises:
        UnreadableError: it is neither JSON nor plain data as PHP writes it, or too long or deep.
    """
    data = text.strip().encode()
    if len(data) > LONGEST:
        raise UnreadableError(f"{len(data)} bytes")
    try:
        return _plain(json.loads(data), DEEPEST)
    except (ValueError, RecursionError):
        value, end = _read(data, 0, DEEPEST)
        if end != len(data):
            raise UnreadableError("more than one value") from None
        return value


def _plain(value: object, depth: int) -> Value:
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        if not depth:
            raise UnreadableError("too deep")
        return {str(name): _plain(item, depth - 1) for name, item in value.items()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise UnreadableError(type(value).__name__)


def _read(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """The value that begins at a byte, and where it ends."""
    kind = data[at : at + 2]
    if kind == b"N;":
        return None, at + 2
    if kind in (b"i:", b"d:", b"b:"):
        text, end = _until(data, at + 2, b";")
        return _number(kind, text), end
    if kind == b"s:":
        return _text(data, at)
    if kind == b"a:" and depth:
        return _array(data, at, depth)
    raise UnreadableError("no plain data")


def _number(kind: bytes, text: str) -> Value:
    try:
        return float(text) if kind == b"d:" else bool(int(text)) if kind == b"b:" else int(text)
    except ValueError:
        raise UnreadableError("no number") from None


def _text(data: bytes, at: int) -> tuple[str, int]:
    length, start = _length(data, at)
    end = start + 1 + length
    if data[start : start + 1] != b'"' or data[end : end + 2] != b'";':
        raise UnreadableError("a text that does not end")
    return data[start + 1 : end].decode(errors="replace"), end + 2


def _array(data: bytes, at: int, depth: int) -> tuple[Mapping[str, Value], int]:
    length, at = _length(data, at)
    if data[at : at + 1] != b"{":
        raise UnreadableError("an array that does not begin")
    values, at = dict[str, Value](), at + 1
    for _ in range(length):
        name, at = _read(data, at, 0)
        values[str(name)], at = _read(data, at, depth - 1)
    if data[at : at + 1] != b"}":
        raise UnreadableError("an array that does not end")
    return values, at + 1


def _length(data: bytes, at: int) -> tuple[int, int]:
    text, end = _until(data, at + 2, b":")
    if not text.isdecimal() or int(text) > LONGEST:
        raise UnreadableError("no length")
    return int(text), end


def _until(data: bytes, at: int, mark: bytes) -> tuple[str, int]:
    end = data.find(mark, at, at + 40)
    if end < 0:
        raise UnreadableError("it stops in the middle")
    return data[at:end].decode("ascii", errors="replace"), end + 1
