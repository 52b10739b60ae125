"""What each source is fed that is bad, and what it answers: the table in `docs/reference/bad-input.md`.

`python -m tests.components.extract.bad_input` writes the table anew.
"""

import csv
import gzip
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path
from random import Random

import duckdb
import openpyxl

from components.extract import extract
from components.features import compute_features
from components.label import label_outcomes
from earlybell.errors import EarlybellError
from earlybell.tables import read_facts
from earlybell.tables.store import tables_digest
from tests.components.extract.conftest import OULAD_TEXTS, write_texts
from tests.components.extract.moodle_reports import gradebook, log, write

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "bad-input.md"
MARKS = "<!-- bad input: begin -->\n", "<!-- bad input: end -->\n"
TABLES_TEXTS = {
    "courses": "course_id,code,starts_at,ends_at,granularity\nc1,c,2024-01-01,2024-05-01,raw\n",
    "enrolments": "course_id,learner_id,enrolled_at,unenrolled_at,prior_attempts\n"
    + "".join(f"c1,anna{i},2024-01-01,,0\n" for i in range(5)),
    "events": "course_id,learner_id,occurred_at,component,action,target,object_id,count\n"
    + "".join(f"c1,anna{i},2024-01-03 10:00:00,mod_quiz,viewed,course_module,7,1\n" for i in range(5)),
    "assessments": "assessment_id,course_id,kind,role,due_at,weight,max_score\na1,c1,quiz,none,2024-02-01,10,20\n",
    "submissions": "assessment_id,learner_id,submitted_at,graded_at,attempt,score,duration_s\n"
    + "".join(f"a1,anna{i},2024-01-20,2024-01-21,1,20,60\n" for i in range(5)),
    "learners": "learner_id,gender,age,disability,region,deprivation,education\n"
    + "".join(f"anna{i},F,,,Wales,,\n" for i in range(5)),
}
GARBAGE = 10 * 2**20
# The file of each source whose rows become a table's, one for one.
ROWS = {"oulad": {"studentInfo": "enrolments", "studentVle": "events", "studentAssessment": "submissions"}}
ROWS["oulad"] |= {"courses": "courses", "assessments": "assessments"}
ROWS["tables"] = {name: name for name in TABLES_TEXTS}
ROWS["moodle-log"] = {"log": "events", "grades": "outcomes"}
LEFT_OUT = {"log": 16, "grades": 0}  # of the good log: what staff did, and what nobody did

Change = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """A good source of a kind, and what makes it bad."""

    kind: str
    fed: str
    change: Change
    max_bad_share: float = 0.5

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.fed}"


@dataclass(frozen=True)
class Answer:
    """The exit code, and the first line of the error or what was set aside."""

    code: int
    text: str


def good(kind: str, folder: Path) -> Path:
    """A small source that has nothing bad."""
    if kind == "moodle-log":
        write(folder / "log.csv", log())
        return write(folder / "grades.csv", gradebook())
    return write_texts(folder, OULAD_TEXTS if kind == "oulad" else TABLES_TEXTS)


def address(kind: str, folder: Path) -> str:
    return f"{kind}:{folder}{'?pass_mark=40' if kind == 'moodle-log' else ''}"


def answer(case: Case, folder: Path, out: Path) -> Answer:
    """Feed it, and hear what is said, without what differs from run to run."""
    source = good(case.kind, folder / "DIR")
    busy = case.change(source)
    try:
        with busy if isinstance(busy, _Writer) else _Quiet():
            extract([address(case.kind, source)], out, key=None, ids="keep", max_bad_share=case.max_bad_share)
    except EarlybellError as error:
        return Answer(error.exit_code, plain(str(error), folder))
    facts = read_facts(out)
    aside = [f"to quarantine, {fault['rows']} of {fault['file']}: {_column(fault)}" for fault in facts["quarantine"]]
    notes = [note for note in facts["notes"] if note.replace(str(folder), "") not in _usual(case.kind)]
    notes = [
        note for note in notes if not re.search("set aside|course run begins|final grades|nothing shows that", note)
    ]
    return Answer(0, plain("; ".join([*aside, *notes]) or "taken as it is", folder))


