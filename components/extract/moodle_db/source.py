"""Reads a Moodle's database at one moment and maps it to canonical tables."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from components.extract import canonical
from components.extract.moodle_db import notes
from components.extract.moodle_db.address import Address, SiteOptions, read_address
from components.extract.moodle_db.databases import Database, connect
from components.extract.moodle_db.log import DatabaseLog
from components.extract.moodle_db.log_store import LogStore
from components.extract.moodle_db.marks import find_marks
from components.extract.moodle_db.outcomes import find_outcomes, find_totals, graded, pass_marks
from components.extract.moodle_db.people import find_people
from components.extract.moodle_db.runs import Choice, copy_site, date_runs
from components.extract.moodle_db.site import OURS, Site, zone_or_default
from components.extract.moodle_db.structure import ATTRIBUTES, COURSES, LOG, PLUGIN
from components.extract.moodle_db.work import find_work
from components.extract.moodle_db.workspace import Workspace
from components.extract.staging import Extracted, Staging
from earlybell.counts import counted
from earlybell.errors import SourceError
from earlybell.tables import BY_NAME, SQL_TYPES
from earlybell.tables.sql import quoted

_MEMBERS = """
SELECT course, userid, least(coalesce(stated, created_at, starts_at), came, left_at) AS enrolled_at, left_at
FROM learners JOIN runs USING (course)
LEFT JOIN (SELECT course, userid, min(occurred_at) AS came FROM acts GROUP BY ALL) USING (course, userid)
ANTI JOIN opted_out USING (course, userid)"""

# Who does not want predictions gets none: not in what is predicted from now on.
_OPTED_OUT = f"""
SELECT DISTINCT course, userid FROM (SELECT courseid AS course, userid FROM {PLUGIN}_optout)
SEMI JOIN learners USING (course, userid) JOIN runs USING (course) WHERE NOT is_over"""

# Of each canonical table, its columns; ids are Moodle's own.
_MAPPINGS = {
    "courses": """
SELECT course AS course_id, code, starts_at, ends_at, 'raw' AS granularity, timezone, weekend, complete_from,
    NULL AS complete_until FROM runs""",
    "enrolments": """
SELECT m.course AS course_id, m.userid AS learner_id, enrolled_at, left_at AS unenrolled_at,
    CASE WHEN r.tied THEN (SELECT count(*) FROM members e JOIN runs s ON s.course = e.course
        WHERE e.userid = m.userid AND s.tied AND s.code = r.code AND s.starts_at < r.starts_at) END AS prior_attempts
FROM members m JOIN runs r USING (course)""",
    "events": """
SELECT course AS course_id, userid AS learner_id, occurred_at, component, action, target, module AS object_id,
    1 AS count
FROM acts SEMI JOIN members USING (course, userid)""",
    "assessments": """
SELECT assessment_id, course AS course_id, kind, 'none' AS role, due_at, coalesce(weight, 0) AS weight, max_score
FROM asked""",
    "extensions": """
SELECT assessment_id, userid AS learner_id, due_at, granted_at FROM deadlines SEMI JOIN asked USING (assessment_id)
SEMI JOIN members USING (course, userid)""",
    "submissions": """
SELECT assessment_id, userid AS learner_id, submitted_at, graded_at, attempt, mark AS score, duration_s FROM handed_in
SEMI JOIN members USING (course, userid)""",
    "outcomes": """
SELECT course AS course_id, userid AS learner_id, outcome, final_score, decided_at FROM outcomes""",
    "interventions": f"""
SELECT a.courseid AS course_id, a.userid AS learner_id, kind, moment_of(timesent) AS shown_at, arm
FROM (SELECT *, courseid AS course FROM {PLUGIN}_action) a SEMI JOIN members USING (course, userid)
LEFT JOIN {PLUGIN}_arm r ON r.courseid = a.courseid AND r.userid = a.userid AND r.timerecorded BETWEEN 1 AND timesent
WHERE kind IN ('message', 'reminder') AND moment_of(timesent) IS NOT NULL""",
    "breaks": """
SELECT course AS course_id, first AS starts_at, last AS ends_at FROM breaks""",
    "learners": """
SELECT userid AS learner_id, any_value(value) FILTER (name = 'gender') AS gender,
    any_value(value) FILTER (name = 'age') AS age, any_value(value) FILTER (name = 'disability') AS disability,
    any_value(value) FILTER (name = 'region') AS region, any_value(value) FILTER (name = 'deprivation') AS deprivation,
    any_value(value) FILTER (name = 'education') AS education
