"""The rows of logs: each with whose own act in this course it is, or with the cause why it is nobody's.

Everything in SQL over the whole log, but for what is decided once for each wording, context and title.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from components.extract.checks import ROW, UNIT
from components.extract.moodle_log import sentences, words
from components.extract.moodle_log.actors import Log, Wording
from components.extract.moodle_log.members import Change, Person
from components.extract.moodle_log.names import exact
from components.extract.moodle_log.reports import LOG, Report, origin_of
from components.extract.moodle_log.times import parse_times
from components.extract.reading import Origin
from components.extract.reading import read as read_files
from components.extract.sifting import sift_values
from components.extract.staging import Staging
from earlybell.counts import counted
from earlybell.errors import SourceError
from earlybell.tables.schema import Column, Table
from earlybell.tables.sql import quoted

AUTOMATIC, SITE, OTHER_COURSE = "automatic", "site", "other course"
MOST_OF_ANOTHER = 0.2  # of the rows that name a course: more are another course's log
MACHINES = ("cli", "restore", "cron")  # origins of what no person does
_STAFF_ROLES = "[1-4]"  # ids of manager, course creator and both teachers in every Moodle
_LEARNERS_TO_SHOW = 3  # learners whose acts have a text of the log before a note shows it: it could name one of them

# What is checked of the reports: names are gone by then.
_ACTS = Table(
    "acts",
    "what learners and staff did",
    (
        Column("run", "string", "folder"),
        Column("learner_id", "string", "pseudonym"),
        Column("Time", "timestamp", "when, on the site's clock"),
        Column("component", "string", "Moodle's"),
        Column("action", "string", "Moodle's"),
        Column("target", "string", "Moodle's"),
        Column("object_id", "string", "course module", nullable=True),
    ),
)

_ROWS = rf"""
SELECT * EXCLUDE ("Affected user", "Event context", "Origin"), coalesce(trim("User full name"), '') AS name,
    coalesce(trim("Affected user"), '') AS affected, coalesce("Event context", '') AS context,
    lower(coalesce(trim("Origin"), '')) AS origin, coalesce("Component", '') AS plugin,
    coalesce("Event name", '') AS event, coalesce({sentences.subject('"Description"')}, '') AS subject,
    {sentences.is_about_another('"Description"')} AS about_another,
    coalesce({sentences.actor_named_last('"Description"')}, '') AS named_last,
    {sentences.second_user('"Description"')} AS second_user,
    {sentences.course_number('"Description"')} AS course_number,
    {sentences.enrolment_change('"Description"')} AS change, {sentences.is_learner_act('"Description"')} AS learner_act,
    second_user IS DISTINCT FROM subject AND ({sentences.is_staff_act('"Description"')} OR (second_user IS NOT NULL
        AND regexp_matches(coalesce("Description", ''), 'enrolled the user|assigned the role'))) AS staff_act,
    regexp_extract("Description", 'enrolment method ''([a-z0-9_]+)''', 1) AS method,
    regexp_matches(coalesce("Description", ''), 'assigned the role with id ''{_STAFF_ROLES}'' to') AS makes_staff,
    coalesce(regexp_extract("Description", '^The user with (?:the )?id ''\d+'' (?:has |had )?([a-z]+)', 1), '') AS verb,
    coalesce(regexp_extract("Description", 'the ''([a-z0-9_]+)'' activity', 1), '') AS module,
    nullif(regexp_extract("Description", 'course module id ''(\d+)''', 1), '') AS object_id
FROM {{p}}_log"""

# Each row with who acts, or why that does not count. What is of the site or of another course says so by its context
# or by its sentence; of a person's own pages only what names this course is of it.
_WHO = f"""
SELECT t.*, a.learner, coalesce(CASE
    WHEN origin IN ({", ".join(map(quoted, MACHINES))}) THEN '{AUTOMATIC}' ELSE a.cause END, CASE
    WHEN c.kind = 'other' OR (course_number <> u.own_number AND c.kind <> 'site') THEN '{OTHER_COURSE}'
    WHEN c.kind = 'site' OR (c.kind = 'person' AND course_number IS NULL) THEN '{SITE}' END) AS cause
