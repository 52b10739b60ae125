"""What a site's tables allow before anything is trained: what is missing in which course run, and what to do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from earlybell.counts import counted
from earlybell.tables.outcomes import is_bad
from earlybell.tables.run_end import RUN_END
from earlybell.tables.sql import connect
from earlybell.tables.store import attach

FEW_LEARNERS = 10  # of a run: with fewer a single learner is a tenth of every figure
LATE_LOG_DAYS = 14  # after a run's start: a log that begins later has been purged, or was off
LEAST_DAYS = 7  # of a run that are recorded whole: moments are weekly
PRESENT_SHARE = 0.2  # of a run's learners, who act in Moodle at all
GRADED_SHARE = 0.5  # of the learners who stayed, who have an outcome
HUGE_SHARE = 0.5  # of all learners of runs to train on, in one run
HUGE_AMONG = 2  # of so many runs, one mostly has more than half
LEAST_EACH = 5  # learners of each outcome, over all runs: what training asks for
LEAST_RUNS = 2  # with both outcomes, to measure what a course that is new can expect

_FACTS = f"""
WITH acts AS (
    SELECT course_id, min(occurred_at) AS first_act, count(DISTINCT learner_id) AS present FROM events GROUP BY 1),
work AS (
    SELECT course_id, count(*) AS tasks, count(due_at) AS due FROM assessments GROUP BY 1),
ends AS (
    SELECT course_id, count(*) AS outcomes, count(*) FILTER ({is_bad()}) AS bad,
        count(*) FILTER (outcome <> 'withdrawn') AS graded FROM outcomes GROUP BY 1),
people AS (
    SELECT course_id, count(*) AS learners, count(*) FILTER (unenrolled_at IS NULL) AS stayed
    FROM enrolments GROUP BY 1)
SELECT course_id, coalesce(learners, 0), coalesce(stayed, 0), coalesce(present, 0), coalesce(tasks, 0),
    coalesce(due, 0), coalesce(outcomes, 0), coalesce(bad, 0), coalesce(graded, 0), ends_at IS NOT NULL,
    {RUN_END} <= $1, starts_at <= $1, date_diff('second', starts_at, first_act) / 86400.0,
    date_diff('second', starts_at, complete_from) / 86400.0,
    date_diff('second', greatest(starts_at, complete_from), least({RUN_END}, complete_until)) / 86400.0
