"""The gradebook: what each item weighs in the course total, and since when each mark has been what it is."""

from components.extract.moodle_db.workspace import Workspace

MEAN, WEIGHTED, SIMPLE_WEIGHTED, WITH_EXTRA, NATURAL = 0, 10, 11, 12, 13  # `aggregation` of a category of Moodle's
_GRADED = "gradetype IN (1, 2)"  # a number or a scale
_OUTCOMES = 1000  # numbers of items from here on are competences, not marks
_DELETED = 3  # `action` of a row of the history

# Each item with the category that it counts in: a category's own total counts in the one above.
_ITEMS = """
SELECT i.*, CASE itemtype WHEN 'category' THEN c.parent WHEN 'course' THEN NULL ELSE categoryid END AS container
FROM grade_items i LEFT JOIN grade_categories c ON itemtype IN ('category', 'course') AND c.id = iteminstance"""

# The share of an item in its category, as Moodle computes it of items that are all graded: so it is the same before
# and after they are. Extra credit is none: who does without loses nothing. Where a share depends on the marks, as that
# of the lowest, it is the mean of what Moodle gave to learners.
_SHARES = f"""
WITH used AS (
    SELECT itemid, avg(CASE WHEN aggregationstatus = 'used' THEN coalesce(aggregationweight, 0) ELSE 0 END) AS mean
    FROM grade_grades WHERE aggregationstatus NOT IN ('unknown', 'novalue') GROUP BY itemid),
counted AS (
    SELECT i.id, itemtype, iteminstance, container, aggregation, aggregationcoef, aggregationcoef2, mean,
        grademax - grademin AS points,
        aggregation IN ({SIMPLE_WEIGHTED}, {WITH_EXTRA}, {NATURAL}) AND aggregationcoef > 0 AS is_extra
    FROM items i JOIN grade_categories g ON g.id = container LEFT JOIN used ON itemid = i.id
    WHERE {_GRADED} AND coalesce(itemnumber, 0) < {_OUTCOMES}),
parts AS (
    SELECT *, CASE WHEN is_extra THEN 0 WHEN aggregation IN ({MEAN}, {WITH_EXTRA}) THEN 1
        WHEN aggregation = {WEIGHTED} THEN aggregationcoef WHEN aggregation = {SIMPLE_WEIGHTED} THEN points
        WHEN aggregation = {NATURAL} THEN if(sum(if(is_extra, 0, aggregationcoef2)) OVER (PARTITION BY container) > 0,
            aggregationcoef2, points)
        ELSE mean END AS part
    FROM counted)
SELECT id, itemtype, iteminstance, container, part / nullif(sum(part) OVER (PARTITION BY container), 0) AS share
FROM parts"""

_WEIGHTS = """
WITH RECURSIVE weights AS (
    SELECT s.id, itemtype, iteminstance, share AS weight FROM shares s JOIN grade_categories c ON c.id = container
    WHERE c.parent IS NULL OR c.parent = 0
    UNION ALL
    SELECT s.id, s.itemtype, s.iteminstance, w.weight * s.share FROM weights w
    JOIN shares s ON w.itemtype = 'category' AND s.container = w.iteminstance)
SELECT id AS itemid, round(100 * weight, 6) AS weight FROM weights"""

# A mark as it is; of who was unenrolled, as it was when it was deleted.
_PRESENT = f"""
WITH present AS (
    SELECT itemid, userid, rawgrade, finalgrade, rawgrademin, rawgrademax, hidden, timemodified FROM grade_grades
    WHERE finalgrade IS NOT NULL),
deleted AS (
    SELECT itemid, userid, arg_max(rawgrade, id) AS rawgrade, arg_max(finalgrade, id) AS finalgrade,
        arg_max(rawgrademin, id) AS rawgrademin, arg_max(rawgrademax, id) AS rawgrademax, 0 AS hidden,
        max(timemodified) AS timemodified
    FROM grade_grades_history WHERE action = {_DELETED} AND finalgrade IS NOT NULL GROUP BY ALL)
FROM present UNION ALL FROM deleted ANTI JOIN (FROM grade_grades) USING (itemid, userid)"""

# The history, and since when a mark has been what it is: after the last time when it was another.
_VERSIONS = f"""
SELECT itemid, userid, coalesce(rawgrade, finalgrade) AS mark, timemodified,
    row_number() OVER (PARTITION BY itemid, userid ORDER BY timemodified, id) AS nth
FROM grade_grades_history WHERE action <> {_DELETED}"""
_MARKS = """
WITH others AS (
    SELECT p.itemid, p.userid, max(nth) AS nth FROM present p JOIN versions v USING (itemid, userid)
    WHERE v.mark IS DISTINCT FROM coalesce(p.rawgrade, p.finalgrade) GROUP BY ALL),
since AS (
    SELECT v.itemid, v.userid, min(v.timemodified) AS since FROM versions v LEFT JOIN others o USING (itemid, userid)
    WHERE v.nth > coalesce(o.nth, 0) GROUP BY ALL)
SELECT p.itemid, p.userid, coalesce(rawgrade, finalgrade) AS mark, finalgrade, rawgrademin, rawgrademax,
    moment_of(coalesce(since, timemodified)) AS known_at
FROM present p LEFT JOIN since USING (itemid, userid)"""

# What is hidden from a learner, for good (1) or until a time. Who has no mark yet has one that is hidden, too.
_HIDDEN = """
SELECT i.id AS itemid, l.userid,
    i.hidden = 1 OR coalesce(g.hidden, 0) = 1 OR greatest(i.hidden, g.hidden) > {epoch} AS is_hidden,
    moment_of(greatest(i.hidden, g.hidden)) AS shown_at
FROM items i JOIN learners l ON l.course = i.courseid
LEFT JOIN present g ON g.itemid = i.id AND g.userid = l.userid WHERE i.hidden <> 0 OR g.hidden <> 0"""


def find_marks(workspace: Workspace, epoch: int) -> None:
    """Create `items`, `weights` (itemid, weight in percent), `present`, `versions`, `marks` (itemid, userid, mark as
    the activity gave it, finalgrade, known_at) and `concealed` (itemid, userid, is_hidden, shown_at).

    Args:
        epoch: when the database was read, in seconds since 1970.
    """
    workspace.create("items", _ITEMS)
    workspace.create("shares", _SHARES)
    workspace.create("weights", _WEIGHTS)
    workspace.create("present", _PRESENT)
    workspace.create("versions", _VERSIONS)
    workspace.create("marks", _MARKS)
    workspace.create("concealed", _HIDDEN.format(epoch=epoch))
