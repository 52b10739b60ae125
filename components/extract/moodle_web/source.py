"""Reads a Moodle by its web services and maps it to canonical tables."""

from pathlib import Path

import msgspec

from components.extract.moodle_db.runs import Choice
from components.extract.moodle_db.site import Site
from components.extract.moodle_db.source import map_site, stage
from components.extract.moodle_db.workspace import Workspace
from components.extract.moodle_web import core, plugin
from components.extract.moodle_web.address import Address, read_address
from components.extract.moodle_web.client import Client
from components.extract.staging import Extracted, Staging
from components.reporting import progress


class _Function(msgspec.Struct):
    name: str


class SiteInfo(msgspec.Struct):
    """What core_webservice_get_site_info says of the site, and of the functions of the token's service."""

    version: str
    functions: list[_Function]


def read(staging: Staging, source: str, place: str) -> Extracted:
    """Read the site of an address (see `address`) as canonical tables; ids become pseudonyms.

    Raises:
        SourceError: it cannot be reached, refuses, is no Moodle that can be read, or has no learner.
        SettingError: the address or an option is wrong, there is no token, or no usable key.
    """
    address = read_address(place)
    return stage(staging, source, lambda folder, tables: write(address, folder, tables))


def write(address: Address, folder: Path, tables: Path) -> list[str]:
    """Write a file of each canonical table that has rows; what is said of them.

    Args:
        folder: for what is in between; the caller removes it.
        tables: an empty folder.

    Raises:
        SourceError, SettingError: as `read`.
    """
    with Client(address) as client:
        info = client.call("core_webservice_get_site_info", SiteInfo)
        has_plugin = {function.name for function in info.functions} >= plugin.FUNCTIONS

        def copy(workspace: Workspace) -> tuple[Site, Choice]:
            if has_plugin:
                return plugin.copy(workspace, client, address)
            return core.copy(workspace, client, address, info.version)

        notes = map_site(folder, tables, str(address), address.options, copy)
        progress("extract", f"{client.calls:,} calls")
    return notes if has_plugin else [*notes, *core.notes(address)]
