"""The source `moodle-log:DIR`: Moodle's log report and grade book, as a site exports them, in several languages.

`DIR` has the files of one course run, or a folder for each: the log, in one or several files, and the grade book. They
are CSV (commas, semicolons or tabs; also `.csv.gz`) or XLSX. A name or id becomes a pseudonym on reading, addresses are
not read at all, and of what is set aside a text shows no more than its shape.
"""

from collections.abc import Sequence
from pathlib import Path

from components.extract import moodle_log_words as words
from components.extract.moodle_log_files import GRADES, LOG, Report, find_reports, grades_origin, log_origin
from components.extract.moodle_log_time import parse_times, shape
from components.extract.reading import Origin, folder_of
from components.extract.reading import read as read_files
from components.extract.sifting import sift_values
from components.extract.staging import Extracted, Relation, Staging, quoted
from earlybell.errors import SettingError, SourceError
from earlybell.tables import BY_NAME, SQL_TYPES
from earlybell.tables.checks import ROW, UNIT
from earlybell.tables.schema import Column, Table

ACTIVE_SHARE = 0.1  # of its learners, who are active on the day on which a course run begins
_TOLD_BY = 3  # learners whose acts have a text of the log before a note shows it: it could name one of them

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
_TOTALS = Table(
    "totals",
    "final grades of those who are in the log",
    (
        Column("run", "string", "folder"),
        Column("learner_id", "string", "pseudonym"),
        Column("total", "number", "final grade", nullable=True),
    ),
    key=("run", "learner_id"),
)


def _name(column: str) -> str:
    return rf"lower(strip_accents(trim(regexp_replace({column}, '\s+', ' ', 'g'))))"


_ROWS = rf"""
SELECT *, nullif(regexp_extract("Description", '^The user with id ''(\d+)''', 1), '') AS user_id,
    {_name('"User full name"')} AS name, coalesce("Component", '') AS plugin, coalesce("Event name", '') AS event,
    coalesce(regexp_extract("Description", '^The user with id ''\d+'' (?:has |had )?([a-z]+)', 1), '') AS verb,
    coalesce(regexp_extract("Description", 'the ''([a-z0-9_]+)'' activity', 1), '') AS module,
    nullif(regexp_extract("Description", 'course module id ''(\d+)''', 1), '') AS object_id
FROM {{p}}_log"""

# Whose acts they are: the id that Moodle states, else the one that it states elsewhere for this name, else the name.
# What nobody did (the name is a dash, the id 0) is left out.
_WHO = """
WITH ids AS (
    SELECT name, min(user_id) AS only_id, count(DISTINCT user_id) > 1 AS several FROM {p}_rows
    WHERE user_id IS NOT NULL GROUP BY name)
SELECT t.*, CASE WHEN user_id IS NOT NULL THEN user_id WHEN several THEN NULL
    ELSE coalesce(only_id, trim("User full name")) END AS learner
FROM {p}_timed AS t LEFT JOIN ids USING (name)
WHERE coalesce(user_id, '') <> '0' AND NOT (user_id IS NULL AND coalesce(t.name, '') = '-')"""

_RAW_ACTS = """
SELECT _id, _unit, run, masked(learner) AS learner_id, "Time", w.component, w.action, w.target, object_id
FROM {p}_who JOIN {p}_words AS w USING (plugin, event, verb, module)"""

# A grade with the one person in the log whose it is: by id, or by name, the first name first or last.
_RAW_TOTALS = rf"""
WITH named AS (
    SELECT *, unnest(["User ID", {_name('"Full name"')}, {_name('"First name" || chr(32) || "Last name"')},
        {_name('"Last name" || chr(32) || "First name"')}]) AS named FROM {{p}}_grades),
people AS (SELECT DISTINCT run, learner, unnest([learner, name]) AS named FROM {{p}}_who WHERE learner IS NOT NULL)
SELECT _id, min(_unit) AS _unit, run, masked(min(learner)) AS learner_id, any_value(
    CASE WHEN regexp_full_match("Course total", '-?\d+([.,]\d+)?') THEN replace("Course total", ',', '.')
        ELSE {shape('"Course total"')} END) AS total
FROM named JOIN people USING (run, named) GROUP BY _id, run HAVING count(DISTINCT learner) = 1"""