FROM {{p}}_timed AS t JOIN {{p}}_actors AS a USING (run, name, affected, subject, about_another, named_last)
JOIN {{p}}_contexts AS c USING (run, context) JOIN {{p}}_courses AS u USING (run)"""

_RAW_ACTS = """
SELECT _id, _unit, run, masked(learner) AS learner_id, "Time", w.component, w.action, w.target, object_id
FROM {p}_who JOIN {p}_words AS w USING (plugin, event, verb, module) WHERE cause IS NULL"""

_COURSES = """
SELECT run, coalesce(any_value(course) FILTER (kind = 'course'), run) AS code,
    mode(course_number) FILTER (kind = 'course') AS own_number
FROM {p}_timed JOIN {p}_contexts USING (run, context) GROUP BY run"""

_CHANGES = """
SELECT run, coalesce(w.change, CASE (m.action, m.target) WHEN ('created', 'user_enrolment') THEN 'enrolled'
    WHEN ('deleted', 'user_enrolment') THEN 'unenrolled' END) AS kind, second_user, affected,
    coalesce(method, ''), try_cast("Time" AS TIMESTAMP) AS moment
FROM {p}_who AS w JOIN {p}_words AS m USING (plugin, event, verb, module) WHERE kind IS NOT NULL AND moment IS NOT NULL
    AND cause IS DISTINCT FROM {other} AND cause IS DISTINCT FROM {site} ORDER BY _id DESC"""

_PEOPLE = """
SELECT run, learner, list(DISTINCT name), count(*) FILTER (staff_act OR (learner_act AND for_another)),
    count(*) FILTER (learner_act AND NOT for_another), max(try_cast("Time" AS TIMESTAMP)), count(*)
