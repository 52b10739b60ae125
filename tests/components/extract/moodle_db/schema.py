"""Moodle's tables as the tests make them: the columns that are read, and some beside them that nobody may read.

The names and types are those of Moodle 4.5. A column is an integer that is not NULL, but for what stands behind the
colon: `n` a number, `t` a text, `?` that it may be NULL.
"""

from collections.abc import Mapping, Sequence

PERSONAL = "firstname:t lastname:t email:t"
TABLES: Mapping[str, str] = {
    "config": "name:t value:t",
    "config_plugins": "plugin:t name:t value:t",
    "course": "category fullname:t shortname:t idnumber:t startdate enddate relativedatesmode visible",
    "course_categories": "name:t path:t parent",
    "customfield_field": "shortname:t name:t categoryid",
    "customfield_category": "name:t component:t area:t",
    "customfield_data": "fieldid instanceid intvalue:? value:t",
    "modules": "name:t",
    "course_modules": "course module instance visible deletioninprogress",
    "role": "shortname:t archetype:t",
    "context": "contextlevel instanceid path:t?",
    "role_assignments": "roleid contextid userid",
    "user": f"username:t password:t deleted suspended {PERSONAL}",
    "user_info_field": "shortname:t name:t",
    "user_info_data": "userid fieldid data:t",
    "enrol": "enrol:t courseid status password:t?",
    "user_enrolments": "enrolid userid status timestart timeend timecreated timemodified",
    "groups_members": "groupid userid timeadded",
    "groups": "courseid name:t enrolmentkey:t?",
    "groupings_groups": "groupingid groupid",
    "grade_categories": "courseid parent:? aggregation fullname:t",
    "grade_items": "courseid:? categoryid:? itemname:t? itemtype:t itemmodule:t? iteminstance:? itemnumber:? gradetype "
    "grademax:n grademin:n gradepass:n aggregationcoef:n aggregationcoef2:n hidden",
    "grade_grades": "itemid userid rawgrade:n? finalgrade:n? rawgrademin:n rawgrademax:n hidden timemodified:? "
    "aggregationstatus:t aggregationweight:n? feedback:t?",
    "grade_grades_history": "action source:t? itemid userid rawgrade:n? finalgrade:n? rawgrademin:n rawgrademax:n "
    "timemodified:? feedback:t?",
    "assign": "course name:t duedate cutoffdate nosubmissions teamsubmission teamsubmissiongroupingid markingworkflow "
    "blindmarking revealidentities",
    "assign_submission": "assignment userid groupid status:t? attemptnumber timecreated timemodified",
    "assign_grades": "assignment userid attemptnumber grader grade:n? timemodified",
    "assign_user_flags": "assignment userid extensionduedate workflowstate:t?",
    "assign_overrides": "assignid userid:? groupid:? sortorder:? duedate:?",
    "quiz": "course name:t timeclose sumgrades:n grade:n password:t",
    "quiz_attempts": "quiz userid attempt preview state:t timestart timefinish timemodified sumgrades:n?",
    "quiz_overrides": "quiz userid:? groupid:? timeclose:? password:t?",
    "workshop": "course name:t submissionend:? phase:? grade:n?",
    "workshop_submissions": "workshopid authorid example:? timecreated timemodified grade:n? gradeover:n? content:t?",
    "lesson": "course name:t deadline grade practice password:t",
    "lesson_grades": "lessonid userid grade:n completed",
    "lesson_overrides": "lessonid userid:? groupid:? deadline:?",
    "scorm": "course name:t timeclose",
    "scorm_attempt": "userid scormid attempt",
    "scorm_element": "element:t",
    "scorm_scoes_value": "attemptid elementid value:t timemodified",
    "h5pactivity": "course name:t",
    "h5pactivity_attempts": "h5pactivityid userid attempt timemodified rawscore:? maxscore:? duration:? completion:?",
    "logstore_standard_log": "eventname:t component:t action:t target:t objecttable:t? objectid:? crud:t edulevel "
    "contextlevel contextinstanceid userid courseid:? relateduserid:? anonymous other:t? timecreated origin:t? ip:t? "
    "realuserid:?",
    "local_earlybell_action": "courseid userid actorid kind:t text:t? timeundone timesent timecreated",
    "local_earlybell_optout": "courseid userid timecreated",
    "local_earlybell_arm": "courseid userid arm:t block timedrawn timerecorded timeflagged timeexempt",
    "external_tokens": "token:t userid",
}
_TYPES = {
    "postgresql": {"": "bigint", "n": "numeric(10,5)", "t": "varchar(1333)"},
    "mysql": {"": "bigint", "n": "decimal(10,5)", "t": "varchar(1333)"},
}
_ID = {
    "postgresql": "bigserial PRIMARY KEY",
    "mysql": "bigint NOT NULL AUTO_INCREMENT PRIMARY KEY",
}
_DEFAULTS = {"": "0", "n": "0", "t": "''"}
Row = Mapping[str, object]


def columns_of(table: str) -> list[str]:
    """The names of a table's columns."""
    return ["id", *(text.partition(":")[0] for text in TABLES[table].split())]


def statements(engine: str, prefix: str = "mdl_") -> list[str]:
    """The CREATE TABLE statement of each table; in MySQL quotes are ANSI's."""
    return [_create(engine, f"{prefix}{name}", columns) for name, columns in TABLES.items()]


def _create(engine: str, name: str, columns: str) -> str:
    parts = [f'"id" {_ID[engine]}']
    for text in columns.split():
        column, _, kind = text.partition(":")
        plain = kind.removesuffix("?")
        null = "" if kind.endswith("?") else f" NOT NULL DEFAULT {_DEFAULTS[plain]}"
        parts.append(f'"{column}" {_TYPES[engine][plain]}{null}')
    return f'CREATE TABLE "{name}" ({", ".join(parts)})'


def inserts(table: str, rows: Sequence[Row], prefix: str = "mdl_") -> list[tuple[str, list[object]]]:
    """A statement and its values for each row, with `%s` for a value."""
    made = []
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join(["%s"] * len(row))
        made.append((f'INSERT INTO "{prefix}{table}" ({names}) VALUES ({marks})', list(row.values())))
    return made
