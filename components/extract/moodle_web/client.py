"""Moodle's web services by REST: one call at a time, not too many a second, tried again within bounds.

A call that fails is HTTP 200 with `exception` in it, as Moodle has it. Each error says what to change in Moodle.
"""

import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote, urlencode, urljoin, urlsplit

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.util import Timeout, make_headers, parse_url

from components.extract.moodle_web.address import TOKEN, Address
from earlybell.causes import innermost, remedy
from earlybell.clock import HungError, within
from earlybell.errors import SettingError, SourceError
from earlybell.proxies import proxy_of

SECONDS = 300  # that a call may take, with all that is tried again
CONNECT_SECONDS = 10
SILENT_SECONDS = 120  # that the server may say nothing
PAUSES = (1, 2, 4, 8)  # seconds before it is asked again
RETRY_AFTER = 60  # seconds that the server may ask to wait
LARGEST = 256 << 20  # bytes of an answer
_BUSY = (429, 502, 503, 504)
_PATH = "/webservice/rest/server.php"
_SERVICE = "Site administration > Server > Web services > External services"
_REFUSED = {  # Moodle's codes of errors, and what to do
    (
        "invalidtoken",
        "invalidtimedtoken",
    ): f"Make a new token (Server > Web services > Manage tokens), and put it into {TOKEN}.",
    ("accessexception",): f"Add the function to the token's service ({_SERVICE}), give its user webservice/rest:use, "
    "authorise the user for the service, and look at the token's IP restriction.",
    (
        "invalidrecord",
        "invalidfunction",
    ): f"Look whether this Moodle has the function, and the service too ({_SERVICE}).",
    ("nopermissions", "nopermissiontoviewgrades", "requireloginerror", "errorcoursecontextnotvalid", "notingroup"): (
        "Give the token's user the capability that Moodle names, in a role for the whole site."
    ),
    ("sitemaintenance", "upgraderunning"): "Moodle is in maintenance mode: wait until it is over, and run this again.",
    (
        "usernotconfirmed",
        "wsaccessusersuspended",
        "wsaccessuserdeleted",
        "wsaccessusernologin",
        "wsaccessuserexpired",
    ): ("The token's user may not log in: make one that may, with a token of its own."),
    ("sitepolicynotagreed", "forcepasswordchangenotice", "usernotfullysetup"): (
        "Log in as the token's user once: agree to the policies, complete its profile, change its password."
    ),
    ("servicenotavailable", "enablewsdescription"): (
        "Switch web services on: Site administration > General > Advanced features."
    ),
}

Value = str | int | float | bool | Sequence["Value"] | Mapping[str, "Value"]
_T = TypeVar("_T")


class _Failure(msgspec.Struct):
    exception: str = ""
    errorcode: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class _Answer:
    """What came over HTTP: `target` is where it redirects to, `retry_after` in seconds."""

    status: int
    target: str
    retry_after: int
    body: bytes


