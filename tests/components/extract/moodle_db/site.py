"""A Moodle site by hand: two runs of Statistics and what surprises whoever reads the tables.

Course 5 is over (2 September to 20 December 2024, Muscat), course 6 goes on. Times count from DAY 0, the start of 5.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

DAY = 86_400
START = int(datetime(2024, 9, 1, 20, tzinfo=UTC).timestamp())  # midnight of the 2nd in Muscat
END = START + 110 * DAY
NEVER = 2_147_483_647
FAR, LATER = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2099, 2037))

ADMIN, GUEST = 2, 1
ANN, BEN, CAM, DAN, EVE, FAY, TOM, GUS, HAL, IRA, JO, KIM, LOU, MEG, NED, OLA = range(10, 26)
STUDENT, TEACHER, EDITING, MANAGER = 5, 4, 3, 1
Rows = dict[str, list[dict[str, object]]]


def at(day: float) -> datetime:
    """A moment, as the canonical tables have it."""
    return datetime(2024, 9, 1, 20) + timedelta(days=day)


def on(day: float) -> int:
    """The same, as Moodle has it."""
    return START + round(day * DAY)


def site() -> Rows:
    """The rows of every table."""
    return {
        "config": [
            {"name": "version", "value": "2024100706.00"},
            {"name": "gradebookroles", "value": str(STUDENT)},
            {"name": "siteadmins", "value": str(ADMIN)},
            {"name": "siteguest", "value": str(GUEST)},
            {"name": "siteidentifier", "value": "abc127.0.0.1"},
            {"name": "timezone", "value": "Asia/Muscat"},
            {"name": "calendar_weekend", "value": "96"},
            {"name": "smtppass", "value": "a secret"},
        ],
        "config_plugins": [
            {"plugin": "tool_log", "name": "enabled_stores", "value": "logstore_standard"},
            {"plugin": "logstore_standard", "name": "loglifetime", "value": "0"},
            {"plugin": "enrol_lti", "name": "token", "value": "a secret"},
        ],
        "course_categories": [{"id": 3, "name": "Faculty", "path": "/3"}, {"id": 4, "path": "/3/4", "parent": 3}],
        "course": [
            _course(1, 0, "lab", "", 0, 0),
            _course(
                5,
                4,
                '<span lang="en" class="multilang">STAT</span><span lang="ar" class="multilang">احص</span>-24',
                "STAT101-2024",
                START,
                END,
            ),
            _course(6, 4, "STAT-25", "STAT101-2025", on(365), LATER),
            {**_course(7, 4, "RELATIVE", "STAT101-R", START, END), "relativedatesmode": 1},
            _course(8, 3, "CHEM-24", "CHEM1", START, 0),
            _course(9, 3, "EMPTY", "", START, NEVER),
        ],
        "role": [
            {"id": MANAGER, "shortname": "manager", "archetype": "manager"},
            {"id": EDITING, "shortname": "editingteacher", "archetype": "editingteacher"},
            {"id": TEACHER, "shortname": "teacher", "archetype": "teacher"},
            {"id": STUDENT, "shortname": "student", "archetype": "student"},
            {"id": 9, "shortname": "visitor", "archetype": ""},
        ],
        "context": _contexts(),
        "user": [
            {
                "id": number,
                "username": f"u{number}",
                "firstname": "Secret",
                "email": "s@example.invalid",
                "deleted": int(number == EVE),
            }
            for number in (GUEST, ADMIN, *range(ANN, OLA + 1))
        ],
        "enrol": [
            {"id": 51, "enrol": "manual", "courseid": 5},
            {"id": 52, "enrol": "self", "courseid": 5},
            {"id": 53, "enrol": "cohort", "courseid": 5, "status": 1},
            {"id": 61, "enrol": "manual", "courseid": 6},
            {"id": 81, "enrol": "manual", "courseid": 8},
            {"id": 71, "enrol": "manual", "courseid": 7},
        ],
        "user_enrolments": [
            _enrolment(51, ANN, created=-5),
            _enrolment(52, ANN, start=-3, created=-4, status=1),
            _enrolment(51, DAN, created=-5, status=1, modified=40),
            _enrolment(51, EVE, created=-5),
            _enrolment(51, FAY, created=-5),
            _enrolment(51, TOM, created=-9),
            _enrolment(51, ADMIN, created=-9),
            _enrolment(51, GUEST, created=-9),
            _enrolment(51, IRA, created=5),
            _enrolment(51, JO, created=30),
            _enrolment(51, LOU, created=-2),
            {**_enrolment(51, MEG, start=-1, created=-8), "timeend": NEVER},
            {**_enrolment(51, OLA, created=-5), "timeend": on(60)},
            _enrolment(61, IRA, created=360),
            _enrolment(61, ANN, created=361),
            _enrolment(61, OLA, created=362),
            _enrolment(81, ANN, created=-1),
            _enrolment(81, MEG, created=-1),
            _enrolment(81, LOU, created=-1),
            _enrolment(71, ANN, created=-1),
        ],
        "role_assignments": [
            *(_role(STUDENT, 105, user) for user in (ANN, DAN, EVE, FAY, IRA, JO, MEG, NED, OLA, ADMIN, GUEST)),
            _role(TEACHER, 105, FAY),
            _role(EDITING, 105, TOM),
            _role(STUDENT, 104, LOU),  # in the category above
            _role(STUDENT, 106, IRA),
            _role(STUDENT, 106, ANN),
            _role(STUDENT, 106, OLA),
            *(_role(STUDENT, 108, user) for user in (ANN, MEG, LOU)),
            _role(STUDENT, 107, ANN),
        ],
        "groups": [{"id": 1, "courseid": 5}, {"id": 2, "courseid": 5}],
        "groups_members": [
            {"groupid": 1, "userid": ANN, "timeadded": on(1)},
            {"groupid": 1, "userid": IRA, "timeadded": on(6)},
            {"groupid": 2, "userid": ANN, "timeadded": on(1)},
        ],
        "modules": [
            {"id": number, "name": name}
            for number, name in enumerate(("assign", "quiz", "workshop", "lesson", "scorm", "h5pactivity", "page"), 1)
        ],
        **_activities(),
        **_gradebook(),
        **_submissions(),
        "local_earlybell_action": [
            _action(ANN, "message", sent=20),
            _action(BEN, "message", sent=14),  # who left then
            _action(ANN, "reminder", sent=24),
            _action(IRA, "message", undone=21),  # before it was sent
            _action(TOM, "message", sent=22),  # a teacher
            _action(IRA, "dismiss"),
            _action(JO, "dismiss", undone=31),
            _action(ANN, "contest"),
            _action(MEG, "note"),
        ],
        "local_earlybell_optout": [
            {"courseid": 6, "userid": OLA, "timecreated": on(363)},
            {"courseid": 5, "userid": HAL, "timecreated": on(3)},  # of a run that is over
        ],
        "local_earlybell_arm": [
            _arm(BEN, "held_out", recorded=15),  # after the message
            _arm(ANN, "shown", recorded=15),
            _arm(IRA, "held_out"),  # never recorded
        ],
        "logstore_standard_log": log(),
    }


def _action(user: int, kind: str, *, sent: float | None = None, undone: float | None = None) -> dict[str, object]:
    return {
        "courseid": 5,
        "userid": user,
        "actorid": TOM,
        "kind": kind,
        "text": "Secret",
        "timeundone": 0 if undone is None else on(undone),
        "timesent": 0 if sent is None else on(sent),
    }


def _arm(user: int, arm: str, *, recorded: float | None = None) -> dict[str, object]:
    return {
        "courseid": 5,
        "userid": user,
        "arm": arm,
        "block": 0,
        "timedrawn": on(14),
        "timerecorded": 0 if recorded is None else on(recorded),
        "timeflagged": 0,
        "timeexempt": 0,
    }


def _contexts() -> list[dict[str, object]]:
    above: list[dict[str, object]] = [
        {"id": 1, "contextlevel": 10, "instanceid": 0, "path": "/1"},
        {"id": 103, "contextlevel": 40, "instanceid": 3, "path": "/1/103"},
        {"id": 104, "contextlevel": 40, "instanceid": 4, "path": "/1/103/104"},
        {"id": 108, "contextlevel": 50, "instanceid": 8, "path": "/1/103/108"},
    ]
    return above + [
        {"id": 100 + course, "contextlevel": 50, "instanceid": course, "path": f"/1/103/104/{100 + course}"}
        for course in (5, 6, 7, 9)
    ]


def _course(id_: int, category: int, shortname: str, idnumber: str, start: int, end: int) -> dict[str, object]:
    return {
        "id": id_,
        "category": category,
        "fullname": "Secret",
        "shortname": shortname,
        "idnumber": idnumber,
        "startdate": start,
        "enddate": end,
    }


def _enrolment(
    method: int,
    user: int,
    *,
    created: float,
    start: float | None = None,
    status: int = 0,
    modified: float | None = None,
) -> dict[str, object]:
    return {
        "enrolid": method,
        "userid": user,
        "status": status,
        "timestart": 0 if start is None else on(start),
        "timecreated": on(created),
        "timemodified": on(created if modified is None else modified),
    }


def _role(role: int, context: int, user: int) -> dict[str, object]:
    return {"roleid": role, "contextid": context, "userid": user}


def _activities() -> Rows:
    """In course 5: course modules 31 to 43; 39 is hidden and untouched, 40 is being deleted."""
    modules = [(31, 2, 30), (32, 1, 40), (33, 1, 41), (34, 1, 42), (35, 3, 60), (36, 4, 70), (37, 5, 80), (38, 6, 90)]
    rows: list[dict[str, object]] = [
        {"id": cm, "course": 5, "module": module, "instance": instance, "visible": 1}
        for cm, module, instance in modules
    ]
    rows.append({"id": 39, "course": 5, "module": 1, "instance": 43, "visible": 0})
    rows.append({"id": 40, "course": 5, "module": 1, "instance": 44, "visible": 1, "deletioninprogress": 1})
    rows.append({"id": 41, "course": 5, "module": 1, "instance": 45, "visible": 1})
    rows.append({"id": 61, "course": 6, "module": 2, "instance": 31, "visible": 1})
    return {
        "course_modules": rows,
        "quiz": [
            {"id": 30, "course": 5, "timeclose": on(20), "sumgrades": 4, "grade": 10, "password": "a secret"},
            {"id": 31, "course": 6, "timeclose": NEVER, "sumgrades": 4, "grade": 10},
        ],
        "assign": [
            {"id": 40, "course": 5, "name": "Essay", "duedate": on(30), "cutoffdate": on(40)},
            {"id": 41, "course": 5, "duedate": 0, "cutoffdate": on(50), "teamsubmission": 1},
            {"id": 42, "course": 5, "duedate": on(60), "markingworkflow": 1},
            {"id": 43, "course": 5, "duedate": on(61)},
            {"id": 44, "course": 5, "duedate": on(62)},
            {"id": 45, "course": 5, "nosubmissions": 1},
        ],
        "workshop": [{"id": 60, "course": 5, "submissionend": on(70), "phase": 50, "grade": 80}],
        "lesson": [{"id": 70, "course": 5, "deadline": on(75), "grade": 20}],
        "scorm": [{"id": 80, "course": 5, "timeclose": 0}],
        "h5pactivity": [{"id": 90, "course": 5}],
    }


def _gradebook() -> Rows:
    """The total of course 5 is natural: quiz .2, essay .4, the manual mark .1, a category .3 of weighted mean, in which
    the workshop counts 2, the lesson 1 and the marked one 0; H5P is extra credit, the team's work counts nothing."""

    def item(
        id_: int, kind: str, module: str | None, instance: int | None, top: float, **more: object
    ) -> dict[str, object]:
        return {
            "id": id_,
            "courseid": 5,
            "categoryid": 50,
            "itemtype": kind,
            "itemmodule": module,
            "iteminstance": instance,
            "itemnumber": 0,
            "gradetype": 1,
            "grademax": top,
            **more,
        }

    return {
        "grade_categories": [
            {"id": 50, "courseid": 5, "parent": None, "aggregation": 13},
            {"id": 51, "courseid": 5, "parent": 50, "aggregation": 10},
            {"id": 60, "courseid": 6, "parent": None, "aggregation": 13},
        ],
        "grade_items": [
            item(500, "course", None, 50, 100, categoryid=None, gradepass=50),
            item(501, "mod", "quiz", 30, 10, aggregationcoef2=0.2),
            item(502, "mod", "assign", 40, 100, aggregationcoef2=0.4),
            item(503, "category", None, 51, 100, categoryid=None, aggregationcoef2=0.3),
            item(504, "mod", "workshop", 60, 80, categoryid=51, aggregationcoef=2),
            item(514, "mod", "workshop", 60, 20, categoryid=51, itemnumber=1),
            item(505, "mod", "lesson", 70, 20, categoryid=51, aggregationcoef=1),
            item(506, "mod", "h5pactivity", 90, 5, aggregationcoef=1, aggregationcoef2=0.05),
            item(507, "manual", None, None, 100, aggregationcoef2=0.1),
            item(508, "mod", "scorm", 80, 100, gradetype=0),
            item(509, "mod", "assign", 41, 100, hidden=1),
            item(510, "mod", "assign", 42, 100, categoryid=51, hidden=0),
            item(511, "mod", "assign", 45, 50, hidden=FAR),
            item(600, "course", None, 60, 10, courseid=6, categoryid=None),
            # Nobody has weighed this one yet: its share is that of its points.
            item(601, "mod", "quiz", 31, 10, courseid=6, categoryid=60),
        ],
        "grade_grades": [
            _grade(501, ANN, 10, 19, raw=True),
            _grade(502, ANN, 70, 45, raw=True),
            _grade(507, ANN, 88, 100),
            _grade(500, ANN, 71.5, 100),
            _grade(500, IRA, 49.99, 100),
            _grade(500, DAN, 20, 100),
            _grade(500, MEG, None, 100),
            _grade(500, OLA, 60, 100),
            _grade(509, ANN, 90, 55, raw=True),
            _grade(511, IRA, 40, 56, raw=True),
            _grade(504, ANN, 60, 80, raw=True),
            _grade(505, ANN, 15, 74, raw=True),
        ],
        "grade_grades_history": [
            # The essay was 60 first, became 70 on day 45, and was written again as it was on day 90.
            _version(1, 502, ANN, 60, 35, raw=True),
            _version(2, 502, ANN, 70, 45, raw=True),
            _version(2, 502, ANN, 70, 90, raw=True),
            # The quiz's first attempt gave 5 on day 18, the second one 10 on day 19.
            _version(1, 501, ANN, 5, 18.0, raw=True),
            _version(2, 501, ANN, 10, 19.0, raw=True),
            _version(1, 507, ANN, 88, 100),
            _version(1, 500, ANN, 71.5, 100),
            # Unenrolled on day 50: his marks were deleted. The log knows nothing of it.
            _version(1, 501, GUS, 2.5, 16, raw=True),
            {**_version(3, 501, GUS, 2.5, 50, raw=True), "source": "userdelete"},
            # Unenrolled after the end, with a total of 70.
            _version(2, 500, HAL, 70, 105),
            {**_version(3, 500, HAL, 70, 130), "source": "userdelete"},
        ],
    }


