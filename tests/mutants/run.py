"""Runs the tests of each module against each of its mutants, in a copy of the tree that `tests.mutants` made.

What the tests import from elsewhere is imported once; each mutant is then judged by a fork of this process.
"""

import importlib
import json
import os
import signal
import sys
import time
import tomllib
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.changes import Mutant, mutants_of

LIST = Path(__file__).with_name("mutants.toml")
_BESIDE = Path.cwd().parent  # the copy's own folder
_IMPORTED = _BESIDE / "imported"
_OPTIONS = ("-x", "-p", "no:cacheprovider", "--hypothesis-seed=0", f"--basetemp={_BESIDE / 'temporary'}")
_OPTIONS += ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")
_OURS = ("earlybell", "components", "pipelines", "serving", "tests", "conftest", "__m")


@dataclass(frozen=True)
class Judged:
    """A module, and the tests that judge its mutants, as arguments of pytest."""

    path: str
    tests: list[str]


@dataclass(frozen=True)
class Explained:
    """A mutant that survives for a reason; it is told by its lines, which may move."""

    path: str
    function: str
    was: str
    now: str
    why: str

    def is_of(self, mutant: Mutant) -> bool:
        return (self.path, self.function, self.was, self.now) == (mutant.path, mutant.function, mutant.was, mutant.now)


@dataclass
class Result:
    """What became of the mutants of one module."""

    path: str
    mutants: int = 0
    killed: int = 0
    seconds: float = 0.0
    explained: list[str] = field(default_factory=list)
    survived: list[dict[str, Any]] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


def read_list() -> tuple[list[Judged], list[Explained]]:
    """The modules and the explained survivors of `mutants.toml`."""
    data = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return [Judged(**one) for one in data["module"]], [Explained(**one) for one in data.get("survivor", ())]


def main(out: Path, names: Sequence[str]) -> int:
    modules, explained = read_list()
    chosen = [one for one in modules if not names or one.path.endswith(tuple(names))]
    if not chosen:
        known = ", ".join(one.path for one in modules)
        print(f"no such module: {' '.join(names)}. Modules: {known}")
        return 2
    out.mkdir(parents=True, exist_ok=True)
    results = [_judge(module, [one for one in explained if one.path == module.path], out) for module in chosen]
    _report(results)
    return int(any(result.survived or result.stale for result in results))


def _judge(module: Judged, explained: list[Explained], out: Path) -> Result:
    """Run a module's mutants; write what became of them to `out`."""
    log = out / f"{module.path.replace('/', '.')}.log"
    path, began = Path(module.path), time.monotonic()
    source = path.read_text(encoding="utf-8")
    timeout = _timeout(module, log)
    mutants = mutants_of(module.path, source)
    print(f"{module.path}: {len(mutants)} mutants, at most {timeout:.0f} s each", flush=True)
    result = Result(module.path, len(mutants))
    alive = []
    for number, mutant in enumerate(mutants, start=1):
        path.write_text(mutant.source, encoding="utf-8")
        if _run(module.tests, timeout, log):
            alive.append(mutant)
            print(f"  survived: {mutant}", flush=True)
        else:
            result.killed += 1
        if number % 10 == 0 or number == len(mutants):
            print(f"  {number} of {len(mutants)}, {result.killed} killed", flush=True)
    path.write_text(source, encoding="utf-8")
    for mutant in alive:
        if any(one.is_of(mutant) for one in explained):
            result.explained.append(str(mutant))
        else:
            result.survived.append({name: value for name, value in asdict(mutant).items() if name != "source"})
    result.stale = [f"{one.was}  ->  {one.now}" for one in explained if not any(one.is_of(mutant) for mutant in alive)]
    result.seconds = round(time.monotonic() - began, 1)
    log.with_suffix(".json").write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")
    return result


def _timeout(module: Judged, log: Path) -> float:
    """Seconds that the tests may take: some times what they take of the module as it is.

    Raises:
        SystemExit: they do not pass.
    """
    _preload(module.tests, log)
    began = time.monotonic()
    if not _run(module.tests, 600, log):
        raise SystemExit(
            f"the tests of {module.path} fail without a mutant:\n{log.read_text(errors='replace')[-2000:]}"
        )
    return 10 + 6 * (time.monotonic() - began)


def _preload(tests: list[str], log: Path) -> None:
    """Import what the tests import from elsewhere, so that forks have it."""
    _run(tests, 600, log)
    for name in _IMPORTED.read_text(encoding="utf-8").split():
        if not name.startswith(_OURS):
            with suppress(Exception):  # a module that cannot be imported by itself
                importlib.import_module(name)


def _run(tests: list[str], timeout: float, log: Path) -> bool:
    """Whether the tests pass, in a fork."""
    process = os.fork()
    if not process:
        code = 1
        try:
            code = _in_fork(tests, log)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return _wait(process, timeout) == 0


def _in_fork(tests: list[str], log: Path) -> int:
    """Run the tests, their output in `log`; the names of all modules that they import in `_IMPORTED`."""
    os.setsid()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # pytest imports the tests' helpers its own way
    code = int(pytest.main([*_OPTIONS, *tests]))
    sys.stdout.flush()
    _IMPORTED.write_text(" ".join(sys.modules), encoding="utf-8")
    return code


def _wait(process: int, timeout: float) -> int:
    """The exit status of a fork; it and what it started are ended, at the latest after `timeout` seconds."""
    until = time.monotonic() + timeout
    done = status = 0
    while not done and time.monotonic() < until:
        done, status = os.waitpid(process, os.WNOHANG)
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    if not done:
        _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


def _report(results: list[Result]) -> None:
    print(f"\n{'module':<40} {'mutants':>8} {'killed':>8} {'explained':>10} {'survived':>9} {'seconds':>8}")
    for one in results:
        figures = (
            f"{one.mutants:>8} {one.killed:>8} {len(one.explained):>10} {len(one.survived):>9} {one.seconds:>8.0f}"
        )
        print(f"{one.path:<40} {figures}")
    for one in results:
        for mutant in one.survived:
            print(f"survived: {one.path}:{mutant['line']} {mutant['function']}: {mutant['was']}  ->  {mutant['now']}")
        for line in one.stale:
            print(f"explained in {LIST.name}, and no survivor: {one.path}: {line}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
