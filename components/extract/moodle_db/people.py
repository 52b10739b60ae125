"""Who the learners of each run are: those of Moodle's gradebook, and those who were unenrolled."""

from components.extract.moodle_db.serialized import UnreadableError, Value, loads
from components.extract.moodle_db.site import Site
from components.extract.moodle_db.structure import LOG
from components.extract.moodle_db.workspace import Workspace
from components.extract.moodle_log.acts import MACHINES
from earlybell.tables.sql import quoted

_STAFF = ("coursecreator", "editingteacher", "manager", "teacher")  # archetypes of roles
_LISTED_STAFF = ", ".join(map(quoted, _STAFF))
_DELETION = 3  # `action` of a row of grade_grades_history

# The roles of people in each run: in its own context, and in those above it.
_HELD = f"""
WITH above AS (
    SELECT instanceid AS course, unnest(string_split(trim(path, '/'), '/'))::BIGINT AS contextid
    FROM context JOIN chosen ON course = instanceid WHERE contextlevel = 50 AND path IS NOT NULL)
SELECT course, userid, bool_or(roleid IN (SELECT id FROM learner_roles)) AS learner,
    bool_or(archetype IN ({_LISTED_STAFF})) AS staff
FROM above JOIN role_assignments USING (contextid) JOIN "role" ON "role".id = roleid GROUP BY ALL"""

# An enrolment is active until it is suspended or its time is over; that of a method which is off never counts.
_ENROLLED = """
SELECT courseid AS course, userid, min(coalesce(moment_of(timestart), moment_of(timecreated))) AS enrolled_at,
    max(CASE WHEN e.status <> 0 THEN TIMESTAMP '1970-01-01'
        WHEN u.status <> 0 THEN least(coalesce(moment_of(timemodified), TIMESTAMP '1970-01-01'), moment_of(timeend))
        ELSE coalesce(moment_of(timeend), TIMESTAMP 'infinity') END) AS active_until
FROM user_enrolments u JOIN enrol e ON e.id = enrolid GROUP BY ALL"""

_UNENROLMENTS = f"""
SELECT id, other FROM {LOG} WHERE component = 'core' AND action = 'deleted' AND target = 'user_enrolment'"""

# Who was unenrolled: the log has the whole old row, the history of grades the moment when the grades were deleted.
_LEFT = f"""
WITH logged AS (
    SELECT courseid AS course, relateduserid AS userid, max(moment_of(timecreated)) AS left_at,
        min(unenrolments.enrolled_at) AS enrolled_at
    FROM {LOG} JOIN unenrolments USING (id) WHERE relateduserid IS NOT NULL GROUP BY ALL),
deleted AS (
    SELECT courseid AS course, userid, max(moment_of(timemodified)) AS left_at
    FROM grade_grades_history h JOIN grade_items i ON i.id = h.itemid
    WHERE action = {_DELETION} AND source = 'userdelete' GROUP BY ALL)
SELECT course, userid, greatest(logged.left_at, deleted.left_at) AS left_at, enrolled_at
FROM logged FULL JOIN deleted USING (course, userid)"""

# What the log says of the roles of people who have none any more; and who taught, where it says nothing.
_HELD_ONCE = f"""
SELECT courseid AS course, relateduserid AS userid, bool_or(objectid IN (SELECT id FROM learner_roles)) AS learner,
    bool_or(archetype IN ({_LISTED_STAFF})) AS staff
FROM {LOG} LEFT JOIN "role" ON "role".id = objectid
WHERE component = 'core' AND target = 'role' AND action IN ('assigned', 'unassigned') AND contextlevel = 50
GROUP BY ALL"""
_TAUGHT = f"""
SELECT DISTINCT courseid AS course, userid FROM {LOG}
WHERE edulevel = 1 AND realuserid IS NULL AND NOT (action = 'graded' AND target = 'user')"""
_CREATED = f"""
SELECT courseid AS course, relateduserid AS userid, min(moment_of(timecreated)) AS created_at FROM {LOG}
WHERE component = 'core' AND action = 'created' AND target = 'user_enrolment' GROUP BY ALL"""

