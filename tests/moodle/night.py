"""A night's refresh of many courses by the plugin: python -m tests.moodle.night MOODLE SEED BUNDLE OUT

MOODLE is a checkout, BUNDLE a model's. SEED is a PHP script that fills a site with a course run under way, and takes
--config, --code, --runs, --learners and --log. Prints what it took, as JSON.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.measure import cpu_seconds, cpu_seconds_of_children
from tests.moodle.plugin import KEY
from tests.moodle.site import Site, installed
from tests.serving.running import Server, started_guarded

LOG = 15_000  # rows of the log of each course
SAME_SECOND = 2  # seconds after which a mark is not of the very second any more, and so is taken


@dataclass(frozen=True)
class Night:
    """What a refresh took.

    Attributes:
        answered: learners and courses that have a risk, or too little evidence for one, of this night.
        runs: of the task that drains the table; each has its budget of time.
        seconds: of these runs together.
        slowest_run: seconds of one.
        php_cpu_seconds: of the plugin's tasks, without the database.
        server_cpu_seconds: of the service that answers.
        left: learners who still wait.
    """

    courses: int
    answered: int
    runs: int
    seconds: float
    slowest_run: float
    php_cpu_seconds: float
    server_cpu_seconds: float
    left: int


def fill(site: Site, seed: Path, courses: int, learners: int) -> None:
    """Course runs under way, all with the same learners."""
    for number in range(courses):
        words = [f"--code=N{number:02d}", "--runs=0", f"--learners={learners}", f"--log={LOG}"]
        site.php(seed, "--config=config.php", *words)


def refresh(site: Site, server: Server) -> Night:
    """One night: all are marked, then the table is drained, run after run. What is counted between is not measured."""
    served = cpu_seconds(server.process.pid)
    costs = [_run(site, "refresh")]
    time.sleep(SAME_SECOND)
    left, waiting = _waiting(site), -1
    while left and left != waiting:
        waiting = left
        costs.append(_run(site, "drain"))
        left = _waiting(site)
    took = [seconds for seconds, _ in costs[1:]]
    return Night(
        courses=_count(site, "SELECT COUNT(DISTINCT courseid) AS n FROM {local_earlybell_risk}"),
        answered=_count(site, "SELECT COUNT(*) AS n FROM {local_earlybell_risk}"),
        runs=len(took),
        seconds=round(sum(took), 1),
        slowest_run=round(max(took, default=0.0), 1),
        php_cpu_seconds=round(sum(cpu for _, cpu in costs), 1),
        server_cpu_seconds=round(cpu_seconds(server.process.pid) - served, 1),
        left=left,
    )


def _run(site: Site, task: str) -> tuple[float, float]:
    """Seconds of a task, by the clock and of the processor."""
    began, used = time.monotonic(), cpu_seconds_of_children()
    site.task(task)
    return time.monotonic() - began, cpu_seconds_of_children() - used


def _waiting(site: Site) -> int:
    return _count(site, "SELECT COUNT(*) AS n FROM {local_earlybell_dirty}")


def _count(site: Site, sql: str) -> int:
    return int(site.query(sql)[0]["n"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("moodle", "seed", "bundle", "out"):
        parser.add_argument(name, type=lambda text: Path(text).resolve())
    parser.add_argument("--courses", type=int, default=50)
    parser.add_argument("--learners", type=int, default=200)
    options = parser.parse_args()
    options.out.mkdir(parents=True)
    with (
        installed(options.moodle, options.out) as site,
        started_guarded(options.bundle, options.out) as (server, token),
    ):
        fill(site, options.seed, options.courses, options.learners)
        site.script("prepare.php", server.url, token, KEY)
        for _ in range(2):  # the first one stores, the second one updates
            sys.stdout.write(json.dumps(asdict(refresh(site, server))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