@cache
def _usual(kind: str) -> frozenset[str]:
    """The notes on the good source."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = good(kind, folder / "DIR")
        facts = extract([address(kind, source)], folder / "out", key=None, ids="keep")
    return frozenset(note.replace(temporary, "") for note in facts["notes"])


def plain(text: str, folder: Path) -> str:
    """The first line without paths of this machine and figures of this run."""
    text = text.splitlines()[0].replace(f"{folder}/", "").replace(str(folder), "DIR")
    text = re.sub(r"[\d,]+ bytes, then [\d,]+ bytes", "N bytes, then M bytes", text)
    return text if len(text) < 400 else text[:400] + " …"


def lost(case: Case, folder: Path, out: Path) -> list[str]:
    """The files that have rows which are in no table, in no quarantine and in no note."""
    with duckdb.connect() as connection:
        counts = connection.execute(
            f"SELECT file, count(DISTINCT row) FROM read_csv('{out}/quarantine.csv', all_varchar = true) GROUP BY 1"
        ).fetchall()
    aside = {file.rsplit("/", 1)[1].split(".")[0]: rows for file, rows in counts}
    in_tables = read_facts(out)["rows"]
    fed = {name: _fed(folder / "DIR", name) for name in ROWS[case.kind]}
    return [
        f"{name}: {fed[name]} rows fed, {in_tables[table]} kept, {aside.get(name, 0)} set aside"
        for name, table in ROWS[case.kind].items()
        if fed[name] != in_tables[table] + aside.get(name, 0) + _left_out(case, name, out)
    ]


def _left_out(case: Case, name: str, out: Path) -> int:
    if case.kind != "moodle-log":
        return 0
    text = " ".join(read_facts(out)["notes"])
    nobody = re.search(r"(\d+) rows of the grade book fit nobody", text)
    return LEFT_OUT[name] + (int(nobody[1]) if nobody and name == "grades" else 0)


def _fed(folder: Path, name: str) -> int:
    (path,) = folder.glob(f"{name}.*")
    if path.suffix == ".xlsx":
        rows = openpyxl.load_workbook(path).worksheets[0].max_row
        return rows - 1
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        encoding = "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    with opened(path, "rt", encoding=encoding, errors="replace", newline="") as text:
        return sum(any(row) and not row[0].startswith("sep=") for row in csv.reader(text)) - 1


def _column(fault: dict[str, str]) -> str:
    return f"{fault['column']} {fault['reason']}" if fault["column"] else fault["reason"]


class _Quiet:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


class _Writer(_Quiet):
    """Somebody who appends to a file all the time, and never a whole row."""

    def __init__(self, path: Path, row: str) -> None:
        self._path, self._row, self._stop = path, row, threading.Event()
        self._thread = threading.Thread(target=self._write)
        path.write_text(path.read_text() + 20_000 * f"{row}\n")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        with self._path.open("a") as file:
            while not self._stop.wait(0.0005):
                file.write(f"{self._row}\n{self._row[:-1]}")
                file.flush()


def _add(name: str, *rows: str) -> Change:
    return lambda folder: _text(folder, name, lambda text: text + "".join(f"{row}\n" for row in rows))


def _replace(name: str, old: str, new: str) -> Change:
    return lambda folder: _text(folder, name, lambda text: text.replace(old, new, 1))


def _extra_column(name: str) -> Change:
    return lambda folder: _text(folder, name, lambda text: text.replace("\n", ",shoe\n"))


def _only_header(name: str) -> Change:
    return lambda folder: _text(folder, name, lambda text: text.splitlines()[0] + "\n")


def _bytes(name: str, change: Callable[[bytes], bytes], suffix: str = ".csv") -> Change:
    """The file's bytes changed, under another suffix."""

    def apply(folder: Path) -> None:
        data = (folder / f"{name}.csv").read_bytes()
        (folder / f"{name}.csv").unlink()
        (folder / f"{name}{suffix}").write_bytes(change(data))

    return apply


def _text(folder: Path, name: str, change: Callable[[str], str]) -> None:
    path = folder / f"{name}.csv"
    path.write_bytes(change(path.read_bytes().decode()).encode())


def _encoded(encoding: str, old: str = "", new: str = "") -> Callable[[bytes], bytes]:
    return lambda data: data.decode("utf-8-sig").replace(old, new).encode(encoding, errors="replace")


