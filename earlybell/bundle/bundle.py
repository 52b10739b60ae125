"""A bundle: one folder is one model version. Features, scoring, calibration and reasons are one unit, and data alone.

manifest.json    format, name, what it was trained on, and the digest of each other file: written last, by `seal`
catalogue.json   the features, with their words
features.sql     DuckDB SQL over the canonical tables and `moments`
model.onnx       features (rows, features) float32 -> scaled, score (before calibration), risk
reasons.json     how effects are computed: coefficients, or the name of the file with the trees
trees.ubj        the trees of a tree model, in XGBoost's own data format (absent for a linear one)
bands.json       thresholds, and the observed share by predicted risk in runs that the model had not seen
evaluation.json  what was measured

A report and a card may lie beside these files, outside of the seal: what they say is in the bundle, and how it is drawn
may change with a library.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earlybell.bundle.catalogue import Catalogue
from earlybell.errors import BundleError

FORMAT = 1
MANIFEST = "manifest.json"
UNSEALED = frozenset({"report.html", "card.html", "card.md"})  # pages made of a bundle, which are no part of it


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk, read. `manifest` is empty for a candidate that is not sealed yet."""

    path: Path
    manifest: dict[str, Any]
    catalogue: Catalogue
    sql: str
    reasons: dict[str, Any]
    bands: dict[str, Any]

    @property
    def digest(self) -> str:
        """The digest of the manifest but for its time, and through it of every file: same content, same digest."""
        facts = {name: fact for name, fact in self.manifest.items() if name != "created_at"}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    @property
    def version(self) -> str:
        """What answers and records call it where no registry's version is known: the first characters of the digest."""
        return self.digest[:12]


def read_bundle(path: Path) -> Bundle:
    """Read a sealed bundle after checking its format and the digest of every file.

    Raises:
        BundleError: not a bundle, not sealed, of an unknown format, or changed since it was sealed.
    """
    if not (path / MANIFEST).is_file():
        raise BundleError("not a sealed bundle (no manifest.json)", str(path), "Train one with `earlybell train`.")
    manifest = _json(path / MANIFEST)
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"bundle {path} has a format that this version does not know",
            manifest.get("format"),
            f"This version reads format {FORMAT}: use the version that made the bundle, or train again.",
        )
    _verify(path, manifest.get("files", {}))
    return _read(path, manifest)


def read_candidate(path: Path) -> Bundle:
    """Read an unsealed bundle, as `train` writes them, with nothing to check it against."""
    return _read(path, {})


def seal(path: Path, facts: dict[str, Any]) -> Bundle:
    """Write the manifest with `facts` and the digest of every file: from now on any change is found."""
    files = {name: _digest(path / name) for name in _files(path) if name not in UNSEALED}
    manifest = {"format": FORMAT, **facts, "files": files}
    (path / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
    return read_bundle(path)


def _read(path: Path, manifest: dict[str, Any]) -> Bundle:
    bands = path / "bands.json"
    return Bundle(
        path,
        manifest,
        Catalogue.from_json((path / "catalogue.json").read_text()),
        (path / "features.sql").read_text(),
        _json(path / "reasons.json"),
        _json(bands) if bands.exists() else {},
    )


def _verify(path: Path, digests: dict[str, str]) -> None:
    found = set(_files(path)) - (UNSEALED - digests.keys())  # format 1 sealed the report too
    for name in sorted(found ^ digests.keys()):
        was = "was removed from" if name in digests else "was added to"
        raise BundleError(f"a file {was} the sealed bundle {path}", name, "Take the bundle from the registry again.")
    for name, digest in digests.items():
        if _digest(path / name) != digest:
            raise BundleError(
                f"a file of bundle {path} was changed after sealing", name, "Take the bundle from the registry again."
            )


def _files(path: Path) -> list[str]:
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file() and p.name != MANIFEST)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BundleError(f"cannot read {path}", str(error), "Take the bundle from the registry again.") from None
    return data
