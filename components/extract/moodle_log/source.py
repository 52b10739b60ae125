"""Reads the reports of `moodle-log:DIR` and maps them to canonical tables.

`DIR` has the files of one course run, or a folder for each: the log, in one or several files, and beside it the list of
participants, the grade book and what the site states in `courses.csv`. A name or id becomes a pseudonym on reading,
addresses are not read at all, and of what is set aside a text shows no more than its shape.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np

from components.extract.addresses import split_address
from components.extract.moodle_log import notes
from components.extract.moodle_log.acts import Acts, insert, union
from components.extract.moodle_log.calendar import Calendar, Seen, calendars
from components.extract.moodle_log.grading import Grade, Threshold, number, threshold
from components.extract.moodle_log.members import Listed, Membership
from components.extract.moodle_log.names import exact, spellings
from components.extract.moodle_log.reports import (
    EXPORT_AS_REAL,
    GRADES,
    LOG,
    PARTICIPANTS,
    Report,
    find_reports,
    origin_of,
    run_folders,
    run_name,
)
from components.extract.moodle_log.statements import (
    COURSES,
    Statement,
    read_courses,
)
from components.extract.moodle_log.words import is_student
from components.extract.reading import folder_of
from components.extract.sifting import sift_values
from components.extract.staging import Extracted, Relation, Staging
from components.extract.teaching import teaching
from earlybell.counts import counted
from earlybell.errors import SettingError, SourceError
from earlybell.tables import BY_NAME, SQL_TYPES
from earlybell.tables.schema import DEFAULT_TIMEZONE, DEFAULT_WEEKEND, Column, Table

_PLAUSIBLE_STAMPS = "946684800 AND 4102444800"  # the years 2000 to 2100, in seconds since 1970
MOST_LETTERS = 0.5  # of the grades of a run: with more, they are no points

_TOTALS = Table(
    "totals",
    "final grades",
    (
        Column("run", "string", "folder"),
        Column("learner_id", "string", "pseudonym"),
        Column("total", "number", "final grade in points", nullable=True),
        Column("percent", "number", "final grade in percent of its maximum", nullable=True),
    ),
    key=("run", "learner_id"),
)

_RAW_TOTALS = f"""
WITH texts AS (
    SELECT g._id, g._unit, g.run, l.id, trim("Course total") AS text, trim(replace(coalesce("Course total (Percentage)",
        CASE WHEN ends_with(text, '%') THEN text END), '%', '')) AS share
    FROM {{p}}_grades AS g JOIN {{p}}_listed AS l USING (_id))
SELECT _id, _unit, run, masked(id) AS learner_id,
    CASE WHEN NOT ends_with(text, '%') THEN {number("text", "run")} END AS total, {number("share", "run")} AS percent
FROM texts"""

# Of each canonical table, its columns and the rows.
_MAPPINGS = {
    "courses": """
SELECT _id, _unit, course_id, code, starts_at, ends_at, 'raw' AS granularity, timezone, weekend,
    complete_from, complete_until FROM {p}_runs""",
    "enrolments": """
SELECT m._id, m._unit, course_id, learner_id, least(coalesce(utc(enrolled, timezone), starts_at),
    utc(came, timezone), utc(left_on, timezone)) AS enrolled_at,
    utc(left_on, timezone) AS unenrolled_at, NULL AS prior_attempts
FROM {p}_members AS m JOIN {p}_runs USING (run)
LEFT JOIN (SELECT run, learner_id, min("Time") AS came FROM {p}_acts GROUP BY ALL) USING (run, learner_id)""",
    "events": """
SELECT a._id, a._unit, course_id, learner_id, utc("Time", timezone) AS occurred_at, component, action, target,
    object_id, 1 AS count FROM {p}_learnt AS a JOIN {p}_runs USING (run)""",
    "outcomes": """
SELECT m._id, m._unit, course_id, learner_id, CASE WHEN left_on IS NOT NULL THEN 'withdrawn'
        WHEN if(in_percent, percent, total) < threshold THEN 'fail' ELSE 'pass' END AS outcome,
    CASE WHEN left_on IS NULL THEN if(in_percent, percent, total) END AS final_score,
    coalesce(utc(left_on, timezone), ends_at) AS decided_at
