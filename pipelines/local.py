"""Runs a pipeline here, by KFP's own local runner: the same pipeline that a cluster runs."""

import builtins
import copy
import io
import json
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

from kfp import dsl, local

from components.reporting import ERROR_FILE, Report, read_error, read_report

LOG = "run.log"
_STARTED = re.compile(r".*Executing task \S*'([\w-]+)'\S*")  # KFP's own line; the name is in colour


def run(pipeline: Any, arguments: dict[str, Any], folder: Path, tell: Callable[[Report], None]) -> Any:
    """Run a pipeline in subprocesses, with its files and `run.log` in `folder`; returns its outputs.

    Args:
        tell: takes what each step reports, as soon as it does.

    Raises:
        EarlybellError: what a step raised.
        RuntimeError: a step failed for a reason of ours; the log has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    failed = folder / "error.json"
    with (folder / LOG).open("w") as log, _surroundings(failed), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You may be attemp.* non-Python base image")
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(folder / "artifacts"))
        with redirect_stdout(_Tee(log, set(steps(pipeline)), tell)):
            try:
                return _local_copy(pipeline)(**arguments).outputs
            except RuntimeError as error:
                raise read_error(failed) or RuntimeError(f"{error} See {folder / LOG}.") from None


def steps(pipeline: Any) -> dict[str, int]:
    """How often each step of a pipeline runs, by its name; what only imports is none."""
    spec = pipeline.pipeline_spec
    executors = spec.deployment_spec["executors"]
    counts: dict[str, int] = {}
    for times, graph in _graphs(spec):
        for name, task in graph.dag.tasks.items():
            label = spec.components[task.component_ref.name].executor_label
            if label and "container" in executors[label]:
                counts[_step(name)] = times
    return counts


def _graphs(spec: Any, graph: Any = None, times: int = 1) -> Iterator[tuple[int, Any]]:
    """The pipeline's own graph, and that of each loop and condition in it, with how often it runs, if it does."""
    graph = graph or spec.root
    yield times, graph
    for task in graph.dag.tasks.values():
        inner = spec.components[task.component_ref.name]
        if inner.HasField("dag"):
            loops = len(json.loads(task.parameter_iterator.items.raw)) if task.HasField("parameter_iterator") else 1
            yield from _graphs(spec, inner, times * loops)


def _step(task: str) -> str:
    """A step's name in its reports, of its task's in KFP."""
    return task.replace("-", "_")


def _local_copy(pipeline: Any) -> Any:
    """A copy without retries and patience, which would only delay an error's message, and limits, which nothing keeps.

    The time of the run, which the local runner does not know, is now.
    """
    bare = copy.deepcopy(pipeline)
    spec = bare.pipeline_spec
    for graph in (spec.root, *spec.components.values()):
        for task in graph.dag.tasks.values():
            task.ClearField("retry_policy")
            for parameter in task.inputs.parameters.values():
                if parameter.runtime_value.constant.string_value == dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER:
                    parameter.runtime_value.constant.string_value = datetime.now(UTC).isoformat()
    for executor in spec.deployment_spec["executors"].values():
        if "container" in executor:
            for unwanted in ("resources", "env"):
                executor["container"].fields.pop(unwanted, None)
    return bare


class _Tee(io.TextIOBase):
    """Everything to the log; what `steps` report also to the user. Steps of a loop write from several threads."""

    def __init__(self, log: TextIO, steps: Container[str], tell: Callable[[Report], None]) -> None:
        self._log, self._steps, self._tell = log, steps, tell
        self._line, self._lock = "", Lock()

    def write(self, text: str) -> int:
        with self._lock:
            self._log.write(text)
            *lines, self._line = (self._line + text).split("\n")
            for line in lines:
                started = _STARTED.fullmatch(line)
                report = Report(_step(started[1]), "started") if started else read_report(line)
                if report and report.step in self._steps:
                    self._tell(report)
        return len(text)

    def flush(self) -> None:
        self._log.flush()


@contextmanager
def _surroundings(failed: Path) -> Iterator[None]:
    """Tell steps where to leave an error, and what ends with the run: KFP leaves a folder for each step behind.

    The environment and `print`, which the runner changes, are put back, and so is the folder for temporary files, which
    Python remembers.
    """
    environment, original, remembered = dict(os.environ), builtins.print, tempfile.tempdir
    os.environ[ERROR_FILE] = str(failed.absolute())
    try:
        with tempfile.TemporaryDirectory(dir=failed.parent.absolute()) as temporary:
            os.environ["TMPDIR"] = temporary
            yield
    finally:
        builtins.print, tempfile.tempdir = original, remembered
        os.environ.clear()
        os.environ.update(environment)
