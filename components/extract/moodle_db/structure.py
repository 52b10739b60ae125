"""Which tables and columns of Moodle's are read: of nothing else the database is asked.

The script of the read-only role (`grants`) is made of it, and so are the workspace's tables.
"""

from dataclasses import dataclass
from typing import Literal

Type = Literal["integer", "number", "text"]
_TYPES: dict[str, Type] = {"": "integer", "n": "number", "t": "text"}
LOG = "logstore_standard_log"
PLUGIN = "local_earlybell"


@dataclass(frozen=True)
class MoodleColumn:
    """A column: nearly all are integers, times among them, in seconds since 1970."""

    name: str
    type: Type

    @property
    def sql_type(self) -> str:
        """DuckDB's."""
        return {"integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR"}[self.type]


@dataclass(frozen=True)
class MoodleTable:
    """A table without its prefix.

    Attributes:
        columns: what is read of it; `id` is the first.
        within: SQL that holds for the rows of the courses `{courses}`, of the tables with the prefix `{p}`; empty: all
            rows are read.
        module: the activity or plugin whose table it is; it is not there where the site does not have that.
    """

    name: str
    columns: tuple[MoodleColumn, ...]
    within: str = ""
    module: str = ""


def _table(name: str, columns: str, within: str = "", module: str = "") -> MoodleTable:
    parts = (text.partition(":") for text in f"id {columns}".split())
    return MoodleTable(name, tuple(MoodleColumn(column, _TYPES[kind]) for column, _, kind in parts), within, module)


_ITEMS = "itemid IN (SELECT id FROM {p}grade_items WHERE courseid IN ({courses}))"
_CONTEXTS = "contextlevel IN (10, 40, 50)"


def _of(module: str, column: str) -> str:
    return f"{column} IN (SELECT id FROM {{p}}{module} WHERE course IN ({{courses}}))"


SITE: tuple[MoodleTable, ...] = (  # what is read before it is known which courses are
    _table("course", "category shortname:t idnumber:t startdate enddate relativedatesmode"),
    _table("course_categories", "path:t"),
    _table("customfield_field", "shortname:t categoryid"),
    _table("customfield_category", "component:t area:t"),
    # Other components have fields as well, of people too.
    _table(
        "customfield_data",
        "fieldid instanceid value:t",
        "fieldid IN (SELECT f.id FROM {p}customfield_field f JOIN {p}customfield_category c ON c.id = f.categoryid "
        "WHERE c.component = 'core_course' AND c.area = 'course')",
    ),
)