FROM (SELECT *, affected NOT IN ('', '-', name) AS for_another FROM {p}_who)
WHERE learner IS NOT NULL AND cause IS NULL GROUP BY ALL ORDER BY ALL"""


class Acts:
    """The logs of a source: `rows` of `{p}_acts` are learners' and staff's own acts in their course, times typed.

    Args:
        timezones: IANA name of each run's clock.

    Raises:
        SourceError: a log cannot be read, none has a row, or one is of several courses.
    """

    def __init__(
        self,
        staging: Staging,
        source: str,
        folder: Path,
        logs: Sequence[Report],
        timezones: Mapping[str, str],
        p: str,
    ) -> None:
        self._staging, self._source, self._p = staging, source, p
        first = len(staging.files)
        origin = origin_of(source, folder, LOG)
        self.view("log", union(staging, origin, LOG, logs, f"{p}_log"))
        if not any(file.rows for file in staging.files[first:]):
            way_out = "Export the log report with all its days and people."
            raise SourceError(f"{source}: the log has no rows", origin.label(logs[0].path), way_out)
        self.view("rows", _ROWS)
        english = {first + number for number, report in enumerate(logs) if report.english}
        parse_times(staging, f"{p}_rows", f"{p}_timed", english=english, timezones=timezones)

    def view(self, name: str, query: str, kind: str = "VIEW") -> None:
        """Create a view or table of this source; `{p}` in the query stands for its prefix."""
        self._staging.sql(f"CREATE {kind} {self._p}_{name} AS {query.replace('{p}', self._p)}")

    def attribute(self, listed: Iterable[str]) -> None:
        """Decide whose each row is: creates `who` and `words`."""
        self._place()
        self._name_actors(set(listed))
        self.view("who", _WHO)
        self._translate()

    def people(self) -> dict[str, list[Person]]:
        """Who acts in each run."""
        made_staff = set(self._staging.sql(f"SELECT DISTINCT run, second_user FROM {self._p}_who WHERE makes_staff"))
        people: dict[str, list[Person]] = defaultdict(list)
        for run, id_, names, staff_acts, learner_acts, last, acts in self._staging.sql(_PEOPLE.format(p=self._p)):
            staff = staff_acts + ((run, id_) in made_staff)
            people[run].append(Person(id_, tuple(sorted(map(exact, names))), staff, learner_acts, last, acts))
        return people

    def changes(self) -> dict[str, list[Change]]:
        """Who was enrolled in each run and unenrolled from it, by the site's clock, in the order of the times.

        Moodle exports the newest row first, so that of two in one second the one above came later.
        """
        changes: dict[str, list[Change]] = defaultdict(list)
        rows: list[tuple[str, str, str | None, str, str, datetime]] = self._staging.sql(
            _CHANGES.format(p=self._p, other=quoted(OTHER_COURSE), site=quoted(SITE))
        )
        for run, kind, second, affected, method, at in sorted(rows, key=lambda row: row[-1]):
            id_ = second or self._log.id_of(run, exact(affected)) or affected
            if id_ not in ("", "-"):
                name = exact(affected) if second else None
                changes[run].append(Change(id_, "enrolled" if kind == "enrolled" else "unenrolled", at, method, name))
        return changes

    def finish(self) -> None:
        """Create `acts`, once the pseudonyms of `who.learner` are made."""
        self.view("raw_acts", _RAW_ACTS, "TABLE")
        sift_values(self._staging, _ACTS, f"{self._p}_raw_acts", f"{self._p}_acts")

    def causes(self) -> Counter[str]:
        """How many rows count for nobody, by cause."""
        return Counter(
            dict(self._staging.sql(f"SELECT cause, count(*) FROM {self._p}_who WHERE cause IS NOT NULL GROUP BY 1"))
        )

    def codes(self) -> dict[str, str]:
        """The name of each run's course."""
        return dict(self._staging.sql(f"SELECT run, code FROM {self._p}_courses ORDER BY run"))

    def unknown_titles(self) -> list[str]:
        """What is said of titles that have no word of Moodle's."""
        return [*self._unknown("plugin", "component"), *self._unknown("event", "event")]

    def unnamed(self) -> int:
        """How many rows do not state their user's id."""
        rows = self._staging.sql(
            f"SELECT count(*) FROM {self._p}_who WHERE cause IS NULL AND named_last || subject = ''"
        )
        return int(rows[0][0])

    def _place(self) -> None:
        """Create `contexts` (run, context, kind, course) and `courses` (run, code, own_number)."""
        p = self._p
        self._staging.sql(f"CREATE TABLE {p}_contexts (run VARCHAR, context VARCHAR, kind VARCHAR, course VARCHAR)")
        contexts = self._staging.sql(f"SELECT run, context, count(*) FROM {p}_timed GROUP BY ALL ORDER BY ALL")
        courses_of: dict[str, Counter[str]] = defaultdict(Counter)
        for run, context, rows in contexts:
            if course := words.course_of(context):
                courses_of[run][course] += rows
        own = {run: self._own(run, courses) for run, courses in courses_of.items()}
        placed = [(run, context, *_kind(context, own.get(run))) for run, context, _ in contexts]
        insert(self._staging, f"{p}_contexts", placed)
        self.view("courses", _COURSES, "TABLE")

    def _own(self, run: str, courses: Counter[str]) -> str:
        """The course that a log is of: nearly all of the rows that name one name it.

        Raises:
            SourceError: too many name others.
        """
        course = min(courses, key=lambda name: (-courses[name], name))
        others = courses.total() - courses[course]
        if others > MOST_OF_ANOTHER * courses.total():
            way_out = "Export the log of each course by itself, and give each course run a folder of its own."
            value = f"{len(courses)} courses, {others:,} of {counted(courses.total(), 'row')} of others than the first"
            raise SourceError(f"{self._source}: the log in {run} is of several courses", value, way_out)
        return course

    def _name_actors(self, listed: set[str]) -> None:
        """Create `actors`: of each wording who acts, or why nobody does."""
        p, columns = self._p, "run, name, affected, subject, about_another, named_last"
        self._staging.sql(
            f"CREATE TABLE {p}_actors (run VARCHAR, name VARCHAR, affected VARCHAR, subject VARCHAR, "
            "about_another BOOLEAN, named_last VARCHAR, learner VARCHAR, cause VARCHAR)"
        )
        counted = self._staging.sql(f"SELECT {columns}, count(*) FROM {p}_timed GROUP BY ALL ORDER BY ALL")
        wordings = [
            Wording(run, exact(name), exact(affected), subject or None, about_another, named_last or None, rows)
            for run, name, affected, subject, about_another, named_last, rows in counted
        ]
        self._log = Log(wordings, listed)
        shown = {exact(row[1]): row[1] for row in reversed(counted)}
        rows = [
            (*row[:-1], shown.get(str(actor.id), actor.id), actor.cause)
            for row, (_, actor) in zip(counted, self._log.actors(), strict=True)
        ]
        insert(self._staging, f"{p}_actors", rows)

    def _translate(self) -> None:
        """Create the table `words`: what the reports call plugins and events, and what Moodle calls them."""
        p = self._p
        self._staging.sql(
            f"CREATE TABLE {p}_words (plugin VARCHAR, event VARCHAR, verb VARCHAR, module VARCHAR, component VARCHAR, "
            "action VARCHAR, target VARCHAR, known_plugin BOOLEAN, known_event BOOLEAN)"
        )
        rows = []
        for plugin, event, verb, module in self._staging.sql(
            f"SELECT DISTINCT plugin, event, verb, module FROM {p}_timed"
        ):
            component, act = words.component(plugin, module), words.act(event, verb)
            translated = (component or "other", *(act or ("other", "other")), component is not None, act is not None)
            rows.append((plugin, event, verb, module, *translated))
        insert(self._staging, f"{p}_words", rows)

    def _unknown(self, column: str, kind: str) -> list[str]:
        """Titles that have no word of Moodle's: by name where several people have them, else by number."""
        titles = self._staging.sql(
            f"SELECT {column}, count(DISTINCT learner) >= {_LEARNERS_TO_SHOW} FROM {self._p}_who JOIN {self._p}_words "
            f"USING (plugin, event, verb, module) WHERE NOT known_{column} AND cause IS NULL GROUP BY 1 ORDER BY 1"
        )
        shown, rare = [title for title, often in titles if often], sum(not often for _, often in titles)
        notes = [f"the {kind} {title} is not known; it becomes other." for title in shown]
        return notes + (
            [f"{counted(rare, f'rare title of {kind}s', f'rare titles of {kind}s')} not known: other."] if rare else []
        )


