"""A source as a folder of canonical tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from earlybell.cli.options import Ids, need_training
from earlybell.errors import SettingError
from earlybell.tables import checked_facts, read_facts
from earlybell.tables.pseudonyms import KEY_VARIABLE, check_same_key, fingerprint, key_from_environment


@contextmanager
def tables_of(sources: list[str], ids: Ids) -> Iterator[Path]:
    """The canonical tables of sources: a `tables:DIR` that has such ids already as it is, others extracted for now.

    Raises:
        SourceError: a folder is not as `extract` has written it, or a source cannot be read.
        SettingError: the key for pseudonyms is missing, or not the one of the folder.
    """
    folder = _folder(sources)
    facts = _facts(folder) if folder else {}
    if folder and (ids is Ids.keep or facts["ids"] == "pseudonymous"):
        yield folder
        return
    need_training(f"extracting {sources[0].split(':')[0]}")
    from components.extract import extract

    with TemporaryDirectory(prefix="earlybell-") as temporary:
        out = Path(temporary) / "tables"
        extract(sources, out, key=key_from_environment(), ids=ids.value)
        yield out


def refuse_own_ids(source: str, ids: Ids) -> None:
    """Raises:
    SettingError: the ids of a source would be kept as they are, and they are no pseudonyms: none may be in a trail.
    """
    folder = _folder([source])
    if ids is Ids.keep and not (folder and read_facts(folder)["ids"] == "pseudonymous"):
        way_out = "Leave out --ids keep: then the trail holds pseudonyms. Or leave out --trail."
        raise SettingError("--trail would hold the source's own ids", f"--ids {ids.value}", way_out)


def _folder(sources: list[str]) -> Path | None:
    """The folder of a single `tables:DIR`."""
    (kind, _, place), *others = (source.partition(":") for source in sources)
    return Path(place).resolve() if kind == "tables" and not others else None


def _facts(folder: Path) -> dict[str, Any]:
    """What extraction said of a folder that it wrote, with the key that is set, if one is."""
    facts, key = checked_facts(folder), key_from_environment()
    if facts["ids"] == "pseudonymous" and key:
        check_same_key({f"tables:{folder}": facts.get("key"), KEY_VARIABLE: fingerprint(key)})
    return facts