FROM {p}_members AS m JOIN {p}_runs AS r USING (run) LEFT JOIN {p}_totals USING (run, learner_id)
WHERE r.over AND CASE WHEN left_on IS NOT NULL THEN utc(left_on, timezone) < ends_at
    ELSE threshold + if(in_percent, percent, total) IS NOT NULL END""",
}


def read(staging: Staging, source: str, place: str) -> Extracted:
    """Read the reports in the folder of an address (see `statements`) as canonical tables.

    Raises:
        SourceError: there is no log, a file cannot be read, too large a share of its rows is bad, or learners are lost.
        SettingError: an option is wrong, or there is no usable key.
    """
    folder_name, options = split_address(place)
    folder = folder_of(source, folder_name)
    statement = Statement.read(options, source)
    staging.check_key()
    reading = _Reading(staging, source, folder, statement)
    reading.read()
    relations = {name: reading.map(name) for name in _MAPPINGS}
    return Extracted(source, relations, pseudonymous=staging.ids == "pseudonymous")


@dataclass
class _Reading:
    staging: Staging
    source: str
    folder: Path
    defaults: Statement

    def read(self) -> None:
        """Create the tables `acts`, `learnt`, `members`, `totals` and `runs`."""
        p, zones = self.p, self.timezones  # what is stated wrongly is said before anything is read
        self.acts = Acts(self.staging, self.source, self.folder, self._of(LOG), zones, p)
        listed = {name: self._listed(table) for name, table in (("grades", GRADES), ("participants", PARTICIPANTS))}
        everybody = [row for by_run in listed.values() for rows in by_run.values() for row in rows]
        self.acts.attribute(name for row in everybody for name in row.names)
        self._find_members(listed)
        self.acts.finish()
        self.acts.view("learnt", "SELECT * FROM {p}_acts SEMI JOIN {p}_members USING (run, learner_id)")
        self._find_totals()
        self._find_runs()
        self._note()

    def map(self, name: str) -> Relation:
        columns = ", ".join(
            f"{column.name}::{SQL_TYPES[column.type]} AS {column.name}" for column in BY_NAME[name].columns
        )
        self.acts.view(f"to_{name}", f"SELECT _id, _unit, {columns} FROM ({_MAPPINGS[name]})")
        units = {"events": len(self._of(LOG)), "outcomes": max(1, len(self._of(GRADES)))}
        return Relation(f"{self.p}_to_{name}", units.get(name, 1))

    @cached_property
    def p(self) -> str:
        """The prefix of this source's relations."""
        return f"m{len(self.staging.files)}"

    @cached_property
    def reports(self) -> list[Report]:
        return find_reports(self.staging, self.source, self.folder)

    def _of(self, table: Table) -> list[Report]:
        return [report for report in self.reports if report.table is table]

    @cached_property
    def statements(self) -> dict[str, Statement]:
        """What is stated of each run that has a log.

        Raises:
            SettingError: courses.csv names a run that has none.
            SourceError: a folder has a grade book or participants, and no log.
        """
        statements: dict[str, Statement] = {}
        for place in run_folders(self.folder):
            for path in (file for file in place.iterdir() if file.name.lower() == COURSES):
                label = origin_of(self.source, self.folder, LOG).label(path)
                for name, statement in read_courses(path, label).items():
                    statements[run_name(self.folder, place / name)] = statement
        runs = {report.run for report in self._of(LOG)}
        if unknown := sorted(statements.keys() - runs):
            top = run_name(self.folder, self.folder)
            folders = ", ".join(Path(run).relative_to(top).as_posix() for run in sorted(runs))
            way_out = f"In its column folder name one that has a log: {folders}."
            raise SettingError(f"{self.source}: {COURSES} states a course run that is not there", unknown[0], way_out)
        if without := sorted({report.run for report in self.reports} - runs):
            way_out = "Put the log of the same course run beside it, or take the folder out."
            raise SourceError(f"{self.source}: a folder has lists and no log", without[0], way_out)
        return {run: statements.get(run, Statement()).over(self.defaults) for run in sorted(runs)}

    @cached_property
    def timezones(self) -> dict[str, str]:
        """The clock of each run."""
        return {run: statement.timezone or DEFAULT_TIMEZONE for run, statement in self.statements.items()}

    def _listed(self, table: Table) -> dict[str, list[Listed]]:
        """The rows of grade books or of lists of participants, by run."""
        reports, name = self._of(table), table.name
        self.acts.view(
            name, union(self.staging, origin_of(self.source, self.folder, table), table, reports, f"{self.p}_{name}")
        )
        roles = '"Roles"' if table is PARTICIPANTS else "NULL"
        total = 'concat("Course total", "Course total (Percentage)")' if table is GRADES else "''"
        rows = self.staging.sql(
            f'SELECT run, _id, "User ID", coalesce("Full name", \'\'), coalesce("First name", \'\'), '
            f"coalesce(\"Last name\", ''), {roles}, {total} FROM {self.p}_{name} ORDER BY _id"
        )
        by_default = None if table is PARTICIPANTS else True
        by_run: dict[str, list[Listed]] = defaultdict(list)
        for run, row, user_id, full, first, last, role, total_text in rows:
            if not (user_id or full.strip() or first.strip() or last.strip()):
                continue
            names = [exact(full)] if full else spellings(first, last)
            display = " ".join((full or f"{first} {last}").split())
            is_learner = is_student(role or "", by_default)
            by_run[run].append(Listed(row, tuple(names), display, user_id, is_learner, name, total_text))
        return by_run

    def _find_members(self, listed: Mapping[str, Mapping[str, list[Listed]]]) -> None:
        """Create `members` (run, learner_id, enrolled, left_on) and `listed` (_id, id): whose a row of a list is.

        Raises:
            SourceError: nobody of the lists is in the log, or many of them are lost.
        """
        p, people, changes = self.p, self.acts.people(), self.acts.changes()
        self.memberships = {
            run: Membership(people.get(run, []), self._merged(listed, run), changes.get(run, []))
            for run in self.statements
        }
        for run, membership in self.memberships.items():
            self._check(run, membership)
        self.staging.sql(f"CREATE TABLE {p}_listed (_id BIGINT, id VARCHAR)")
        insert(
            self.staging,
            f"{p}_listed",
            [row for membership in self.memberships.values() for row in membership.id_of_row.items()],
        )
        self.staging.sql(
            f"CREATE TABLE {p}_raw_members (run VARCHAR, learner VARCHAR, enrolled TIMESTAMP, left_on TIMESTAMP)"
        )
        rows = [
            (run, member.id, member.enrolled_at, member.unenrolled_at)
            for run, membership in self.memberships.items()
            for member in membership.members
        ]
        insert(self.staging, f"{p}_raw_members", rows)
        self.staging.pseudonymise([(f"{p}_who", "learner"), (f"{p}_raw_members", "learner"), (f"{p}_listed", "id")])
        firsts = "SELECT run, min(_id) AS _id, min(_unit) AS _unit FROM {p}_log GROUP BY run"
        self.acts.view("firsts", firsts, "TABLE")  # the row that stands for what concerns a whole run
        self.acts.view(
            "members",
            "SELECT _id, _unit, run, masked(learner) AS learner_id, enrolled, left_on "
            "FROM {p}_raw_members JOIN {p}_firsts USING (run)",
            "TABLE",
        )

    @staticmethod
    def _merged(listed: Mapping[str, Mapping[str, list[Listed]]], run: str) -> list[Listed]:
        """Both lists of a run; who is staff by the list of participants is so in the grade book too."""
        return [row for by_run in listed.values() for row in by_run.get(run, [])]

    def _check(self, run: str, membership: Membership) -> None:
        compared = membership.compared()
        if membership.nothing_in_common:
            way_out = "Export both from one course; users are matched by full name, or by a column User ID."
            raise SourceError(f"{self.source}: grade book and log have nobody in common in {run}", compared, way_out)
        if membership.loses_many:
            lost = counted(membership.lost, "learner")
            raise SourceError(
                f"{self.source}: {lost} of {run} cannot be found in the log without doubt",
                compared,
                "Add a column User ID to the list, or export log and list with the same format of names.",
            )

    def _find_totals(self) -> None:
        """Create `totals`.

        Raises:
            SourceError: the grades of a run are no numbers.
        """
        self.acts.view("raw_totals", _RAW_TOTALS, "TABLE")
        share = f"count(*) FILTER (regexp_matches(total, '[#x]')) > {MOST_LETTERS} * count(*)"
        query = f"SELECT run, max(total) FROM {self.p}_raw_totals WHERE total IS NOT NULL GROUP BY run HAVING {share}"
        for run, example in self.staging.sql(query):
            problem = f"{self.source}: most course totals of the grade book of {run} are letters or words, not numbers"
            raise SourceError(problem, f"they look like {example}", EXPORT_AS_REAL)
        sift_values(self.staging, _TOTALS, f"{self.p}_raw_totals", f"{self.p}_totals")

    def _find_runs(self) -> None:
        """Create `runs`: run, course_id, code, starts_at, ends_at, timezone, weekend, complete_from,
        complete_until, over, threshold.

        Raises:
            SourceError: nothing tells when a run began, or several folders have one course run.
        """
        self.thresholds = self._thresholds()
        self.codes = {run: self.statements[run].code or code for run, code in self.acts.codes().items()}
        seen = {run: self._seen(run) for run in self.statements}
        self.calendars = calendars(seen, self.statements, self.codes, datetime.now(UTC).date())
        self.seen = seen
        if unknown := sorted(self.statements.keys() - self.calendars.keys()):
            way_out = "Export the log with learners' activity, or state starts_at in courses.csv."
            compared = "; ".join(f"{run} ({self.memberships[run].compared()})" for run in unknown)
            raise SourceError(f"{self.source}: nothing tells when a run began", compared, way_out)
        for run, dates in self.calendars.items():
            self._check_taught(run, dates)
        rows = [self._run(run, dates) for run, dates in self.calendars.items()]
        self._check_alone(rows)
        self.staging.sql(
            f"CREATE TABLE {self.p}_stated (run VARCHAR, course_id VARCHAR, code VARCHAR, starts TIMESTAMP, "
            "ends TIMESTAMP, timezone VARCHAR, weekend VARCHAR, whole_from TIMESTAMP, whole_until TIMESTAMP, "
            "over BOOLEAN, threshold DOUBLE, in_percent BOOLEAN)"
        )
        insert(self.staging, f"{self.p}_stated", rows)
        self.staging.sql("CREATE OR REPLACE MACRO utc(local, zone) AS timezone('UTC', timezone(zone, local))")
        self.acts.view(
            "runs",
            "SELECT _id, _unit, run, course_id, code, utc(starts, timezone) AS starts_at, "
            "utc(ends, timezone) AS ends_at, timezone, weekend, utc(whole_from, timezone) AS complete_from, "
            "utc(whole_until, timezone) AS complete_until, over, threshold, in_percent FROM {p}_stated "
            "JOIN {p}_firsts USING (run)",
            "TABLE",
        )

    def _run(self, run: str, dates: Calendar) -> tuple[object, ...]:
        statement, code, limit = self.statements[run], self.codes[run], self.thresholds[run]
        course_id = statement.course_id or f"{code}_{dates.starts:%Y-%m}"
        mark, in_percent = (limit.value, limit.in_percent) if limit else (None, None)
        zone, weekend = self.timezones[run], statement.weekend or DEFAULT_WEEKEND
        whole = statement.whole
        return (run, course_id, code, *dates.midnights(), zone, weekend, *whole, dates.over, mark, in_percent)

    def _check_taught(self, run: str, dates: Calendar) -> None:
        seen = self.seen[run]
        if (
            dates.over
            and seen.first
            and seen.last
            and (seen.last < dates.starts or seen.first > (dates.ends or seen.first))
        ):
            problem = f"{self.source}: no activity of {run} lies between its dates"
            value = f"{dates.starts} to {dates.ends}; activity is from {seen.first} to {seen.last}"
            raise SourceError(problem, value, "State other starts_at and ends_at, or none.")

    def _check_alone(self, rows: Sequence[tuple[object, ...]]) -> None:
        folders: dict[str, list[str]] = defaultdict(list)
        for run, course_id, *_ in rows:
            folders[str(course_id)].append(str(run))
        for course_id, runs in folders.items():
            if len(runs) > 1:
                way_out = "Put its files in one folder, or give each run a course_id in courses.csv."
                problem = f"{self.source}: folders have the same course run, {course_id}"
                raise SourceError(problem, ", ".join(sorted(runs)), way_out)

    def _thresholds(self) -> dict[str, Threshold | None]:
        rows = self.staging.sql(f"SELECT run, total, percent FROM {self.p}_totals ORDER BY ALL")
        self.grades: dict[str, list[Grade]] = defaultdict(list)
        for run, points, percent in rows:
            self.grades[run].append(Grade(points, percent))
        return {run: threshold(run, self.grades[run], statement) for run, statement in self.statements.items()}

    def _seen(self, run: str) -> Seen:
        p = self.p
        columns = self.staging.connection.execute(
            f'SELECT DISTINCT "Time"::DATE AS day, learner_id FROM {p}_learnt WHERE run = ?', [run]
        ).fetchnumpy()
        days, learners = (
            np.asarray(columns["day"], dtype="datetime64[D]"),
            np.unique(columns["learner_id"], return_inverse=True)[1],
        )
        first, last = (days.min().item(), days.max().item()) if len(days) else (None, None)
        ((exported,),) = self.staging.sql(
            'SELECT max(to_timestamp(stamp))::DATE FROM (SELECT run, try_cast("Last downloaded" AS BIGINT) AS stamp '
            f"FROM {p}_grades) WHERE run = ? AND stamp BETWEEN {_PLAUSIBLE_STAMPS}",
            [run],
        )
        ((logged_until,),) = self.staging.sql(
            f'SELECT max(try_cast("Time" AS TIMESTAMP))::DATE FROM {p}_timed WHERE run = ?', [run]
        )
        has_grades = self.thresholds[run] is not None
        reports = [report for report in self.reports if report.run == run]
        named = max((day for report in reports if (day := report.named_on)), default=None)
        written = min(report.written_on for report in reports)
        return Seen(
            teaching(days, learners),
            first,
            last,
            exported or _after(named, logged_until),
            has_grades,
            logged_until,
            _after(written, logged_until),
        )

    def _note(self) -> None:
        zones = sorted({*self.timezones.values()})
        causes: dict[str, str] = {}
        for membership in self.memberships.values():
            causes |= membership.left_out
        sentences = [
            *notes.of_source(zones, self.acts.unnamed()),
            *self.acts.unknown_titles(),
            *(sentence for run in self.calendars for sentence in notes.of_run(self._understood(run))),
            *notes.of_rows(self.acts.causes()),
            *notes.of_people(Counter(causes.values())),
        ]
        self.staging.notes.update(f"{self.source}: {sentence}" for sentence in sentences)
        for run in self.calendars:
            for sentence in notes.of_doubt(self._understood(run)):
                self.staging.look(f"{self.source}: {sentence}")

    def _understood(self, run: str) -> notes.Run:
        first, end = self.calendars[run].midnights()
        statement = self.statements[run]
        return notes.Run(
            run,
            self.memberships[run],
            self.calendars[run],
            self.seen[run],
            self.grades[run],
            self.thresholds[run],
            stated=statement.ends_at is not None or statement.running is not None,
            before=self._outside(run, "<", first),
            after=self._outside(run, ">=", end) if end else notes.Outside(0, 0),
        )

    def _outside(self, run: str, test: str, moment: datetime) -> notes.Outside:
        query = f'SELECT count(*), count(DISTINCT learner_id) FROM {self.p}_learnt WHERE run = ? AND "Time" {test} ?'
        return notes.Outside(*self.staging.sql(query, [run, moment])[0])


def _after(day: date | None, last: date | None) -> date | None:
    """A day of export, unless the log goes on after it: then the day is of something else.

    Days of files are UTC's, those of logs the site's: they may differ by one.
    """
    return day if day and last and day >= last - timedelta(days=1) else None