def _grade(item: int, user: int, mark: float | None, day: float, *, raw: bool = False) -> dict[str, object]:
    return {
        "itemid": item,
        "userid": user,
        "rawgrade": mark if raw else None,
        "finalgrade": mark,
        "rawgrademax": 100,
        "timemodified": on(day),
        "aggregationstatus": "used" if mark is not None else "novalue",
    }


def _version(action: int, item: int, user: int, mark: float, day: float, *, raw: bool = False) -> dict[str, object]:
    return {
        "action": action,
        "source": "mod/x",
        "itemid": item,
        "userid": user,
        "rawgrade": mark if raw else None,
        "finalgrade": mark,
        "rawgrademax": 100,
        "timemodified": on(day),
    }


def _attempt(user: int, number: int, finish: float, marks: float | None, **more: object) -> dict[str, object]:
    return {
        "quiz": 30,
        "userid": user,
        "attempt": number,
        "state": "finished",
        "timestart": on(finish) - 600,
        "timefinish": on(finish),
        "timemodified": on(finish),
        "sumgrades": marks,
        **more,
    }


def _handed_in(id_: int, work: int, user: int, day: float, **more: object) -> dict[str, object]:
    return {
        "id": id_,
        "assignment": work,
        "userid": user,
        "status": "submitted",
        "timecreated": on(day) - 60,
        "timemodified": on(day),
        **more,
    }


