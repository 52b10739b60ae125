"""Bundles: sealed, verified, and refused when anything about them changed."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from earlybell.bundle import read_bundle
from earlybell.bundle.manifest import FORMAT
from earlybell.errors import BundleError


def _change_byte(bundle: Path) -> None:
    model = bytearray((bundle / "model.onnx").read_bytes())
    model[len(model) // 2] ^= 1
    (bundle / "model.onnx").write_bytes(bytes(model))


def _other_format(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of the model": (_change_byte, "was changed after sealing: 'model.onnx'"),
    "a threshold": (lambda b: (b / "bands.json").write_text("{}"), "was changed after sealing: 'bands.json'"),
    "a file removed": (
        lambda b: (b / "features.sql").unlink(),
        "was removed from the sealed bundle .*: 'features.sql'",
    ),
    "a file added": (
        lambda b: (b / "extra.txt").write_text("x"),
        "was added to the sealed bundle .*: 'extra.txt'",
    ),
    "another format": (_other_format, "does not know: 99. This version reads formats 1 and 2"),
    "no manifest": (lambda b: (b / "manifest.json").unlink(), "not a sealed bundle"),
    "a broken manifest": (lambda b: (b / "manifest.json").write_text("{"), "cannot read"),
}


@pytest.mark.parametrize(("tamper", "said"), TAMPERED.values(), ids=list(TAMPERED))
def test_a_bundle_that_was_tampered_with_is_refused(
    bundle: Path, tamper: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(bundle, copy)
    tamper(copy)
    with pytest.raises(BundleError, match=said):
        read_bundle(copy)


def test_a_report_and_a_card_beside_the_sealed_files_change_nothing(bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(bundle, copy)
    for name in ("report.html", "card.html", "card.md"):
        (copy / name).write_text("drawn by another version of a library")
    assert read_bundle(copy).digest == read_bundle(bundle).digest


def test_a_report_that_was_sealed_with_a_bundle_of_format_1_is_still_verified(bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(bundle, copy)
    (copy / "report.html").write_text("as it was sealed")
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["report.html"] = hashlib.sha256(b"as it was sealed").hexdigest()
    (copy / "manifest.json").write_text(json.dumps(manifest))
    read_bundle(copy)
    (copy / "report.html").write_text("as it was not")
    with pytest.raises(BundleError, match="changed after sealing: 'report.html'"):
        read_bundle(copy)
    (copy / "report.html").unlink()
    with pytest.raises(BundleError, match=r"was removed from the sealed bundle .*: 'report.html'"):
        read_bundle(copy)


def test_a_sealed_bundle_names_what_it_was_made_of(bundle: Path) -> None:
    manifest = read_bundle(bundle).manifest
    assert manifest.format == FORMAT
    assert manifest.data.learners > 0
    assert manifest.data.moments > 0
    assert len(manifest.code.digest) == 64
    assert manifest.catalogue.hash == read_bundle(bundle).catalogue.hash


def test_no_file_of_a_bundle_is_a_pickle(bundle: Path) -> None:
    for path in (path for path in bundle.rglob("*") if path.is_file()):
        assert path.suffix in {".json", ".sql", ".onnx", ".ubj", ".html"}, path.name
        assert not path.read_bytes().startswith(b"\x80\x04"), path.name
