"""A site without the plugin: of the rows that `moodle-db` reads, as many as Moodle's own functions tell.

There is no log but of what was handed in, and nobody who left. `notes` says what else is missing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from components.extract.moodle_db.marks import NATURAL
from components.extract.moodle_db.runs import Choice, choose
from components.extract.moodle_db.site import Site, check_version
from components.extract.moodle_db.source import make_chosen
from components.extract.moodle_db.structure import ALL, COURSES, LOG, SITE
from components.extract.moodle_db.workspace import Workspace
from components.extract.moodle_web.address import Address
from components.extract.moodle_web.client import Client
from components.extract.moodle_web.participants import PAGE, read_enrolments
from components.reporting import progress
from earlybell.errors import SourceError

ASSIGN, QUIZ = 1, 2  # ids of the modules: Moodle's functions do not say them
AT_ONCE = 20  # assignments whose submissions are asked for in one call: the answer has all texts
COURSES_AT_ONCE = 500  # in one call: PHP drops, without a word, what is over its max_input_vars of 1,000
MANY = 300  # participants, from which on marks are asked for by learner: one call for all would take minutes
_STAFF = {"manager", "coursecreator", "editingteacher", "teacher"}  # short names, and archetypes, as Moodle has them
_MODULES = {"assign": ASSIGN, "quiz": QUIZ}
_ACTS = f"""
INSERT INTO {LOG} (component, action, target, objectid, edulevel, contextlevel, contextinstanceid, userid, courseid,
    timecreated, origin)
