"""Canonical tables that follow a Moodle: each sync reads of its log only what is new.

`TABLES` is a link to one of the versions of the tables, all of which lie in a folder beside it:

    TABLES -> .TABLES.sync/tables-7
    .TABLES.sync/lock          held by the process that syncs
    .TABLES.sync/log/          the log's rows, with Moodle's own ids (`moodle_db.log_store`)
    .TABLES.sync/tables-6      the version before: who reads it may go on
    .TABLES.sync/tables-7

A version is written whole before the link names it. So whoever is killed, and whenever, the tables are those of before,
or the new ones.
"""

import fcntl
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from components.extract import moodle_db, moodle_web
from components.extract.differences import Difference, differences
from components.extract.extract import Reading, folder_of_sync, is_of_sync, room_for, write_tables
from components.extract.merging import concerns
from components.extract.moodle_db.log_store import LogStore
from components.extract.staging import Extracted
from components.reporting import done, progress
from earlybell.counts import counted
from earlybell.errors import ConnectionLostError, SettingError, SourceError
from earlybell.tables.pseudonyms import usable_key
from earlybell.tables.store import read_facts
from earlybell.writable import check_folder

WAITS = (10, 60)  # seconds, after each time that the connection was lost
_VERSION, _WORK, _LINK = "tables-", "work-", "link-"
# What the tables' facts say, and what cannot be compared where it is another.
_MADE_BY = {
    "key": "the key is another, and so is every pseudonym",
    "format": "the tables are of another format",
}


@dataclass(frozen=True)
class Synced:
    """What a sync has done.

    Attributes:
        rows: of each table that has any.
        differences: of the tables that differ from those before; None: there are none that can be compared.
        because: why the log was read whole, or why nothing can be compared; None: neither is so.
        log_rows, rows_read: rows of the log, and of all tables, that the site gave.
        questions: that it was asked: of SQL, or calls.
        seconds: that it took.
        concerns: what a user should look at.
    """

    rows: Mapping[str, int]
    differences: Mapping[str, Difference] | None
    because: str | None
    log_rows: int
    rows_read: int
    questions: int
    seconds: float
    concerns: Sequence[str]


# What can be followed: how its address is checked, and how it is read.
_FOLLOWED: Mapping[str, tuple[Callable[[str], object], Callable[..., Extracted]]] = {
    "moodle-db": (moodle_db.read_address, moodle_db.read),
    "moodle-web": (moodle_web.read_address, moodle_web.read),
}


def sync(source: str, out: Path, *, key: str | None, max_bad_share: float = 0.01, whole: bool = False) -> Synced:
    """Bring the tables `out` to what the site of the source has now; they are as `extract` would make them anew.

    But rows that Moodle has purged from its log stay. Where the connection breaks it is tried again, after `WAITS`.

    Args:
        source: as `moodle-db:ADDRESS`, or `moodle-web:ADDRESS` of a site with the plugin.
        out: not there yet, empty, or of an earlier sync of this site.
        key, max_bad_share: as of `extract`.
        whole: read the log again as if nothing of it were here.

    Raises:
        SettingError: an argument is wrong, `out` is no such folder or cannot be written, or another sync is at work.
        SourceError: the site cannot be read, or breaks the rules of the tables.
        MissingPackageError: the engine's client is not installed.
    """
    began = time.monotonic()
    usable_key(key)
    kind, _, place = source.partition(":")
    if kind not in _FOLLOWED:
        way_out = "As moodle-db:postgresql://USER@HOST/DATABASE, or moodle-web:https://HOST."
        raise SettingError("a sync follows a Moodle, and nothing else", source, way_out)
    check, read = _FOLLOWED[kind]
    check(place)  # before anything is made
    home = _Home(out)
    with home.locked(), room_for(out):
        home.remove_leftovers()
        log = LogStore(home.log, whole=whole)
        reading = partial(read, source=source, place=place, log=log)
        with tempfile.TemporaryDirectory(dir=home.folder, prefix=_WORK) as temporary:
            work = Path(temporary)
            tables = _patiently(partial(_write, reading, key, max_bad_share), work)
            changes, because = _compared(home.current(), tables, work)
            home.show(tables)
    facts = read_facts(out)
    return Synced(
        facts["rows"],
        changes,
        because or log.because,
        log.log_rows,
        log.rows_read,
        log.questions,
        time.monotonic() - began,
        [*concerns(facts, out), *_missed(log)],
    )


