"""The canonical tables as plain data: the interface between sources and everything else.

Times are UTC timestamps (microseconds), ids are strings. From this data come the checks
(`earlybell.tables.checks`), the empty tables of a source that lacks one, and the documentation.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Type = Literal["string", "integer", "number", "timestamp"]

SQL_TYPES: dict[Type, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "timestamp": "TIMESTAMP",
}

EARLIEST, LATEST = datetime(1990, 1, 1), datetime(2100, 1, 1)  # a plausible time, naive as all are: UTC
LARGEST = 1e12  # a plausible number
LONGEST = 255  # characters of a text in a request
DEFAULT_WEEKS = 16  # the length of a course run whose end is not known
DEFAULT_TIMEZONE, DEFAULT_WEEKEND = "UTC", "sat,sun"  # of a course run that does not say
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NO_WEEKEND = "none"
GRANULARITIES = ("raw", "daily")
OUTCOMES = ("pass", "distinction", "fail", "withdrawn")
ROLES = ("pre_test", "post_test", "none")


@dataclass(frozen=True)
class Column:
    """One column. `minimum` and `maximum` are inclusive; `references` is `table.column`.

    A value is not above the one at `at_most`, a `table.column` of the row that this row refers to, and not
    before the one in the column `not_before` of its own row. `pattern` is a regular expression for the whole text;
    `timezone` says that it is the name of a time zone in the IANA database. A file or request may lack a column that is
    `optional`: it is null then.
    """

    name: str
    type: Type
    meaning: str
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    references: str | None = None
    pattern: str | None = None
    not_before: str | None = None
    at_most: str | None = None
    timezone: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Reference:
    """`columns` are found together in `table`, under its key.

    A column `assessments.course_id` is that of the assessment which the row refers to.
    """

    columns: tuple[str, ...]
    table: str


@dataclass(frozen=True)
class Table:
    """One table. `key` columns are unique together (empty: rows may repeat, and each counts)."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    required: bool = False
    references: tuple[Reference, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _course() -> Column:
    return Column("course_id", "string", "course run", references="courses.course_id")


def _learner() -> Column:
    return Column("learner_id", "string", "pseudonymous learner")


def _assessment() -> Column:
    return Column("assessment_id", "string", "assessment", references="assessments.assessment_id")


_DAY = f"(?:{'|'.join(WEEKDAYS)})"
_ENROLLED = (Reference(("course_id", "learner_id"), "enrolments"),)
_ENROLLED_IN_ITS_RUN = (Reference(("assessments.course_id", "learner_id"), "enrolments"),)


TABLES: tuple[Table, ...] = (
    Table(
        "courses",
        "course runs: one course given once",
        (
            Column("course_id", "string", "course run"),
            Column("code", "string", "shared by the runs of one course"),
            Column("starts_at", "timestamp", "first day of teaching"),
            Column(
                "ends_at",
                "timestamp",
                "end; null: a site default decides progress",
                nullable=True,
                not_before="starts_at",
            ),
            Column("granularity", "string", "raw: events have their time; daily: a day's sum", choices=GRANULARITIES),
            Column(
                "timezone",
                "string",
                f"the site's clock, as Europe/Berlin, by which days and weeks are told; null: {DEFAULT_TIMEZONE}",
                nullable=True,
                timezone=True,
                optional=True,
            ),
            Column(
                "weekend",
                "string",
                f"days of the site's weekend, as fri,sat, or {NO_WEEKEND}; null: {DEFAULT_WEEKEND}",
                nullable=True,
                pattern=f"{_DAY}(?:,{_DAY})*|{NO_WEEKEND}",
                optional=True,
            ),
        ),
        key=("course_id",),
        required=True,
    ),
    Table(
        "enrolments",
        "who takes which course run",
        (
            _course(),
            _learner(),
            Column("enrolled_at", "timestamp", "when the learner joined"),
            Column("unenrolled_at", "timestamp", "when the learner left; null: still enrolled", nullable=True),
            Column("prior_attempts", "integer", "earlier attempts at this course", nullable=True, minimum=0),
        ),
        key=("course_id", "learner_id"),
        required=True,
    ),
    Table(
        "events",
        "activity; component, action and target are Moodle's own",
        (
            _course(),
            _learner(),
            Column("occurred_at", "timestamp", "when; a daily record at its day's end, 23:59:59"),
            Column("component", "string", "Moodle component, as mod_quiz or core"),
            Column("action", "string", "as viewed, submitted, created"),
            Column("target", "string", "as course_module, attempt, discussion"),
            Column("object_id", "string", "what was acted on", nullable=True),
            Column("count", "integer", "how often", minimum=1),
        ),
        required=True,
        references=_ENROLLED,
    ),
    Table(
        "assessments",
        "work that a course run asks for",
        (
            Column("assessment_id", "string", "assessment"),
            _course(),
            Column("kind", "string", "assignment, quiz, exam or another word"),
            Column("role", "string", "whether it measures before or after teaching", choices=ROLES),
            Column("due_at", "timestamp", "deadline; null: none", nullable=True),
            Column("weight", "number", "share of the final score, in percent", nullable=True, minimum=0),
            Column("max_score", "number", "highest possible score", minimum=0),
        ),
        key=("assessment_id",),
    ),
    Table(
        "extensions",
        "a later deadline for one learner: an accommodation is not lateness",
        (
            _assessment(),
            _learner(),
            Column("due_at", "timestamp", "the learner's own deadline"),
            Column("granted_at", "timestamp", "when it was granted"),
        ),
        references=_ENROLLED_IN_ITS_RUN,
    ),
    Table(
        "submissions",
        "work handed in; attempt 0 is work banked from an earlier run: prior knowledge, not work of this run",
        (
            _assessment(),
            _learner(),
            Column("submitted_at", "timestamp", "when it was handed in"),
            Column("graded_at", "timestamp", "when the score was known; null: never as of a moment", nullable=True),
            Column("attempt", "integer", "1 for the first; 0: banked from an earlier run", minimum=0),
            Column("score", "number", "null: not graded", nullable=True, minimum=0, at_most="assessments.max_score"),
            Column("duration_s", "number", "time spent, in seconds", nullable=True, minimum=0),
        ),
        key=("assessment_id", "learner_id", "attempt"),
        references=_ENROLLED_IN_ITS_RUN,
    ),
    Table(
        "outcomes",
        "how a course run ended for a learner",
        (
            _course(),
            _learner(),
            Column("outcome", "string", "the result", choices=OUTCOMES),
            Column("final_score", "number", "final score", nullable=True),
            Column("decided_at", "timestamp", "when it was decided"),
        ),
        key=("course_id", "learner_id"),
        references=_ENROLLED,
    ),
    Table(
        "ratings",
        "a teacher's rating of a learner on the rubric",
        (
            _course(),
            _learner(),
            Column("indicator", "string", "indicator of the rubric"),
            Column("rating", "integer", "1 (poor) to 5 (excellent)", minimum=1, maximum=5),
            Column("rated_at", "timestamp", "when"),
        ),
        references=_ENROLLED,
    ),
    Table(
        "interventions",
        "help that was shown to a learner",
        (
            _course(),
            _learner(),
            Column("kind", "string", "what was done"),
            Column("shown_at", "timestamp", "when the learner saw it"),
            Column("arm", "string", "arm of a trial; null: none", nullable=True),
        ),
        references=_ENROLLED,
    ),
    Table(
        "breaks",
        "holidays of a course run",
        (
            _course(),
            Column("starts_at", "timestamp", "first moment"),
            Column("ends_at", "timestamp", "last moment", not_before="starts_at"),
        ),
    ),
    Table(
        "learners",
        "protected attributes; for the fairness check alone, never an input of a model",
        (
            _learner(),
            Column("gender", "string", "gender", nullable=True),
            Column("age", "string", "age band", nullable=True),
            Column("disability", "string", "declared disability", nullable=True),
            Column("region", "string", "region", nullable=True),
            Column("deprivation", "string", "deprivation of the neighbourhood", nullable=True),
            Column("education", "string", "highest education before the course", nullable=True),
        ),
        key=("learner_id",),
    ),
)

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
