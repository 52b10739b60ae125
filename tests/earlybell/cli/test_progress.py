"""What a run tells on the way: lines and bars in a terminal, and plain lines where there is none."""

import io
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from components.reporting import Report, done, progress, read_report, warn
from earlybell.cli.show import course_runs
from earlybell.predict import open_tables
from pipelines.local import steps
from pipelines.prediction import prediction
from pipelines.training import reproduction, training

RUN = """
import time
from pathlib import Path
from components.reporting import Report
from earlybell.cli.progress import progress

with progress(Path("runs/1/run.log"), "Training", {"extract": 1, "train": 2}) as tell:
    tell(Report("extract", "started"))
    tell(Report("extract", "progress", "[events] 15,748 rows"))
    tell(Report("extract", "warning", "rows set aside: 12, in tables/quarantine.csv"))
    time.sleep(0.3)
    tell(Report("extract", "done", "21,810 rows in 11 tables"))
    tell(Report("train", "started"))
    tell(Report("train", "done", "one"))
    time.sleep(0.3)
    {end}
    tell(Report("train", "done", "two"))
"""
CURSOR_HIDDEN, CURSOR_SHOWN = "\x1b[?25l", "\x1b[?25h"


def _in_a_terminal(code: str) -> str:
    """All that is written to a terminal."""
    terminal, inner = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=inner, stderr=inner)
    os.close(inner)
    written = bytearray()
    while chunk := _read(terminal):
        written += chunk
    process.wait()
    os.close(terminal)
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end has closed
        return b""


AFTER = """
from rich.table import Table
from components.reporting import Report
from earlybell.cli.progress import progress

with progress(None, "Training", {"extract": 1}, {"extract": lambda: Table("course run", title="[3] runs")}) as tell:
    tell(Report("extract", "progress", "not yet"))
    print("before", flush=True)
    tell(Report("extract", "done", "21,810 rows"))
    print("after", flush=True)
"""


def test_a_table_follows_its_step_at_once() -> None:
    run = subprocess.run(
        [sys.executable, "-c", AFTER], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    before, _, rest = run.stdout.partition("before")
    table, _, _ = rest.partition("after")
    assert "course run" not in before
    assert table.index("21,810 rows") < table.index("course run")


def test_what_is_learned_from_is_shown_by_course_run(site: Path) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(course_runs(site))
    rows = [re.findall(r"[\w-]+(?: yet)?", line) for line in console.export_text().splitlines() if "FMT-" in line]

    tables = open_tables(site)
    learners = Counter(course for (course,) in tables.execute("SELECT course_id FROM enrolments").fetchall())
    became = Counter(tables.execute("SELECT course_id, outcome FROM outcomes").fetchall())
    expected = []
    for course, number in sorted(learners.items()):
        passed = became[course, "pass"] + became[course, "distinction"]
        ended = [str(count) for count in (passed, became[course, "fail"], became[course, "withdrawn"])]
        expected.append([course, str(number), *(ended if sum(map(int, ended)) else ["not yet"])])
    assert rows == expected
    assert [row[0] for row in rows if row[-1] == "not yet"] == ["FMT-101-03"]


def test_elsewhere_each_step_is_a_plain_line_at_its_end() -> None:
    environment = os.environ | {"FORCE_COLOR": "1", "COLUMNS": "20"}
    code = RUN.replace("{end}", "pass")
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout == ""
    lines = [re.sub(r"^ *\d+\.\d s", "T s", line) for line in ended.stderr.splitlines()]
    assert lines == [
        "Training; the log is runs/1/run.log",
        "warning: extract: rows set aside: 12, in tables/quarantine.csv",
        "T s  extract: 21,810 rows in 11 tables",
        "T s  train: one",
        "T s  train: two",
    ]


def test_in_a_terminal_a_step_has_a_bar_while_it_runs_and_a_line_at_its_end() -> None:
    written = _in_a_terminal(RUN.replace("{end}", "pass"))
    assert "[events] 15,748 rows" in written
    assert "0:00:00" in written
    assert re.search(r"\d s  extract: 21,810 rows in 11 tables", written)
    assert written.rindex(CURSOR_SHOWN) > written.rindex(CURSOR_HIDDEN)


SYNC = """
import time
from components.reporting import done, progress
from earlybell.cli.moodle import shown

with shown():
    progress("extract", "mdl_quiz 12 rows")
    progress("log", "block 3 of 500")
    time.sleep(0.3)
    done("log", "12 rows read")
    done("extract", "21,810 rows in 11 tables")
"""


def test_steps_of_one_process_have_bars_in_a_terminal_too() -> None:
    written = _in_a_terminal(SYNC)
    assert "block 3 of 500" in written
    assert re.search(r"\d s  log: 12 rows read.*\d s  extract: 21,810 rows in 11 tables", written, re.DOTALL)
    assert written.rindex(CURSOR_SHOWN) > written.rindex(CURSOR_HIDDEN)
    ended = subprocess.run([sys.executable, "-c", SYNC], capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines()[1:3] == ["log: block 3 of 500", "log: done: 12 rows read"]


@pytest.mark.parametrize("end", ["raise KeyboardInterrupt", "raise SystemExit(3)"])
def test_a_run_that_is_ended_leaves_a_clean_terminal(end: str) -> None:
    written = _in_a_terminal(RUN.replace("{end}", end))
    assert written.rindex(CURSOR_SHOWN) > written.rindex(CURSOR_HIDDEN)
    assert "train" not in written[written.rindex(CURSOR_SHOWN) :].partition("Traceback")[0]


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (progress, Report("extract", "progress", "done, or a warning: 3")),
        (warn, Report("extract", "warning", "done, or a warning: 3")),
        (done, Report("extract", "done", "done, or a warning: 3")),
    ],
)
def test_a_report_is_read_as_it_was_written(
    write: Callable[[str, str], None], expected: Report, capsys: pytest.CaptureFixture[str]
) -> None:
    write("extract", "done, or a warning: 3")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert read_report(line.rstrip("\n")) == expected
    assert read_report(f"        {line.rstrip()}") == expected  # KFP moves it to the right


@pytest.mark.parametrize("line", ["", "Traceback (most recent call last)", "[KFP Executor INFO]: Got input", "  {"])
def test_other_lines_of_a_log_are_no_reports(line: str) -> None:
    assert read_report(line) is None


def test_the_steps_of_a_pipeline_are_counted_and_an_import_is_none() -> None:
    assert steps(training)["train"] == 6
    assert steps(prediction) == dict.fromkeys(["extract", "fetch", "predict", "push_gauges"], 1)
    assert set(steps(reproduction)) == {"features", "label", "train", "heads", "evaluate"}


def test_the_log_is_named(tmp_path: Path) -> None:
    place = tmp_path / "with [brackets]"
    code = RUN.replace("runs/1", str(place)).replace("{end}", "pass")
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"Training; the log is {place}/run.log\n" in ended.stderr