COURSES: tuple[MoodleTable, ...] = (
    _table("modules", "name:t"),
    _table("course_modules", "course module instance visible deletioninprogress", "course IN ({courses})"),
    _table("role", "archetype:t"),
    _table("context", "contextlevel instanceid path:t", _CONTEXTS),
    _table(
        "role_assignments", "roleid contextid userid", f"contextid IN (SELECT id FROM {{p}}context WHERE {_CONTEXTS})"
    ),
    _table("user", "deleted"),
    _table("enrol", "courseid status", "courseid IN ({courses})"),
    _table(
        "user_enrolments",
        "enrolid userid status timestart timeend timecreated timemodified",
        "enrolid IN (SELECT id FROM {p}enrol WHERE courseid IN ({courses}))",
    ),
    _table("groups_members", "groupid userid timeadded"),
    _table("groups", "courseid", "courseid IN ({courses})"),
    _table("groupings_groups", "groupingid groupid"),
    _table("grade_categories", "parent aggregation", "courseid IN ({courses})"),
    _table(
        "grade_items",
        "courseid categoryid itemtype:t itemmodule:t iteminstance itemnumber gradetype grademax:n grademin:n "
        "gradepass:n aggregationcoef:n aggregationcoef2:n hidden",
        "courseid IN ({courses})",
    ),
    _table(
        "grade_grades",
        "itemid userid rawgrade:n finalgrade:n rawgrademin:n rawgrademax:n hidden timemodified aggregationstatus:t "
        "aggregationweight:n",
        _ITEMS,
    ),
    _table(
        "grade_grades_history",
        "action source:t itemid userid rawgrade:n finalgrade:n rawgrademin:n rawgrademax:n timemodified",
        _ITEMS,
    ),
    _table(
        "assign",
        "course duedate cutoffdate nosubmissions teamsubmission teamsubmissiongroupingid markingworkflow blindmarking "
        "revealidentities",
        "course IN ({courses})",
        "assign",
    ),
    _table(
        "assign_submission",
        "assignment userid groupid status:t attemptnumber timemodified",
        _of("assign", "assignment"),
        "assign",
    ),
    _table(
        "assign_grades", "assignment userid attemptnumber grade:n timemodified", _of("assign", "assignment"), "assign"
    ),
    _table(
        "assign_user_flags",
        "assignment userid extensionduedate workflowstate:t",
        _of("assign", "assignment"),
        "assign",
    ),
    _table("assign_overrides", "assignid userid groupid sortorder duedate", _of("assign", "assignid"), "assign"),
    _table("quiz", "course timeclose sumgrades:n grade:n", "course IN ({courses})", "quiz"),
    _table(
        "quiz_attempts",
        "quiz userid attempt preview state:t timestart timefinish timemodified sumgrades:n",
        _of("quiz", "quiz"),
        "quiz",
    ),
    _table("quiz_overrides", "quiz userid groupid timeclose", _of("quiz", "quiz"), "quiz"),
    _table("workshop", "course submissionend phase grade:n", "course IN ({courses})", "workshop"),
    _table(
        "workshop_submissions",
        "workshopid authorid example timecreated timemodified grade:n gradeover:n",
        _of("workshop", "workshopid"),
        "workshop",
    ),
    _table("lesson", "course deadline grade:n practice", "course IN ({courses})", "lesson"),
    _table("lesson_grades", "lessonid userid grade:n completed", _of("lesson", "lessonid"), "lesson"),
    _table("lesson_overrides", "lessonid userid groupid deadline", _of("lesson", "lessonid"), "lesson"),
    _table("scorm", "course timeclose", "course IN ({courses})", "scorm"),
    _table("scorm_attempt", "userid scormid attempt", _of("scorm", "scormid"), "scorm"),
    _table(
        "scorm_scoes_value",
        "attemptid value:t timemodified",
        "elementid IN (SELECT id FROM {p}scorm_element WHERE element IN "
        "('cmi.core.lesson_status', 'cmi.completion_status', 'cmi.success_status'))",
        "scorm",
    ),
    _table("h5pactivity", "course", "course IN ({courses})", "h5pactivity"),
    _table(
        "h5pactivity_attempts",
        "h5pactivityid userid attempt timemodified rawscore maxscore duration completion",
        _of("h5pactivity", "h5pactivityid"),
        "h5pactivity",
    ),
    _table(
        f"{PLUGIN}_action",
        "courseid userid kind:t timeundone timesent",
        "courseid IN ({courses})",
        PLUGIN,
    ),
    _table(f"{PLUGIN}_optout", "courseid userid", "courseid IN ({courses})", PLUGIN),
    _table(
        f"{PLUGIN}_arm",
        "courseid userid arm:t block timedrawn timerecorded timeflagged timeexempt",
        "courseid IN ({courses})",
        PLUGIN,
    ),
    _table(
        LOG,
        "component:t action:t target:t objectid edulevel contextlevel contextinstanceid userid courseid relateduserid "
        "other:t timecreated origin:t realuserid",
        "anonymous = 0 AND courseid IN ({courses})",
    ),
)

(LOG_TABLE,) = (table for table in COURSES if table.name == LOG)

# What is only asked about, in conditions, and never copied.
ASKED: tuple[MoodleTable, ...] = (_table("scorm_element", "element:t", "", "scorm"),)

ALL = (*SITE, *COURSES, *ASKED)
# Columns that a condition needs, beside those that are read.
ALSO_USED = {LOG: ("anonymous",), "grade_categories": ("courseid",), "scorm_scoes_value": ("elementid",)}

# Of the profile fields that a site names, by whom, which, and what.
ATTRIBUTES = (MoodleColumn("userid", "integer"), MoodleColumn("shortname", "text"), MoodleColumn("data", "text"))

# Of `config` and `config_plugins`, which hold passwords and tokens, these rows alone.
SETTINGS = (
    "version",
    "upgraderunning",
    "gradebookroles",
    "siteadmins",
    "siteguest",
    "siteidentifier",
    "timezone",
    "calendar_weekend",
)
PLUGIN_SETTINGS = (("tool_log", "enabled_stores"), ("logstore_standard", "loglifetime"))
