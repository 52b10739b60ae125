"""A Moodle that lives: changes as a site makes them, and some that only an administrator makes, by chance."""

import json
import random
from collections.abc import Callable
from typing import Any

from tests.components.extract.moodle_db.places import Place
from tests.components.extract.moodle_db.schema import inserts
from tests.components.extract.moodle_db.site import (
    ANN,
    BEN,
    DAN,
    EDITING,
    IRA,
    JO,
    LOU,
    MEG,
    NED,
    OLA,
    STUDENT,
    TOM,
    Rows,
    logged,
    on,
    site,
)

_ASIDE = 99  # a category that is not asked for
_FIRST, _LATE = 100, 7  # every so many ids from the first on are of transactions that are seen late
_PEOPLE = (ANN, BEN, DAN, IRA, JO, LOU, MEG, NED, OLA, TOM)
_ACTS = ("core viewed course", "mod_quiz viewed course_module", "mod_assign submitted assessable", "core updated thing")
OPTIONS = "category=3&code=idnumber:^([A-Z]+[0-9]+)"
Run = Callable[..., list[tuple[Any, ...]]]
Change = Callable[[Run, random.Random], None]


def living_site() -> Rows:
    """The site by hand, with a row of the log before all others, which stays: what is older was purged."""
    rows = site()
    rows["course_categories"].append({"id": _ASIDE, "name": "Aside", "path": f"/{_ASIDE}"})
    rows["logstore_standard_log"].insert(0, logged(5, TOM, -100, "core viewed course"))
    return rows


def change(place: Place, chance: random.Random, times: int) -> list[str]:
    """Make so many changes, all in one transaction; their names."""
    chosen = [chance.choice(CHANGES) for _ in range(times)]
    with place.connected() as run:
        for make in chosen:
            make(run, chance)
    return [make.__name__ for make in chosen]


def _insert(run: Run, table: str, row: dict[str, object]) -> None:
    for statement, values in inserts(table, [row]):
        run(statement, values)


def _one(run: Run, chance: random.Random, query: str) -> tuple[Any, ...] | None:
    rows = sorted(run(query))
    return chance.choice(rows) if rows else None


def _last(run: Run) -> int:
    return int(run("SELECT max(id) FROM mdl_logstore_standard_log")[0][0])


def _log(run: Run, id_: int, course: int, user: int, day: float, act: str, **more: object) -> None:
    _insert(run, "logstore_standard_log", logged(course, user, day, act, id=id_, **more))


def _act(run: Run, chance: random.Random, id_: int) -> None:
    course, user = chance.choice((5, 6, 8)), chance.choice(_PEOPLE)
    _log(run, id_, course, user, chance.randrange(0, 1000) / 10, chance.choice(_ACTS), objectid=chance.choice((901, 5)))


def new_acts(run: Run, chance: random.Random) -> None:
    first = _last(run) + 1
    for id_ in range(first, first + chance.randrange(1, 40)):
        if id_ % _LATE:
            _act(run, chance, id_)


def late_acts(run: Run, chance: random.Random) -> None:
    """What a long transaction wrote under ids that are older than some that were read."""
    there = {id_ for (id_,) in run("SELECT id FROM mdl_logstore_standard_log")}
    late = sorted(id_ for id_ in set(range(_FIRST, max(there))) - there if id_ % _LATE == 0)
    for id_ in chance.sample(late, min(len(late), 5)):
        _act(run, chance, id_)


def deleted_acts(run: Run, chance: random.Random) -> None:
    rows = run(f"SELECT id FROM mdl_logstore_standard_log WHERE timecreated > {on(-50)} ORDER BY id")
    for id_ in chance.sample([id_ for (id_,) in rows if id_ % _LATE], 3):
        run(f"DELETE FROM mdl_logstore_standard_log WHERE id = {id_}")


def restored_backup(run: Run, chance: random.Random) -> None:
    """The log goes back, and gives the same ids to other acts."""
    last = _last(run)
    for id_ in range(last - 8, last + 1):
        run(f"DELETE FROM mdl_logstore_standard_log WHERE id = {id_}")
        _act(run, chance, id_)


