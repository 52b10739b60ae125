"""How a step tells what it does, and what a user can mend: in its log, and to whoever started it on this machine."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from earlybell.errors import EarlybellError

ERROR_FILE = "EARLYBELL_ERROR_FILE"  # set by the local run: where a failed step leaves its error


def progress(step: str, text: str) -> None:
    """One line of progress, as `step: text`."""
    print(f"{step}: {text}", file=sys.stderr, flush=True)  # noqa: T201 (a pod's log)


@contextmanager
def errors_reported() -> Iterator[None]:
    """End the step with an error's own message and exit code, without a traceback."""
    try:
        yield
    except EarlybellError as error:
        if place := os.environ.get(ERROR_FILE):
            kind = type(error).__name__
            parts = {"kind": kind, "thing": error.thing, "value": str(error.value), "way_out": error.way_out}
            Path(place).write_text(json.dumps(parts))
        print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201
        sys.exit(error.exit_code)
