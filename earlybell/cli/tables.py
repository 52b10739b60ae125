"""A source as a folder of canonical tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from earlybell.cli.options import Ids, need_training
from earlybell.errors import SettingError
from earlybell.tables import read_facts


@contextmanager
def tables_of(sources: list[str], ids: Ids, pass_mark: str, timezone: str) -> Iterator[Path]:
    """The canonical tables of sources: a `tables:DIR` that has such ids already as it is, others extracted for now."""
    folder = _folder(sources)
    if folder and (ids is Ids.keep or _pseudonymous(folder)):
        yield folder
        return
    need_training(f"extracting {sources[0].split(':')[0]}")
    from components.extract import Site, extract
    from earlybell.tables.pseudonyms import key_from_environment

    with TemporaryDirectory(prefix="earlybell-") as temporary:
        out, site = Path(temporary) / "tables", Site(pass_mark, timezone)
        extract(sources, out, key=key_from_environment(), ids=ids.value, site=site)
        yield out


def refuse_own_ids(source: str, ids: Ids) -> None:
    """Raises:
    SettingError: the ids of a source would be kept as they are, and they are no pseudonyms: none may be in a trail.
    """
    folder = _folder([source])
    if ids is Ids.keep and not (folder and _pseudonymous(folder)):
        way_out = "Leave out --ids keep: then the trail holds pseudonyms. Or leave out --trail."
        raise SettingError("--trail would hold the source's own ids", f"--ids {ids.value}", way_out)


def _folder(sources: list[str]) -> Path | None:
    """The folder of a single `tables:DIR`."""
    (kind, _, place), *others = (source.partition(":") for source in sources)
    return Path(place) if kind == "tables" and not others else None


def _pseudonymous(folder: Path) -> bool:
    return bool(read_facts(folder)["ids"] == "pseudonymous")