FROM courses LEFT JOIN acts USING (course_id) LEFT JOIN work USING (course_id) LEFT JOIN ends USING (course_id)
LEFT JOIN people USING (course_id) ORDER BY course_id"""


@dataclass(frozen=True)
class Run:
    """What the tables have of a course run.

    Attributes:
        stayed: learners who were not unenrolled; `present`: who act in Moodle.
        tasks, due: pieces of work, and those with a deadline.
        outcomes, bad, graded: learners with an outcome, with one that is warned of, and who did not withdraw.
        dated: whether its end is known; `is_over`, `has_begun`: by it, or a usual length.
        log_begins: days from its start to the first act; None without any.
        whole_from: days from its start to `complete_from`; None where that is not stated.
        whole: days of it whose records are whole, as far as that is stated.
    """

    course_id: str
    learners: int
    stayed: int
    present: int
    tasks: int
    due: int
    outcomes: int
    bad: int
    graded: int
    dated: bool
    is_over: bool
    has_begun: bool
    log_begins: float | None
    whole_from: float | None
    whole: float

    @property
    def teaches(self) -> bool:
        """Whether a model can learn from it: both outcomes are there, and a log that is whole, or is known to be from
        when on."""
        return 0 < self.bad < self.outcomes and self.log_begins is not None and not self.lacks_log

    @property
    def lacks_log(self) -> bool:
        """Whether hardly any of it is stated to be whole, or the log begins late and nothing is stated."""
        if self.whole_from is not None:
            return self.whole < LEAST_DAYS
        return self.log_begins is not None and self.log_begins > LATE_LOG_DAYS


@dataclass(frozen=True)
class Finding:
    """Something that is missing, and what to do.

    Attributes:
        kind: in a word, as `no-deadlines`.
        courses: of these runs; empty: of the site.
        stops: early warning cannot work there as it is; else it works less well.
    """

    kind: str
    words: str
    way_out: str
    courses: Sequence[str]
    stops: bool


@dataclass(frozen=True)
class Diagnosis:
    """The runs, what was found, and whether anything can be trained on."""

    runs: Sequence[Run]
    findings: Sequence[Finding]
    trainable: bool


def examine(tables: Path, now: datetime) -> Diagnosis:
    """Look at a folder of canonical tables.

    Args:
        now: naive, UTC; a run that ended before it is over.

    Raises:
        SourceError: the folder lacks a required table.
    """
    with connect() as connection:
        attach(connection, tables)
        rows: list[tuple[Any, ...]] = connection.execute(_FACTS, [now]).fetchall()
    runs = [Run(*row) for row in rows]
    good, bad = sum(run.outcomes - run.bad for run in runs), sum(run.bad for run in runs)
    trainable = min(good, bad) >= LEAST_EACH and any(run.teaches for run in runs)
    return Diagnosis(runs, [*_of_runs(runs), *_of_site(runs, good, bad)], trainable)


def _of_runs(runs: Sequence[Run]) -> Iterator[Finding]:
    for finding, has_it in _CHECKS:
        if courses := [run.course_id for run in runs if has_it(run)]:
            yield replace(finding, courses=courses)


def _of_site(runs: Sequence[Run], good: int, bad: int) -> Iterator[Finding]:
    teaching = [run for run in runs if run.teaches]
    everybody = sum(run.learners for run in teaching)
    if min(good, bad) < LEAST_EACH:
        words = f"{counted(good, 'learner')} ended well and {bad:,} did not: training needs {LEAST_EACH} of each"
        yield Finding("too-few-outcomes", words, "Add earlier runs, or state the pass mark.", (), True)
    if not teaching:
        way_out = "Keep the log from now on (loglifetime 0), and train when a run has ended."
        yield Finding(
            "nothing-to-learn-from",
            "no run has both outcomes and a log that is whole, or is known to be from when on",
            way_out,
            (),
            True,
        )
    elif len(teaching) < LEAST_RUNS:
        way_out = "Add an earlier run. Until then nothing says what a new course can expect."
        yield Finding("one-run", "one run alone can be learnt from", way_out, [teaching[0].course_id], False)
    huge = [run.course_id for run in teaching if len(teaching) > HUGE_AMONG and run.learners > HUGE_SHARE * everybody]
    if huge:
        way_out = "Look at the figures of the other runs by themselves: the report has each."
        yield Finding("huge-course", "one run has more than half of all learners to learn from", way_out, huge, False)


def _finding(kind: str, words: str, way_out: str, *, stops: bool) -> Finding:
    return Finding(kind, words, way_out, (), stops)


_CHECKS: tuple[tuple[Finding, Callable[[Run], bool]], ...] = (
    (
        _finding(
            "no-end",
            "no end is known: how far the course is cannot be told, nor when it is over",
            "Set the end in Moodle's course settings, or state ends_at.",
            stops=False,
        ),
        lambda run: not run.dated,
    ),
    (
        _finding(
            "no-deadlines",
            "no work has a deadline: work that is missing or late cannot warn",
            "Set due dates in Moodle. Otherwise activity alone warns, later and less surely.",
            stops=False,
        ),
        lambda run: not run.due,
    ),
    (
        _finding(
            "few-learners",
            f"fewer than {FEW_LEARNERS} learners: figures of this run alone say nothing",
            "Tie its runs together by one code. A teacher of so few sees them anyway.",
            stops=False,
        ),
        lambda run: run.learners < FEW_LEARNERS,
    ),
    (
        _finding(
            "no-log",
            "it has begun, and the log has nothing of it",
            "Early warning cannot work here: look whether learners use Moodle.",
            stops=True,
        ),
        lambda run: run.has_begun and run.log_begins is None,
    ),
    (
        _finding(
            "log-purged",
            f"the log begins more than {LATE_LOG_DAYS} days after the run, or hardly any of it is whole: Moodle has "
            "purged it, or it was off",
            "Set loglifetime to never, and extract each run before it is purged. State complete_from, the first day of "
            "which all records are there: then later weeks can be learnt from.",
            stops=True,
        ),
        lambda run: run.log_begins is not None and run.lacks_log,
    ),
    (
        _finding(
            "log-begins-late",
            "complete_from states that earlier records are gone: earlier weeks are neither learnt from nor predicted",
            "Set loglifetime to never, and extract each run before it is purged.",
            stops=False,
        ),
        lambda run: (run.whole_from or 0) > 0 and run.log_begins is not None and not run.lacks_log,
    ),
    (
        _finding(
            "taught-elsewhere",
            f"fewer than {PRESENT_SHARE:.0%} of its learners act in Moodle",
            "Early warning cannot work where a course is taught outside of Moodle.",
            stops=True,
        ),
        lambda run: run.log_begins is not None and run.present < PRESENT_SHARE * run.learners,
    ),
    (
        _finding(
            "no-grades",
            "it is over, and nobody has a final result",
            "State a pass mark, and look whether the course total is computed in Moodle.",
            stops=True,
        ),
        lambda run: run.is_over and not run.graded,
    ),
    (
        _finding(
            "few-grades",
            f"it is over, and fewer than {GRADED_SHARE:.0%} of who stayed have a final result",
            "Look at the gradebook: final exams are often marked outside of Moodle. Add outcomes from the registrar.",
            stops=False,
        ),
        lambda run: run.is_over and 0 < run.graded < GRADED_SHARE * run.stayed,
    ),
    (
        _finding(
            "one-outcome",
            "all ended well, or none did: nothing tells the two apart",
            "Look at the pass mark and its scale.",
            stops=False,
        ),
        lambda run: run.graded > 0 and run.bad in (0, run.outcomes),
    ),
)