def _submissions() -> Rows:
    return {
        "quiz_attempts": [
            _attempt(ANN, 1, 18, 2),
            _attempt(ANN, 2, 19, 4),
            _attempt(ANN, 3, 19.5, 4, preview=1),
            _attempt(IRA, 1, 19, None),  # an essay is not marked yet
            _attempt(IRA, 2, 19.2, 3, state="inprogress", timefinish=0),
            _attempt(TOM, 1, 10, 4),
            _attempt(GUS, 1, 16, 1),
        ],
        "quiz_overrides": [
            {"id": 1, "quiz": 30, "userid": IRA, "timeclose": on(23)},
            {"id": 2, "quiz": 30, "groupid": 1, "timeclose": on(21)},
            {"id": 3, "quiz": 30, "groupid": 2, "timeclose": on(22)},
            {"id": 4, "quiz": 30, "userid": MEG, "timeclose": 0},  # no deadline at all
            {"id": 5, "quiz": 30, "userid": JO, "timeclose": None},  # another override than of the deadline
        ],
        "assign_submission": [
            _handed_in(901, 40, ANN, 29),
            _handed_in(902, 40, IRA, 33),
            _handed_in(903, 40, LOU, 20, status="draft"),
            _handed_in(904, 41, 0, 48, groupid=1),
            _handed_in(905, 42, ANN, 59),
            _handed_in(906, 42, IRA, 59),
            _handed_in(907, 40, BEN, 9),
        ],
        "assign_grades": [
            {"assignment": 40, "userid": ANN, "grade": 70, "timemodified": on(45)},
            {"assignment": 40, "userid": IRA, "grade": -1, "timemodified": on(44)},
            {"assignment": 41, "userid": ANN, "grade": 90, "timemodified": on(55)},
            {"assignment": 42, "userid": ANN, "grade": 80, "timemodified": on(62)},
            {"assignment": 42, "userid": IRA, "grade": 65, "timemodified": on(63)},
        ],
        "assign_user_flags": [
            {"assignment": 40, "userid": IRA, "extensionduedate": on(35)},
            {"assignment": 40, "userid": LOU, "extensionduedate": on(36)},
            {"assignment": 42, "userid": ANN, "workflowstate": "released"},
            {"assignment": 42, "userid": IRA, "workflowstate": "readyforreview"},
        ],
        "assign_overrides": [
            {"id": 1, "assignid": 40, "groupid": 1, "sortorder": 2, "duedate": on(31)},
            {"id": 2, "assignid": 40, "groupid": 2, "sortorder": 1, "duedate": on(32)},
        ],
        "workshop_submissions": [
            {
                "workshopid": 60,
                "authorid": ANN,
                "example": 0,
                "timecreated": on(65),
                "timemodified": on(69),
                "grade": 75,
            },
            {"workshopid": 60, "authorid": TOM, "example": 1, "timecreated": on(1), "timemodified": on(1)},
        ],
        "lesson_grades": [{"lessonid": 70, "userid": ANN, "grade": 75, "completed": on(74)}],
        "scorm_element": [{"id": 1, "element": "cmi.core.lesson_status"}, {"id": 2, "element": "cmi.core.exit"}],
        "scorm_attempt": [{"id": 1, "userid": ANN, "scormid": 80, "attempt": 1}],
        "scorm_scoes_value": [
            {"attemptid": 1, "elementid": 1, "value": "completed", "timemodified": on(77)},
            {"attemptid": 1, "elementid": 2, "value": "completed", "timemodified": on(79)},
        ],
        "h5pactivity_attempts": [
            {
                "h5pactivityid": 90,
                "userid": ANN,
                "attempt": 1,
                "timemodified": on(81),
                "rawscore": 3,
                "maxscore": 4,
                "duration": 90,
                "completion": 1,
            },
            {
                "h5pactivityid": 90,
                "userid": IRA,
                "attempt": 1,
                "timemodified": on(82),
                "rawscore": 0,
                "maxscore": 4,
                "completion": 0,
            },
        ],
    }