_MEMBERS = """
SELECT DISTINCT run, learner_id FROM {p}_raw_totals
UNION SELECT DISTINCT run, learner_id FROM {p}_acts WHERE run NOT IN (SELECT run FROM {p}_grades)"""

_LEARNT = "SELECT * FROM {p}_acts SEMI JOIN {p}_members USING (run, learner_id)"

_RUNS = f"""
WITH days AS (
    SELECT run, date_trunc('day', "Time") AS day, count(DISTINCT learner_id) AS active, max("Time") AS last,
        min(_id) AS _id, min(_unit) AS _unit FROM {{p}}_learnt GROUP BY run, day),
bounds AS (
    SELECT run, min(_id) AS _id, min(_unit) AS _unit, max(last) AS last,
        coalesce(min(day) FILTER (active >= {ACTIVE_SHARE} * members), min(day)) AS first
    FROM days JOIN (SELECT run, count(*) AS members FROM {{p}}_members GROUP BY run) USING (run) GROUP BY run)
SELECT run, _id, _unit, code, code || '_' || strftime(first, '%Y-%m') AS course_id, utc(first) AS starts_at,
    CASE WHEN run IN (SELECT run FROM {{p}}_grades) THEN utc(last) END AS ends_at
FROM bounds JOIN {{p}}_codes USING (run)"""

# Of each canonical table, its columns and the rows.
_MAPPINGS = {
    "courses": "SELECT _id, _unit, course_id, code, starts_at, ends_at, 'raw' AS granularity FROM {p}_runs",
    "enrolments": """
SELECT min(a._id) AS _id, min(a._unit) AS _unit, course_id, learner_id,
    least(any_value(starts_at), min(utc("Time"))) AS enrolled_at, NULL AS unenrolled_at, NULL AS prior_attempts
FROM {p}_learnt AS a JOIN {p}_runs USING (run) GROUP BY course_id, learner_id""",
    "events": """
SELECT a._id, a._unit, course_id, learner_id, utc("Time") AS occurred_at, component, action, target, object_id,
    1 AS count FROM {p}_learnt AS a JOIN {p}_runs USING (run)""",
    "outcomes": """
SELECT t._id, t._unit, course_id, learner_id, CASE WHEN total < {pass_mark} THEN 'fail' ELSE 'pass' END AS outcome,
    total AS final_score, ends_at AS decided_at
FROM {p}_totals AS t JOIN {p}_runs USING (run) WHERE total IS NOT NULL""",
}

_NOTES = (
    "it has no due dates, times of grading, or dates of enrolment: there are no assessments and no submissions, grades "
    "serve as the outcome only, and whoever is in it is enrolled from the run's start, or their first event before it.",
    f"a course run begins on the first day on which {ACTIVE_SHARE:.0%} of its learners are active, and ends with the "
    "last event, if there is a grade book; otherwise it is under way.",
)

# What is said of the data where the count is not 0.
_COUNTED_NOTES = {
    "{} events are nobody's, and left out.": "SELECT count(*) - (SELECT count(*) FROM {p}_who) FROM {p}_rows",
    "{} events do not state their user's id; their learners are told apart by full name.": """
SELECT count(*) FROM {p}_who WHERE user_id IS NULL""",
    "{} people of the log are not in the grade book (staff, guests), and left out.": """
SELECT count(*) FROM (SELECT DISTINCT run, learner_id FROM {p}_acts ANTI JOIN {p}_members USING (run, learner_id))""",
    "{} rows of the grade book fit nobody in the log, or several, and are left out.": """
SELECT count(*) - (SELECT count(*) FROM {p}_raw_totals) FROM {p}_grades""",
    "{} learners of the grade book have no final grade, and no outcome.": """
SELECT count(*) FROM {p}_totals WHERE total IS NULL""",
    "{} course runs have no grade book: all people of the log are taken for learners, staff among them.": """
SELECT count(*) FROM {p}_codes WHERE run NOT IN (SELECT run FROM {p}_grades)""",
}


