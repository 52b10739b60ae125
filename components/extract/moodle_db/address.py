"""The address of a Moodle's database, and what a site states beside it.

    moodle-db:postgresql://USER@HOST:PORT/DATABASE?prefix=mdl_&code=idnumber:^([A-Z]+[0-9]+)&pass_mark=50%

The password is in the environment alone. Options are as those of `moodle-log`: nothing in them is escaped.
"""

import os
import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from components.extract.addresses import Reader, read_day, read_options, split_address
from components.extract.moodle_log.statements import PassMark, weekend_of, zone_of
from earlybell.errors import SettingError
from earlybell.tables.schema import BY_NAME

KIND = "moodle-db"
PASSWORD = "EARLYBELL_MOODLE_PASSWORD"  # noqa: S105 # its name
Engine = Literal["postgresql", "mysql"]
SslMode = Literal["disable", "require", "verify-full"]
Break = tuple[date, date]
CODE_RULES = ("field", "idnumber", "shortname", "category")
_PORTS: dict[str, int] = {"postgresql": 5432, "mysql": 3306}
_ENGINES: dict[str, Engine] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
}
_FORM = "Write moodle-db:postgresql://USER@HOST:PORT/DATABASE?prefix=mdl_, or moodle-db:mysql://…"
_ATTRIBUTES = tuple(name for name in BY_NAME["learners"].names if name != "learner_id")


@dataclass(frozen=True)
class CodeRule:
    """What ties the runs of one course together.

    Attributes:
        by: a custom `field` of courses, the `idnumber`, the `shortname`, or the `category`.
        detail: the field's short name, or a regular expression whose first group, else the whole match, is the code.
    """

    by: str
    detail: str = ""

    @classmethod
    def read(cls, text: str, where: str) -> Self:
        """
        Raises:
            SettingError: it is none of the rules, or its regular expression is none.
        """
        by, _, detail = text.partition(":")
        way_out = "As field:SHORTNAME, idnumber:REGEX, shortname:REGEX, or category."
        if by not in CODE_RULES or bool(detail) == (by == "category"):
            raise SettingError(f"{where} is no rule", text, way_out)
        if by in ("idnumber", "shortname"):
            check_pattern(detail, where)
        return cls(by, detail)


@dataclass(frozen=True)
class SiteOptions:
    """What an address states of a site, however it is read.

    Attributes:
        code: what ties runs together; None: each run is a course of its own.
        category: ids of categories; courses in them and below alone are read.
        match: a regular expression; courses whose short name has it alone are read.
        since: courses that start on this day or later alone are read.
        pass_mark: of courses whose gradebook states none.
        timezone, weekend: instead of the site's own.
        breaks: holidays of all runs that they fall into.
    """

    code: CodeRule | None = None
    category: tuple[int, ...] = ()
    match: str | None = None
    since: date | None = None
    pass_mark: PassMark | None = None
    timezone: str | None = None
    weekend: str | None = None
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True)
class Options(SiteOptions):
    """What stands behind the `?` of the address.

    Attributes:
        prefix: of Moodle's tables.
        attributes: of each column of `learners` the short name of the profile field that has it.
        sslmode: whether the connection is encrypted, and the server's certificate checked; None: as the engine likes.
        sslrootcert: file of the authority that signed that certificate.
    """

    prefix: str = "mdl_"
    attributes: tuple[tuple[str, str], ...] = ()
    sslmode: SslMode | None = None
    sslrootcert: str | None = None


@dataclass(frozen=True)
class Address:
    """Where a Moodle's database is, and as whom to ask it."""

    engine: Engine
    user: str
    host: str
    port: int
    database: str
    options: Options

    def __str__(self) -> str:
        return f"{self.engine}://{self.host}:{self.port}/{self.database}"

    @property
    def password(self) -> str | None:
        """From the environment; None where it has none."""
        return os.environ.get(PASSWORD) or None


def place_of(source: str) -> str:
    """The place of the address of a Moodle's database.

    Raises:
        SettingError: it is another kind of source.
    """
    kind, _, place = source.partition(":")
    if kind != KIND:
        raise SettingError("not the database of a Moodle", source, "As moodle-db:postgresql://USER@HOST/DATABASE.")
    return place


def read_address(place: str) -> Address:
    """
    Raises:
        SettingError: it is no such address, has a password in it, or an option is wrong.
    """
    url, texts = split_address(place)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingError("address of a Moodle's database cannot be read", _scheme(url), _FORM) from None
    if parts.password is not None:
        way_out = f"Take it out, and put it into the environment variable {PASSWORD}."
        raise SettingError("address of a Moodle's database has a password in it", _scheme(url), way_out)
    engine, database = _ENGINES.get(parts.scheme), parts.path.removeprefix("/")
    if engine is None or not (parts.username and parts.hostname and database) or "/" in database:
        raise SettingError("address of a Moodle's database cannot be read", _scheme(url), _FORM)
    where = f"moodle-db:{engine}://{parts.hostname}"
    options = read_options(Options, texts, _READERS, where)
    return Address(engine, unquote(parts.username), parts.hostname, port or _PORTS[engine], unquote(database), options)


def check_pattern(text: str, where: str) -> str:
    """
    Raises:
        SettingError: it is no regular expression.
    """
    try:
        re.compile(text)
    except re.error as error:
        raise SettingError(f"{where} is no regular expression: {error}", text, "As ^([A-Z]+[0-9]+).") from None
    return text


def _scheme(url: str) -> str:
    """What may be shown of an address that may hold a password."""
    return f"{url.partition(':')[0][:20]}://…"


def _prefix(text: str, where: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,20}", text):
        raise SettingError(f"{where} is no prefix", text, "Letters, digits and _, as $CFG->prefix in config.php: mdl_.")
    return text


def _numbers(text: str, where: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d+(,\d+)*", text):
        raise SettingError(f"{where} has no ids", text, "Ids of categories, as 12,15.")
    return tuple(map(int, text.split(",")))


def _breaks(text: str, where: str) -> tuple[Break, ...]:
    spans = [span.partition("..") for span in text.split(",")]
    breaks = tuple((read_day(first, where), read_day(last, where)) for first, _, last in spans)
    for first, last in breaks:
        if last < first:
            raise SettingError(f"{where}: a holiday ends before it begins", f"{first}..{last}", "First day..last day.")
    return breaks


def _attributes(text: str, where: str) -> tuple[tuple[str, str], ...]:
    pairs = tuple((name, field) for name, _, field in (pair.partition(":") for pair in text.split(",")))
    for name, field in pairs:
        if name not in _ATTRIBUTES or not re.fullmatch(r"[A-Za-z0-9_]+", field):
            way_out = f"As gender:sex,region:county, with the profile field's short name; {', '.join(_ATTRIBUTES)}."
            raise SettingError(f"{where} is no attribute", f"{name}:{field}", way_out)
    return pairs


def _sslmode(text: str, where: str) -> str:
    if text not in ("disable", "require", "verify-full"):
        raise SettingError(f"{where} is none", text, "One of disable, require, verify-full.")
    return text


SITE_READERS: dict[str, Reader] = {
    "code": CodeRule.read,
    "category": _numbers,
    "match": check_pattern,
    "since": read_day,
    "pass_mark": PassMark.read,
    "timezone": zone_of,
    "weekend": weekend_of,
    "breaks": _breaks,
}
_READERS = SITE_READERS | {
    "prefix": _prefix,
    "attributes": _attributes,
    "sslmode": _sslmode,
    "sslrootcert": lambda text, _: text,
}