def logged(course: int, user: int, day: float, act: str, **more: object) -> dict[str, object]:
    """A row of the log; `act` is component, action and target."""
    component, action, target = act.split()
    return {
        "eventname": rf"\{component}\event\{target}_{action}",
        "component": component,
        "action": action,
        "target": target,
        "crud": "r",
        "edulevel": 2,
        "contextlevel": 50,
        "contextinstanceid": course,
        "userid": user,
        "courseid": course,
        "timecreated": on(day),
        "origin": "web",
        "ip": "10.0.0.1",
        **more,
    }


def _of(module: int) -> dict[str, object]:
    return {"contextlevel": 70, "contextinstanceid": module}


def _unenrolled(user: int, day: float, other: str | None, **more: object) -> dict[str, object]:
    return logged(5, TOM, day, "core deleted user_enrolment", relateduserid=user, other=other, edulevel=0, **more)


def log() -> list[dict[str, object]]:
    """Of the acts that count there are, in course 5, Ann's six, Ira's two, Ben's, Cam's and Jo's one."""
    old = {"timecreated": str(on(-6)), "timestart": str(on(-4)), "timeend": "0", "status": "0", "enrol": "manual"}
    php = f's:11:"timecreated";s:10:"{on(-7)}";s:9:"timestart";i:0;s:9:"lastenrol";b:1;'
    return [
        logged(5, ANN, 1, "core viewed course"),
        logged(5, ANN, 1.5, "mod_quiz viewed course_module", objectid=30, **_of(31)),
        logged(5, ANN, 1.5, "core updated course_module_completion", objectid=3, **_of(31)),
        logged(5, ANN, 1.5, "core updated course_module_completion", objectid=3, **_of(31)),  # Moodle writes it twice
        logged(5, ANN, 3, "core viewed course", origin="ws"),
        logged(5, ANN, 4, "core viewed course", anonymous=1),
        logged(5, ANN, 5, "core viewed course", realuserid=ADMIN),
        logged(5, ANN, 6, "core viewed course", origin="cli"),
        logged(5, ANN, 7, "core viewed course", origin="restore"),
        logged(0, ANN, 8, "core loggedin user"),
        logged(5, ANN, 8.5, "local_earlybell viewed own_page"),
        logged(1, ANN, 8, "core viewed course"),
        logged(5, ANN, 27, "mod_assign submitted assessable", objectid=901, **_of(32)),
        logged(5, ANN, 48, "mod_assign submitted assessable", objectid=904, **_of(33)),
        logged(5, IRA, 4, "core viewed course"),  # a day before the enrolment
        logged(5, IRA, 33, "mod_assign submitted assessable", objectid=902, **_of(32)),
        logged(5, BEN, 2, "core viewed course"),
        logged(5, CAM, 2, "core viewed course"),
        logged(5, JO, 31, "core viewed course"),
        logged(5, TOM, 2, "core viewed course"),
        logged(5, GUEST, 2, "core viewed course"),
        logged(5, EVE, 2, "core viewed course"),
        logged(6, IRA, 366, "core viewed course"),
        # Who left: Ben by JSON, Cam by what PHP writes; Jo came back. Kim was a teacher.
        _unenrolled(BEN, 15, json.dumps({"userenrolment": {**old, "lastenrol": True}, "enrol": "manual"})),
        _unenrolled(CAM, 25, f'a:2:{{s:13:"userenrolment";a:3:{{{php}}}s:5:"enrol";s:4:"self";}}', origin="cli"),
        _unenrolled(JO, 12, json.dumps({"userenrolment": {**old, "lastenrol": True}})),
        _unenrolled(KIM, 12, None),
        _unenrolled(HAL, 130, json.dumps({"enrol": "manual"})),
        _unenrolled(EVE, 99, json.dumps({"enrol": "manual"})),
        logged(5, ADMIN, -20, "core created user_enrolment", relateduserid=HAL, edulevel=0),
        logged(5, ADMIN, -20, "core assigned role", relateduserid=KIM, objectid=EDITING, edulevel=0),
        logged(5, ADMIN, -20, "core assigned role", relateduserid=HAL, objectid=STUDENT, edulevel=0),
        # Extensions: Ira's was granted after the deadline; nothing says when Lou's was.
        logged(5, TOM, 34, "mod_assign granted extension", relateduserid=IRA, edulevel=1, objectid=40, **_of(32)),
        logged(5, TOM, 10, "mod_quiz created user_override", objectid=1, edulevel=1, relateduserid=IRA, **_of(31)),
        logged(5, TOM, 17, "mod_quiz updated user_override", objectid=1, edulevel=1, relateduserid=IRA, **_of(31)),
        logged(5, TOM, 11, "mod_quiz created group_override", objectid=2, edulevel=1, **_of(31)),
        logged(5, TOM, 0.5, "mod_quiz created group_override", objectid=3, edulevel=1, **_of(31)),
        logged(5, TOM, 13, "mod_quiz created user_override", objectid=4, edulevel=1, relateduserid=MEG, **_of(31)),
        logged(5, TOM, 12, "mod_assign created group_override", objectid=2, edulevel=1, **_of(32)),
        # A course without an end: three learners, three weeks.
        *(
            logged(8, user, day, "core viewed course")
            for user in (ANN, MEG, LOU)
            for day in [week * 7 + weekday + 0.5 for week in range(3) for weekday in range(5)]
        ),
    ]


def changed(
    rows: Mapping[str, Sequence[Mapping[str, object]]], table: str, where: str, is_: object, **values: object
) -> Rows:
    """The rows with those of a table changed whose column has a value; `values` empty: without them."""
    of_table = [
        {**row, **values} if row.get(where) == is_ else dict(row)
        for row in rows[table]
        if values or row.get(where) != is_
    ]
    return {name: [dict(row) for row in others] for name, others in rows.items()} | {table: of_table}
