"""What commands check before they begin: a wrong setting must not be told after minutes of work."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from earlybell.bundle.evaluation import RubricFacts
from earlybell.cli.options import Ids, need_training
from earlybell.errors import SettingError
from earlybell.home import home_folder
from earlybell.tables.pseudonyms import key_from_environment, usable_key
from earlybell.tables.store import FACTS
from earlybell.writable import check_file, check_folder

_NOT_IN_NAMES = "/:.%\"'"  # of MLflow's models


def home() -> Path:
    """The home folder, ready to be written to.

    Raises:
        SettingError: nothing can be written there.
    """
    place = home_folder()
    check_folder(place, "EARLYBELL_HOME")
    return place


def absolute(path: str) -> str:
    """A path that steps, which run elsewhere, can read; empty stays empty."""
    return path and str(Path(path).absolute())


def ready_name(model_name: str) -> None:
    """
    Raises:
        SettingError: the registry takes no model of this name.
    """
    if not model_name.strip() or set(model_name) & set(_NOT_IN_NAMES):
        way_out = f"It has letters, and none of {' '.join(_NOT_IN_NAMES)}."
        raise SettingError("no name for a registered model", model_name, way_out)


def ready_sources(sources: Sequence[str], ids: Ids = Ids.pseudonymous) -> None:
    """
    Raises:
        SettingError: a source is of no kind that is known, or its ids need a key and there is none that can be used.
        MissingPackageError: a source needs packages that are not installed.
    """
    others = [source for source in sources if not source.startswith("tables:")]
    if others:
        need_training(f"extracting {others[0].partition(':')[0]}")
        from components.extract.extract import check_sources

        check_sources(sources)
    if ids is Ids.pseudonymous and not all(map(_pseudonymous, sources)):
        usable_key(key_from_environment())


def ready_files(places: Mapping[str, Path | None]) -> None:
    """
    Args:
        places: files to write by the option that names them; None: not asked for.

    Raises:
        SettingError: one cannot be written.
    """
    for option, place in places.items():
        if place is not None:
            check_file(place, option)


def ready_trail(address: str, anchors: str) -> None:
    """
    Raises:
        SettingError: the trail's address or its anchors are wrong, or one of its files cannot be written.
    """
    if not address:
        return
    from earlybell.trail.anchors import LOG, anchors_path
    from earlybell.trail.stores import is_sqlite, sqlite_path

    heads = anchors_path(address, anchors or None)
    if is_sqlite(address):
        check_file(sqlite_path(address), "--trail")
    if heads and anchors != LOG:
        check_file(heads, "--trail-anchors")


def ready_label(kind: str, rubric: Path | None, trained: RubricFacts | None = None) -> None:
    """
    Args:
        trained: what the evaluation of a bundle says of the rubric that it was trained with, if it was with one.

    Raises:
        SettingError: no such label, a rubric for another label, or one that cannot be read, is wrong, or not that one.
    """
    from components.label import check_label, check_rubric

    check_label(kind, rubric)
    if kind == "rubric" and trained:
        check_rubric(trained, rubric)


def ready_engine(engine: str) -> None:
    """
    Raises:
        SettingError: no such engine.
        MissingPackageError: it is not installed.
    """
    from components.features.engines import check_engine

    check_engine(engine)


def _pseudonymous(source: str) -> bool:
    """Whether it is a folder of tables whose ids are pseudonyms already."""
    kind, _, place = source.partition(":")
    try:
        return kind == "tables" and json.loads((Path(place) / FACTS).read_text())["ids"] == "pseudonymous"
    except (OSError, ValueError, KeyError, TypeError):
        return False  # extraction says what is wrong with it