def unenrolled(run: Run, chance: random.Random) -> None:
    row = _one(run, chance, "SELECT id, enrolid, userid FROM mdl_user_enrolments WHERE enrolid IN (51, 61)")
    if not row or row[2] == ANN:
        return
    id_, method, user = row
    course = 5 if method == 51 else 6
    run(f"DELETE FROM mdl_user_enrolments WHERE id = {id_}")
    run(f"DELETE FROM mdl_role_assignments WHERE userid = {user} AND contextid = {100 + course}")
    other = json.dumps({"userenrolment": {"timestart": str(on(-3)), "timecreated": str(on(-4))}})
    day = chance.randrange(20, 90)
    _log(run, _last(run) + 1, course, TOM, day, "core deleted user_enrolment", relateduserid=user, other=other)


def enrolled(run: Run, chance: random.Random) -> None:
    user, course = chance.choice(_PEOPLE), chance.choice((5, 6, 8))
    method, day = course * 10 + 1, chance.randrange(0, 40)
    _insert(
        run, "user_enrolments", {"enrolid": method, "userid": user, "timecreated": on(day), "timemodified": on(day)}
    )
    role = chance.choice((STUDENT, STUDENT, STUDENT, EDITING))
    _insert(run, "role_assignments", {"roleid": role, "contextid": 100 + course, "userid": user})


def deleted_user(run: Run, chance: random.Random) -> None:
    user = chance.choice((BEN, DAN, IRA, JO, LOU, OLA, TOM))
    if chance.random() < 0.5:
        run(f"UPDATE mdl_user SET deleted = 1 WHERE id = {user}")
    else:
        run(f"DELETE FROM mdl_user WHERE id = {user}")
        run(f"DELETE FROM mdl_logstore_standard_log WHERE userid = {user} AND timecreated > {on(-50)}")


def graded(run: Run, chance: random.Random) -> None:
    row = _one(run, chance, "SELECT id, itemid, userid FROM mdl_grade_grades")
    if not row:
        return
    mark, day = chance.randrange(0, 100), chance.randrange(20, 110)
    run(f"UPDATE mdl_grade_grades SET finalgrade = {mark}, timemodified = {on(day)} WHERE id = {row[0]}")
    version = {"action": 2, "source": "mod/x", "itemid": row[1], "userid": row[2], "finalgrade": mark}
    _insert(run, "grade_grades_history", {**version, "rawgrademax": 100, "timemodified": on(day)})


def attempted(run: Run, chance: random.Random) -> None:
    user, day = chance.choice((ANN, DAN, MEG, NED)), chance.randrange(1, 90)
    ((before,),) = run(f"SELECT count(*) FROM mdl_quiz_attempts WHERE userid = {user}")
    attempt = {"quiz": 30, "userid": user, "attempt": 10 + before, "state": "finished", "timestart": on(day) - 300}
    marks = chance.randrange(0, 5)
    _insert(run, "quiz_attempts", {**attempt, "timefinish": on(day), "timemodified": on(day), "sumgrades": marks})


def moved_deadline(run: Run, chance: random.Random) -> None:
    run(f"UPDATE mdl_quiz SET timeclose = {on(chance.randrange(10, 100))} WHERE id = 30")


def extended(run: Run, chance: random.Random) -> None:
    user, day = chance.choice((ANN, DAN, MEG)), chance.randrange(30, 60)
    _insert(run, "assign_user_flags", {"assignment": 40, "userid": user, "extensionduedate": on(day)})


def moved_course(run: Run, chance: random.Random) -> None:
    """A course leaves what is asked for, with its log, and may come back."""
    ((category,),) = run("SELECT category FROM mdl_course WHERE id = 8")
    run(f"UPDATE mdl_course SET category = {3 if category == _ASIDE else _ASIDE} WHERE id = 8")


def renamed_course(run: Run, chance: random.Random) -> None:
    run(f"UPDATE mdl_course SET idnumber = '{chance.choice(('STAT101-X', 'MATH7', ''))}' WHERE id = 6")


def deleted_course(run: Run, chance: random.Random) -> None:
    if chance.random() < 0.2:
        run("DELETE FROM mdl_course WHERE id = 8")


def moved_dates(run: Run, chance: random.Random) -> None:
    run(f"UPDATE mdl_course SET enddate = {on(chance.randrange(90, 130))} WHERE id = 5")


def other_settings(run: Run, chance: random.Random) -> None:
    run(f"UPDATE mdl_config SET value = '{chance.choice((96, 65, 32))}' WHERE name = 'calendar_weekend'")


CHANGES: tuple[Change, ...] = (
    *(new_acts, new_acts, late_acts, late_acts, deleted_acts, restored_backup, unenrolled, enrolled, deleted_user),
    *(graded, attempted, moved_deadline, extended, moved_course, renamed_course, deleted_course, moved_dates),
    other_settings,
)