def union(staging: Staging, origin: Origin, table: Table, reports: Sequence[Report], name: str) -> str:
    """The SELECT of the rows of all reports of a kind, with the run of each."""
    selects = []
    for number, report in enumerate(reports):
        raw = read_files(staging, origin, table, [report.path], f"{name}{number}").name
        selects.append(f"SELECT *, {quoted(report.run)} AS run FROM {raw}")
    nothing = ", ".join(f'NULL::VARCHAR AS "{column}"' for column in table.names)
    empty = f"SELECT 0::BIGINT AS {ROW}, 0::BIGINT AS {UNIT}, {nothing}, '' AS run WHERE false"
    return " UNION ALL ".join(selects) or empty


def insert(staging: Staging, table: str, rows: Sequence[Sequence[object]]) -> None:
    """Insert rows into a table of staging, in one statement."""
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        staging.sql(
            f"INSERT INTO {table} SELECT {', '.join(f'unnest(${i})' for i in range(1, len(columns) + 1))}", columns
        )


def _kind(context: str, own: str | None) -> tuple[str, str | None]:
    """Whether a context is the course, another one, the site, a person's own page or an activity; and the course."""
    if course := words.course_of(context):
        return ("course" if course == own else "other"), course
    if words.plain(context) in words.plain_words("site"):
        return "site", None
    before, colon, _ = context.partition(":")
    person = bool(colon) and words.plain(before) in words.plain_words("site_before_colon")
    return ("person" if person else "activity"), None
