"""The address of a Moodle's web services, and what a site states beside it.

    moodle-web:https://HOST/PATH?code=idnumber:^([A-Z]+[0-9]+)&pass_mark=50%&ca=FILE

The token is in the environment alone. Options are as those of `moodle-db`: nothing in them is escaped.
"""

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from components.extract.addresses import Reader, read_options, split_address
from components.extract.moodle_db.address import SITE_READERS, SiteOptions
from earlybell.errors import SettingError

TOKEN = "EARLYBELL_MOODLE_TOKEN"  # noqa: S105 # its name
_FORM = "Write moodle-web:https://HOST, with the path where the site has one: the address that Moodle's front page has."


@dataclass(frozen=True)
class Options(SiteOptions):
    """What stands behind the `?` of the address.

    Attributes:
        ca: file of the authority that signed the server's certificate, in PEM; None: those that the system trusts.
        report: id of the custom report with the enrolments; needed where the plugin is not there.
        roles: short names of the roles of learners, where the plugin is not there.
        rate: calls a second, at most.
    """

    ca: str | None = None
    report: int | None = None
    roles: tuple[str, ...] = ("student",)
    rate: float = 5.0


@dataclass(frozen=True)
class Address:
    """Where a site is: `url` has no slash at its end."""

    url: str
    options: Options

    def __str__(self) -> str:
        return self.url

    @property
    def token(self) -> str:
        """From the environment.

        Raises:
            SettingError: it has none.
        """
        if token := os.environ.get(TOKEN, "").strip():
            return token
        way_out = f"Put the token of Moodle's web service into the environment variable {TOKEN}."
        raise SettingError("no token for Moodle's web services", self.url, way_out)


def read_address(place: str) -> Address:
    """
    Raises:
        SettingError: it is no such address, would show the token to others, or an option is wrong.
    """
    url, texts = split_address(place)
    try:
        parts = urlsplit(url)
        host, named = parts.hostname or "", parts.username is not None
        _ = parts.port
    except ValueError:
        raise SettingError("address of a Moodle cannot be read", url[:100], _FORM) from None
    if named:
        way_out = f"Take it out, and put the token into the environment variable {TOKEN}."
        raise SettingError("address of a Moodle has a user or a token in it", f"{parts.scheme}://…@{host}", way_out)
    if parts.scheme not in ("http", "https") or not host or parts.fragment:
        raise SettingError("address of a Moodle cannot be read", url[:100], _FORM)
    if parts.scheme == "http" and not _is_here(host):
        way_out = "Write https://. Everybody on the way could read the token, and learners' records."
        raise SettingError("address of a Moodle is not encrypted", url[:100], way_out)
    path = re.sub(r"(/webservice/rest/server\.php|/index\.php)?/*$", "", parts.path)
    where = f"moodle-web:{parts.scheme}://{parts.netloc}{path}"
    return Address(where.partition(":")[2], read_options(Options, texts, _READERS, where))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _file(text: str, where: str) -> str:
    return text


def _id(text: str, where: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text):
        raise SettingError(f"{where} is no id", text, "The number in the address of the report's page: id=7 is 7.")
    return int(text)


def _roles(text: str, where: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in names):
        raise SettingError(f"{where} are none", text, "Short names of roles, as student,learner.")
    return names


def _rate(text: str, where: str) -> float:
    if not re.fullmatch(r"\d{1,3}(\.\d+)?", text) or not 0.01 <= float(text) <= 100:
        raise SettingError(f"{where} is none", text, "Calls a second, from 0.01 to 100, as 2.")
    return float(text)


_READERS: dict[str, Reader] = SITE_READERS | {"ca": _file, "report": _id, "roles": _roles, "rate": _rate}
