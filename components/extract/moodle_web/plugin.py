"""A site that has the plugin `local_earlybell`: it gives the very rows that `moodle-db` reads of the database."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from components.extract.moodle_db.runs import Choice, choose
from components.extract.moodle_db.site import Site, check_readable, check_settings
from components.extract.moodle_db.source import make_chosen
from components.extract.moodle_db.structure import ASKED, COURSES, PLUGIN, SITE, MoodleTable
from components.extract.moodle_db.workspace import Workspace
from components.extract.moodle_web.address import Address
from components.extract.moodle_web.client import Client
from components.reporting import progress
from earlybell.counts import counted
from earlybell.errors import SourceError

FUNCTIONS = frozenset({f"{PLUGIN}_get_site", f"{PLUGIN}_extract"})
PIECE = 20_000  # ids of a page


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


def copy(workspace: Workspace, client: Client, address: Address) -> tuple[Site, Choice]:
    """Copy what `moodle-db` copies; each table is of its own moment, the log of the last.

    Raises:
        SourceError: it cannot be read, is no Moodle that can be, or has no such course.
    """
    site = _read_site(client)
    for table in SITE:
        _copy(workspace, client, site, table)
    choice = choose(workspace, address.options, str(address))
    make_chosen(workspace, choice)
    courses = [course.id for course in choice.courses]
    for table in COURSES:
        _copy(workspace, client, site, table, courses)
    return site, choice


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
        SourceError: the plugin gives other columns, or does not go on.
    """
    workspace.make(table.name, table.columns)
    if table.name not in site.present:
        return
    expected = " ".join(column.name for column in table.columns)
    path, after, more = workspace.folder / "piece.csv", 0, True
    while more:
        page = client.call(
            f"{PLUGIN}_extract",
            _Page,
            table=table.name,
            courses=",".join(map(str, courses))
            if "{courses}" in table.within
            else "",  # one: PHP drops what is over 1,000
            afterid=after,
            ids=PIECE,
        )
        if page.columns != expected or (page.more and page.lastid <= after):
            problem = f"{client}: the plugin gives other rows of {table.name} than were asked for"
            raise SourceError(problem, page.columns, _OTHER_PLUGIN)
        path.write_text(page.rows, encoding="utf-8", newline="")
        workspace.append(table.name, table.columns, path)
        after, more = page.lastid, page.more
    path.unlink(missing_ok=True)
    rows: int = workspace.sql(f'SELECT count(*) FROM "{table.name}"')[0][0]
    progress("extract", f"{table.name} {counted(rows, 'row')}")