class Client:
    """Calls functions of a site's web services. Use it as a context.

    Attributes:
        calls: how many calls were made.
    """

    def __init__(self, address: Address) -> None:
        """
        Raises:
            SettingError: there is no token, the file of the authority cannot be read, or the proxy is no address.
        """
        self._address, self._token, self.calls, self._next = address, address.token, 0, 0.0
        self._pool = _pool(address)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.clear()

    def __str__(self) -> str:
        return str(self._address)

    def call(self, function: str, answer: type[_T], **parameters: Value) -> _T:
        """What a function answers.

        Args:
            function: its name, as core_course_get_courses.
            answer: the type of it; what it has beyond that is passed over.
            parameters: of it, by their names.

        Raises:
            SourceError: Moodle cannot be reached or refuses, or answers something else.
        """
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + 1 / self._address.options.rate
        self.calls += 1
        body = self._body(function, {"wsfunction": function, **parameters})
        self._check(function, body)
        try:
            return msgspec.json.decode(body, type=answer, strict=False)
        except msgspec.MsgspecError as error:
            way_out = "Look whether the address is that of a Moodle 4.5 to 5.x, and what is between it and here."
            text = body[:80].decode(errors="replace").strip()
            problem = f"{self} answers {function} with something else"
            raise SourceError(problem, text if text.startswith("<") else str(error), way_out) from None

    def _body(self, function: str, parameters: Mapping[str, Value]) -> bytes:
        """
        Raises:
            SourceError: there is no answer, or none of Moodle's.
        """
        common = {"wstoken": self._token, "moodlewsrestformat": "json"}
        # Times that are texts come in English and UTC then, whatever the user has.
        common |= {"moodlewssettinglang": "en", "moodlewssettingtimezone": "UTC"}
        data = urlencode([*common.items(), *_flat(parameters)])
        try:
            answer = self._answer(data)
        except HungError as error:
            way_out = "Look at the server, or read it at another hour."
            raise SourceError(f"{self} does not answer ({function})", str(error), way_out) from None
        except (HTTPError, OSError, ValueError) as error:
            otherwise = "Look at the address, and whether Moodle runs there."
            way_out = remedy(
                error, otherwise, what="Moodle", setting="the address", trust="ca=FILE", address=self._address.url
            )
            raise SourceError(f"{self} cannot be asked ({function})", innermost(error), way_out) from None
        if answer.target:
            raise self._redirects(answer.target)
        if answer.status != 200:
            raise SourceError(f"{self} refuses ({function})", f"HTTP {answer.status}", _of_status(answer.status))
        return answer.body

    def _answer(self, data: str) -> _Answer:
        """The answer; who is busy, or away, is asked again, all in the time of one call."""
        until = time.monotonic() + SECONDS
        for pause in PAUSES:
            wait = pause
            try:
                answer = within(until - time.monotonic(), lambda: self._post(data))
                if answer.status not in _BUSY:
                    return answer
                wait = max(pause, answer.retry_after)
            except (ProtocolError, NewConnectionError):
                pass  # it may be starting anew
            time.sleep(max(0.0, min(wait, until - time.monotonic())))
        return within(until - time.monotonic(), lambda: self._post(data))

    def _post(self, data: str) -> _Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "earlybell"}
        url = self._address.url + _PATH
        # A redirect is no answer: it would take the token elsewhere.
        with self._pool.request(
            "POST", url, body=data, headers=headers, redirect=False, preload_content=False
        ) as answer:
            body = answer.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise ValueError(f"an answer of more than {LARGEST >> 20} MiB")
        seconds = answer.headers.get("retry-after", "")
        wait = min(int(seconds), RETRY_AFTER) if seconds.isdecimal() else 0
        return _Answer(answer.status, answer.get_redirect_location() or "", wait, body)

    def _check(self, function: str, body: bytes) -> None:
        """
        Raises:
            SourceError: Moodle says that the call has failed.
        """
        if b'"exception"' not in body[:100]:
            return
        try:
            failure = msgspec.json.decode(body, type=_Failure)
        except msgspec.MsgspecError:
            return
        code = failure.errorcode or failure.exception
        if code == "invalidtoken":
            raise SourceError(f"{self} refuses the token: it is wrong, or has expired", code, _way_out(code))
        message = " ".join((failure.message or "").split())[:300]
        raise SourceError(f"{self} refuses {function}", f"{message} ({code})" if message else code, _way_out(code))

    def _redirects(self, target: str) -> SourceError:
        there = urlsplit(urljoin(self._address.url, target))
        shown = f"{there.scheme}://{there.netloc}{there.path}"
        if "login" in there.path:
            way_out = f"It asks for a login before Moodle: let {_PATH} through without one."
        elif there.scheme == "https" and self._address.url.startswith("http:"):
            way_out = "Write https:// in the address."
        else:
            way_out = "Write the address that it leads to, without its last part."
        return SourceError(f"{self} leads elsewhere", shown, way_out)


def _pool(address: Address) -> urllib3.PoolManager:
    """
    Raises:
        SettingError: the file of the authority cannot be read, or the environment's proxy is no address.
    """
    timeout, trust = Timeout(connect=CONNECT_SECONDS, read=SILENT_SECONDS), _trust(address)
    if not (proxy := proxy_of(address.url)):
        return urllib3.PoolManager(ssl_context=trust, timeout=timeout, retries=False)
    try:
        there = parse_url(proxy)
        if there.scheme not in ("http", "https") or not there.host:
            raise ValueError(proxy)
        who = make_headers(proxy_basic_auth=unquote(there.auth)) if there.auth else None
    except (HTTPError, ValueError):
        # A password may be before the @.
        way_out = "Write HTTPS_PROXY and HTTP_PROXY as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT."
        raise SettingError("the proxy of the environment is no address", proxy.rpartition("@")[2], way_out) from None
    return urllib3.ProxyManager(proxy, proxy_headers=who, ssl_context=trust, timeout=timeout, retries=False)


def _trust(address: Address) -> ssl.SSLContext:
    """The authorities that are trusted: the system's, or the one of the address alone."""
    file = address.options.ca
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:
        way_out = f"{error.strerror or error}: name a file with the authority's certificate in PEM."
        raise SettingError("ca cannot be read", file, way_out) from None


def _flat(parameters: Mapping[str, Value], within: str = "") -> Iterator[tuple[str, str]]:
    """Parameters as PHP has them in a form: `options[0][name]`."""
    for name, value in parameters.items():
        key = f"{within}[{name}]" if within else name
        if isinstance(value, Mapping):
            yield from _flat(value, key)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from _flat({str(index): item for index, item in enumerate(value)}, key)
        else:
            yield key, str(int(value) if isinstance(value, bool) else value)


def _way_out(code: str) -> str:
    way_outs = [way_out for codes, way_out in _REFUSED.items() if code in codes]
    return way_outs[0] if way_outs else "Look at what Moodle says, and at the rights of the token's user."


def _of_status(status: int) -> str:
    if status == 503:
        return "Moodle is in maintenance mode, or overloaded: wait until it is over, and run this again."
    if status == 429:
        return "It wants fewer calls: state rate, as rate=1, or read it at another hour."
    if status in (401, 403):
        return (
            "Switch on web services (Site administration > General > Advanced features) and REST (Server > Web "
            f"services > Manage protocols), and look whether something before Moodle guards {_PATH}."
        )
    if status == 404:
        return "Look at the address: it is that of Moodle's front page, with its path."
    return "Look at the log of Moodle's web server."
