"""What was read of a site's log before: a Parquet file of each block of its ids, and a record of what Moodle had.

No watermark alone says what is new. Ids are given out when a row is written, and rows are seen when their transaction
ends: a long one shows lower ids after higher ones. So Moodle is asked how many rows each block of ids has, and which is
the last: what differs from the record is read again. That finds rows that came late, and rows that are gone.

Moodle purges its log of what is older than `loglifetime`. Such rows stay here. Of people whom Moodle has deleted, and
of courses, nothing stays.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from components.extract.moodle_db.log import Count, Extent, MoodleLog
from components.extract.moodle_db.site import Site
from components.extract.moodle_db.structure import LOG, LOG_TABLE
from components.extract.moodle_db.workspace import Workspace
from components.reporting import done, progress
from earlybell.counts import counted
from earlybell.errors import SettingError, SourceError
from earlybell.tables.sql import parquet, quoted
from earlybell.whole import settle, written_whole

BLOCK = 200_000  # ids; the record counts by them, so that it never changes
AT_ONCE = 50  # blocks that one question counts
_RECORD = "record.json"
_FORMAT = 1
_FORGOTTEN = 0  # the id of whoever was deleted: Moodle's own for nobody
_EVER = 2**62  # seconds

# Nothing else of `other`, which can hold anything, is ever asked for.
_COLUMNS = ", ".join(
    "CASE WHEN target = 'user_enrolment' THEN other END AS other" if column.name == "other" else column.name
    for column in LOG_TABLE.columns
)
_LIVING = 'SELECT id FROM "user" WHERE deleted = 0'
_GONE = "{0} > 0 AND {0} NOT IN (" + _LIVING + ")"
_ACTORS = ("userid", "realuserid")
_IS_ABOUT_GONE = f"(coalesce({_GONE.format('relateduserid')}, false) OR courseid NOT IN (SELECT id FROM course))"
_NAMES_GONE = " OR ".join([_IS_ABOUT_GONE, *(f"coalesce({_GONE.format(name)}, false)" for name in _ACTORS)])
_NOBODYS = ", ".join(f"if({_GONE.format(name)}, {_FORGOTTEN}, {name}) AS {name}" for name in _ACTORS)


class Block(msgspec.Struct, frozen=True):
    """What is here of a block: as Moodle had it, what was asked of it, and the file; none where there is no row."""

    count: Count
    form: str
    file: str = ""


class Left(msgspec.Struct, frozen=True):
    """Of a course that is not asked for any more: since when nothing was missing, and `read_at` and `last` of then."""

    since: int | None
    read_at: int
    last: int


class Record(msgspec.Struct, kw_only=True):
    """What was read.

    Attributes:
        site: id of the site; empty: not known yet.
        read_at: when the log was last read to its end, in seconds since 1970; None: never yet.
        last: the last id of that time.
        courses: of which all blocks have the rows, each with the second since when nothing is missing; None: ever.
        left: courses that were among them; their rows stay.
        blocks: by their first ids.
    """

    format: int = _FORMAT
    site: str = ""
    read_at: int | None = None
    last: int = 0
    courses: dict[int, int | None] = {}
    left: dict[int, Left] = {}
    blocks: dict[int, Block] = {}


class LogStore:
    """A folder of the log's rows, which one process at a time may use.

    Attributes:
        because: why a log that was read before is read whole again; None: it is not.
        overtaken: since when rows may be missing, which Moodle purged before they were read; None: none was.
        questions: that the site was asked, in all.
        rows_read: rows of all tables that it gave; `log_rows`: of these, of the log.
    """

    def __init__(self, folder: Path, *, whole: bool = False) -> None:
        """
        Args:
            whole: read the log again as if nothing of it were here; what Moodle has purged stays.

        Raises:
            SourceError: its record cannot be read, or is of a later version.
        """
        self._folder, self._record = folder, _read_record(folder)
        self._again = set(self._record.blocks if whole else ())  # blocks to read though they are as they were
        self.because: str | None = "it was asked for" if whole and self._record.blocks else None
        self.overtaken: datetime | None = None
        self.questions = self.rows_read = self.log_rows = 0

    @property
    def complete_from(self) -> Mapping[int, datetime | None]:
        """Since when nothing is missing, by course."""
        return {course: _moment(since) for course, since in self._record.courses.items()}

    def check_site(self, site: Site, place: str) -> None:
        """
        Raises:
            SettingError: what is here is of another site, or of this one before it was installed anew.
        """
        if self._record.site and site.id != self._record.site:
            way_out = "Name the folder of this site, or a new one. A site that was installed anew is another site."
            raise SettingError("the folder is of another Moodle site than the address", place, way_out)
        self._record.site = site.id

    def follow(self, workspace: Workspace, log: MoodleLog, site: Site, courses: Sequence[int]) -> None:
        """Read what is new, forget what Moodle has deleted, and make the workspace's view of the log.

        What was read of it stays, whatever happens later. `course`, `user` and `chosen` are in the workspace.

        Raises:
            SourceError: as of `MoodleLog`, or a file of what was read before is missing.
        """
        reading = _Reading(self._folder, self._record, workspace, log, courses)
        reading.remove_leftovers()
        extent = log.extent()
        counts = reading.count(extent)
        stale = reading.blocks_of(reading.choose_courses()) | reading.stale(counts) | self._again
        self._say_why(stale)
        for number, start in enumerate(sorted(stale), 1):
            progress("log", f"block {number:,} of {len(stale):,}")
            reading.read(start, counts.get(start, Count()), _purged_before(extent, site))
            self._again.discard(start)
        reading.forget()
        self._complete(courses, site, extent)
        _write_record(self._folder, self._record)
        reading.remove_leftovers()
        reading.make_view()
        workspace.rows_read += reading.rows
        self.questions, self.rows_read, self.log_rows = log.questions, workspace.rows_read, reading.rows
        done("log", f"{counted(reading.rows, 'row')} read, of {len(stale):,} of {len(counts):,} blocks of ids")

    def _complete(self, courses: Sequence[int], site: Site, extent: Extent) -> None:
        """Record that the log was read to its end, and since when nothing is missing."""
        record = self._record
        missed_until = _missed_until(record.read_at, record.last, site, extent)
        self.overtaken = _moment(record.read_at) if missed_until else None
        # Asked each time: by a later `loglifetime` nobody could tell any more.
        left = {c: v for c, v in record.left.items() if not _missed_until(v.read_at, v.last, site, extent)}
        known = {} if missed_until or record.read_at is None else record.courses
        known = {course: value.since for course, value in left.items()} | known
        since = missed_until or _logged_since(site)
        record.courses = {course: known.get(course, since) for course in courses}
        record.left = {course: value for course, value in left.items() if course not in record.courses}
        record.read_at, record.last = site.epoch, max(extent.last, record.last)

    def _say_why(self, stale: Iterable[int]) -> None:
        others = [start for start in stale if (block := self._record.blocks.get(start)) and block.form != _form()]
        if others and not self.because:
            self.because = "this version reads other columns of it"
        if self.because:
            progress("log", f"the log is read whole again: {self.because}")


class _Reading:
    """One reading of the log, as it is now."""

    def __init__(
        self,
        folder: Path,
        record: Record,
        workspace: Workspace,
        log: MoodleLog,
        courses: Sequence[int],
    ) -> None:
        self._folder, self._record, self._workspace, self._log = folder, record, workspace, log
        self._courses, self.rows = courses, 0

    def count(self, extent: Extent) -> dict[int, Count]:
        """What Moodle has of each block that has a row, by its first id."""
        counts: dict[int, Count] = {}
        for start in range(_start_of(extent.first), extent.last + 1, BLOCK * AT_ONCE):
            counts |= self._log.count(start, start + BLOCK * AT_ONCE, BLOCK)
            progress("log", f"{counted(sum(count.rows for count in counts.values()), 'row')} in Moodle's log")
        return counts

    def choose_courses(self) -> list[int]:
        """Record which courses are asked for; which of them are new. From now on no new rows of others are read."""
        known, blocks = self._record.courses, self._record.blocks
        if (read_at := self._record.read_at) is not None:
            gone = known.keys() - set(self._courses)
            self._record.left |= {course: Left(known[course], read_at, self._record.last) for course in gone}
        self._record.courses = {course: known.get(course) for course in self._courses if course in known or not blocks}
        return sorted(set(self._courses) - self._record.courses.keys())

    def stale(self, counts: Mapping[int, Count]) -> set[int]:
        """The blocks that Moodle has otherwise than they were read."""
        blocks, form = self._record.blocks, _form()
        return {
            start
            for start in counts.keys() | blocks.keys()
            if not (block := blocks.get(start)) or (block.form, block.count) != (form, counts.get(start, Count()))
        }

    def blocks_of(self, courses: Sequence[int]) -> set[int]:
        """The blocks in which Moodle has rows of courses, or which have some here."""
        if not courses:
            return set()
        blocks = self._log.blocks_of(courses, BLOCK)
        if files := self._files():
            listed = ", ".join(map(str, courses))
            of_courses = f"SELECT DISTINCT id - id % {BLOCK} FROM ({self._scan(files)}) WHERE courseid IN ({listed})"
            blocks |= {int(start) for (start,) in self._workspace.sql(of_courses)}
        return blocks

    def _files(self) -> dict[str, int]:
        """The first ids of the blocks that have rows, by their files."""
        return {block.file: start for start, block in self._record.blocks.items() if block.file}

    def read(self, start: int, count: Count, purged_before: int) -> None:
        """Read a block again; what Moodle has purged of it stays, and what is of other courses."""
        courses = ", ".join(map(str, self._courses))
        path = self._workspace.folder / "block.csv"
        path.write_bytes(b"")
        if count.rows:
            self._log.write(self._courses, start, start + BLOCK, path)
        self._workspace.sql("DROP TABLE IF EXISTS block")
        self._workspace.load("block", LOG_TABLE.columns, path)
        path.unlink()
        self.rows += self._workspace.sql("SELECT count(*) FROM block")[0][0]
        before = self._record.blocks.get(start)
        rows = "FROM block"
        if before and before.file:
            stays = f"timecreated < {purged_before} OR courseid NOT IN ({courses})"
            rows += f" UNION ALL BY NAME (FROM ({self._scan([before.file])} WHERE {stays}) ANTI JOIN block USING (id))"
        self._put(start, count, rows)

    def forget(self) -> None:
        """Write the blocks again that name somebody, or a course, whom Moodle has deleted since they were read."""
        if not (files := self._files()):
            return
        scan = self._scan(files, "filename = true")
        names = self._workspace.sql(f"SELECT DISTINCT parse_filename(filename) FROM ({scan}) WHERE {_NAMES_GONE}")
        for (name,) in names:
            start = files[name]
            self._put(start, self._record.blocks[start].count, self._scan([name]))

    def make_view(self) -> None:
        """The rows of the chosen courses, in the workspace under the log's name."""
        if not (files := self._files()):
            self._workspace.make(LOG_TABLE.name, LOG_TABLE.columns)
            return
        scan = f"{self._scan(files)} WHERE courseid IN (SELECT course FROM chosen)"
        self._workspace.sql(f'CREATE VIEW "{LOG}" AS {scan}')

    def remove_leftovers(self) -> None:
        """Remove what no record names: of a reading that was killed, or of blocks that were read again."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with suppress(PermissionError):  # somebody else's, or of a disk that has rights of its own
            self._folder.chmod(0o700)  # each time: a cluster may have given rights to a group
        named = {_RECORD, *(block.file for block in self._record.blocks.values())}
        for path in self._folder.iterdir():
            if path.name not in named:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _scan(self, files: Iterable[str], *options: str) -> str:
        paths = [self._folder / name for name in files]
        if missing := [path for path in paths if not path.exists()]:
            way_out = "Put it back from a backup, or name a new folder: what Moodle has purged is lost then."
            raise SourceError("a file of the synced log is missing", str(missing[0]), way_out)
        return f"FROM {parquet(paths, 'union_by_name = true', *options)}"

    def _put(self, start: int, count: Count, rows: str) -> None:
        """Write the rows of a block, without those who were deleted, and record it."""
        name = f"{start}-{secrets.token_hex(4)}.parquet"
        columns = f"SELECT {_COLUMNS} FROM (SELECT * REPLACE ({_NOBODYS}) FROM ({rows}) WHERE NOT {_IS_ABOUT_GONE})"
        path = self._folder / name
        ((written,),) = self._workspace.sql(
            f"COPY ({columns} ORDER BY id) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)"
        )
        if written:
            settle(path)
        else:
            path.unlink()
        self._record.blocks[start] = Block(count, _form(), name if written else "")
        _write_record(self._folder, self._record)


def _form() -> str:
    """What is asked of each row, and how it is kept: what was read otherwise is read again."""
    parts = [_COLUMNS, LOG_TABLE.within, str(BLOCK), *(f"{column.name} {column.type}" for column in LOG_TABLE.columns)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _start_of(id_: int) -> int:
    return id_ - id_ % BLOCK


def _purged_before(extent: Extent, site: Site) -> int:
    """The second before which rows that Moodle does not have any more were purged, and not deleted."""
    return _EVER if extent.oldest is None else max(_logged_since(site) or 0, extent.oldest)


def _logged_since(site: Site) -> int | None:
    return int(site.logged_since.replace(tzinfo=UTC).timestamp()) if site.logged_since else None


def _moment(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC).replace(tzinfo=None)


def _missed_until(read_at: int | None, last: int, site: Site, extent: Extent) -> int | None:
    """The second until which rows may have been purged that nobody has read since; None: there are no such rows."""
    if read_at is None:
        return None
    since = _logged_since(site)
    # Where Moodle has nothing left of what it had at the last reading, rows after that may be gone as well.
    all_purged = last > 0 and not 0 < extent.first <= last
    if all_purged or (since is not None and since > read_at):
        return since or extent.oldest or site.epoch
    return None


def _read_record(folder: Path) -> Record:
    path = folder / _RECORD
    if not path.exists():
        return Record()
    way_out = "Put it back from a backup, or name a new folder: what Moodle has purged is lost then."
    try:
        record = msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError) as error:
        raise SourceError("the record of a synced log cannot be read", f"{path}: {error}", way_out) from error
    if record.format != _FORMAT:
        way_out = "Use the version of Earlybell that wrote it, or a later one."
        raise SourceError("the record of a synced log is of another format", f"{path}: {record.format}", way_out)
    return record


def _write_record(folder: Path, record: Record) -> None:
    """It is on the disk when this returns, and what it names before: what Moodle has purged cannot be read again."""
    settle(folder)
    with written_whole(folder / _RECORD) as path:
        path.write_bytes(msgspec.json.encode(record))
        settle(path)
    settle(folder)
