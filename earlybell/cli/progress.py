"""A run's progress: a line and a bar for each step in a terminal, a plain line at each step's end elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from components.reporting import Report

Tell = Callable[[Report], None]


@contextmanager
def progress(
    log: Path | None,
    doing: str,
    steps: Mapping[str, int],
    after: Mapping[str, Callable[[], Table | None]] | None = None,
) -> Iterator[Tell]:
    """What tells a run's reports to the user, on stderr; all else is in the log.

    Args:
        log: the run's log file, where it has one.
        doing: in one word, as `Training`.
        steps: how often each step runs, by its name.
        after: what is shown once a step has ended, by its name.
    """
    # Rich alone would draw into a file where FORCE_COLOR is set, as it is by many a CI.
    console = Console(stderr=True, force_terminal=sys.stderr.isatty())
    lines = _Lines(console, after or {})
    lines.write(f"{doing}; the log is {log}" if log else doing)
    if not console.is_terminal or console.is_dumb_terminal:
        yield lines.tell
        return
    with _bars(console) as bars:
        yield _Bars(bars, lines, steps).tell


class _Lines:
    """A line at the end of each step, with the seconds since the beginning, and a line for each warning."""

    def __init__(self, console: Console, after: Mapping[str, Callable[[], Table | None]]) -> None:
        self._console, self._after, self._began = console, after, time.monotonic()

    def tell(self, report: Report) -> None:
        if report.kind == "done":
            self.write(f"{time.monotonic() - self._began:6.1f} s  {report.step}: {report.text}")
            if report.step in self._after and (table := self._after[report.step]()):
                self._console.print(table)
        elif report.kind == "warning":
            self.write(f"warning: {report.step}: {report.text}", "yellow")

    def write(self, text: str, style: str | None = None) -> None:
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


class _Bars:
    """A bar for each step that runs, which makes room for its line when it has ended."""

    def __init__(self, bars: Progress, lines: _Lines, steps: Mapping[str, int]) -> None:
        self._bars, self._lines, self._steps = bars, lines, steps
        self._running: dict[str, TaskID] = {}

    def tell(self, report: Report) -> None:
        self._lines.tell(report)
        if report.kind == "started" and report.step not in self._running:
            total = self._steps[report.step]
            # A step that runs once has no measure of how far it is: its bar goes to and fro.
            self._running[report.step] = self._bars.add_task(report.step, total=total if total > 1 else None, text="")
        elif report.kind == "progress" and self._running:
            self._bars.update(list(self._running.values())[-1], text=report.text)
        elif report.kind == "done" and report.step in self._running:
            self._advance(report.step)

    def _advance(self, step: str) -> None:
        bar = self._running[step]
        self._bars.advance(bar)
        row = next(task for task in self._bars.tasks if task.id == bar)
        if row.completed >= self._steps[step]:
            self._bars.remove_task(self._running.pop(step))


def _bars(console: Console) -> Progress:
    """On one line each, and gone at the end; what steps print goes to the log and is not ours to catch."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[text]}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
    )
    return Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False, expand=True
    )