def read(staging: Staging, source: str, place: str) -> Extracted:
    """Read the reports in the folder `place` as canonical tables.

    Raises:
        SourceError: there is no log, a file cannot be read, or too large a share of its rows is bad.
        SettingError: the pass mark is missing, the time zone is not known, or there is no usable key.
    """
    folder = folder_of(source, place)
    staging.check_key()
    _set_clock(staging)
    reports = find_reports(staging, source, folder)
    p = f"m{len(staging.files)}"
    logs, grades = ([report for report in reports if report.table is table] for table in (LOG, GRADES))
    _read_log(staging, source, folder, logs, p)
    _read_grades(staging, source, folder, grades, p)
    _find_runs(staging, source, p)
    staging.notes.update(f"{source}: {note}" for note in _notes(staging, p))
    units = {"events": len(logs), "outcomes": len(grades)}
    relations = {name: _map(staging, name, p, units.get(name, 1)) for name in _MAPPINGS}
    return Extracted(source, relations, pseudonymous=staging.ids == "pseudonymous")


def _set_clock(staging: Staging) -> None:
    """Let the SQL function `utc` turn a time of the site's clock to UTC."""
    zone = staging.site.timezone
    if not staging.sql("SELECT 1 FROM pg_timezone_names() WHERE name = ?", [zone]):
        raise SettingError("no such time zone", zone, "Name it as in the IANA database: Europe/Berlin, America/Lima.")
    staging.sql(f"CREATE OR REPLACE MACRO utc(local) AS timezone('UTC', timezone({quoted(zone)}, local))")


def _view(staging: Staging, name: str, query: str, p: str, kind: str = "VIEW") -> None:
    mark = staging.site.pass_mark
    text = query.replace("{p}", p).replace("{pass_mark}", "NULL" if mark is None else str(mark))
    staging.sql(f"CREATE {kind} {p}_{name} AS {text}")


def _read_log(staging: Staging, source: str, folder: Path, reports: Sequence[Report], p: str) -> None:
    """Create the views `log` to `acts`.

    Raises:
        SourceError: a log cannot be read, or none has a row.
    """
    first = len(staging.files)
    _view(staging, "log", _union(staging, log_origin(source, folder), LOG, reports, f"{p}_log"), p)
    if not any(file.rows for file in staging.files[first:]):
        label = log_origin(source, folder).label(reports[0].path)
        raise SourceError(
            f"{source}: the log has no rows", label, "Export the log report with all its days and people."
        )
    _view(staging, "rows", _ROWS, p)
    english = {first + number for number, report in enumerate(reports) if report.english}
    parse_times(staging, f"{p}_rows", f"{p}_timed", english=english)
    _view(staging, "who", _WHO, p)
    staging.pseudonymise([(f"{p}_who", "learner")])
    _translate(staging, p)
    _view(staging, "raw_acts", _RAW_ACTS, p, "TABLE")
    sift_values(staging, _ACTS, f"{p}_raw_acts", f"{p}_acts")


def _union(staging: Staging, origin: Origin, table: Table, reports: Sequence[Report], name: str) -> str:
    """The SELECT of the rows of all reports of a kind, with the run of each."""
    selects = []
    for number, report in enumerate(reports):
        raw = read_files(staging, origin, table, [report.path], f"{name}{number}").name
        selects.append(f"SELECT *, {quoted(report.run)} AS run FROM {raw}")
    nothing = ", ".join(f'NULL::VARCHAR AS "{column}"' for column in table.names)
    empty = f"SELECT 0::BIGINT AS {ROW}, 0::BIGINT AS {UNIT}, {nothing}, '' AS run WHERE false"
    return " UNION ALL ".join(selects) or empty


