"""A site that has the plugin `local_earlybell`: it gives the very rows that `moodle-db` reads of the database."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from components.extract.moodle_db.log import Count, Extent
from components.extract.moodle_db.log_store import LogStore
from components.extract.moodle_db.runs import Choice, choose
from components.extract.moodle_db.site import Site, check_readable, check_settings
from components.extract.moodle_db.source import make_chosen
from components.extract.moodle_db.structure import ASKED, COURSES, LOG, LOG_TABLE, PLUGIN, SITE, MoodleTable
from components.extract.moodle_db.workspace import Workspace
from components.extract.moodle_web.address import Address
from components.extract.moodle_web.client import Client
from components.reporting import progress
from earlybell.counts import counted
from earlybell.errors import SourceError

FUNCTIONS = frozenset({f"{PLUGIN}_get_site", f"{PLUGIN}_extract"})
COUNTS = f"{PLUGIN}_count_log"  # without it the log cannot be followed
PIECE = 20_000  # ids of a page
COUNTED = 10_000_000  # ids that one call counts


class _Setting(msgspec.Struct):
    name: str
    value: str


class _Table(msgspec.Struct):
    name: str
    columns: str


class _Site(msgspec.Struct):
    site: str
    time: int
    settings: list[_Setting]
    tables: list[_Table]


class _Page(msgspec.Struct):
    columns: str
    rows: str
    lastid: int
    more: bool


class _Block(msgspec.Struct):
    first: int
    rows: int
    total: int
    last: int
    userid: int
    timecreated: int


class _Counts(msgspec.Struct):
    first: int
    last: int
    oldest: int
    blocks: list[_Block]


def copy(workspace: Workspace, client: Client, address: Address, log: LogStore | None = None) -> tuple[Site, Choice]:
    """Copy what `moodle-db` copies; each table is of its own moment, and a log that is followed of the first.

    Args:
        log: as of `moodle_db.read`.

    Raises:
        SourceError: it cannot be read, is no Moodle that can be, or has no such course.
        SettingError: `log` is of another site.
    """
    site = _read_site(client)
    if log:
        log.check_site(site, str(address))
    followed = PluginLog(client) if log else None
    for table in SITE:
        _copy(workspace, client, site, table)
    choice = choose(workspace, address.options, str(address))
    make_chosen(workspace, choice)
    courses = [course.id for course in choice.courses]
    for table in COURSES:
        if not log or table.name != LOG:
            _copy(workspace, client, site, table, courses)
    if log and followed:
        log.follow(workspace, followed, site, courses)
    return site, choice


class PluginLog:
    """The log as the plugin gives it, up to the row that is its last when this is made: the next sync finds the rest.

    So who acts in it is among the people that are read later, and is not taken for somebody whom Moodle has deleted.
    """

    def __init__(self, client: Client) -> None:
        """
        Raises:
            SourceError: the plugin does not answer.
        """
        self._client = client
        counts = client.call(COUNTS, _Counts, block=1)
        self._extent = Extent(counts.first, counts.last, counts.oldest or None)

    @property
    def questions(self) -> int:
        return self._client.calls

    def extent(self) -> Extent:
        return self._extent

    def count(self, start: int, end: int, block: int) -> dict[int, Count]:
        blocks = self._blocks(start, end, block)
        return {b.first: Count(b.rows, b.total, b.last, b.userid, b.timecreated) for b in blocks}

    def blocks_of(self, courses: Sequence[int], block: int) -> set[int]:
        starts = range(self._extent.first, self._extent.last + 1, COUNTED)
        return {
            b.first for start in starts for b in self._blocks(start, start + COUNTED, block, courses=_listed(courses))
        }

    def _blocks(self, start: int, end: int, block: int, **courses: str) -> list[_Block]:
        end = min(end, self._extent.last + 1)
        return self._client.call(COUNTS, _Counts, block=block, start=start, end=end, **courses).blocks

    def write(self, courses: Sequence[int], start: int, end: int, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            upto = min(end - 1, self._extent.last)
            for rows in _pages(self._client, LOG_TABLE, _listed(courses), start - 1, uptoid=upto):
                file.write(rows)


def _read_site(client: Client) -> Site:
    answer = client.call(f"{PLUGIN}_get_site", _Site)
    settings = {setting.name: setting.value for setting in answer.settings}
    columns = {table.name: set(table.columns.split()) for table in answer.tables}
    version = check_settings(str(client), settings)
    readable = [t for t in (*SITE, *COURSES) if check_readable(str(client), t, "", columns, _OTHER_PLUGIN)]
    present = frozenset(table.name for table in (*readable, *ASKED))  # the plugin asks about these itself
    moment = datetime.fromtimestamp(answer.time, UTC).replace(tzinfo=None)
    return Site(answer.site, version, moment, settings, present, frozenset())


_OTHER_PLUGIN = "Install the plugin of this version of Earlybell, or finish Moodle's upgrade."


def _copy(workspace: Workspace, client: Client, site: Site, table: MoodleTable, courses: Sequence[int] = ()) -> None:
    """
    Raises:
        SourceError: as `_pages`.
    """
    workspace.make(table.name, table.columns)
    if table.name not in site.present:
        return
    path, rows = workspace.folder / "piece.csv", 0
    for rows_of_page in _pages(client, table, _listed(courses) if "{courses}" in table.within else ""):
        path.write_text(rows_of_page, encoding="utf-8", newline="")
        rows += workspace.append(table.name, table.columns, path)
    path.unlink(missing_ok=True)
    workspace.rows_read += rows
    progress("extract", f"{table.name} {counted(rows, 'row')}")


def _pages(client: Client, table: MoodleTable, courses: str, after: int = 0, **upto: int) -> Iterator[str]:
    """The rows of a table as CSV, page by page, with ids that are greater than `after`.

    Args:
        upto: `uptoid`, where ids are at most that.

    Raises:
        SourceError: the plugin gives other columns, or does not go on.
    """
    expected, more = " ".join(column.name for column in table.columns), True
    while more:
        page = client.call(
            f"{PLUGIN}_extract", _Page, table=table.name, courses=courses, afterid=after, ids=PIECE, **upto
        )
        if page.columns != expected or (page.more and page.lastid <= after):
            problem = f"{client}: the plugin gives other rows of {table.name} than were asked for"
            raise SourceError(problem, page.columns, _OTHER_PLUGIN)
        yield page.rows
        after, more = page.lastid, page.more


def _listed(courses: Sequence[int]) -> str:
    """In one parameter: PHP drops what is over 1,000."""
    return ",".join(map(str, courses))
