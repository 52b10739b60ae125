"""Whether a database is a Moodle that can be read, and what the site says of itself."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from components.extract.moodle_db.databases import Database
from components.extract.moodle_db.structure import ALL, LOG, PLUGIN_SETTINGS, SETTINGS, MoodleTable
from components.extract.moodle_log.statements import zone_of
from earlybell.counts import counted
from earlybell.errors import SettingError, SourceError
from earlybell.tables.schema import DEFAULT_TIMEZONE, NO_WEEKEND, WEEKDAYS

OURS = "earlybell"  # the schema, in MySQL the database, of the views that the script of the role makes
OLDEST, NEWEST = 2024100700, 2030000000  # 4.5; what comes after 5.x is not known yet
_WAY_OUT_OLD = "Earlybell reads Moodle from 4.5 on: upgrade it, or export its log report and use moodle-log."
_WAY_OUT = "Finish Moodle's upgrade, if one has stopped half-way; else run the script of `earlybell moodle-grants`."
_SUNDAY_FIRST = ("sun", *WEEKDAYS[:-1])


@dataclass(frozen=True)
class Site:
    """What a site says of itself.

    Attributes:
        id: a hash of Moodle's own identifier of the site, as the plugin gives it; empty: there is none. It comes along
            when a site is moved, and is new where one is made.
        version: of Moodle, as 2024100706.
        moment: when the database is read, by its own clock.
        settings: as Moodle calls them; of a plugin as `plugin/name`.
        present: the tables that are there and may be read.
        views: of the names of our own schema.
    """

    id: str
    version: int
    moment: datetime
    settings: Mapping[str, str]
    present: frozenset[str]
    views: frozenset[str]

    @property
    def epoch(self) -> int:
        return int(self.moment.replace(tzinfo=UTC).timestamp())

    @property
    def logged_since(self) -> datetime | None:
        """What is older was purged from the log; None: it keeps everything."""
        days = _integer(self.settings.get("logstore_standard/loglifetime"))
        return self.moment - timedelta(days=days) if days else None

    @property
    def timezone(self) -> str | None:
        """The site's clock; None where Moodle follows its server's, which no table says."""
        try:
            return zone_of(self.settings.get("timezone", ""), "Moodle's timezone")
        except SettingError:
            return None

    @property
    def weekend(self) -> str:
        """Moodle holds it as a sum of powers of two, from Sunday on; 65 is Saturday and Sunday."""
        mask = _integer(self.settings.get("calendar_weekend")) or 65
        days = {day for bit, day in enumerate(_SUNDAY_FIRST) if mask >> bit & 1}
        return ",".join(day for day in WEEKDAYS if day in days) or NO_WEEKEND

    def ids(self, setting: str) -> list[int]:
        """The ids that a setting lists."""
        return [int(text) for text in self.settings.get(setting, "").split(",") if text.strip().isdecimal()]


def read_site(database: Database, prefix: str) -> Site:
    """
    Raises:
        SourceError: it is no Moodle of this prefix, too old, half upgraded, or its log store is off; or the role may
            not read a column.
    """
    views = frozenset(name.lower() for name in database.has_views(OURS))
    columns = database.columns()
    settings = _settings(database, prefix, views, columns)
    version = check_settings(str(database), settings)
    present = frozenset(table.name for table in ALL if check_readable(str(database), table, prefix, columns, _WAY_OUT))
    identifier = settings.get("siteidentifier", "")
    id_ = hashlib.sha256(identifier.encode()).hexdigest()[:32] if identifier else ""
    return Site(id_, version, _moment(database), settings, present, views)


def _settings(
    database: Database, prefix: str, views: frozenset[str], columns: Mapping[str, set[str]]
) -> dict[str, str]:
    if f"{prefix}settings" in views:
        return dict(database.rows(f"SELECT name, value FROM {OURS}.{prefix}settings"))
    if not {"name", "value"} <= columns.get(f"{prefix}config", set()):
        raise _no_moodle(str(database), prefix, columns)
    names = ", ".join(f"'{name}'" for name in SETTINGS)
    settings = dict(database.rows(f"SELECT name, value FROM {prefix}config WHERE name IN ({names})"))
    for plugin, name in PLUGIN_SETTINGS:
        query = f"SELECT value FROM {prefix}config_plugins WHERE plugin = '{plugin}' AND name = '{name}'"
        settings |= {f"{plugin}/{name}": value for (value,) in database.rows(query)}
    return settings


def _no_moodle(place: str, prefix: str, columns: Mapping[str, set[str]]) -> SourceError:
    others = sorted(
        name.removesuffix("config_plugins") for name in columns if name.endswith("config_plugins") and len(name) > 14
    )
    others += sorted(name.removesuffix("user_enrolments") for name in columns if name.endswith("user_enrolments"))
    if others := [other for other in dict.fromkeys(others) if other and other != prefix]:
        way_out = f"State the prefix in the address: ?prefix={others[0]}."
        return SourceError(f"{place} has no Moodle with the prefix {prefix}", ", ".join(others), way_out)
    if f"{prefix}user_enrolments" in columns:
        way_out = "Run the script of `earlybell moodle-grants`: it makes the view of the settings."
        return SourceError(f"{place}: the settings of Moodle may not be read", f"{OURS}.{prefix}settings", way_out)
    way_out = "Look at the name of the database, and whether the role may read it: `earlybell moodle-grants`."
    return SourceError(f"{place} is not a Moodle, as far as this role sees", counted(len(columns), "table"), way_out)


def check_settings(place: str, settings: Mapping[str, str]) -> int:
    """Its version.

    Raises:
        SourceError: it is too old, half upgraded, or its log store is off.
    """
    version = check_version(place, settings)
    _check_log(place, settings)
    return version


def check_version(place: str, settings: Mapping[str, str]) -> int:
    """
    Raises:
        SourceError: it is too old, or half upgraded.
    """
    text = settings.get("version", "")
    version = _integer(text.partition(".")[0]) or 0
    if not version:
        raise SourceError(f"{place} says no version", text, "Look whether Moodle's installation was finished.")
    if version < OLDEST:
        raise SourceError(f"{place} is a Moodle that is too old", text, _WAY_OUT_OLD)
    if settings.get("upgraderunning"):
        way_out = "Wait for the upgrade, or finish it: php admin/cli/upgrade.php."
        raise SourceError(f"{place} is being upgraded, or its upgrade has stopped half-way", text, way_out)
    return version


def check_readable(place: str, table: MoodleTable, prefix: str, columns: Mapping[str, set[str]], way_out: str) -> bool:
    """Whether a table is there; that of an activity may be missing.

    Args:
        columns: of each table that is there; its name has the prefix.

    Raises:
        SourceError: a column is not there.
    """
    there = columns.get(prefix + table.name)
    if there is None and table.module:
        return False
    missing = [column.name for column in table.columns if column.name not in (there or set())]
    if missing:
        problem = f"{place}: columns of {prefix}{table.name} are not there, or may not be read"
        raise SourceError(problem, ", ".join(missing), way_out)
    return True


def _check_log(place: str, settings: Mapping[str, str]) -> None:
    stores = settings.get("tool_log/enabled_stores", "")
    if "logstore_standard" not in re.split(r"[,\s]+", stores):
        way_out = "Switch it on: Site administration > Plugins > Logging > Manage log stores > Standard log."
        raise SourceError(f"{place}: Moodle's standard log is off ({LOG})", stores or "no log store", way_out)


def _moment(database: Database) -> datetime:
    ((seconds,),) = database.rows(database.now)
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)


def _integer(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdecimal() else None


def zone_or_default(site: Site, stated: str | None) -> str:
    """The clock of the runs: as the address states it, else the site's, else UTC."""
    return stated or site.timezone or DEFAULT_TIMEZONE
