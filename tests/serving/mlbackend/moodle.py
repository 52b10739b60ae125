"""A back end in a process of its own, and Moodle as it asks one: the fields and files are those that were recorded."""

import io
import json
import os
import subprocess
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np

from earlybell.cli.mlbackend import PASSWORD
from tests.serving.running import EARLYBELL, READY_IN, end, free_ports

USER, SECRET = "moodle", "secret123"
UNIQUEID, DIRHASH = "18c73965c2d628ef1613848990c404a2adc0a12c", "9df7fc86314cda6a4aa016920767375b"
TARGET = r"\core_course\analytics\target\course_dropout"
QUARTERS = r"\core\analytics\time_splitting\quarters"
INDICATORS = (r"\core\analytics\indicator\read_actions", r"\mod_quiz\analytics\indicator\cognitive_depth")
Answer = dict[str, object]


@dataclass(frozen=True)
class Backend:
    """A back end that runs.

    Attributes:
        client: asks with user and password.
        folder: of its models.
        log: file of what it writes.
    """

    client: httpx.Client
    folder: Path
    log: Path
    process: subprocess.Popen[bytes]

    def ask(self, route: str, data: bytes = b"", uniqueid: str = UNIQUEID, **fields: str) -> Answer:
        """What Moodle reads of an answer to a POST."""
        answered = self.post(route, data, uniqueid, **fields)
        assert answered.status_code == 200, answered.text
        answer: Answer = answered.json()
        return answer

    def post(self, route: str, data: bytes = b"", uniqueid: str = UNIQUEID, **fields: str) -> httpx.Response:
        files = {"dataset": ("1795907936.3987.csv", data, "application/octet-stream")}
        return self.client.post(f"/{route}", data={"uniqueid": uniqueid, "dirhash": DIRHASH} | fields, files=files)

    def metric(self, line: str) -> float:
        """A line of Prometheus' text; 0 where there is none."""
        lines = httpx.get(f"{self.client.base_url}/metrics", trust_env=False).text.splitlines()
        return next((float(text.rpartition(" ")[2]) for text in lines if text.startswith(line + " ")), 0.0)


@contextmanager
def started(folder: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[Backend]:
    """A back end that is ready; it is ended with the block, and may have ended before."""
    (port,) = free_ports(1)
    folder.mkdir(exist_ok=True)
    log = folder.with_suffix(".log")
    variables = os.environ | {PASSWORD: SECRET} | (environment or {})
    command: list[str | Path] = [*EARLYBELL, "mlbackend", folder, "--port", str(port), *options]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=variables)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, auth=(USER, SECRET), trust_env=False, timeout=300) as client:
            _wait(client, process, log)
            yield Backend(client, folder, log, process)
    finally:
        end(process)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_IN
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError(log.read_text())


@dataclass(frozen=True)
class Course:
    """Learners of a course in four quarters, as Moodle writes them.

    Attributes:
        label: of each learner (n,).
        activity: the first indicator (quarters, n), NaN where Moodle has none; the second is always missing.
    """

    label: np.ndarray
    activity: np.ndarray

    def lines(self) -> Iterator[list[str]]:
        """A row for each quarter and learner: ranges, activity, its mean, the other indicator, its mean, target."""
        for quarter, values in enumerate(self.activity):
            ranges = ["1" if quarter == i else "0" for i in range(4)]
            mean = f"{np.nanmean(values):.2f}"
            for value, label in zip(values, self.label, strict=True):
                yield [*ranges, "" if np.isnan(value) else f"{value:.2f}", mean, "", "", str(label)]


def course(learners: int, share: float, seed: int) -> Course:
    """Learners of whom a share falls off, and is less active for it."""
    draw = np.random.default_rng(seed)
    label = (np.arange(learners) < round(learners * share)).astype(int)
    draw.shuffle(label)
    usual = np.clip(draw.normal(0.4 - 0.7 * label, 0.35, (4, learners)), -1, 1)
    usual[draw.random((4, learners)) < 0.1] = np.nan
    return Course(label, usual)


def labelled(*courses: Course) -> bytes:
    """A data set to train on or to evaluate."""
    return _written([*_COLUMNS, TARGET], [line for course in courses for line in course.lines()])


def unlabelled(course: Course) -> bytes:
    """The same learners in the first quarter, to predict."""
    lines = list(course.lines())[: len(course.label)]
    return _written(["sampleid", *_COLUMNS], [[f"{400 + i}-0", *line[:-1]] for i, line in enumerate(lines)])


_COLUMNS = [f"range/{i}" for i in range(4)] + [
    name for indicator in INDICATORS for name in (indicator, f"{indicator}/mean")
]


def _written(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> bytes:
    names = ["timesplitting", "nfeatures", "moodleversion", "targetcolumn", "targettype", "targetclasses"]
    values = [QUARTERS, str(len(columns) - 1), "2024100706", TARGET, "discrete", "[0,1]"]
    return "".join(f"{_csv(line)}\n" for line in (names, values, columns, *lines)).encode()


def _csv(fields: Sequence[str]) -> str:
    """As PHP's fputcsv writes a line."""
    return ",".join(f'"{field}"' if set(field) & set('\\, "') else field for field in fields)


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files of a ZIP archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(files: dict[str, bytes]) -> bytes:
    """A ZIP archive of files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def log_lines(backend: Backend) -> list[dict[str, object]]:
    """What it wrote, a record a line."""
    return [json.loads(line) for line in backend.log.read_text().splitlines()]