def _translate(staging: Staging, p: str) -> None:
    """Create the table `words`: what the reports call plugins and events, and what Moodle calls them."""
    found = staging.sql(f"SELECT DISTINCT plugin, event, verb, module FROM {p}_rows")
    staging.sql(
        f"CREATE TABLE {p}_words (plugin VARCHAR, event VARCHAR, verb VARCHAR, module VARCHAR, component VARCHAR, "
        "action VARCHAR, target VARCHAR, known_plugin BOOLEAN, known_event BOOLEAN)"
    )
    for plugin, event, verb, module in found:
        component, act = words.component(plugin, module), words.act(event, verb)
        known = (component or "other", *(act or ("other", "other")), component is not None, act is not None)
        staging.sql(f"INSERT INTO {p}_words VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [plugin, event, verb, module, *known])


def _read_grades(staging: Staging, source: str, folder: Path, reports: Sequence[Report], p: str) -> None:
    """Create the views `grades` to `learnt`.

    Raises:
        SourceError: nobody of the grade books is in the log.
    """
    origin = grades_origin(source, folder)
    _view(staging, "grades", _union(staging, origin, GRADES, reports, f"{p}_grades"), p)
    _view(staging, "raw_totals", _RAW_TOTALS, p, "TABLE")
    sift_values(staging, _TOTALS, f"{p}_raw_totals", f"{p}_totals")
    _view(staging, "members", _MEMBERS, p, "TABLE")
    _view(staging, "learnt", _LEARNT, p)
    if reports and not staging.sql(f"SELECT 1 FROM {p}_members LIMIT 1"):
        way_out = "Export both from one course; users are matched by full name, or by a column User ID."
        label = origin.label(reports[0].path)
        raise SourceError(f"{source}: grade book and log have nobody in common", label, way_out)


def _find_runs(staging: Staging, source: str, p: str) -> None:
    """Create the tables `codes` and `runs`.

    Raises:
        SourceError: a folder has events of several courses, or several folders have one course run.
    """
    before = "|".join(words.course_words())
    name = rf"""regexp_extract("Event context", '^(?:{before})\s*:\s*(.*\S)', 1)"""
    _view(
        staging,
        "codes",
        f"SELECT run, coalesce(min(nullif({name}, '')), run) AS code, count(DISTINCT nullif({name}, '')) AS courses "
        "FROM {p}_log GROUP BY run",
        p,
        "TABLE",
    )
    for run, courses in staging.sql(f"SELECT run, courses FROM {p}_codes WHERE courses > 1 ORDER BY run"):
        way_out = "Export the log of each course by itself, and give each course run a folder of its own."
        raise SourceError(f"{source}: the log in {run} is of several courses", f"{courses} courses", way_out)
    _view(staging, "runs", _RUNS, p, "TABLE")
    query = f"SELECT course_id, string_agg(run, ', ' ORDER BY run) FROM {p}_runs GROUP BY 1 HAVING count(*) > 1"
    for course, folders in staging.sql(f"{query} ORDER BY 1"):
        raise SourceError(
            f"{source}: folders have the same course run, {course}", folders, "Put its files in one folder."
        )


def _map(staging: Staging, name: str, p: str, units: int) -> Relation:
    columns = ", ".join(f"{column.name}::{SQL_TYPES[column.type]} AS {column.name}" for column in BY_NAME[name].columns)
    _view(staging, f"to_{name}", f"SELECT _id, _unit, {columns} FROM ({_MAPPINGS[name]})", p)
    return Relation(f"{p}_to_{name}", units)


def _notes(staging: Staging, p: str) -> list[str]:
    notes = [*_NOTES, f"times are those of {staging.site.timezone} (--timezone)."]
    for note, query in _COUNTED_NOTES.items():
        if count := staging.sql(query.format(p=p))[0][0]:
            notes.append(note.format(f"{count:,}"))
    ((grades, failed),) = staging.sql(
        f"SELECT count(total), count(*) FILTER (total < {staging.site.pass_mark or 0}) FROM {p}_totals"
    )
    if grades:
        notes.append(f"{failed:,} of {grades:,} final grades are below the pass mark of {staging.site.pass_mark:g}.")
    return notes + _unknown(staging, p, "plugin", "component") + _unknown(staging, p, "event", "event")


def _unknown(staging: Staging, p: str, column: str, what: str) -> list[str]:
    """Titles that have no word of Moodle's: by name where several people have them, else by number."""
    found = staging.sql(
        f"SELECT {column}, count(DISTINCT learner) >= {_TOLD_BY} FROM {p}_who JOIN {p}_words "
        f"USING (plugin, event, verb, module) WHERE NOT known_{column} GROUP BY 1 ORDER BY 1"
    )
    told, rare = [title for title, often in found if often], sum(not often for _, often in found)
    notes = [f"the {what} {title} is not known; it becomes other." for title in told]
    return notes + ([f"{rare} titles of {what}s are not known and rare; they become other."] if rare else [])
