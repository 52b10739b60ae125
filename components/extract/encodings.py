"""Text files that are not UTF-8, written anew as UTF-8: UTF-16 by its mark, else Windows-1252 or UTF-8 with slips."""

import codecs
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from earlybell.counts import counted
from earlybell.errors import SourceError

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BLOCK = 1 << 20
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = {*range(32), 127} - {*b"\t\n\f\r"}


@dataclass(frozen=True)
class Decoded:
    """How a file was read: its encoding, whether that is a guess, and how many characters were no text in it."""

    encoding: str
    guessed: bool
    replaced: int

    def note(self, label: str) -> str:
        """What a user should know of it."""
        if not self.guessed:
            return f"{label}: it is UTF-16, and was read as that."
        if self.encoding == "utf-8":
            return f"{label}: {counted(self.replaced, 'character')} not in UTF-8; each was read as {REPLACEMENT}."
        slips = f", but for {counted(self.replaced, 'character')}" if self.replaced else ""
        return (
            f"{label}: it is not UTF-8; it was read as Windows-1252{slips}. Save it as CSV UTF-8 if letters look wrong."
        )


def is_utf8(label: str, line: bytes) -> bool:
    """Whether the first line of a file is UTF-8; if not, `write_utf8` makes it so.

    Raises:
        SourceError: it is no text.
    """
    if line.startswith(_UTF16):
        return False
    try:
        line.decode()
        wrong = b"\0" if b"\0" in line else b""
    except UnicodeDecodeError as error:
        wrong = line[error.start : error.start + 1]
        if not _CONTROLS & {*line}:
            return False
    if wrong:
        way_out = "Save it as CSV UTF-8, or take it out of the folder if it is something else."
        raise SourceError(f"{label} is not in UTF-8", f"byte 0x{wrong.hex()} in its first line", way_out)
    return True


def write_utf8(path: Path, out: Path) -> Decoded:
    """Write the text of `path` (also .gz) to `out` as UTF-8.

    Raises:
        OSError: it says that it is UTF-16 and is not.
    """
    with _opened(path) as file:
        utf16 = file.read(2) in _UTF16
    encoding = "utf-16" if utf16 else _likely(path)
    replaced = 0
    with _opened(path) as file, out.open("w", encoding="utf-8", newline="") as text:
        for part in _decoded(file, encoding, "strict" if utf16 else "replace"):
            replaced += part.count(REPLACEMENT)
            text.write(part)
    return Decoded(encoding, not utf16, replaced)


def _likely(path: Path) -> str:
    """UTF-8 where most of what is not ASCII is, for then the rest are slips; else what old spreadsheets write."""
    other = wrong = 0
    with _opened(path) as file:
        for part in _decoded(file, "utf-8", "replace"):
            slips = part.count(REPLACEMENT)
            wrong, other = wrong + slips, other + len(part) - len(part.encode("ascii", "ignore")) - slips
    return "utf-8" if other >= wrong else "cp1252"


def _decoded(file: IO[bytes], encoding: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    try:
        while block := file.read(_BLOCK):
            yield decoder.decode(block)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise OSError(f"not whole as {encoding}: {error.reason}") from error


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]
