"""What each run asks for, each learner's own deadline, and what was handed in."""

from components.extract.moodle_db.structure import LOG
from components.extract.moodle_db.workspace import Workspace

SAME = 60  # seconds between the log's row of a submission and the submission's own time, if it was not edited since
CLOSED = 50  # `phase` of a workshop

_ACTIVITIES = """
SELECT 'assign' AS module, 'assignment' AS kind, id AS instance, course, coalesce(moment_of(duedate),
    moment_of(cutoffdate)) AS due_at FROM assign
UNION ALL SELECT 'quiz', 'quiz', id, course, moment_of(timeclose) FROM quiz
UNION ALL SELECT 'workshop', 'workshop', id, course, moment_of(submissionend) FROM workshop
UNION ALL SELECT 'lesson', 'lesson', id, course, moment_of(deadline) FROM lesson WHERE practice = 0
UNION ALL SELECT 'scorm', 'scorm', id, course, moment_of(timeclose) FROM scorm
UNION ALL SELECT 'h5pactivity', 'h5pactivity', id, course, NULL FROM h5pactivity"""

# An activity is known by its course module, as in the log; a mark that a teacher gives by hand, by its item.
_TASKS = """
SELECT a.module || '-' || m.id AS assessment_id, a.*, m.id AS cm, m.visible, i.id AS itemid,
    if(i.gradetype IN (1, 2), i.grademax, 0) AS max_score,
    if(i.gradetype IN (1, 2), weight, 0) AS weight
FROM activities a JOIN modules n ON n.name = a.module
JOIN course_modules m ON m.module = n.id AND m.instance = a.instance AND m.course = a.course AND deletioninprogress = 0
LEFT JOIN items i ON itemtype = 'mod' AND itemmodule = a.module AND iteminstance = a.instance
    AND coalesce(itemnumber, 0) = 0
LEFT JOIN weights w ON w.itemid = i.id
UNION ALL
SELECT 'manual-' || i.id, 'manual', 'manual', i.id, courseid, NULL, NULL, 1, i.id, grademax, weight
FROM items i LEFT JOIN weights w ON w.itemid = i.id WHERE itemtype = 'manual' AND gradetype IN (1, 2)"""

# Who hands in a team's work: its group, or all who are in none.
_TEAM = """
SELECT s.id, l.userid FROM assign_submission s JOIN assign a ON a.id = s.assignment AND teamsubmission <> 0
JOIN groups_members g ON g.groupid = s.groupid JOIN learners l ON l.course = a.course AND l.userid = g.userid
WHERE s.userid = 0 AND s.groupid > 0
UNION ALL
SELECT s.id, l.userid FROM assign_submission s JOIN assign a ON a.id = s.assignment AND teamsubmission <> 0
JOIN learners l ON l.course = a.course
WHERE s.userid = 0 AND s.groupid = 0 AND NOT EXISTS (
    SELECT 1 FROM groups_members m JOIN groups g ON g.id = m.groupid
    WHERE g.courseid = a.course AND m.userid = l.userid AND (teamsubmissiongroupingid = 0 OR g.id IN (
        SELECT q.groupid FROM groupings_groups q WHERE q.groupingid = teamsubmissiongroupingid)))"""

_ASSIGN = f"""
WITH whose AS (
    SELECT s.id, s.userid FROM assign_submission s JOIN assign a ON a.id = s.assignment
    WHERE s.userid > 0 AND teamsubmission = 0
    UNION ALL FROM teams),
firsts AS (
    SELECT objectid AS id, min(timecreated) AS first FROM {LOG}
    WHERE component = 'mod_assign' AND target = 'assessable' AND action = 'submitted' GROUP BY 1),
scored AS (
    SELECT g.*, max(attemptnumber) OVER (PARTITION BY assignment, userid) AS latest FROM assign_grades g
    WHERE grade >= 0),
handed AS (
    SELECT s.assignment, w.userid, s.attemptnumber, timemodified AS last,
        if(first < timemodified - {SAME}, first, NULL) AS first
    FROM assign_submission s JOIN whose w USING (id) LEFT JOIN firsts USING (id) WHERE s.status = 'submitted')
SELECT 'assign' AS module, assignment AS instance, userid, attemptnumber, moment_of(first) AS submitted_at,
    NULL::DOUBLE AS score, NULL::TIMESTAMP AS graded_at, NULL::DOUBLE AS duration_s FROM handed WHERE first IS NOT NULL
UNION ALL
SELECT 'assign', h.assignment, h.userid, h.attemptnumber, moment_of(last),
    if(released, grade, NULL), if(released AND grade IS NOT NULL, if(h.attemptnumber = latest
        AND abs(m.mark - grade) < 1e-4, m.known_at, moment_of(g.timemodified)), NULL), NULL
FROM handed h JOIN assign a ON a.id = h.assignment
LEFT JOIN scored g ON g.assignment = h.assignment AND g.userid = h.userid AND g.attemptnumber = h.attemptnumber
LEFT JOIN assign_user_flags f ON f.assignment = h.assignment AND f.userid = h.userid
LEFT JOIN tasks t ON t.module = 'assign' AND t.instance = h.assignment
LEFT JOIN marks m ON m.itemid = t.itemid AND m.userid = h.userid
CROSS JOIN LATERAL (SELECT (markingworkflow = 0 OR coalesce(f.workflowstate, '') = 'released')
    AND (blindmarking = 0 OR revealidentities <> 0) AS released)"""

