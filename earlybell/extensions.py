"""Extensions: things of one kind, a module each, of our own and of installed packages.

Our own lie in the folder of their kind. Those of other packages are entry points of the group `earlybell.KIND`. What
serves finds none of them: it reads a bundle, which has what they made.
"""

import hashlib
import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypeVar

from msgspec import Struct

from earlybell.errors import SettingError

PREFIX = "earlybell."
# Of what makes a bundle: report sections do not.
GROUPS = ("sources", "features", "targets", "candidates", "metrics", "gates")
SUFFIXES = (".py", ".json", ".yaml")  # of files that can make another bundle


class Named(Protocol):
    """What an extension is known by."""

    @property
    def name(self) -> str: ...


Kind = TypeVar("Kind", bound=Named)


class Extension(Struct, frozen=True):
    """An extension that is installed.

    Attributes:
        group: of its entry point, as `metrics`.
        entry_point: as `gini = example.gini:METRIC`.
        package, version: of the distribution that has it.
        digest: SHA-256 of the files of its package.
    """

    group: str
    entry_point: str
    package: str
    version: str
    digest: str


def find_extensions(group: str, kind: type[Kind], folder: str) -> dict[str, Kind]:
    """Every thing of a kind by its name: our own first, by their `order` if they have one, then all others by name.

    Args:
        group: of entry points, as `metrics`.
        folder: our own package, each module of which may have one thing, called as its kind: `METRIC` of `Metric`.

    Raises:
        SettingError: an extension cannot be loaded, is of another kind, or has a name that is taken.
    """
    ours = sorted(_ours(kind, folder), key=lambda thing: (getattr(thing, "order", 0), thing.name))
    things = {thing.name: thing for thing in ours}
    loaded = ((point, _load(point, kind)) for point in entry_points(group=PREFIX + group))
    for point, thing in sorted(loaded, key=lambda pair: pair[1].name):
        if thing.name in things:
            raise _error(point, "has a name that is taken", thing.name, "Give it another name")
        things[thing.name] = thing
    return things


def installed() -> tuple[Extension, ...]:
    """The installed extensions that can make another bundle, by group and name."""
    points = [point for group in GROUPS for point in sorted(entry_points(group=PREFIX + group))]
    return tuple(
        Extension(point.group.removeprefix(PREFIX), _written(point), *_package(point), _digest(point.module))
        for point in points
    )


def _ours(kind: type[Kind], folder: str) -> Iterator[Kind]:
    package = importlib.import_module(folder)
    for found in pkgutil.iter_modules(package.__path__, f"{folder}."):
        thing = getattr(importlib.import_module(found.name), kind.__name__.upper(), None)
        if isinstance(thing, kind):
            yield thing


def _load(point: EntryPoint, kind: type[Kind]) -> Kind:
    try:
        thing = point.load()
    except Exception as error:
        raise _error(point, "cannot be loaded", repr(error), "Mend it") from error
    if not isinstance(thing, kind):
        raise _error(point, f"is no {kind.__name__}", type(thing).__name__, "Name another object")
    return thing


def _error(point: EntryPoint, problem: str, value: str, way_out: str) -> SettingError:
    package, version = _package(point)
    thing = f"{_written(point)} of {point.group}, an extension by {package} {version}, {problem}"
    return SettingError(thing, value, f"{way_out}, or uninstall {package}.")


def _written(point: EntryPoint) -> str:
    return f"{point.name} = {point.value}"


def _package(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else ("an unknown package", "")


def _digest(module: str) -> str:
    digest = hashlib.sha256()
    for path in _files(module):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(module: str) -> list[Path]:
    """Of the module's outermost package; the module alone where it is in none, or in one that distributions share."""
    outermost = find_spec(module.partition(".")[0])
    if outermost and outermost.origin and outermost.submodule_search_locations:
        folders = map(Path, outermost.submodule_search_locations)
        return [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES]
    spec = find_spec(module)
    return [Path(spec.origin)] if spec and spec.origin else []