SELECT 'mod_assign', 'submitted', 'assessable', s.id, 2, 70, m.id, s.userid, a.course, s.timemodified, 'web'
FROM assign_submission s JOIN assign a ON a.id = assignment
JOIN course_modules m ON m.module = {ASSIGN} AND instance = a.id
WHERE status = 'submitted' AND s.userid > 0
UNION ALL
SELECT 'mod_quiz', 'submitted', 'attempt', NULL, 2, 70, m.id, t.userid, q.course, timefinish, 'web'
FROM quiz_attempts t JOIN quiz q ON q.id = quiz JOIN course_modules m ON m.module = {QUIZ} AND instance = q.id"""
_LEARNERS = """
SELECT userid FROM role_assignments JOIN "role" ON "role".id = roleid WHERE contextid = ?
GROUP BY 1 HAVING bool_or(archetype = 'student') AND bool_and(archetype IN ('student', '')) ORDER BY 1"""
_T = TypeVar("_T")


class _Field(msgspec.Struct):
    shortname: str
    valueraw: str | int | float | None = None
    value: str | None = None


class _Course(msgspec.Struct):
    id: int
    shortname: str
    categoryid: int
    startdate: int
    enddate: int = 0
    idnumber: str = ""
    customfields: list[_Field] = []


class _Category(msgspec.Struct):
    id: int
    path: str


class _Role(msgspec.Struct):
    roleid: int
    shortname: str


class _Group(msgspec.Struct):
    id: int


class _User(msgspec.Struct):
    id: int
    roles: list[_Role] = []
    groups: list[_Group] = []


class _Assignment(msgspec.Struct):
    id: int
    cmid: int
    course: int
    duedate: int
    cutoffdate: int
    nosubmissions: int
    teamsubmission: int
    teamsubmissiongroupingid: int
    markingworkflow: int
    blindmarking: int
    revealidentities: int


class _Assigned(msgspec.Struct):
    assignments: list[_Assignment]


class _Assignments(msgspec.Struct):
    courses: list[_Assigned]


class _Submission(msgspec.Struct):
    id: int
    userid: int
    groupid: int
    status: str
    attemptnumber: int
    timemodified: int


class _Grade(msgspec.Struct):
    id: int
    userid: int
    attemptnumber: int
    grade: str
    timemodified: int


class _Flags(msgspec.Struct):
    id: int
    userid: int
    extensionduedate: int
    workflowstate: str | None = None


class _OfAssignment(msgspec.Struct):
    assignmentid: int
    submissions: list[_Submission] = []
    grades: list[_Grade] = []
    userflags: list[_Flags] = []


class _Warning(msgspec.Struct):
    message: str = ""


class _OfAssignments(msgspec.Struct):
    assignments: list[_OfAssignment]
    warnings: list[_Warning] = []


class _Quiz(msgspec.Struct):
    id: int
    coursemodule: int
    course: int
    timeclose: int = 0
    sumgrades: float | None = None
    grade: float | None = None


class _Quizzes(msgspec.Struct):
    quizzes: list[_Quiz]


class _Override(msgspec.Struct):
    id: int
    quiz: int
    userid: int | None = None
    groupid: int | None = None
    timeclose: int | None = None


class _Overrides(msgspec.Struct):
    overrides: list[_Override]


class _Item(msgspec.Struct):
    id: int
    itemtype: str
    itemmodule: str | None = None
    iteminstance: int | None = None
    itemnumber: int | None = None
    categoryid: int | None = None
    graderaw: float | None = None
    gradedatesubmitted: int | None = None
    gradedategraded: int | None = None
    gradeishidden: bool = False
    grademin: float = 0
    grademax: float = 0


class _UserGrades(msgspec.Struct):
    userid: int
    gradeitems: list[_Item]


class _Grades(msgspec.Struct):
    usergrades: list[_UserGrades]


@dataclass(frozen=True)
class _Read:
    """What fills the workspace: the client, the address, and whom it is about."""

    workspace: Workspace
    client: Client
    address: Address

    def fill(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
        """Insert rows of a table's columns; its others are NULL."""
        listed = ", ".join(f'"{column}"' for column in columns.split())
        self.workspace.insert(f'"{table}" ({listed})', list(rows))

    def chunks(self, values: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
        for start in range(0, len(values), size):
            yield values[start : start + size]


def copy(workspace: Workspace, client: Client, address: Address, version: str) -> tuple[Site, Choice]:
    """Fill the tables that `moodle-db` copies, as far as Moodle's own functions go.

    Args:
        version: of Moodle, as its functions say it.

    Raises:
        SourceError: it cannot be read, is too old, or has no such course.
    """
    read = _Read(workspace, client, address)
    for table in (*SITE, *COURSES):
        workspace.make(table.name, table.columns)
    _read_courses(read)
    choice = choose(workspace, address.options, str(address))
    make_chosen(workspace, choice)
    courses = [course.id for course in choice.courses]
    roles = dict[int, str]()
    people = {course: _read_people(read, course, roles) for course in courses}
    read.fill("role", "id archetype", [(role, _archetype(read, name)) for role, name in sorted(roles.items())])
    everybody = sorted({user for users in people.values() for user in users})
    read.fill("user", "id deleted", [(user, 0) for user in everybody])
    read_enrolments(workspace, client, address, people)
    read.fill("modules", "id name", [(number, name) for name, number in _MODULES.items()])
    _read_assignments(read, courses)
    quizzes = _read_quizzes(read, courses)
    for course in courses:
        _read_marks(read, course, _learners(read, course), quizzes)
        progress("extract", f"course {course}: {len(people[course]):,} participants")
    workspace.sql(_ACTS)
    learners = ",".join(str(role) for role, name in roles.items() if name in address.options.roles)
    settings = {"version": version, "gradebookroles": learners or "0"}
    moment = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    number = check_version(str(client), settings)
    return Site(str(client), number, moment, settings, frozenset(table.name for table in ALL), frozenset()), choice


def _archetype(read: _Read, name: str) -> str:
    return name if name in _STAFF else "student" if name in read.address.options.roles else ""


def _read_courses(read: _Read) -> None:
    courses = [course for course in read.client.call("core_course_get_courses", list[_Course]) if course.categoryid]
    columns = "id category shortname idnumber startdate enddate relativedatesmode"
    read.fill(
        "course",
        columns,
        [(c.id, c.categoryid, c.shortname, c.idnumber, c.startdate, c.enddate, 0) for c in courses],
    )
    categories = read.client.call("core_course_get_categories", list[_Category])
    read.fill("course_categories", "id path", [(category.id, category.path) for category in categories])
    names = sorted({field.shortname for course in courses for field in course.customfields})
    numbers = {name: number for number, name in enumerate(names, 1)}
    read.fill("customfield_category", "id component area", [(1, "core_course", "course")])
    read.fill("customfield_field", "id shortname categoryid", [(number, name, 1) for name, number in numbers.items()])
    values = [
        (numbers[field.shortname], course.id, str(field.valueraw if field.valueraw is not None else field.value or ""))
        for course in courses
        for field in course.customfields
    ]
    read.fill("customfield_data", "fieldid instanceid value", values)


def _read_people(read: _Read, course: int, roles: dict[int, str]) -> list[int]:
    """Who is in a course; their roles and groups are filled in.

    Args:
        roles: short names by id, to which new ones are added.
    """
    people = [*_pages(lambda start: _page_of_users(read, course, start))]
    roles |= {role.roleid: role.shortname for user in people for role in user.roles}
    read.fill("context", "id contextlevel instanceid path", [(course, 50, course, f"/{course}")])
    held = [(role.roleid, course, user.id) for user in people for role in user.roles]
    read.fill("role_assignments", "roleid contextid userid", held)
    groups = sorted({group.id for user in people for group in user.groups})
    read.fill("groups", "id courseid", [(group, course) for group in groups])
    members = [(group.id, user.id, 0) for user in people for group in user.groups]
    read.fill("groups_members", "groupid userid timeadded", members)
    return [user.id for user in people]


def _learners(read: _Read, course: int) -> list[int]:
    """Who has a role of learners in a course, and none of staff."""
    return [user for (user,) in read.workspace.sql(_LEARNERS, [course])]


def _page_of_users(read: _Read, course: int, start: int) -> list[_User]:
    settings = {"userfields": "id,roles,groups", "limitfrom": str(start), "limitnumber": str(PAGE)}
    options = [{"name": name, "value": value} for name, value in settings.items()]
    return read.client.call("core_enrol_get_enrolled_users", list[_User], courseid=course, options=options)


def _pages(page: Callable[[int], Sequence[_T]]) -> Iterator[_T]:
    start = 0
    while rows := page(start):
        yield from rows
        if len(rows) < PAGE:
            return
        start += len(rows)


def _read_assignments(read: _Read, courses: Sequence[int]) -> None:
    answers = [
        read.client.call("mod_assign_get_assignments", _Assignments, courseids=some, includenotenrolledcourses=True)
        for some in read.chunks(courses, COURSES_AT_ONCE)
    ]
    assignments = [assignment for answer in answers for course in answer.courses for assignment in course.assignments]
    columns = (
        "id course duedate cutoffdate nosubmissions teamsubmission teamsubmissiongroupingid markingworkflow "
        "blindmarking revealidentities"
    )
    read.fill("assign", columns, [[getattr(a, name) for name in columns.split()] for a in assignments])
    _fill_modules(read, "assign", [(a.cmid, a.course, a.id) for a in assignments])
    for some in read.chunks([assignment.id for assignment in assignments], AT_ONCE):
        of = {
            name: read.client.call(f"mod_assign_get_{name}", _OfAssignments, assignmentids=some)
            for name in ("submissions", "grades", "user_flags")
        }
        if refused := [warning.message for warning in of["user_flags"].warnings if "access" in warning.message]:
            way_out = "Give the token's user mod/assign:grade: without it Moodle shows no extension to web services."
            raise SourceError(f"{read.client} does not show extensions", refused[0], way_out)
        read.fill(
            "assign_submission",
            "id assignment userid groupid status attemptnumber timemodified",
            [
                (s.id, a.assignmentid, s.userid, s.groupid, s.status, s.attemptnumber, s.timemodified)
                for a in of["submissions"].assignments
                for s in a.submissions
            ],
        )
        read.fill(
            "assign_grades",
            "id assignment userid attemptnumber grade timemodified",
            [
                (g.id, a.assignmentid, g.userid, g.attemptnumber, float(g.grade or -1), g.timemodified)
                for a in of["grades"].assignments
                for g in a.grades
            ],
        )
        read.fill(
            "assign_user_flags",
            "id assignment userid extensionduedate workflowstate",
            [
                (f.id, a.assignmentid, f.userid, f.extensionduedate, f.workflowstate)
                for a in of["user_flags"].assignments
                for f in a.userflags
            ],
        )


def _read_quizzes(read: _Read, courses: Sequence[int]) -> dict[int, _Quiz]:
    """The quizzes by their ids."""
    answers = [
        read.client.call("mod_quiz_get_quizzes_by_courses", _Quizzes, courseids=some)
        for some in read.chunks(courses, COURSES_AT_ONCE)
    ]
    quizzes = [quiz for answer in answers for quiz in answer.quizzes]
    rows = [(quiz.id, quiz.course, quiz.timeclose, quiz.sumgrades, quiz.grade) for quiz in quizzes]
    read.fill("quiz", "id course timeclose sumgrades grade", rows)
    _fill_modules(read, "quiz", [(quiz.coursemodule, quiz.course, quiz.id) for quiz in quizzes])
    for quiz in quizzes:
        overrides = read.client.call("mod_quiz_get_overrides", _Overrides, quizid=quiz.id).overrides
        rows_of = [(o.id, o.quiz, o.userid, o.groupid, o.timeclose) for o in overrides]
        read.fill("quiz_overrides", "id quiz userid groupid timeclose", rows_of)
    return {quiz.id: quiz for quiz in quizzes}


def _fill_modules(read: _Read, module: str, rows: Iterable[tuple[int, int, int]]) -> None:
    read.fill(
        "course_modules",
        "id course module instance visible deletioninprogress",
        [(cm, course, _MODULES[module], instance, 1, 0) for cm, course, instance in rows],
    )


def _read_marks(read: _Read, course: int, people: Sequence[int], quizzes: dict[int, _Quiz]) -> None:
    """The gradebook as each learner's report has it; a mark of a quiz is all that is known of its attempts.

    Nothing says how categories weigh their items: their points do, as in a gradebook that is as Moodle makes it.
    """
    grades = _grades_of(read, course, 0) if len(people) <= MANY else []
    others = set(people) - {learner.userid for learner in grades}  # whom the report leaves out is suspended
    grades += [learner for user in sorted(others) for learner in _grades_of(read, course, user)]
    items = {item.id: item for learner in grades for item in learner.gradeitems}
    total = next((item.iteminstance for item in items.values() if item.itemtype == "course"), 0) or 0
    categories = {item.iteminstance for item in items.values() if item.itemtype == "category"}
    read.fill(
        "grade_categories",
        "id parent aggregation",
        [(total, None, NATURAL), *((category, total, NATURAL) for category in sorted(filter(None, categories)))],
    )
    read.fill(
        "grade_items",
        "id courseid categoryid itemtype itemmodule iteminstance itemnumber gradetype grademax grademin hidden "
        "aggregationcoef aggregationcoef2",
        [
            (i.id, course, i.categoryid, i.itemtype, i.itemmodule, i.iteminstance, i.itemnumber, 1, *_points(i))
            for i in items.values()
        ],
    )
    read.fill(
        "grade_grades",
        "itemid userid finalgrade rawgrademin rawgrademax hidden timemodified",
        [
            (i.id, learner.userid, i.graderaw, i.grademin, i.grademax, int(i.gradeishidden), i.gradedategraded)
            for learner in grades
            for i in learner.gradeitems
        ],
    )
    attempts = [
        (quiz.id, learner.userid, 1, 0, "finished", 0, *_times(item), _sum(quiz, item.graderaw))
        for learner in grades
        for item in learner.gradeitems
        if item.itemmodule == "quiz" and item.graderaw is not None and (quiz := quizzes.get(item.iteminstance or 0))
    ]
    read.fill(
        "quiz_attempts", "quiz userid attempt preview state timestart timefinish timemodified sumgrades", attempts
    )


def _points(item: _Item) -> tuple[float, ...]:
    """The range of an item, and that nothing is hidden, or known of its weight."""
    return (item.grademax, item.grademin, 0, 0, 0)


def _times(item: _Item) -> tuple[int | None, int | None]:
    """When an attempt ended, and when its mark was given."""
    return item.gradedatesubmitted or item.gradedategraded, item.gradedategraded


def _grades_of(read: _Read, course: int, user: int) -> list[_UserGrades]:
    return read.client.call("gradereport_user_get_grade_items", _Grades, courseid=course, userid=user).usergrades


def _sum(quiz: _Quiz, mark: float) -> float | None:
    """The points of an attempt, of which Moodle made this mark."""
    return mark / quiz.grade * quiz.sumgrades if quiz.grade and quiz.sumgrades else None


def notes(address: Address) -> Iterator[str]:
    """What Moodle's own web services lack."""
    yield (
        "without the plugin local_earlybell Moodle's web services have no log: the only activity is work that was "
        "handed in. Install the plugin, or read the database."
    )
    yield "who was unenrolled is not known without the plugin: nobody has withdrawn, and their records are not there."
    yield (
        "without the plugin a quiz has the attempt that counts alone, and only once it has a mark; a submission its "
        "last time alone; of a team's work who handed it in alone has its mark; workshops, lessons, SCORM, H5P and "
        "assignments' own deadlines for groups are not there."
    )
    yield "without the plugin weights are shares of the points, and no pass mark is known: state pass_mark."
    if address.options.report is None:
        yield "when learners were enrolled is not known, and counts as their run's start. State a custom report."
    else:
        yield "without the plugin nobody knows since when a learner is suspended: they have no outcome."
