"""The digest of what makes a bundle: code, and the vocabularies and the rubric that it reads."""

import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("earlybell", "components")
SUFFIXES = (".py", ".json", ".yaml")
PAGES = "components/report"  # its pages are outside of the seal, and so is what draws them


def code_digest(root: Path = ROOT) -> str:
    """SHA-256 of every such file of the rooms below `root`, with its path."""
    digest = hashlib.sha256()
    for path in sorted(path for room in ROOMS for path in (root / room).rglob("*") if path.suffix in SUFFIXES):
        if not path.is_relative_to(root / PAGES):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