def _truncated(data: bytes) -> bytes:
    packed = gzip.compress(data, mtime=0)
    return packed[: len(packed) // 2]


def _garbage(_: bytes) -> bytes:
    return b"\x91" + Random(1).randbytes(GARBAGE)  # noqa: S311 (garbage, no secret)


def _printable(_: bytes) -> bytes:
    return b"lorem ipsum,dolor\n" * (GARBAGE // 18)


def _twice(name: str, line: int) -> Change:
    return lambda folder: _text(folder, name, lambda text: text + text.splitlines(keepends=True)[line])


def _sheet(at: tuple[int, int], value: str) -> Change:
    """The log as XLSX, with a cell changed: the row and the column, from 1."""

    def apply(folder: Path) -> None:
        write(folder / "log.xlsx", log())
        (folder / "log.csv").unlink()
        workbook = openpyxl.load_workbook(folder / "log.xlsx")
        workbook.worksheets[0].cell(*at, value=value)
        workbook.save(folder / "log.xlsx")

    return apply


def _drop_column(name: str, column: str) -> Change:
    return _replace(name, column, f"not_{column}")


def _both(*changes: Change) -> Change:
    return lambda folder: [change(folder) for change in changes]


def _floated(name: str) -> Change:
    return lambda folder: _text(folder, name, lambda text: re.sub("(77000[0-9]{2})", r"\1.0", text))


_BRAVO = "7700001,F,Wales,A Level,?,0-35,0,60,N,Bravo"
_OULAD = [
    ("missing column", _drop_column("studentVle", "sum_click")),
    ("extra column", _extra_column("courses")),
    ("wrong type", _add("studentVle", "AAA,2013J,7700001,10,0,many")),
    ("impossible date", _add("studentVle", "AAA,2013J,7700001,10,99999,1")),
    ("date in another format", _add("studentVle", "AAA,2013J,7700001,10,2013-10-05,1")),
    ("unknown learner", _add("studentVle", "AAA,2013J,7799999,10,0,1")),
    ("learner twice in a course run", _add("studentInfo", "AAA,2013J,7700003,M,Wales,,,0-35,0,60,N,Pass")),
    (
        "learner in two course runs",
        _both(
            _add("studentInfo", "AAA,2014B,7700002,M,Wales,,,0-35,1,60,N,Pass"),
            _add("studentRegistration", "AAA,2014B,7700002,-10,"),
        ),
    ),
    ("result that is none", _replace("studentInfo", "7700001,F,Wales,A Level,?,0-35,0,60,N,Fail", _BRAVO)),
    ("day of registration that is none", _replace("studentRegistration", "7700002,-3", "7700002,soon")),
    ("assessment that cannot be read", _add("assessments", "AAA,2013J,1999,XYZ,5,10")),
    ("registrations cut off", _replace("studentRegistration", "AAA,2014B,7700001,-10,?\n", "")),
    ("NA for unknown, as R writes it", _replace("studentRegistration", "7700003,?,", "7700003,NA,NA")),
    ("ids as 7700001.0, as pandas writes them", _floated("studentAssessment")),
    ("ids of another form", _replace("studentVle", "AAA,2013J,7700001,10", "AAA,2013J,s7700001,10")),
    ("empty file", _bytes("studentVle", lambda _: b"")),
    ("only a header", _only_header("studentVle")),
    ("duplicate submissions", _twice("studentAssessment", 1)),
    ("score above its maximum", _add("studentAssessment", "1757,7700001,18,0,101")),
    ("truncated archive (.csv.gz)", _bytes("studentVle", _truncated, ".csv.gz")),
    ("UTF-16", _bytes("studentVle", _encoded("utf-16"))),
    ("Latin-1", _bytes("studentInfo", _encoded("latin-1", "London", "Lóndon"))),
    ("formula in a cell (=1+1)", _add("studentVle", "AAA,2013J,7700001,10,0,=1+1")),
    ("ten megabytes of garbage", _bytes("studentVle", _garbage)),
    ("file that grows while it is read", lambda f: _Writer(f / "studentVle.csv", "AAA,2013J,7700001,10,0,12")),
    ("last row is half of one", lambda f: _text(f, "studentVle", lambda text: text + "AAA,2013J,77")),
]


def _outcomes(*rows: str) -> Change:
    header = "course_id,learner_id,outcome,final_score,decided_at"
    return lambda folder: (folder / "outcomes.csv").write_text("\n".join([header, *rows, ""]))


def _swapped_events(folder: Path) -> None:
    """Days of three months, as a spreadsheet swaps those up to the 12th."""
    days = [date(2024, month, day) for month in (2, 3, 4) for day in range(1, 29)]
    swapped = [date(2024, day.day, day.month) if day.day <= 12 else day for day in days]
    _add("events", *(f"c1,anna0,{day},core,viewed,course,,1" for day in swapped))(folder)


_FRIDAY = "granularity,weekend\nc1,c,2024-01-01,2024-05-01,raw,Friday"
_TABLES = [
    ("missing column", _drop_column("events", "occurred_at")),
    ("extra column", _extra_column("courses")),
    ("wrong type", _add("events", "c1,anna0,2024-01-03,core,viewed,course,,many")),
    ("wrong type in more than 1% of rows", _add("events", "c1,anna0,2024-01-03,core,viewed,course,,many")),
    ("impossible date", _add("events", "c1,anna0,2024-02-31,core,viewed,course,,1")),
    ("date in another format", _add("events", "c1,anna0,31.01.2024,core,viewed,course,,1")),
    ("unknown learner", _add("events", "c1,zoe,2024-01-03,core,viewed,course,,1")),
    ("learner twice in a course run", _add("enrolments", "c1,anna0,2024-01-09,,0")),
    ("outcome that is none", _outcomes("c1,anna0,bravo,,2024-05-01", "c1,anna1,pass,,2024-05-01")),
    ("work handed in at no time", _replace("submissions", "a1,anna0,2024-01-20", "a1,anna0,soon")),
    ("half a row of work handed in", _add("submissions", "a1,anna0,2024-0")),
    ("two submissions of one attempt", _add("submissions", "a1,anna0,2024-01-10,2024-01-11,1,5,60")),
    ("score of -1, Moodle's for not graded", _replace("submissions", "1,20,60", "1,-1,60")),
    ("duration of thousands of years", _replace("submissions", "1,20,60", "1,20,99999999999")),
    ("graded before it was handed in", _replace("submissions", "2024-01-21", "2024-01-19")),
    ("left before they came", _replace("enrolments", "2024-01-01,,0", "2024-01-09,2024-01-02,0")),
    ("deadline in 1970", _replace("assessments", "2024-02-01", "1970-01-01")),
    ("deadline that is none", _replace("assessments", "2024-02-01", "soon")),
    ("weekend in another form", _replace("courses", "granularity\nc1,c,2024-01-01,2024-05-01,raw", _FRIDAY)),
    ("separator stated, as Excel does (sep=,)", lambda f: _text(f, "events", lambda text: f"sep=,\n{text}")),
    ("numbers with a decimal comma", _replace("submissions", "1,20,60", '1,"19,5",60')),
    ("spaces around ids", _replace("submissions", "a1,anna0", "a1, anna0 ")),
    ("days and months swapped", _swapped_events),
    ("learner in two groups (regions)", _add("learners", "anna0,F,,,Scotland,,")),
    ("empty file", _bytes("events", lambda _: b"")),
    ("only a header", _only_header("events")),
    ("duplicate submissions", _twice("submissions", 1)),
    ("score above its maximum", _add("submissions", "a1,anna0,2024-01-20,2024-01-21,2,21,60")),
    ("truncated archive (.csv.gz)", _bytes("events", _truncated, ".csv.gz")),
    ("truncated Parquet", _bytes("events", lambda data: b"PAR1" + data[:100], ".parquet")),
    ("UTF-16", _bytes("events", _encoded("utf-16"))),
    ("Latin-1", _bytes("learners", _encoded("latin-1", "Wales", "Málaga"))),
    ("formula in a cell (=1+1)", _add("events", "c1,anna0,2024-01-03,core,viewed,course,,=1+1")),
    (
        "formula in a cell (=HYPERLINK)",
        _add("events", '"=HYPERLINK(""http://192.0.2.1"",""x"")",anna0,2024-01-03,core,viewed,course,,1'),
    ),
    ("ten megabytes of garbage", _bytes("events", _garbage)),
    ("ten megabytes of another text", _bytes("events", _printable)),
    (
        "file that grows while it is read",
        lambda f: _Writer(f / "events.csv", "c1,anna0,2024-01-03,core,viewed,course,,12"),
    ),
    ("last row is half of one", lambda f: _text(f, "events", lambda text: text + "c1,anna0,2024-0")),
]
_MOODLE = [
    ("missing column", _drop_column("log", "Event name")),
    ("extra column", _replace("log", "IP address", "Shoe size")),
    ("wrong type", _replace("grades", "39.50", "good")),
    ("impossible date", _replace("log", "27/09/24, 23:05:33", "31/09/24, 23:05:33")),
    ("date in another format", _replace("log", "3/09/24, 12:05:33", "the third, at noon")),
    ("unknown learner", _add("grades", "Zoe,Unknown,M1,z@example.edu,5.00,50.00\r")),
    ("learner twice in the grade book", _twice("grades", 1)),
    ("lines that end in two ways", _add("grades", "Zoe,Unknown,M1,z@example.edu,5.00,50.00")),
    ("empty file", _bytes("log", lambda _: b"")),
    ("only a header", _only_header("log")),
    ("truncated archive (.csv.gz)", _bytes("log", _truncated, ".csv.gz")),
    ("truncated JSON", _bytes("log", lambda _: b'[[{"time": "3/09/24, 12:', ".json")),
    ("OpenDocument sheet", _bytes("grades", lambda data: b"PK\x03\x04" + data[:100], ".ods")),
    ("empty lines before the header", lambda f: _text(f, "log", lambda text: f"\r\n,,,\r\n{text[1:]}")),
    ("truncated XLSX", _bytes("log", lambda data: b"PK\x03\x04" + data[:100], ".xlsx")),
    ("UTF-16", _bytes("log", _encoded("utf-16"))),
    ("Windows-1252, in the header", _bytes("log", _encoded("cp1252", "Origin", "Première"))),
    ("Windows-1252, in the rows", _bytes("log", _encoded("cp1252"))),
    ("formula in a cell (CSV, =1+1)", _replace("log", '"27/09/24, 23:05:33",Åsa', "=1+1,Åsa")),
    ("formula in a cell (XLSX, =1+1)", _sheet((2, 1), "=1+1")),
    ("formula in a cell (XLSX, =HYPERLINK)", _sheet((2, 4), '=HYPERLINK("http://192.0.2.1","x")')),
    ("ten megabytes of garbage", _bytes("log", _garbage)),
    ("ten megabytes of garbage (.xlsx)", _bytes("log", _garbage, ".xlsx")),
    ("ten megabytes of another text", _bytes("log", _printable)),
    (
        "file that grows while it is read",
        lambda f: _Writer(f / "log.csv", '"3/09/24, 12:05:33",Åsa Öberg,-,Course: Statistics,System,Course viewed'),
    ),
    ("last row is half of one", lambda f: _text(f, "log", lambda text: text + '"3/09/24, 12:05:33",Åsa')),
]
_STRICT = ("wrong type in more than 1% of rows",)
CASES = [
    Case(kind, fed, change, 0.01 if fed in _STRICT else 0.5)
    for kind, cases in (("oulad", _OULAD), ("tables", _TABLES), ("moodle-log", _MOODLE))
    for fed, change in cases
]


def full_disk(folder: Path, out: Path) -> Answer:
    """A megabyte for what needs more: a file system of that size, or else the largest file that may be written."""
    source = _large(folder / "DIR")
    mounted = os.geteuid() == 0 and not _quietly("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", out.parent)
    before = good_tables(out)
    try:
        answered = _command("extract", source, out, limit=None if mounted else 2**20)
        assert tables_digest(out) == before
        assert [path.name for path in out.parent.iterdir()] == [out.name]
    finally:
        if mounted:
            _quietly("umount", out.parent)
    return answered


def interrupted(folder: Path, out: Path) -> Answer:
    """Ctrl-C when it has read the events."""
    source, before = _large(folder / "DIR"), good_tables(out)
    answered = _command("extract", source, out, interrupt_at="extract: events")
    assert tables_digest(out) == before
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    return answered


def one_outcome(folder: Path, out: Path) -> Answer:
    """Training where nobody failed, step by step up to the one that refuses it."""
    extract([_finished(folder / "DIR", ["pass"] * 5)], folder / "tables", key=None, ids="keep")
    compute_features(folder / "tables", "weekly", folder / "features")
    try:
        label_outcomes(folder / "tables", folder / "features", out)
    except EarlybellError as error:
        return Answer(error.exit_code, plain(str(error), folder))
    return Answer(0, "trained")


def three_learners(folder: Path, out: Path) -> Answer:
    """Training on a course of three."""
    return _command("train", _finished(folder / "DIR", ["pass", "fail", "pass"]), "--out", out)


_TABLES_MADE: list[tempfile.TemporaryDirectory[str]] = []
COMMANDS = {
    "tables, full disk": full_disk,
    "tables, Ctrl-C half-way": interrupted,
    "tables, no course with both outcomes (`train`)": one_outcome,
    "tables, a course with three learners (`train`)": three_learners,
}


def good_tables(out: Path) -> str:
    """Good tables in the folder `out`, and their digest."""
    if not _TABLES_MADE:
        _TABLES_MADE.append(tempfile.TemporaryDirectory())
        folder = Path(_TABLES_MADE[0].name)
        extract([f"tables:{good('tables', folder / 'DIR')}"], folder / "tables", key=None, ids="keep")
    shutil.copytree(Path(_TABLES_MADE[0].name) / "tables", out)
    return tables_digest(out)


def _large(folder: Path) -> str:
    """Tables that come to more than a megabyte."""
    random, (header, row) = Random(1), TABLES_TEXTS["events"].splitlines()[:2]  # noqa: S311
    rows = [row.replace(",7,", f",{random.randrange(10**17)},") for _ in range(200_000)]
    events = "\n".join([header, *rows, ""])
    return f"tables:{write_texts(folder, TABLES_TEXTS | {'events': events})}"


def _finished(folder: Path, outcomes: list[str]) -> str:
    """Tables of a course run that ended like this for its learners."""
    texts = dict(TABLES_TEXTS)
    for name in ("enrolments", "events", "submissions", "learners"):
        texts[name] = "".join(texts[name].splitlines(keepends=True)[: len(outcomes) + 1])
    texts["outcomes"] = "course_id,learner_id,outcome,final_score,decided_at\n"
    texts["outcomes"] += "".join(f"c1,anna{i},{outcome},,2024-05-01\n" for i, outcome in enumerate(outcomes))
    return f"tables:{write_texts(folder, texts)}"


def _command(*words: object, limit: int | None = None, interrupt_at: str = "") -> Answer:
    """What the command answers; with the most bytes that a file may have, or Ctrl-C after a line."""
    home = Path(str(words[-1])).parent.parent
    process = subprocess.Popen(
        [Path(sys.executable).with_name("earlybell"), *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"EARLYBELL_PSEUDONYM_KEY": "k" * 32, "EARLYBELL_HOME": str(home / "runs")},
        preexec_fn=partial(_prepare, limit),
    )
    lines = []
    with process:
        for line in process.stderr or ():
            lines.append(line)
            if interrupt_at and line.startswith(interrupt_at):
                process.send_signal(signal.SIGINT)
                interrupt_at = ""
    errors = [line for line in lines if line.startswith(("error: ", "interrupted: ", "Traceback"))]
    return Answer(process.returncode, plain((errors or lines)[0].removeprefix("error: "), home))


def _prepare(limit: int | None) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def _quietly(*words: object) -> int:
    return subprocess.run(list(map(str, words)), capture_output=True, check=False).returncode


def rendered(answers: dict[str, Answer]) -> str:
    """The table, a row a case."""
    rows = [("source", "fed", "code", "answer"), ("---", "---", "---", "---")]
    for name, result in answers.items():
        kind, fed = name.split(", ", 1)
        rows.append((f"`{kind}:`", fed, str(result.code), result.text.replace("|", "\\|")))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def documented() -> str:
    """The table as it stands in the docs."""
    return DOCS.read_text(encoding="utf-8").split(MARKS[0])[1].split(MARKS[1])[0]


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary).resolve()


def main() -> None:
    """Write the table anew into the docs."""
    answers = {}
    for case in CASES:
        with _folder() as folder:
            answers[case.name] = answer(case, folder, folder / "out")
            if not answers[case.name].code and (missing := lost(case, folder, folder / "out")):
                sys.stderr.write(f"{case.name}: {missing}\n")
    for name, command in COMMANDS.items():
        with _folder() as folder:
            (folder / "out").mkdir()
            answers[name] = command(folder, folder / "out" / "OUT")
    text = DOCS.read_text(encoding="utf-8")
    head, tail = text.split(MARKS[0])
    DOCS.write_text(head + MARKS[0] + rendered(answers) + MARKS[1] + tail.split(MARKS[1])[1], encoding="utf-8")


if __name__ == "__main__":
    main()
