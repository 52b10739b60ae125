"""Who may ask, and how often: bearer tokens by name, of which only digests are kept, and a rate for each caller."""

import hashlib
import hmac
import json
import logging
import os
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from earlybell.clock import Hand, HungError, at_most
from earlybell.errors import SettingError
from earlybell.whole import written_whole

_log = logging.getLogger("kserve")
READ_SECONDS = 10.0  # for the first time, when a server starts
ANYBODY = "anybody"  # the caller where no tokens are asked for


@dataclass(frozen=True)
class Token:
    """A caller's name, the SHA-256 of the token (random: a slow hash would gain nothing), and its last moment."""

    name: str
    sha256: str
    expires_at: str

    def seconds_left(self, now: datetime) -> float:
        return (datetime.fromisoformat(self.expires_at) - now).total_seconds()


class Tokens:
    """The tokens of a file, which is read again when it changes: a token is rotated without a restart.

    Who asks for a caller reads no file: it may lie on a volume that hangs.

    Raises:
        SettingError: there is no such file, or it does not hold tokens, or it is not read within `READ_SECONDS`.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path, self._now, self._hand = path, now, Hand("tokens")
        self._read: tuple[int, int] | None = None
        self._tokens = at_most(READ_SECONDS, self._hung)(read_tokens)(path)

    def refresh(self) -> None:
        """Begin to read the file again if it is another, unless that is under way; `refreshed` is when it has ended.

        Where it fails, what was read before stays: tokens expire anyway.
        """
        if not self._hand.busy:
            self.refreshed: Future[None] = self._hand.start(self._read_again)

    def close(self) -> None:
        self._hand.end()

    def _read_again(self) -> None:
        state = _state(self._path)
        if state != self._read:
            self._read = state
            try:
                self._tokens = read_tokens(self._path)
            except SettingError as error:
                _log.error("%s Those read before stay.", error)

    def _hung(self, error: HungError) -> SettingError:
        return SettingError("file of tokens", str(self._path), f"{error}: is its volume there?")

    def caller(self, authorization: str | None) -> str | None:
        """The name behind an Authorization header; None where there is none, or it has expired."""
        scheme, _, credentials = (authorization or "").partition(" ")
        digest = hashlib.sha256(credentials.strip().encode()).hexdigest()
        now, name = self._now(), None
        for token in self._tokens:  # all of them, whichever fits: the time tells nothing
            if hmac.compare_digest(token.sha256, digest) and token.seconds_left(now) > 0:
                name = token.name
        return name if scheme.lower() == "bearer" else None

    def expiries(self) -> dict[str, float]:
        """For each name when its last token expires, in seconds since 1970."""
        times: dict[str, float] = {}
        for token in self._tokens:
            times[token.name] = max(times.get(token.name, 0.0), datetime.fromisoformat(token.expires_at).timestamp())
        return times


def _state(path: Path) -> tuple[int, int] | None:
    """What differs when the file is another; None while there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def read_tokens(path: Path) -> list[Token]:
    """The tokens of a file.

    Raises:
        SettingError: it does not hold tokens.
    """
    try:
        tokens = [Token(**fields) for fields in json.loads(path.read_text())["tokens"]]
        for token in tokens:
            token.seconds_left(datetime.now(UTC))
            bytes.fromhex(token.sha256)
        return tokens
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SettingError("not a file of tokens", str(path), f"`earlybell token` makes one ({error}).") from None


def add_token(path: Path, name: str, days: int, now: datetime) -> str:
    """Make a token, write its digest to the file (made if absent, for its owner alone), and return it, kept nowhere.

    Tokens of a name stay until they expire, so that callers can change over; what has expired is taken out.
    """
    token = secrets.token_urlsafe(32)
    unexpired = [entry for entry in (read_tokens(path) if path.exists() else []) if entry.seconds_left(now) > 0]
    expires = (now + timedelta(days=days)).isoformat(timespec="seconds")
    _write(path, [*unexpired, Token(name, hashlib.sha256(token.encode()).hexdigest(), expires)])
    return token


def revoke(path: Path, name: str, *, keep_last: bool = False) -> int:
    """Take all tokens of a name out of the file, or all but the last that was made; how many they were.

    Raises:
        SettingError: it does not hold tokens, or none of that name.
    """
    tokens = read_tokens(path)
    of_name = [token for token in tokens if token.name == name]
    remaining = [token for token in tokens if token.name != name or (keep_last and token is of_name[-1])]
    if not of_name:
        names = ", ".join(sorted({token.name for token in tokens})) or "nobody"
        raise SettingError(f"no token in {path} of the name", name, f"It has tokens of {names}.")
    _write(path, remaining)
    return len(tokens) - len(remaining)


def _write(path: Path, tokens: list[Token]) -> None:
    """Whole or not at all; with the rights of the file that was there, else for its owner alone."""
    with written_whole(path) as part:
        part.touch(mode=0o600)
        if path.exists():
            there = path.stat()
            part.chmod(there.st_mode)
            os.chown(part, there.st_uid, there.st_gid)
        part.write_text(json.dumps({"tokens": [asdict(token) for token in tokens]}, indent=1) + "\n")


class Rate:
    """A bucket for each caller: `a_minute` requests, refilled evenly."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = float(a_minute), clock
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, caller: str) -> float:
        """Take one request of the caller's; 0, or the seconds until there is one again."""
        now = self._clock()
        left, at = self._left.get(caller, (self._most, now))
        left = min(self._most, left + (now - at) * self._most / 60)
        if left < 1:
            self._left[caller] = (left, now)
            return (1 - left) * 60 / self._most
        self._left[caller] = (left - 1, now)
        return 0.0
