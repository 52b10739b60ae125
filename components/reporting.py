"""What a step writes to its log, a line each, and how that is read again; and what a user can mend.

A step's log is plain lines, in a pod and here: `STEP: TEXT` tells what it does, `STEP: warning: TEXT` what concerns
whoever gave the data, and `STEP: done: TEXT`, the last, its main figure.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from earlybell import errors
from earlybell.errors import EarlybellError, ended_by_own_errors

ERROR_FILE = "EARLYBELL_ERROR_FILE"  # set by the local run: where a failed step leaves its error
Kind = Literal["started", "progress", "warning", "done"]
_LINE = re.compile(r"\s*(\w+): (warning: |done: )?(.*)")
_KINDS: dict[str | None, Kind] = {None: "progress", "warning: ": "warning", "done: ": "done"}


@dataclass(frozen=True)
class Report:
    """What a step reports.

    Attributes:
        step: its name, as `push_gauges`.
        kind: `started` comes from what runs the steps, all else from the step.
        text: for a person; `done`: the step's main figure.
    """

    step: str
    kind: Kind
    text: str = ""


_listener: ContextVar[Callable[[Report], None] | None] = ContextVar("listener", default=None)


def progress(step: str, text: str) -> None:
    """What the step does."""
    _report(Report(step, "progress", text), f"{step}: {text}")


def warn(step: str, text: str) -> None:
    """What a user should look at, and in which file."""
    _report(Report(step, "warning", text), f"{step}: warning: {text}")


def done(step: str, figure: str) -> None:
    """The end of the step, and its main figure with its unit."""
    _report(Report(step, "done", figure), f"{step}: done: {figure}")


@contextmanager
def reported_to(tell: Callable[[Report], None]) -> Iterator[None]:
    """Within it what steps of this process report goes to `tell`, and not into the log."""
    token = _listener.set(tell)
    try:
        yield
    finally:
        _listener.reset(token)


def read_report(line: str) -> Report | None:
    """A line of a step's log; None where it has not the form of a report."""
    parts = _LINE.fullmatch(line)
    return Report(parts[1], _KINDS[parts[2]], parts[3]) if parts else None


def _report(report: Report, line: str) -> None:
    if tell := _listener.get():
        tell(report)
    else:
        _write(line)


def _write(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 (a pod's log)


@contextmanager
def errors_reported() -> Iterator[None]:
    """End the step with an error's own message and exit code; leave the error where the local run looks for it."""
    with ended_by_own_errors(_write, _leave):
        yield


def _leave(error: EarlybellError) -> None:
    if place := os.environ.get(ERROR_FILE):
        parts = {"thing": error.thing, "value": str(error.value), "way_out": error.way_out}
        Path(place).write_text(json.dumps(parts | {"kind": type(error).__name__}))


def read_error(place: Path) -> EarlybellError | None:
    """The error that a step left there; None without one."""
    if not place.exists():
        return None
    parts = json.loads(place.read_text())
    kind: type[EarlybellError] = getattr(errors, parts.pop("kind"))
    return kind(**parts)
