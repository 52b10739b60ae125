"""Runs the tests of each module against each of its mutants, in the copy of the tree that `tests.mutants` made.

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
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mutants.changes import Mutant, mutants_of

LIST = Path(__file__).with_name("mutants.toml")
_BESIDE = Path.cwd().parent  # the copy's own folder
_IMPORTED = _BESIDE / "imported"
_OPTIONS = (
    *("-x", "-p", "no:cacheprovider", "--hypothesis-seed=0", f"--basetemp={_BESIDE / 'temporary'}"),
    *("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"),
)
_OWN = ("earlybell", "components", "pipelines", "serving", "rollout", "tests", "conftest", "__m")  # never preloaded
_UNMUTATED = 600.0  # seconds that tests may take at most
_SPARE, _TIMES = 10.0, 6.0  # a mutant may take that many seconds, and so many times what the module as it is takes


@dataclass(frozen=True)
class Judged:
    """A module, and the tests that judge its mutants, as arguments of pytest."""

    path: str
    tests: list[str]


@dataclass(frozen=True)
class Explained:
    """A mutant that may survive, and why; it is known by its function and its lines, which may move."""

    path: str
    function: str
    was: str
    now: str
    why: str

    def is_of(self, mutant: Mutant) -> bool:
        return (self.path, self.function, self.was, self.now) == (mutant.path, mutant.function, mutant.was, mutant.now)


@dataclass(frozen=True)
class Result:
    """What became of the mutants of one module.

    Attributes:
        mutants: how many there were.
        explained: survivors that `mutants.toml` explains.
        survived: the other survivors.
        stale: explanations of what did not survive.
    """

    path: str
    mutants: int
    explained: list[Mutant]
    survived: list[Mutant]
    stale: list[Explained]
    seconds: float

    @property
    def killed(self) -> int:
        return self.mutants - len(self.explained) - len(self.survived)

    def to_json(self) -> str:
        survivors = {name: [str(mutant) for mutant in getattr(self, name)] for name in ("explained", "survived")}
        counts = {"path": self.path, "mutants": self.mutants, "killed": self.killed, "seconds": round(self.seconds)}
        return json.dumps(counts | survivors, indent=1)


def read_list() -> tuple[list[Judged], list[Explained]]:
    """The modules and the explained survivors of `mutants.toml`."""
    tables = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return [Judged(**table) for table in tables["module"]], [Explained(**table) for table in tables.get("survivor", ())]


def main(out: Path, names: Sequence[str]) -> int:
    """Judge the modules whose paths end with one of `names`, or all; the exit status."""
    modules, explained = read_list()
    chosen = [module for module in modules if not names or module.path.endswith(tuple(names))]
    if not chosen:
        print(f"no such module: {' '.join(names)}. Modules: {', '.join(module.path for module in modules)}")
        return 2
    results = []
    for module in chosen:
        of_module = [explanation for explanation in explained if explanation.path == module.path]
        results.append(_judge(module, of_module, out / module.path))
    _report(results)
    return int(any(result.survived or result.stale for result in results))


def _judge(module: Judged, explained: list[Explained], out: Path) -> Result:
    """Judge a module's mutants. In the folder `out` are the result, and what the last run of the tests wrote."""
    out.mkdir(parents=True, exist_ok=True)
    began, log = time.monotonic(), out / "tests.log"
    mutants = mutants_of(module.path, Path(module.path).read_text(encoding="utf-8"))
    alive = _survivors(module, mutants, _timeout(module, log), log)
    survived = [mutant for mutant in alive if not any(explanation.is_of(mutant) for explanation in explained)]
    stale = [explanation for explanation in explained if not any(explanation.is_of(mutant) for mutant in alive)]
    excused = [mutant for mutant in alive if mutant not in survived]
    result = Result(module.path, len(mutants), excused, survived, stale, time.monotonic() - began)
    (out / "result.json").write_text(result.to_json(), encoding="utf-8")
    return result


def _survivors(module: Judged, mutants: list[Mutant], timeout: float, log: Path) -> list[Mutant]:
    """The mutants with which the tests pass."""
    print(f"{module.path}: {len(mutants)} mutants, at most {timeout:.0f} s each", flush=True)
    path, alive = Path(module.path), list[Mutant]()
    source = path.read_text(encoding="utf-8")
    for number, mutant in enumerate(mutants, start=1):
        path.write_text(mutant.source, encoding="utf-8")
        if _passes(module.tests, timeout, log):
            alive.append(mutant)
            print(f"  survives: {mutant}", flush=True)
        if number % 10 == 0 or number == len(mutants):
            print(f"  {number} of {len(mutants)}, {number - len(alive)} killed", flush=True)
    path.write_text(source, encoding="utf-8")
    return alive


def _timeout(module: Judged, log: Path) -> float:
    """Seconds that the tests may take of a mutant, by what they take of the module as it is.

    Raises:
        SystemExit: they do not pass.
    """
    _preload(module.tests, log)
    began = time.monotonic()
    if not _passes(module.tests, _UNMUTATED, log):
        words = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise SystemExit(f"the tests of {module.path} fail without a mutant, mend them first:\n{words}")
    return _SPARE + _TIMES * (time.monotonic() - began)


def _preload(tests: list[str], log: Path) -> None:
    """Import what the tests import from elsewhere, so that forks have it."""
    _passes(tests, _UNMUTATED, log)
    for name in _IMPORTED.read_text(encoding="utf-8").split() if _IMPORTED.exists() else ():
        if not name.startswith(_OWN):
            with suppress(Exception):  # a module that cannot be imported by itself
                importlib.import_module(name)


def _passes(tests: list[str], timeout: float, log: Path) -> bool:
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
    ended = status = 0
    while not ended and time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    if not ended:
        _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


def _report(results: list[Result]) -> None:
    print(f"\n{'module':<36} {'mutants':>8} {'killed':>8} {'explained':>10} {'survived':>9} {'seconds':>8}")
    for result in results:
        counts = f"{result.mutants:>8} {result.killed:>8} {len(result.explained):>10} {len(result.survived):>9}"
        print(f"{result.path:<36} {counts} {result.seconds:>8.0f}")
    for result in results:
        for mutant in result.survived:
            print(f"survived: {mutant}")
        for stale in result.stale:
            print(f"explained in {LIST.name}, and it does not survive: {stale.path}: {stale.was}  ->  {stale.now}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