# Everybody of a run, and why somebody is no learner.
_EVERYBODY = """
SELECT course, userid, e.course IS NULL AS is_gone,
    CASE WHEN u.id IS NULL OR u.deleted <> 0 THEN 'deleted'
        WHEN userid IN (SELECT id FROM nobodies) THEN 'guest or administrator'
        WHEN h.staff OR (is_gone AND o.staff) THEN 'staff'
        WHEN NOT is_gone AND NOT coalesce(h.learner, false) THEN 'no role of a learner'
        WHEN is_gone AND o.userid IS NOT NULL AND NOT o.learner THEN 'no role of a learner'
        WHEN is_gone AND o.userid IS NULL AND t.userid IS NOT NULL THEN 'staff' END AS cause,
    least(e.enrolled_at, l.enrolled_at) AS stated, c.created_at,
    CASE WHEN is_gone THEN left_at END AS left_at, active_until
FROM enrolled e FULL JOIN left_once l USING (course, userid)
LEFT JOIN "user" u ON u.id = userid LEFT JOIN held h USING (course, userid) LEFT JOIN held_once o USING (course, userid)
LEFT JOIN taught t USING (course, userid) LEFT JOIN created c USING (course, userid)"""

# Who looks at what Earlybell says of them does nothing in the course by that. The plugin leaves these rows out as well.
_ACTS = f"""
SELECT DISTINCT courseid AS course, l.userid, moment_of(timecreated) AS occurred_at, component, action, target,
    CASE contextlevel WHEN 70 THEN contextinstanceid END AS module, objectid
FROM {LOG} l JOIN learners m ON m.course = l.courseid AND m.userid = l.userid
WHERE realuserid IS NULL AND coalesce(origin, '') NOT IN ({", ".join(map(quoted, MACHINES))})
    AND moment_of(timecreated) IS NOT NULL AND component <> 'local_earlybell'"""


def find_people(workspace: Workspace, site: Site) -> None:
    """Create `everybody` (course, userid, cause, stated, created_at, left_at, active_until), `learners`, those of them
    without a cause against it, and `acts`, their own in their runs: one each, however often the log has it."""
    workspace.create("learner_roles", _learner_roles(site))
    nobodies = [*site.ids("siteadmins"), *site.ids("siteguest"), 0, -1]
    workspace.create("nobodies", f"SELECT unnest([{', '.join(map(str, nobodies))}]) AS id")
    workspace.create("held", _HELD)
    workspace.create("enrolled", _ENROLLED)
    _read_unenrolments(workspace)
    workspace.create("left_once", _LEFT)
    workspace.create("held_once", _HELD_ONCE)
    workspace.create("taught", _TAUGHT)
    workspace.create("created", _CREATED)
    workspace.create("everybody", _EVERYBODY)
    workspace.create("learners", "SELECT * EXCLUDE (cause) FROM everybody WHERE cause IS NULL")
    workspace.create("acts", _ACTS)


def _learner_roles(site: Site) -> str:
    """Moodle's gradebook has roles of its own; a site that names none grades its students."""
    listed = ", ".join(map(str, site.ids("gradebookroles")))
    condition = f"id IN ({listed})" if listed else "archetype = 'student'"
    return f'SELECT id FROM "role" WHERE {condition}'


def _read_unenrolments(workspace: Workspace) -> None:
    """Create `unenrolments` (id of the log's row, enrolled_at): what the deleted enrolment said of its beginning."""
    workspace.sql("CREATE TABLE unenrolments (id BIGINT, enrolled_at TIMESTAMP)")
    workspace.sql("CREATE TABLE began (id BIGINT, began BIGINT)")
    workspace.insert("began", [(id_, _began(other)) for id_, other in workspace.sql(_UNENROLMENTS)])
    workspace.sql("INSERT INTO unenrolments SELECT id, moment_of(began) FROM began")


def _began(other: str | None) -> int | None:
    """When the enrolment in `other` of its deletion began; None where it does not say."""
    try:
        row = _within(loads(other or ""), "userenrolment")
    except UnreadableError:
        return None
    started, created = _seconds(_within(row, "timestart")), _seconds(_within(row, "timecreated"))
    return started or created or None


def _within(value: Value, name: str) -> Value:
    return value.get(name) if isinstance(value, dict) else None


def _seconds(value: Value) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else 0