FROM attributes SEMI JOIN members USING (userid) GROUP BY userid""",
}


def read(staging: Staging, source: str, place: str, log: LogStore | None = None) -> Extracted:
    """Read the database of an address (see `address`) as canonical tables; ids become pseudonyms.

    Args:
        log: what was read of the site's log before, of which only the rest is read; without it all is.

    Raises:
        SourceError: it cannot be reached or read, is no Moodle that can be, or has no learner.
        SettingError: the address or an option is wrong, or there is no usable key.
        MissingPackageError: the engine's client is not installed.
    """
    address = read_address(place)
    return stage(staging, source, lambda folder, tables: write(address, folder, tables, log))


def stage(staging: Staging, source: str, write: Callable[[Path, Path], list[str]]) -> Extracted:
    """Canonical tables that are written first, and read then.

    Args:
        write: as `write`, without the address.

    Raises:
        SettingError: there is no usable key; or as `write`.
    """
    staging.check_key()  # before the work
    folder = staging.folder / f"moodle{len(staging.files)}"
    tables = folder / "tables"
    tables.mkdir(parents=True)
    staging.notes.update(f"{source}: {note}" for note in write(folder, tables))
    return canonical.read(staging, source, str(tables))


def write(address: Address, folder: Path, tables: Path, log: LogStore | None = None) -> list[str]:
    """Write a file of each canonical table that has rows; what is said of them.

    Args:
        folder: for what is in between; the caller removes it.
        tables: an empty folder.

    Raises:
        SourceError, SettingError, MissingPackageError: as `read`.
    """
    return map_site(folder, tables, str(address), address.options, lambda workspace: copy(workspace, address, log), log)


def map_site(
    folder: Path,
    tables: Path,
    place: str,
    options: SiteOptions,
    copy: Callable[[Workspace], tuple[Site, Choice]],
    log: LogStore | None = None,
) -> list[str]:
    """Write the canonical tables of a site, however its rows are had; what is said of them.

    Args:
        folder, tables: as `write`.
        place: what errors call the site.
        copy: fills a new workspace with the tables of `structure`, `chosen` and `attributes`.
        log: as `read`.

    Raises:
        SourceError: no course has a learner; or as `copy`.
    """
    workspace = Workspace(folder)
    try:
        site, choice = copy(workspace)
        return _Mapping(workspace, place, options, site, choice, log).write(tables)
    finally:
        workspace.remove()


def copy(workspace: Workspace, address: Address, log: LogStore | None = None) -> tuple[Site, Choice]:
    """Copy what is read of the database into the workspace, all of one moment.

    Raises:
        SourceError, SettingError, MissingPackageError: as `read`.
    """
    prefix = address.options.prefix
    with connect(address) as database:
        site, choice = copy_site(workspace, database, address)
        if log:
            log.check_site(site, str(address))
        make_chosen(workspace, choice)
        courses = ", ".join(str(course.id) for course in choice.courses)
        for table in COURSES:
            if not log or table.name != LOG:
                workspace.copy(database, site, table, prefix, courses)
        _copy_attributes(database, workspace, address, site)
        if log:
            log.follow(workspace, DatabaseLog(database, prefix), site, [course.id for course in choice.courses])
    return site, choice


def make_chosen(workspace: Workspace, choice: Choice) -> None:
    """Create `chosen` (course, code, tied), of the courses that are read, and an empty `attributes`."""
    workspace.sql("CREATE TABLE chosen (course BIGINT, code VARCHAR, tied BOOLEAN)")
    workspace.insert("chosen", [(course.id, course.code, course.tied) for course in choice.courses])
    workspace.sql("CREATE TABLE attributes (userid BIGINT, name VARCHAR, value VARCHAR)")


def _copy_attributes(database: Database, workspace: Workspace, address: Address, site: Site) -> None:
    """Fill `attributes` (userid, name, value): only of the profile fields that the address names."""
    fields = {field: name for name, field in address.options.attributes}
    if not fields:
        return
    view, prefix = f"{address.options.prefix}attributes", address.options.prefix
    table = f"{OURS}.{view}"
    if view not in site.views:
        data, field = f"{prefix}user_info_data", f"{prefix}user_info_field"
        table = f"(SELECT d.userid, f.shortname, d.data FROM {data} d JOIN {field} f ON f.id = d.fieldid)"
    listed = ", ".join(map(quoted, fields))
    path = workspace.folder / "attributes.csv"
    database.write(ATTRIBUTES, f"FROM {table} t WHERE t.shortname IN ({listed})", path, "reading profile fields")
    workspace.load("profile", ATTRIBUTES, path)
    names = ", ".join(f"{quoted(field)}: {quoted(name)}" for field, name in fields.items())
    workspace.sql(
        f"INSERT INTO attributes SELECT userid, MAP {{{names}}}[shortname], nullif(trim(data), '') FROM profile"
    )
    missing = fields.keys() - {name for (name,) in workspace.sql("SELECT DISTINCT shortname FROM profile")}
    if missing:
        way_out = "Name it by its short name, and run the script of `earlybell moodle-grants` for this very address."
        raise SourceError(f"{address}: no learner has the profile field", ", ".join(sorted(missing)), way_out)


class _Mapping:
    def __init__(
        self,
        workspace: Workspace,
        place: str,
        options: SiteOptions,
        site: Site,
        choice: Choice,
        log: LogStore | None = None,
    ) -> None:
        self._workspace, self._place, self._site, self._choice = workspace, place, site, choice
        courses = (course.id for course in choice.courses)
        self._logged_since = log.complete_from if log else dict.fromkeys(courses, site.logged_since)
        self._options = options
        self._zone = zone_or_default(site, self._options.timezone)

    def write(self, tables: Path) -> list[str]:
        workspace = self._workspace
        find_people(workspace, self._site)
        taught = {course for (course,) in workspace.sql("SELECT DISTINCT course FROM learners")}
        self._courses = [course for course in self._choice.courses if course.id in taught]
        if not self._courses:
            way_out = "Look at gradebookroles, and whether the role may read enrolments: `earlybell moodle-grants`."
            value = f"{counted(len(self._choice.courses), 'course was', 'courses were')} looked at"
            raise SourceError(f"{self._place}: no course has a learner", value, way_out)
        find_marks(workspace, self._site.epoch)
        find_totals(workspace)
        self._find_runs()
        workspace.create("opted_out", _OPTED_OUT)
        workspace.create("members", _MEMBERS)
        find_work(workspace)
        find_outcomes(workspace)
        self._find_breaks()
        for name, query in _MAPPINGS.items():
            self._write(name, query, tables / f"{name}.parquet")
        return notes.of(workspace, self._site, self._options, self._choice, self._courses, self._dates)

    def _find_runs(self) -> None:
        """Create `runs` (course, code, tied, starts_at, ends_at, is_over, threshold, in_percent, timezone, weekend,
        complete_from)."""
        marks = pass_marks(self._workspace, self._courses, self._options.pass_mark)
        with_grades = graded(self._workspace, marks)
        self._dates = date_runs(self._workspace, self._site, self._courses, self._zone, with_grades)
        weekend = self._options.weekend or self._site.weekend
        self._workspace.sql(
            "CREATE TABLE runs (course BIGINT, code VARCHAR, tied BOOLEAN, starts_at TIMESTAMP, ends_at TIMESTAMP, "
            "is_over BOOLEAN, threshold DOUBLE, in_percent BOOLEAN, timezone VARCHAR, weekend VARCHAR, "
            "complete_from TIMESTAMP)"
        )
        rows = [
            (course.id, course.code, course.tied, dates.starts, dates.ends, dates.over)
            + ((mark.value, mark.percent) if (mark := marks.get(course.id)) else (None, None))
            + (
                self._zone,
                weekend,
                since if (since := self._logged_since[course.id]) and since > dates.starts else None,
            )
            for course in self._courses
            if (dates := self._dates.get(course.id))
        ]
        self._workspace.insert("runs", rows)

    def _find_breaks(self) -> None:
        """Create `breaks` (course, first, last): the stated holidays that fall into a run, by the site's clock."""
        self._workspace.sql("CREATE TABLE stated_breaks (first TIMESTAMP, last TIMESTAMP)")
        midnight, second = datetime.min.time(), timedelta(seconds=1)
        rows = [
            (datetime.combine(first, midnight), datetime.combine(last + timedelta(days=1), midnight) - second)
            for first, last in self._options.breaks
        ]
        self._workspace.insert("stated_breaks", rows)
        self._workspace.create(
            "breaks",
            "SELECT course, utc(first, timezone) AS first, utc(last, timezone) AS last FROM stated_breaks JOIN runs "
            "ON utc(last, timezone) >= starts_at AND utc(first, timezone) <= coalesce(ends_at, TIMESTAMP 'infinity')",
        )

    def _write(self, name: str, query: str, path: Path) -> None:
        columns = ", ".join(
            f"{column.name}::{SQL_TYPES[column.type]} AS {column.name}" for column in BY_NAME[name].columns
        )
        ((rows,),) = self._workspace.sql(f"COPY (SELECT {columns} FROM ({query})) TO {quoted(path)} (FORMAT parquet)")
        if not rows:
            path.unlink()