# An attempt's mark is known since the gradebook has had it; where another attempt counts, since the attempt has it.
_QUIZ = """
WITH finished AS (
    SELECT a.id, quiz, userid, attempt, timestart, timefinish, a.timemodified,
        if(q.sumgrades > 0, a.sumgrades / q.sumgrades * q.grade, NULL) AS score
    FROM quiz_attempts a JOIN quiz q ON q.id = a.quiz
    WHERE preview = 0 AND state IN ('finished', 'submitted') AND timefinish > 0),
known AS (
    SELECT f.id, min(v.timemodified) AS since FROM finished f JOIN tasks t ON t.module = 'quiz' AND t.instance = f.quiz
    JOIN versions v ON v.itemid = t.itemid AND v.userid = f.userid
    WHERE abs(v.mark - score) < 1e-4 AND v.timemodified >= timefinish GROUP BY 1)
SELECT 'quiz' AS module, quiz AS instance, userid, attempt, moment_of(timefinish), score,
    if(score IS NULL, NULL, moment_of(coalesce(since, greatest(timemodified, timefinish)))),
    if(timestart > 0, timefinish - timestart, NULL)
FROM finished LEFT JOIN known USING (id)"""

_WORKSHOP = f"""
WITH handed AS (
    SELECT w.id, authorid, s.timecreated, s.timemodified, if(phase = {CLOSED}, coalesce(gradeover, s.grade), NULL)
        / 100 * w.grade AS score
    FROM workshop_submissions s JOIN workshop w ON w.id = workshopid WHERE coalesce(example, 0) = 0)
SELECT 'workshop' AS module, id, authorid, 1, moment_of(timecreated), NULL, NULL, NULL FROM handed
WHERE timecreated < timemodified - {SAME}
UNION ALL
SELECT 'workshop', h.id, authorid, 1, moment_of(timemodified), score, if(score IS NULL, NULL, known_at), NULL
FROM handed h LEFT JOIN tasks t ON t.module = 'workshop' AND t.instance = h.id
LEFT JOIN marks m ON m.itemid = t.itemid AND m.userid = authorid"""

_LESSON = """
SELECT 'lesson' AS module, lessonid, userid, 1, moment_of(completed), g.grade / 100 * l.grade, moment_of(completed),
    NULL
FROM lesson_grades g JOIN lesson l ON l.id = lessonid WHERE practice = 0"""

_SCORM = """
WITH done AS (
    SELECT scormid, userid, attempt, max(timemodified) AS last FROM scorm_scoes_value v
    JOIN scorm_attempt a ON a.id = v.attemptid
    WHERE v.value IN ('completed', 'passed', 'failed') GROUP BY ALL)
SELECT 'scorm' AS module, scormid, d.userid, attempt, moment_of(last),
    if(attempt = max(attempt) OVER own, mark, NULL), if(attempt = max(attempt) OVER own, known_at, NULL), NULL
FROM done d LEFT JOIN tasks t ON t.module = 'scorm' AND t.instance = scormid
LEFT JOIN marks m ON m.itemid = t.itemid AND m.userid = d.userid WINDOW own AS (PARTITION BY scormid, d.userid)"""

_H5P = """
SELECT 'h5pactivity' AS module, h5pactivityid, userid, attempt, moment_of(timemodified),
    if(maxscore > 0, rawscore / maxscore * max_score, NULL), moment_of(timemodified), duration
FROM h5pactivity_attempts JOIN tasks t ON t.module = 'h5pactivity' AND t.instance = h5pactivityid
WHERE coalesce(completion, 1) <> 0"""

# A mark that nobody hands anything in for: a teacher's own, or of an assignment outside of Moodle.
_BY_HAND = """
SELECT module, instance, userid, 1, known_at, if(module = 'manual', finalgrade, mark), known_at, NULL
FROM marks JOIN tasks USING (itemid)
WHERE module = 'manual' OR (module = 'assign' AND instance IN (SELECT id FROM assign WHERE nosubmissions <> 0))"""

_SUBMISSIONS = f"""
WITH handed AS (
    {" UNION ALL ".join(f"({query})" for query in (_ASSIGN, _QUIZ, _WORKSHOP, _LESSON, _SCORM, _H5P, _BY_HAND))})
SELECT t.assessment_id, t.itemid, l.course, l.userid, submitted_at,
    if(coalesce(is_hidden, false) OR max_score = 0, NULL, score) AS mark,
    if(mark IS NULL, NULL, greatest(graded_at, shown_at, submitted_at)) AS graded_at,
    row_number() OVER (PARTITION BY t.assessment_id, l.userid ORDER BY attemptnumber, submitted_at) AS attempt,
    duration_s
FROM handed h JOIN tasks t ON t.module = h.module AND t.instance = h.instance
JOIN learners l ON l.course = t.course AND l.userid = h.userid
LEFT JOIN concealed c ON c.itemid = t.itemid AND c.userid = h.userid
WHERE submitted_at IS NOT NULL"""

