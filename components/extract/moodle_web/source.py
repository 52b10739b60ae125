"""Reads a Moodle by its web services and maps it to canonical tables."""

from pathlib import Path

import msgspec

from components.extract.moodle_db.log_store import LogStore
from components.extract.moodle_db.runs import Choice
from components.extract.moodle_db.site import Site
from components.extract.moodle_db.source import map_site, stage
from components.extract.moodle_db.workspace import Workspace
from components.extract.moodle_web import core, plugin
from components.extract.moodle_web.address import Address, read_address
from components.extract.moodle_web.client import Client
from components.extract.staging import Extracted, Staging
from components.reporting import progress
from earlybell.errors import SourceError


class _Function(msgspec.Struct):
    name: str


class SiteInfo(msgspec.Struct):
    """What core_webservice_get_site_info says of the site, and of the functions of the token's service."""

    version: str
    functions: list[_Function]


def read(staging: Staging, source: str, place: str, log: LogStore | None = None) -> Extracted:
    """Read the site of an address (see `address`) as canonical tables; ids become pseudonyms.

    Args:
        log: as of `moodle_db.read`.

    Raises:
        SourceError: it cannot be reached, refuses, is no Moodle that can be read, or has no learner; or there is a
            `log`, and no plugin that can say what is new in Moodle's.
        SettingError: the address or an option is wrong, there is no token, or no usable key.
    """
    address = read_address(place)
    return stage(staging, source, lambda folder, tables: write(address, folder, tables, log))


def write(address: Address, folder: Path, tables: Path, log: LogStore | None = None) -> list[str]:
    """Write a file of each canonical table that has rows; what is said of them.

    Args:
        folder: for what is in between; the caller removes it.
        tables: an empty folder.
        log: as of `read`.

    Raises:
        SourceError, SettingError: as `read`.
    """
    with Client(address) as client:
        info = client.call("core_webservice_get_site_info", SiteInfo)
        functions = {function.name for function in info.functions}
        has_plugin = functions >= plugin.FUNCTIONS
        if log and not (has_plugin and plugin.COUNTS in functions):
            way_out = "Install the plugin of this version of Earlybell, and use a token of its service."
            raise SourceError(f"{address}: Moodle's log cannot be followed without the plugin", plugin.COUNTS, way_out)

        def copy(workspace: Workspace) -> tuple[Site, Choice]:
            if has_plugin:
                return plugin.copy(workspace, client, address, log)
            return core.copy(workspace, client, address, info.version)

        notes = map_site(folder, tables, str(address), address.options, copy, log)
        progress("extract", f"{client.calls:,} calls")
    return notes if has_plugin else [*notes, *core.notes(address)]
