"""The digest of what makes a bundle: code, extensions, and the vocabularies and the rubric that it reads."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from earlybell.extensions import SUFFIXES, Extension

ROOT = Path(__file__).parents[2]
ROOMS = ("earlybell", "components")
PAGES = "components/report"  # its pages are outside of the seal, and so is what draws them


def code_digest(root: Path = ROOT, extensions: Sequence[Extension] = ()) -> str:
    """SHA-256 of every such file of the rooms below `root`, with its path, and of the extensions, if there are any."""
    digest = hashlib.sha256()
    for path in sorted(path for room in ROOMS for path in (root / room).rglob("*") if path.suffix in SUFFIXES):
        if not path.is_relative_to(root / PAGES):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    if extensions:
        digest.update(msgspec.json.encode(extensions))
    return digest.hexdigest()