_ASKED = """
SELECT * FROM tasks SEMI JOIN runs USING (course)
WHERE visible <> 0 OR assessment_id IN (SELECT assessment_id FROM handed_in)"""

# Own deadlines of one learner or of a group; 0 is none at all. Of groups the latest counts in a quiz and a lesson, and
# the one that is sorted first in an assignment, where who has one of their own has none of a group's.
_OVERRIDES = """
SELECT 'quiz' AS module, id, quiz AS instance, userid, groupid, timeclose AS due, 0 AS rank FROM quiz_overrides
UNION ALL SELECT 'lesson', id, lessonid, userid, groupid, deadline, 0 FROM lesson_overrides
UNION ALL SELECT 'assign', id, assignid, userid, groupid, duedate, coalesce(sortorder, 0) FROM assign_overrides"""
_GRANTED = f"""
SELECT component, objectid, target, max(moment_of(timecreated)) AS granted_at FROM {LOG}
WHERE target IN ('user_override', 'group_override') AND action IN ('created', 'updated') GROUP BY ALL"""
_OWN = """
WITH dated AS (
    SELECT o.*, granted_at FROM overrides o LEFT JOIN granted g ON component = 'mod_' || module AND objectid = o.id
        AND target = if(userid IS NULL, 'group_override', 'user_override')),
personal AS (SELECT module, instance, userid, due, granted_at, rank, 1 AS is_own FROM dated WHERE userid IS NOT NULL),
shared AS (
    SELECT module, instance, m.userid, due, greatest(granted_at, moment_of(timeadded)) AS granted_at, rank, 0 AS is_own
    FROM dated d JOIN groups_members m ON m.groupid = d.groupid WHERE d.userid IS NULL),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY module, instance, userid ORDER BY is_own DESC,
        if(module = 'assign', rank, 0), if(module <> 'assign', due <> 0, false), due DESC) AS nth
    FROM (FROM personal UNION ALL FROM shared) WHERE due IS NOT NULL OR (module = 'assign' AND is_own = 1))
SELECT * EXCLUDE (nth) FROM ranked WHERE nth = 1 AND due IS NOT NULL"""
_EXTENDED = f"""
SELECT 'assign' AS module, assignment AS instance, f.userid, extensionduedate AS due, granted_at
FROM assign_user_flags f JOIN tasks t ON module = 'assign' AND instance = assignment LEFT JOIN (
    SELECT contextinstanceid AS cm, relateduserid AS userid, max(moment_of(timecreated)) AS granted_at FROM {LOG}
    WHERE component = 'mod_assign' AND target = 'extension' AND action = 'granted' GROUP BY ALL) USING (cm, userid)
WHERE moment_of(extensionduedate) IS NOT NULL"""

# Of an extension and an override the later one counts. Who has no deadline at all has until the run's end. An unknown
# time of granting is the deadline itself: until then it changes nothing.
_EXTENSIONS = """
WITH overridden AS (
    SELECT t.assessment_id, l.course, l.userid, t.due_at AS base, o.granted_at,
        if(o.due = 0, coalesce(ends_at, t.due_at), moment_of(o.due)) AS due_at
    FROM own_deadlines o JOIN tasks t USING (module, instance)
    JOIN learners l ON l.course = t.course AND l.userid = o.userid
    JOIN runs r ON r.course = l.course),
extended AS (
    SELECT t.assessment_id, l.course, l.userid, t.due_at AS base, e.granted_at, moment_of(e.due) AS due_at
    FROM extended_deadlines e JOIN tasks t USING (module, instance)
    JOIN learners l ON l.course = t.course AND l.userid = e.userid),
latest AS (
    SELECT assessment_id, course, userid, any_value(base) AS base, max(due_at) AS due_at,
        arg_max_null(granted_at, due_at) AS granted_at
    FROM (FROM overridden UNION ALL BY NAME FROM extended) WHERE due_at IS NOT NULL GROUP BY ALL)
SELECT assessment_id, course, userid, due_at, granted_at IS NULL AS is_guess,
    coalesce(granted_at, base, due_at) AS granted_at
FROM latest WHERE due_at IS DISTINCT FROM base"""


def find_work(workspace: Workspace) -> None:
    """Create `tasks`, `handed_in`, `asked` (the tasks that learners see or saw) and `deadlines`.

    `learners`, `marks` and `runs` are there.
    """
    workspace.create("activities", _ACTIVITIES)
    workspace.create("tasks", _TASKS)
    workspace.create("teams", _TEAM)
    workspace.create("handed_in", _SUBMISSIONS)
    workspace.create("asked", _ASKED)
    workspace.create("overrides", _OVERRIDES)
    workspace.create("granted", _GRANTED)
    workspace.create("own_deadlines", _OWN)
    workspace.create("extended_deadlines", _EXTENDED)
    workspace.create("deadlines", _EXTENSIONS)
