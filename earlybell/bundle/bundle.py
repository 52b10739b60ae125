"""A bundle: one folder is one model version. Features, scoring, calibration and reasons are one unit, and data alone.

manifest.json    format, name, what it was trained on, and the digest of each other file: written last, by `seal`
catalogue.json   the features, with their words, what each can be and which hang together
features.sql     DuckDB SQL over the canonical tables and `moments`: the features, and the days of teaching
model.onnx       features (rows, features) float32 -> scaled, score (before calibration), risk
reasons.json     how effects are computed: coefficients, or the name of the file with the trees
trees.ubj        the trees of a tree model, in XGBoost's own data format (absent for a linear one)
bands.json       thresholds, and the observed share by predicted risk in runs that the model had not seen
heads.json       what is answered beside the risk, each by heads/NAME.onnx: features -> answer (absent in older bundles)
history.json     how the runs that it learned from went (absent in older bundles)
training.json    what is known of the candidate from its training
evaluation.json  what was measured
verdict.json     what the gates asked, and what the model reached of it (absent in older bundles)

A report and a card may lie beside these files, outside of the seal: what they say is in the bundle, and how it is drawn
may change with a library.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
from msgspec import structs

from earlybell.bundle.bands import UNMEASURED, Bands
from earlybell.bundle.catalogue import Catalogue
from earlybell.bundle.evaluation import Evaluation, read_evaluation
from earlybell.bundle.heads import AnsweredHead
from earlybell.bundle.history import History
from earlybell.bundle.json_files import read_json, write_json
from earlybell.bundle.manifest import FORMAT, READABLE, Manifest
from earlybell.bundle.reasons import Reasons
from earlybell.bundle.training import Training
from earlybell.bundle.upgrade import upgraded
from earlybell.errors import BundleError

MANIFEST = "manifest.json"
UNSEALED = frozenset({"report.html", "card.html", "card.md"})  # pages made of a bundle, which are no part of it


class _Format(msgspec.Struct):
    """What is read of a manifest before anything else: others may have other fields."""

    format: object = None


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk, read.

    Attributes:
        digest: of the manifest but for its time, and through it of every file: same content, same digest. Empty for a
            candidate that is not sealed yet, as its manifest is.
        bands: UNMEASURED where there are none.
    """

    path: Path
    manifest: Manifest
    digest: str
    catalogue: Catalogue
    sql: str
    reasons: Reasons
    bands: Bands

    @property
    def version(self) -> str:
        """What answers and records call it where no registry's version is known: the first characters of the digest."""
        return self.digest[:12]

    @cached_property
    def evaluation(self) -> Evaluation:
        """What was measured; empty where an older bundle has none. It is read when it is asked for: none who serves."""
        path = self.path / "evaluation.json"
        return read_evaluation(path) if path.exists() else Evaluation()

    @cached_property
    def history(self) -> History:
        """How the runs went that it learned from; empty where an older bundle has none."""
        path = self.path / "history.json"
        return read_json(path, History) if path.exists() else History()

    @cached_property
    def heads(self) -> tuple[AnsweredHead, ...]:
        """What is answered beside the risk; nothing where an older bundle has no heads."""
        path = self.path / "heads.json"
        return read_json(path, tuple[AnsweredHead, ...]) if path.exists() else ()

    @cached_property
    def training(self) -> Training | None:
        """What is known from its training; None where an older bundle has nothing."""
        path = self.path / "training.json"
        return read_json(path, Training) if path.exists() else None


def read_bundle(path: Path) -> Bundle:
    """Read a sealed bundle after checking its format and the digest of every file.

    Raises:
        BundleError: not a bundle, not sealed, of an unknown format, or changed since it was sealed.
    """
    if not (path / MANIFEST).is_file():
        raise BundleError("not a sealed bundle (no manifest.json)", str(path), "Train one with `earlybell train`.")
    stated = read_json(path / MANIFEST, _Format).format
    if stated not in READABLE:
        formats = " and ".join(map(str, READABLE))
        raise BundleError(
            f"bundle {path} has a format that this version does not know",
            stated,
            f"This version reads formats {formats}: use the version that made the bundle, or train again.",
        )
    manifest = read_json(path / MANIFEST, Manifest)
    _verify(path, manifest.files)
    return _read(path, manifest, _digest_of(path / MANIFEST))


def read_candidate(path: Path) -> Bundle:
    """Read an unsealed bundle, as `train` writes them, with nothing to check it against."""
    return _read(path, Manifest(), "")


def seal(path: Path, manifest: Manifest) -> Bundle:
    """Write the manifest with the digest of every file: from now on any change is found."""
    files = {name: _digest(path / name) for name in _files(path) if name not in UNSEALED}
    write_json(path / MANIFEST, structs.replace(manifest, format=FORMAT, files=files))
    return read_bundle(path)


def _read(path: Path, manifest: Manifest, digest: str) -> Bundle:
    bands = path / "bands.json"
    catalogue = read_json(path / "catalogue.json", Catalogue)
    sql = (path / "features.sql").read_text(encoding="utf-8")
    reasons: Reasons = read_json(path / "reasons.json", Reasons)  # type: ignore[arg-type] # mypy knows no type of a union
    if manifest.format < FORMAT:
        catalogue, sql, reasons = upgraded(catalogue, sql, reasons)
    read_bands = read_json(bands, Bands) if bands.exists() else UNMEASURED
    return Bundle(path, manifest, digest, catalogue, sql, reasons, read_bands)


def _verify(path: Path, digests: dict[str, str]) -> None:
    present = set(_files(path)) - (UNSEALED - digests.keys())  # format 1 sealed the report too
    for name in sorted(present ^ digests.keys()):
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


def _digest_of(manifest: Path) -> str:
    """Of whatever the manifest holds, in a form of its own: not even a field that is not known here can change."""
    facts = json.loads(manifest.read_bytes())
    facts.pop("created_at", None)
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
