"""Sources into one folder of canonical tables, checked, merged and pseudonymous."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from components.extract.merging import merge, write
from components.extract.sources import find_sources
from components.extract.staging import Extracted, Ids, Staging, key_of, out_of_room
from components.reporting import progress
from earlybell.errors import SettingError
from earlybell.tables.pseudonyms import check_same_key
from earlybell.tables.schema import MOST_BAD_SHARE
from earlybell.tables.store import FACTS, read_facts

Reading: TypeAlias = Callable[[Staging], Extracted]


def extract(
    sources: Sequence[str],
    out: Path,
    *,
    key: str | None,
    ids: Ids = "pseudonymous",
    max_bad_share: float = 0.01,
) -> dict[str, Any]:
    """Extract every source (`KIND:PLACE`) and merge them into the folder `out`: `NAME.parquet` of each canonical table.

    Beside the tables stand `tables.json`, the facts that are returned, and `quarantine.csv`, the rows that broke a
    rule. Neither the order of the sources nor one given twice changes the tables or their digest. What was in `out`
    stays whole until all is written.

    Args:
        sources: as `oulad:DIR`; see `components.extract.sources`.
        out: new, empty, or a folder of tables, which is replaced.
        key: hashes learners' ids to pseudonyms; not needed where ids are kept, or are pseudonyms already.
        ids: `keep` leaves ids as the sources have them.
        max_bad_share: of a file's rows, how many may be set aside before the run stops.

    Raises:
        SettingError: an argument is wrong, pseudonyms are of several keys, or the disk is full.
        SourceError: a source cannot be read, or breaks its rules.
    """
    out = out.absolute()
    _check_settings(sources, out, max_bad_share)
    out.parent.mkdir(parents=True, exist_ok=True)
    with room_for(out), tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        folder = Path(temporary)
        readings = [partial(_read, source=source) for source in dict.fromkeys(sources)]
        write_tables(readings, folder, key=key, ids=ids, max_bad_share=max_bad_share)
        facts = read_facts(folder / "tables")
        _replace(out, folder)
    return facts


def write_tables(readings: Sequence[Reading], folder: Path, *, key: str | None, ids: Ids, max_bad_share: float) -> None:
    """Merge what the readings put into a staging of their own, and write it to `folder/tables`.

    Args:
        folder: empty, for what is in between; the caller removes it.

    Raises:
        SettingError, SourceError: as `extract`.
    """
    with Staging(folder, key=key, ids=ids, max_bad_share=max_bad_share) as staging:
        extracted = [reading(staging) for reading in readings]
        _check_ids(staging, extracted)
        merge(staging, extracted)
        write(staging, extracted, folder / "tables")


def check_share(max_bad_share: float) -> None:
    """What the commands' option and the pipelines' parameter may be.

    Raises:
        SettingError: it is more than a few percent.
    """
    if max_bad_share > MOST_BAD_SHARE:
        way_out = f"At most {MOST_BAD_SHARE:g}: where more rows are bad, the export is wrong."
        raise SettingError("too large a share of bad rows to set aside", max_bad_share, way_out)


def folder_of_sync(out: Path) -> Path:
    """Where a sync keeps the versions of the tables `out`."""
    return out.with_name(f".{out.name}.sync")


def is_of_sync(out: Path) -> bool:
    """Whether it is the link by which a sync shows its tables."""
    return out.is_symlink() and out.readlink().parent == Path(folder_of_sync(out).name)


def _read(staging: Staging, source: str) -> Extracted:
    kind, _, place = source.partition(":")
    progress("extract", f"reading {source}")
    return find_sources()[kind].read(staging, source, place)


def check_sources(sources: Sequence[str]) -> None:
    """
    Raises:
        SettingError: there is no source, or one of no kind that is known.
    """
    known = find_sources()
    kinds = "; ".join(f"{kind.name}:{kind.place} ({kind.meaning})" for kind in known.values())
    if not sources:
        raise SettingError("no source", list(sources), f"Name at least one: {kinds}.")
    for source in sources:
        if source.partition(":")[0] not in known or ":" not in source:
            raise SettingError("unknown kind of source", source, f"Write KIND:PLACE, as one of these: {kinds}.")


def _check_settings(sources: Sequence[str], out: Path, max_bad_share: float) -> None:
    check_sources(sources)
    if not 0 <= max_bad_share <= 1:
        raise SettingError("share of bad rows is not between 0 and 1", max_bad_share, "As 0.01, for one in a hundred.")
    if is_of_sync(out):
        way_out = "Bring them up to date by earlybell sync, or name another folder."
        raise SettingError("tables that are kept by a sync cannot be replaced", str(out), way_out)
    if out.exists() and not (out.is_dir() and ((out / FACTS).exists() or not any(out.iterdir()))):
        raise SettingError("not a folder of tables to replace", str(out), "Name a new folder.")


def _check_ids(staging: Staging, extracted: Sequence[Extracted]) -> None:
    if len({source.pseudonymous for source in extracted}) > 1:
        names = ", ".join(source.source for source in extracted)
        raise SettingError("raw and pseudonymous ids cannot be merged", names, "Do not keep raw ids.")
    check_same_key({source.source: key_of(staging, source) for source in extracted})


@contextmanager
def room_for(out: Path) -> Iterator[None]:
    """
    Raises:
        SettingError: what is written for `out` has no room on its disk.
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        if not out_of_room(error):
            raise
        way_out = "Make room there, or name a folder on another disk. What was there before has not changed."
        raise SettingError("no room left to write", str(out), way_out) from error


def _replace(out: Path, folder: Path) -> None:
    """Put `folder/tables` in the place of `out`; what was there goes with `folder`, or comes back if that fails."""
    before = folder / "before"
    try:
        if out.exists():
            out.rename(before)
        (folder / "tables").rename(out)
    except BaseException:
        if before.exists() and not out.exists():
            before.rename(out)
        raise
