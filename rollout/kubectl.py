"""kubectl as a program, which knows kubeconfigs, proxies and login plugins: what works with it works here."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from earlybell.causes import remedy
from earlybell.errors import ClusterError, SettingError

SECONDS = 20.0  # for an answer, the login and its plugin included
_REQUEST = 15  # of these for the API server, of which kubectl then says what was missing
_LOGIN = 180.0  # where a plugin may ask a person at the terminal
_REASONS = {"NotFound": 404, "Forbidden": 403, "Unauthorized": 401}
_UNKNOWN = "the server could not find the requested resource"  # a kind that is not installed
_KLOG = re.compile(r"[IWEF]\d{4} ")
_BOILERPLATE = re.compile(r"It looks like you are trying to use a client-go.*?#client-go-credential-plugins", re.S)


@dataclass(frozen=True)
class Done:
    """What a program left: its exit code, and what it wrote to each stream."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Answer:
    """Of the API server: an HTTP status, and the body; of a refusal its words, empty if it does not know the kind."""

    status: int
    text: str


class Kubectl:
    """The API server of a kubeconfig's context.

    Attributes:
        server: its address.
        namespace: the context's own.
    """

    def __init__(self, context: str) -> None:
        """Args:
            context: empty: the present one.

        Raises:
            SettingError: kubectl is missing.
            ClusterError: no kubeconfig names a cluster, or not this context.
        """
        self._context = [f"--context={context}"] if context else []
        view = self._view(context)
        selected = view["contexts"][0]["context"]
        self.server = str(view["clusters"][0]["cluster"].get("server", ""))
        self.namespace = str(selected.get("namespace") or "default")
        self._plugin = any("exec" in user.get("user", {}) for user in view.get("users") or [])
        self._asks = self._plugin and sys.stdin is not None and sys.stdin.isatty()

    def get(self, path: str) -> Answer:
        """What is at a path.

        Raises:
            ClusterError: the API server cannot be reached, or the login fails.
        """
        words = [] if self._asks else [f"--request-timeout={_REQUEST}s", "-v=4"]  # -v=4: the cause as it was
        done = run("get", *self._context, *words, "--raw", path, asks=self._asks)
        if done.code == 0:
            return Answer(200, done.stdout)
        message = _without_log(done.stderr)
        if match := re.search(r"Error from server(?: \((\w+)\))?: (.*)", message, re.S):
            reason, words_of_server = match[1] or "", " ".join(match[2].split())
            return Answer(_REASONS.get(reason, 500), "" if words_of_server == _UNKNOWN else words_of_server)
        if "You must be logged in" in message:
            return Answer(401, message)
        raise self._unreachable(done, message)

    def _unreachable(self, done: Done, message: str) -> ClusterError:
        connection = re.search(r"Connection error: \w+ \S+?: (.*)", done.stderr)
        cause = _cause(message, connection[1] if connection else "")
        if late := done.code == -signal.SIGKILL:
            program = "its login plugin" if self._plugin else "kubectl"
            cause = f"{cause} ({program} did not end within {_LOGIN if self._asks else SECONDS:g} s)".strip()
        if "getting credentials" in cause or (late and self._plugin):
            way_out = "Log in as with kubectl: its login plugin (users[].user.exec of the kubeconfig) fails."
            return ClusterError("the login for the cluster fails", f"{self.server}: {cause}", way_out)
        way_out = remedy(
            cause,
            "See whether `kubectl get pods` works: this goes the same way.",
            what="the cluster",
            setting="the kubeconfig (KUBECONFIG, or --context)",
            trust="certificate-authority of the kubeconfig, or tls-server-name",
        )
        if re.search("proxyconnect|socks connect", cause):
            way_out += " The kubeconfig's proxy-url goes before both."
        return ClusterError("the cluster cannot be reached", f"{self.server}: {cause}", way_out)

    def _view(self, context: str) -> dict[str, list[dict[str, dict[str, object]]]]:
        done = run("config", "view", "--minify", "-o", "json", *self._context)
        if done.code == 0:
            view: dict[str, list[dict[str, dict[str, object]]]] = json.loads(done.stdout)
            return view
        names = run("config", "get-contexts", "-o", "name").stdout.split()
        known = f"; its contexts are {', '.join(sorted(names))}" if names else ""
        message = " ".join(done.stderr.split()).removeprefix("error: ").replace(" in order to minify", "")
        value = f"{os.pathsep.join(map(str, kubeconfigs()))}: {message}{known}"
        if names:
            way_out = "Name a context by --context, or by `kubectl config use-context`."
            thing = "the kubeconfig has no such context" if context else "no context is chosen"
            raise ClusterError(thing, value, way_out)
        way_out = "Set KUBECONFIG to a kubeconfig that `kubectl get pods` works with."
        raise ClusterError("there is no kubeconfig that names a cluster", value, way_out)


def kubeconfigs() -> list[Path]:
    """The files that kubectl reads, whether there or not."""
    named = [Path(path) for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    return named or [Path("~/.kube/config").expanduser()]


def run(*words: str, asks: bool = False) -> Done:
    """Run kubectl to its end, or until it has taken too long.

    Args:
        asks: it may ask the person at the terminal, who then has more time.

    Raises:
        SettingError: kubectl is missing.
    """
    if (kubectl := shutil.which("kubectl")) is None:
        way_out = "Install it: releases are rendered, looked at and applied with it."
        raise SettingError("a program is missing on PATH", "kubectl", way_out)
    with TemporaryFile() as out, TemporaryFile() as errors:
        # In a session of its own all that it has started ends with it; but there is no terminal to ask at.
        process = subprocess.Popen(  # noqa: S603
            [kubectl, *words],
            stdin=None if asks else subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=not asks,
        )
        try:
            _wait(process, _LOGIN if asks else SECONDS, errors.fileno() if asks else None)
        finally:
            if process.poll() is None:
                process.kill() if asks else os.killpg(process.pid, signal.SIGKILL)
        return Done(process.wait(), _text(out.fileno()), _text(errors.fileno()))


def _wait(process: "subprocess.Popen[bytes]", seconds: float, tell: int | None) -> None:
    """Until a process has ended or the time has; what it writes into the file `tell` is seen at once."""
    until, printed = time.monotonic() + seconds, 0
    while process.poll() is None and time.monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
        if tell is not None and (part := _text(tell, printed)):
            printed = os.fstat(tell).st_size
            sys.stderr.write(part)
            sys.stderr.flush()


def _text(file: int, start: int = 0) -> str:
    return os.pread(file, os.fstat(file).st_size - start, start).decode(errors="replace")


def _without_log(text: str) -> str:
    """Without kubectl's log (-v), and each line once."""
    lines = (line.strip() for line in _BOILERPLATE.sub("", text).splitlines())
    return "\n".join(dict.fromkeys(line for line in lines if line and not _KLOG.match(line)))


def _cause(text: str, connection: str) -> str:
    """kubectl's own words with the connection's error in them, of which it says only the half."""
    lines = [re.sub("^(Unable to connect to the server|error): ", "", line) for line in text.splitlines()]
    if connection:
        lines = [line for line in lines if not line.startswith("The connection to the server") and line != connection]
        lines.append(connection)
    return " ".join(lines)[:500]
