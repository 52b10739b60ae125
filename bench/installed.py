"""How much disk the packages of a locked set take once they are installed."""

import hashlib
import re
import subprocess
import sys
import venv
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

_NAME = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def fresh(requirements: Path, folder: Path) -> dict[str, Any] | None:
    """Install a set into an environment of its own, kept until the set changes; None where that cannot be done."""
    environment = folder / f"environment-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    done = environment / "done"
    if not done.exists():
        venv.create(environment, with_pip=True, clear=True)
        options = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r"]
        command = [str(environment / "bin" / "python"), *options, str(requirements)]
        if subprocess.run(command, stdout=sys.stderr).returncode:  # noqa: S603
            return None
        done.touch()
    (packages,) = environment.glob("lib/python*/site-packages")
    return _size(named(requirements), [str(packages)])


def here(requirements: Path) -> dict[str, Any]:
    """Of a set that is installed here."""
    return _size(named(requirements), sys.path)


def named(requirements: Path) -> set[str]:
    """The packages of a locked set, as they are called on the disk or otherwise."""
    return {_plain(name) for name in _NAME.findall(requirements.read_text())}


def _size(names: set[str], places: list[str]) -> dict[str, Any]:
    distributions = {
        _plain(distribution.name): distribution
        for distribution in metadata.distributions(path=places)
        if _plain(distribution.name) in names
    }
    return {"packages": len(distributions), "mb": round(sum(map(_bytes, distributions.values())) / 1e6)}


def _bytes(package: metadata.Distribution) -> int:
    return sum(path.stat().st_size for path in _files(package) if path.is_file())


def _files(package: metadata.Distribution) -> Iterable[Path]:
    return (Path(str(package.locate_file(file))) for file in package.files or [])


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