def _missed(log: LogStore) -> Iterator[str]:
    if log.overtaken:
        yield f"rows of the log after {log.overtaken:%Y-%m-%d} were purged before they were read: sync more often"


def _write(reading: Reading, key: str | None, max_bad_share: float, folder: Path) -> Path:
    write_tables([reading], folder, key=key, ids="pseudonymous", max_bad_share=max_bad_share)
    rows = read_facts(folder / "tables")["rows"]
    done("extract", f"{counted(sum(rows.values()), 'row')} in {counted(sum(map(bool, rows.values())), 'table')}")
    return folder / "tables"


def _patiently(make: Callable[[Path], Path], work: Path) -> Path:
    """What is made in a folder of its own, at once or when a connection that was lost is there again.

    Raises:
        ConnectionLostError: it was lost each time.
        SourceError: it did not come again, or the source cannot be used.
    """
    lost = False
    for number, wait in enumerate((*WAITS, None)):
        (folder := work / str(number)).mkdir()
        try:
            return make(folder)
        except SourceError as error:
            lost = lost or isinstance(error, ConnectionLostError)
            if not lost or wait is None:
                raise
            progress("extract", f"{error} It is tried again in {wait} seconds.")
        shutil.rmtree(folder)
        time.sleep(wait)
    raise AssertionError  # the last attempt has returned or raised


def _compared(before: Path | None, after: Path, work: Path) -> tuple[dict[str, Difference] | None, str | None]:
    """What has changed; else why nothing can be compared."""
    if before is None:
        return None, "the folder is new"
    try:
        facts, others = read_facts(before), read_facts(after)
        for name, because in _MADE_BY.items():
            if facts.get(name) != others.get(name):
                return None, because
        changes = differences(before, after, work / "spill")
    except (SourceError, duckdb.Error, ValueError) as error:
        return None, f"the tables before cannot be read: {error}"
    done("compare", f"{counted(len(changes), 'table')} changed")
    return changes, None


class _Home:
    """The folder beside the tables, and the link that is them."""

    def __init__(self, out: Path) -> None:
        """
        Raises:
            SettingError: something else is there, or nothing can be written.
        """
        out = out.absolute()
        self._link = out.parent.resolve() / out.name
        self.folder = folder_of_sync(self._link)
        self.log = self.folder / "log"
        if not self._is_ours():
            way_out = "Name a new folder, or one of an earlier sync."
            raise SettingError("not the folder of a sync", str(out), way_out)
        check_folder(self.folder, "the folder")
        self.folder.mkdir(parents=True, exist_ok=True)

    def _is_ours(self) -> bool:
        if self._link.is_symlink():
            return is_of_sync(self._link)
        return not self._link.exists() or (self._link.is_dir() and not any(self._link.iterdir()))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone; the lock ends with its process, however that ends.

        Raises:
            SettingError: another process has it.
        """
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                way_out = "Wait until it has ended, or end it: what it has read so far stays."
                raise SettingError("another sync of the folder is at work", str(self._link), way_out) from None
            yield

    def current(self) -> Path | None:
        """The version that the link names, as `_versions` names it."""
        return self.folder / self._link.readlink().name if self._link.is_symlink() and self._link.exists() else None

    def remove_leftovers(self) -> None:
        """Remove what a sync that was killed has left, and versions that nobody can be reading any more."""
        current, versions = self.current(), self._versions()
        previous = [path for path in versions if path != current][-1:]
        for path in self.folder.iterdir():
            if path.name.startswith((_WORK, _LINK)) or (path in versions and path not in (current, *previous)):
                path.unlink() if path.is_symlink() else shutil.rmtree(path)

    def show(self, tables: Path) -> None:
        """Make a folder of tables the version that the link names; the one before stays until the next sync."""
        versions, current = self._versions(), self.current()
        number = 1 + max((_number(path) for path in versions), default=0)
        version = self.folder / f"{_VERSION}{number}"
        tables.rename(version)
        link = self.folder / f"{_LINK}{number}"
        link.symlink_to(Path(self.folder.name) / version.name)
        if self._link.is_dir() and not self._link.is_symlink():
            self._link.rmdir()  # empty
        link.replace(self._link)
        for path in versions:
            if path != current:
                shutil.rmtree(path)

    def _versions(self) -> list[Path]:
        return sorted((path for path in self.folder.glob(f"{_VERSION}*") if path.is_dir()), key=_number)


def _number(version: Path) -> int:
    return int(version.name.removeprefix(_VERSION))
