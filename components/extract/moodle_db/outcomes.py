"""How each run ended for its learners, by the pass mark of its own gradebook or of the site."""

from collections.abc import Mapping, Sequence

from components.extract.moodle_db.runs import Course
from components.extract.moodle_db.workspace import Workspace
from components.extract.moodle_log.statements import PassMark

# The course total in points, and in percent as Moodle shows it: of the learner's own maximum.
_TOTALS = """
SELECT i.courseid AS course, m.userid, m.finalgrade AS points,
    100 * (m.finalgrade - m.rawgrademin) / nullif(m.rawgrademax - m.rawgrademin, 0) AS percent
FROM marks m JOIN items i ON i.id = m.itemid WHERE itemtype = 'course'"""
_OWN = "SELECT courseid, max(gradepass) FROM grade_items WHERE itemtype = 'course' AND gradepass > 0 GROUP BY 1"

# Only of a run that is over. Who left before its end has withdrawn; who was suspended before it has no outcome.
_OUTCOMES = """
SELECT course, userid, CASE WHEN left_at < ends_at THEN 'withdrawn' WHEN if(in_percent, percent, points) < threshold
        THEN 'fail' ELSE 'pass' END AS outcome,
    CASE WHEN left_at IS NULL OR left_at >= ends_at THEN if(in_percent, percent, points) END AS final_score,
    if(left_at < ends_at, left_at, ends_at) AS decided_at
FROM learners JOIN runs r USING (course) LEFT JOIN totals USING (course, userid)
WHERE is_over AND CASE WHEN left_at < ends_at THEN true WHEN left_at IS NULL AND active_until < ends_at THEN false
    ELSE threshold + if(in_percent, percent, points) IS NOT NULL END"""


def find_totals(workspace: Workspace) -> None:
    """Create `totals` (course, userid, points, percent); `marks` are there."""
    workspace.create("totals", _TOTALS)


def pass_marks(workspace: Workspace, courses: Sequence[Course], stated: PassMark | None) -> dict[int, PassMark]:
    """The pass mark of each run: the course total's own, else the stated one; without one a total is no outcome."""
    own = {course: PassMark(float(points)) for course, points in workspace.sql(_OWN)}
    marks = {course.id: own.get(course.id, stated) for course in courses}
    return {course: mark for course, mark in marks.items() if mark is not None}


def find_outcomes(workspace: Workspace) -> None:
    """Create `outcomes`; `totals`, `learners` and `runs` are there."""
    workspace.create("outcomes", _OUTCOMES)


def graded(workspace: Workspace, marks: Mapping[int, PassMark]) -> set[int]:
    """The runs that have both a pass mark and totals."""
    return {course for (course,) in workspace.sql("SELECT DISTINCT course FROM totals")} & marks.keys()
