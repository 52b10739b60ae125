"""The canonical tables as plain data: the interface between sources and everything else.

Times are UTC timestamps (microseconds), ids are strings. From this data come the checks
(`components.extract.checks`), the empty tables of a source that lacks one, and the documentation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

Type = Literal["string", "integer", "number", "timestamp"]
Bad = Literal["null", "keep", "raise", "row", "learner", "stop"]
Merge = Literal["same", "earliest", "latest", "open", "most"]

SQL_TYPES: dict[Type, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "timestamp": "TIMESTAMP",
}

EARLIEST, LATEST = datetime(1990, 1, 1), datetime(2100, 1, 1)  # a plausible time, naive as all are: UTC
LARGEST = 1e12  # a plausible number
LONGEST = 255  # characters of a text in a request
LONGEST_DURATION = 366 * 86_400.0  # seconds that one attempt may take: an open one lasts a term, never more than a year
MOST_EXTRA_CREDIT = 2.0  # times the highest score: up to it a score is extra credit, above it a slip of the pen
MOST_BAD_SHARE = 0.05  # of a file's or request's rows, how many may be bad: more is a wrong export, not noise
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
    before the one in the column `not_before` of its own row. `pattern` is a regular expression for the whole text,
    `form` says in words what it asks for; `timezone` says that it is the name of a time zone in the IANA database. A
    file or request may lack a column that is `optional`: it is null then.

    What follows is for files and requests alike. `bad` says what becomes of a bad value; without it the table says it:

    - `null`: the value alone is unknown; so is one above `plausible`;
    - `keep`, `raise`: it stays, or becomes that of `not_below`, a column of its row which it precedes;
    - `row`: its row is left out; `learner`: all that is of its learner in its course run is; `stop`: nothing is read,
      and a request is refused.

    `merge` makes one value of those that rows of one key have: the same one, the earliest, latest or largest, or
    `open`, the latest or, if one is null, null. `is_id` says that `90001.0` is 90001. Beside what means unknown
    everywhere, the texts `unknown` mean it here.
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
    form: str = ""
    not_before: str | None = None
    at_most: str | None = None
    timezone: bool = False
    optional: bool = False
    bad: Bad | None = None
    plausible: float | None = None
    not_below: str | None = None
    merge: Merge = "same"
    is_id: bool = False
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """`columns` are found together in `table`, under its key.

    A column `assessments.course_id` is that of the assessment which the row refers to.
    """

    columns: tuple[str, ...]
    table: str


@dataclass(frozen=True)
class Table:
    """One table. `key` columns are unique together (empty: rows may repeat, and each counts).

    `bad` says what becomes of a row that cannot be read (see Column): where a missing row would mean something, the
    learner goes with it, named by the columns `whose` as `references` names them, or nothing is read. Where `numbered`
    names the column of the key that counts rows, and that of their time, rows that differ under one key are counted on.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    required: bool = False
    references: tuple[Reference, ...] = ()
    bad: Bad = "row"
    whose: tuple[str, ...] = ()
    numbered: tuple[str, str] | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def enrols(self) -> bool:
        """Whether its rows say who takes which course run: those of other tables refer to them."""
        return bool(self.whose) and all(reference.columns != self.whose for reference in self.references)

    def naming(self, paths: Sequence[str]) -> tuple[str, ...]:
        """The table's own columns by which such paths (`learner_id`, `assessments.course_id`) are found."""
        return tuple(dict.fromkeys(self._referring(path).name if "." in path else path for path in paths))

    def _referring(self, path: str) -> Column:
        other = path.split(".")[0]
        return next(column for column in self.columns if str(column.references).split(".")[0] == other)


def _course() -> Column:
    return Column("course_id", "string", "course run", references="courses.course_id", is_id=True)


def _learner() -> Column:
    return Column("learner_id", "string", "pseudonymous learner", is_id=True)


def _assessment() -> Column:
    return Column("assessment_id", "string", "assessment", references="assessments.assessment_id", is_id=True)


def _attribute(name: str, meaning: str, *unknown: str) -> Column:
    return Column(name, "string", meaning, nullable=True, bad="null", unknown=unknown)


_DAY = f"(?:{'|'.join(WEEKDAYS)})"
_LEARNER_OF_RUN, _LEARNER_OF_WORK = ("course_id", "learner_id"), ("assessments.course_id", "learner_id")
_ENROLLED = (Reference(_LEARNER_OF_RUN, "enrolments"),)
_ENROLLED_IN_ITS_RUN = (Reference(_LEARNER_OF_WORK, "enrolments"),)


