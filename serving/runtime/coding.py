"""The coding of a body: gzip, whose size nobody knows before it is read."""

import zlib
from collections.abc import Iterator

_MOST = 2**20  # bytes of a part


class GzipError(ValueError):
    """Bytes that are not gzip, or not all of it."""


class Gunzip:
    """Takes gzip off a stream: one member or several, in parts that are never large."""

    def __init__(self) -> None:
        self._member, self._within = _member(), False

    def parts(self, data: bytes, *, last: bool) -> Iterator[bytes]:
        """What so many bytes more hold.

        Raises:
            GzipError: they are not gzip; or they are the last, and a member has not ended.
        """
        while data or self._within:
            part, left = self._part(data)
            if part:
                yield part
            elif left == data:
                break  # it waits for more
            data = left
        if last and (self._within or data):
            raise GzipError("gzip that breaks off")

    def _part(self, data: bytes) -> tuple[bytes, bytes]:
        """Some of what data holds, and what is left of data."""
        try:
            part = self._member.decompress(data, _MOST)
        except zlib.error as error:
            raise GzipError(f"not gzip ({error})") from None
        self._within = not self._member.eof
        if self._within:
            return part, self._member.unconsumed_tail
        left, self._member = self._member.unused_data, _member()
        return part, left


def _member() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
