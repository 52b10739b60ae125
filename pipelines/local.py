"""Runs a pipeline here, by KFP's own local runner: the same pipeline that a cluster runs."""

import builtins
import copy
import io
import json
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from kfp import dsl, local

from components.reporting import ERROR_FILE
from earlybell import errors

_STEPS = "extract|simulate|validate|features|label|train|evaluate|report|gates|register|fetch|predict|push_gauges"
_PROGRESS = re.compile(rf"^\s*((?:{_STEPS}): .*)$")


def run(pipeline: Any, arguments: dict[str, Any], folder: Path, say: Callable[[str], None]) -> Any:
    """Run a pipeline in subprocesses, with its files and `run.log` in `folder`; returns its outputs.

    Args:
        say: takes each line of progress.

    Raises:
        EarlybellError: what a step raised.
        RuntimeError: a step failed for a reason of ours; the log has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failed = folder / "error.json"
    with (folder / "run.log").open("w") as log, _surroundings(failed), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You may be attemp.* non-Python base image")
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(folder / "artifacts"))
        with redirect_stdout(_Tee(log, say)):
            try:
                return _bare(pipeline)(**arguments).outputs
            except RuntimeError as error:
                raise _reason(failed, folder / "run.log", error) from None


def _bare(pipeline: Any) -> Any:
    """A copy without retries and patience, which would only delay an error's message, and limits, which nothing keeps.

    The time of the run, which the local runner does not know, is now.
    """
    bare = copy.deepcopy(pipeline)
    spec = bare.pipeline_spec
    for graph in (spec.root, *spec.components.values()):
        for task in graph.dag.tasks.values():
            task.ClearField("retry_policy")
            for given in task.inputs.parameters.values():
                if given.runtime_value.constant.string_value == dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER:
                    given.runtime_value.constant.string_value = datetime.now(UTC).isoformat()
    for executor in spec.deployment_spec["executors"].values():
        if "container" in executor:
            for unwanted in ("resources", "env"):
                executor["container"].fields.pop(unwanted, None)
    return bare


class _Tee(io.TextIOBase):
    """Everything to the log; progress also to the user."""

    def __init__(self, log: TextIO, say: Callable[[str], None]) -> None:
        self._log, self._say, self._line = log, say, ""

    def write(self, text: str) -> int:
        self._log.write(text)
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            if found := _PROGRESS.match(line):
                self._say(found.group(1))
        return len(text)

    def flush(self) -> None:
        self._log.flush()


@contextmanager
def _surroundings(failed: Path) -> Iterator[None]:
    """Tell steps where to leave an error, and what ends with the run: KFP leaves a folder for each step behind.

    The environment and `print`, which the runner changes, are put back.
    """
    environment, original = dict(os.environ), builtins.print
    os.environ[ERROR_FILE] = str(failed.absolute())
    try:
        with tempfile.TemporaryDirectory(dir=failed.parent.absolute()) as temporary:
            os.environ["TMPDIR"] = temporary
            yield
    finally:
        builtins.print = original
        os.environ.clear()
        os.environ.update(environment)


def _reason(failed: Path, log: Path, error: RuntimeError) -> Exception:
    """The error that a step left, or the log's place."""
    if not failed.exists():
        return RuntimeError(f"{error} See {log}.")
    parts = json.loads(failed.read_text())
    found: Exception = getattr(errors, parts["kind"])(parts["thing"], parts["value"], parts["way_out"])
    return found