TABLES: tuple[Table, ...] = (
    Table(
        "courses",
        "course runs: one course given once",
        (
            Column("course_id", "string", "course run", is_id=True),
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
                form=f"fri,sat (days of {', '.join(WEEKDAYS)}, separated by commas) or {NO_WEEKEND}",
                optional=True,
            ),
            Column(
                "complete_from",
                "timestamp",
                "from when on activity is recorded whole, as older logs were purged; null: from the beginning",
                nullable=True,
                optional=True,
            ),
            Column(
                "complete_until",
                "timestamp",
                "until when records are whole, as an export ends early; null: to the end",
                nullable=True,
                not_before="complete_from",
                optional=True,
            ),
        ),
        key=("course_id",),
        required=True,
        bad="stop",
    ),
    Table(
        "enrolments",
        "who takes which course run",
        (
            _course(),
            _learner(),
            Column("enrolled_at", "timestamp", "when the learner joined", merge="earliest"),
            Column(
                "unenrolled_at",
                "timestamp",
                "when the learner left; null: still enrolled",
                nullable=True,
                not_below="enrolled_at",
                merge="open",
            ),
            Column(
                "prior_attempts",
                "integer",
                "earlier attempts at this course",
                nullable=True,
                minimum=0,
                bad="null",
                merge="most",
            ),
        ),
        key=_LEARNER_OF_RUN,
        required=True,
        bad="learner",
        whose=_LEARNER_OF_RUN,
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
            Column("object_id", "string", "what was acted on", nullable=True, is_id=True),
            Column("count", "integer", "how often", minimum=1),
        ),
        required=True,
        references=_ENROLLED,
        whose=_LEARNER_OF_RUN,
    ),
    Table(
        "assessments",
        "work that a course run asks for",
        (
            Column("assessment_id", "string", "assessment", is_id=True),
            _course(),
            Column("kind", "string", "assignment, quiz, exam or another word"),
            Column("role", "string", "whether it measures before or after teaching", choices=ROLES),
            Column("due_at", "timestamp", "deadline; null: none", nullable=True),
            Column("weight", "number", "share of the final score, in percent", nullable=True, minimum=0),
            Column("max_score", "number", "highest possible score", minimum=0),
        ),
        key=("assessment_id",),
        bad="stop",
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
        bad="learner",
        whose=_LEARNER_OF_WORK,
    ),
    Table(
        "submissions",
        "work handed in; attempt 0 is work banked from an earlier run: prior knowledge, not work of this run",
        (
            _assessment(),
            _learner(),
            Column("submitted_at", "timestamp", "when it was handed in"),
            Column(
                "graded_at",
                "timestamp",
                "when the score was known; null: never as of a moment",
                nullable=True,
                bad="null",
                not_below="submitted_at",
                merge="latest",
            ),
            Column("attempt", "integer", "1 for the first; 0: banked from an earlier run", minimum=0),
            Column(
                "score",
                "number",
                "null: not graded",
                nullable=True,
                minimum=0,
                at_most="assessments.max_score",
                bad="null",
            ),
            Column(
                "duration_s",
                "number",
                "time spent, in seconds",
                nullable=True,
                minimum=0,
                bad="null",
                plausible=LONGEST_DURATION,
            ),
        ),
        key=("assessment_id", "learner_id", "attempt"),
        references=_ENROLLED_IN_ITS_RUN,
        bad="learner",
        whose=_LEARNER_OF_WORK,
        numbered=("attempt", "submitted_at"),
    ),
    Table(
        "outcomes",
        "how a course run ended for a learner",
        (
            _course(),
            _learner(),
            Column("outcome", "string", "the result", choices=OUTCOMES),
            Column("final_score", "number", "final score", nullable=True, bad="null"),
            Column("decided_at", "timestamp", "when it was decided", merge="latest"),
        ),
        key=_LEARNER_OF_RUN,
        references=_ENROLLED,
        bad="learner",
        whose=_LEARNER_OF_RUN,
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
        whose=_LEARNER_OF_RUN,
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
        bad="learner",
        whose=_LEARNER_OF_RUN,
    ),
    Table(
        "breaks",
        "holidays of a course run",
        (
            _course(),
            Column("starts_at", "timestamp", "first moment"),
            Column("ends_at", "timestamp", "last moment", not_before="starts_at"),
        ),
        bad="stop",
    ),
    Table(
        "learners",
        "protected attributes; for the fairness check alone, never an input of a model",
        (
            _learner(),
            _attribute("gender", "gender", "NA"),
            _attribute("age", "age band", "NA"),
            _attribute("disability", "declared disability", "NA"),
            _attribute("region", "region"),  # NA is Namibia
            _attribute("deprivation", "deprivation of the neighbourhood", "NA"),
            _attribute("education", "highest education before the course", "NA"),
        ),
        key=("learner_id",),
    ),
)

BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
