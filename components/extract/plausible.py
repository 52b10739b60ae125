"""Patterns that cannot be, or hardly: looked for in the tables of all sources together, whatever they came from.

What would make every figure false stops the run. What may be true, and mostly is a wrong export, is a note.
"""

from dataclasses import dataclass

from components.extract.staging import Staging
from earlybell.counts import Count
from earlybell.errors import SourceError
from earlybell.tables.outcomes import is_bad

SHORTEST_RUN, LONGEST_RUN = 7, 550  # days: a week is a workshop; no course is given for one and a half years
BUSY_SHARE = 0.05  # of a run's learners, who are active on a day of teaching
IDLE_DAYS, IDLE_SHARE = 28, 1 / 3  # of a run, how long nobody teaches in it: a break is shorter
SIBLINGS, LONGER = 2, 1.5  # runs of the same course to compare with, and how many times longer one is suspicious
ALL_FAIL, NONE_FAIL = 10, 20  # learners of whom some pass, or fail, in any course
AT_ONCE, TOGETHER_SHARE = 10, 0.9  # learners, and their share, whom no person enrols or hears in the same second
OUTSIDE_SHARE = 0.05  # of a run's events, or enrolments, that may lie outside of it
FAR_DEADLINE = 60  # days before or after its run that no deadline has
ABOVE_SHARE, ABOVE_SCORES = 0.2, 5  # of a piece of work's scores, how many may be extra credit
OUTLIER, OUTLIER_AMONG = 3, 5  # times the next best final score that one alone is no score, among so many
FRACTIONS = 20  # scores of which one is above 1, if they are points
ALL_BANKED = 20  # submissions of a run of which some are of this run
SWAP_MONTHS, SWAP_DATES, SWAP_ALL = 3, 6, 15  # months with days up to 12 alone, and dates: a holiday is not so regular

_EXPORT = "Export the tables again, and do not open them in a spreadsheet."
_CALENDAR = "State starts_at and ends_at of its teaching in courses."


@dataclass(frozen=True)
class _Pattern:
    """SQL of the course runs that show a pattern, each with what fills the words; and what to do."""

    query: str
    words: str
    way_out: str
    stops: bool = False


# What patterns are looked for in: the views of all sources are costly to plan again and again.
_COPIES = """
CREATE OR REPLACE TEMP TABLE active_days AS
SELECT course_id, occurred_at::DATE AS day, count(*) AS events, count(DISTINCT learner_id) AS learners
FROM events GROUP BY ALL;
CREATE OR REPLACE TEMP TABLE runs AS FROM courses;
CREATE OR REPLACE TEMP TABLE enrolled AS SELECT course_id, enrolled_at FROM enrolments;
CREATE OR REPLACE TEMP TABLE asked AS FROM assessments;
CREATE OR REPLACE TEMP TABLE work AS
SELECT course_id, s.* FROM submissions AS s JOIN asked USING (assessment_id)"""

_LENGTH = "SELECT course_id, date_diff('day', starts_at, ends_at) AS days FROM runs WHERE ends_at IS NOT NULL"

_IDLE = f"""
WITH learners AS (SELECT course_id, count(*) AS every FROM enrolled GROUP BY 1),
busy AS (
    SELECT course_id, min(day) AS first, max(day) AS last FROM active_days JOIN learners USING (course_id)
    WHERE learners >= {BUSY_SHARE} * every GROUP BY 1),
idle AS (
    SELECT course_id, first, last, date_diff('day', starts_at, ends_at) AS days,
        greatest(date_diff('day', greatest(starts_at, complete_from), first), 0)
            + greatest(date_diff('day', last, least(ends_at, complete_until)), 0) AS idle
    FROM runs JOIN busy USING (course_id) WHERE ends_at < now()::TIMESTAMP)
SELECT course_id, days, first, last FROM idle WHERE idle > greatest({IDLE_DAYS}, {IDLE_SHARE} * days)"""

_SIBLINGS = f"""
WITH lengths AS (SELECT code, l.* FROM ({_LENGTH}) AS l JOIN runs USING (course_id))
SELECT r.course_id, r.days, median(o.days)::BIGINT FROM lengths AS r JOIN lengths AS o
ON r.code = o.code AND r.course_id <> o.course_id
GROUP BY ALL HAVING count(*) >= {SIBLINGS}
AND r.days > greatest({LONGER} * median(o.days), median(o.days) + {IDLE_DAYS})"""

_OUTCOMES = f"""
SELECT course_id, count(*) AS learners, count(*) FILTER ({is_bad()}) AS failed
FROM outcomes GROUP BY 1"""


def _outside(relation: str, weight: str, condition: str) -> str:
    return f"""
SELECT * FROM (
    SELECT course_id, coalesce(sum({weight}) FILTER ({condition}), 0)::BIGINT AS outside, sum({weight})::BIGINT AS every
    FROM {relation} JOIN runs USING (course_id) GROUP BY 1)
WHERE outside > {OUTSIDE_SHARE} * every"""


def _swapped(dates: str, *, wholly: bool) -> str:
    """Course runs whose dates are what a spreadsheet makes of days up to 12: the month's number in the day's place.

    So outside of the months of teaching there are days that are numbers of these months alone; or there is no day
    above 12 at all (`wholly`), where every date was swapped or those that could not be were lost.
    """
    condition = (
        f"len(whole) = 0 AND dates >= {SWAP_ALL}"
        if wholly
        else f"len(whole) > 0 AND dates >= {SWAP_DATES} AND list_has_all(whole, few) AND list_has_all(whole, early)"
    )
    return f"""
WITH months AS (
    SELECT course_id, date_trunc('month', day) AS month, max(day(day)) AS last, list(DISTINCT day(day)) AS days,
        count(*) AS dates FROM ({dates}) GROUP BY ALL),
found AS (
    SELECT course_id, coalesce(list(DISTINCT month(month)) FILTER (last > 12), []) AS whole,
        flatten(list(days) FILTER (last <= 12)) AS few, count(*) FILTER (last <= 12) AS months,
        coalesce(flatten(list(list_filter(days, lambda d: d <= 12)) FILTER (last > 12)), []) AS early,
        sum(dates) FILTER (last <= 12) AS dates FROM months GROUP BY 1)
SELECT course_id, months FROM found WHERE months >= {SWAP_MONTHS} AND {condition}"""


_AT_ONCE = """
SELECT course_id, count(*) AS learners, moment, count(*) FILTER (enrolled_at = moment) AS same FROM enrolled
JOIN (SELECT course_id, mode(enrolled_at) AS moment FROM enrolled GROUP BY 1) USING (course_id) GROUP BY ALL"""

_WORK_AT_ONCE = f"""
SELECT course_id, assessment_id, count(*) FILTER (submitted_at = moment), moment FROM work
JOIN (SELECT assessment_id, mode(submitted_at) AS moment FROM work GROUP BY 1) USING (assessment_id)
JOIN runs USING (course_id) WHERE granularity = 'raw'
GROUP BY ALL HAVING count(*) >= {AT_ONCE} AND count(*) FILTER (submitted_at = moment) >= {TOGETHER_SHARE} * count(*)"""

_ABOVE = f"""
WITH odd AS (SELECT _id FROM repaired WHERE relation = 'submissions' AND reason LIKE 'above %max_score')
SELECT course_id, assessment_id, count(*) FILTER (s._id IN (FROM odd)) AS above, any_value(max_score)
FROM work AS s JOIN asked USING (course_id, assessment_id) WHERE score IS NOT NULL OR s._id IN (FROM odd)
GROUP BY 1, 2 HAVING above >= {ABOVE_SCORES} AND above > {ABOVE_SHARE} * count(*)"""

_FRACTIONS = f"""
SELECT course_id, assessment_id, count(score), any_value(max_score) FROM work JOIN asked
USING (course_id, assessment_id) WHERE max_score >= 10
GROUP BY 1, 2 HAVING count(score) >= {FRACTIONS} AND max(score) BETWEEN 0.1 AND 1"""

_OUTLIERS = f"""
SELECT course_id, s[1], s[2] FROM (
    SELECT course_id, max(final_score, 2) AS s FROM outcomes GROUP BY 1 HAVING count(final_score) >= {OUTLIER_AMONG})
WHERE s[2] > 0 AND s[1] > {OUTLIER} * s[2]"""

_BANKED = f"""
SELECT course_id, count(*) FROM work
GROUP BY 1 HAVING count(*) >= {ALL_BANKED} AND max(attempt) = 0"""

_DEADLINES = f"""
SELECT course_id, count(*), any_value(assessment_id), any_value(due_at::DATE)
FROM asked JOIN runs USING (course_id)
WHERE due_at < starts_at - to_days({FAR_DEADLINE}) OR due_at > ends_at + to_days({FAR_DEADLINE}) GROUP BY 1"""

_FUTURE = """
SELECT course_id, sum(events)::BIGINT, max(day) FROM active_days WHERE day > now()::DATE + 1 GROUP BY 1"""

_SUBMITTED = """
SELECT DISTINCT course_id, submitted_at::DATE AS day FROM work"""

_PATTERNS = (
    _Pattern(
        _swapped("FROM active_days", wholly=False),
        "days and months of events are swapped in {1} {1:month|months}, as spreadsheets do",
        _EXPORT,
        stops=True,
    ),
    _Pattern(
        _swapped("FROM active_days", wholly=True),
        "no event is after the 12th in any of {1} {1:month|months}, as where days and months are swapped",
        _EXPORT,
        stops=True,
    ),
    _Pattern(
        _swapped(_SUBMITTED, wholly=False),
        "days and months of submissions are swapped in {1} {1:month|months}, as spreadsheets do",
        _EXPORT,
        stops=True,
    ),
    _Pattern(
        _ABOVE,
        "{2:,} {2:score|scores} of {1} {2:is|are} above its max_score of {3:g}, too many for extra credit",
        "Write scores and max_score on one scale, both in points.",
        stops=True,
    ),
    _Pattern(
        _BANKED,
        "all {1:,} {1:submission|submissions} are attempt 0, which is work banked from an earlier run",
        "Count attempts from 1: Moodle's own attemptnumber begins with 0.",
        stops=True,
    ),
    _Pattern(f"SELECT * FROM ({_LENGTH}) WHERE days < {SHORTEST_RUN}", "it lasts {1} {1:day|days}", _CALENDAR),
    _Pattern(f"SELECT * FROM ({_LENGTH}) WHERE days > {LONGEST_RUN}", "it lasts {1:,} {1:day|days}", _CALENDAR),
    _Pattern(_IDLE, "it lasts {1:,} {1:day|days}, and its learners are active from {2} to {3}", _CALENDAR),
    _Pattern(_SIBLINGS, "it lasts {1:,} {1:day|days}, other runs of its course {2:,}", _CALENDAR),
    _Pattern(
        f"SELECT * FROM ({_OUTCOMES}) WHERE failed = learners AND learners >= {ALL_FAIL}",
        "all its {1:,} {1:learner|learners} have failed or left",
        "Look at the outcomes, and the pass mark and scale that they were made with.",
    ),
    _Pattern(
        f"SELECT * FROM ({_OUTCOMES}) WHERE failed = 0 AND learners >= {NONE_FAIL}",
        "none of its {1:,} {1:learner|learners} has failed or left",
        "Look whether those who left are in the export, and at the pass mark and scale.",
    ),
    _Pattern(
        _OUTLIERS,
        "one final score is {1:g}, and the next best {2:g}",
        "Look whether a digit or a decimal point is wrong.",
    ),
    _Pattern(
        f"SELECT course_id, same, moment FROM ({_AT_ONCE}) JOIN runs USING (course_id) WHERE granularity = 'raw' "
        f"AND learners >= {AT_ONCE} AND same >= {TOGETHER_SHARE} * learners AND moment > starts_at + to_days(1)",
        "{1:,} {1:learner was|learners were} enrolled in the same second, {2}, after its start",
        "If that is when the export was made, write when they joined.",
    ),
    _Pattern(
        _WORK_AT_ONCE,
        "{2:,} {2:learner|learners} handed in {1} in the same second, {3}",
        "If that is when the export was made, write when they handed in.",
    ),
    _Pattern(
        _outside("active_days", "events", "day < starts_at::DATE"),
        "{1:,} of {2:,} {2:event|events} {1:is|are} before it",
        _CALENDAR,
    ),
    _Pattern(
        _outside("active_days", "events", "day > ends_at::DATE"),
        "{1:,} of {2:,} {2:event|events} {1:is|are} after it",
        _CALENDAR,
    ),
    _Pattern(
        _outside("enrolled", "1", "enrolled_at > ends_at"),
        "{1:,} of {2:,} {2:learner|learners} {1:was|were} enrolled after it",
        _CALENDAR,
    ),
    _Pattern(
        _FUTURE,
        "{1:,} {1:event is|events are} in the future, up to {2}",
        "Look at the clock and the dates of the export.",
    ),
    _Pattern(
        _DEADLINES,
        f"{{1:,}} {{1:deadline is|deadlines are}} more than {FAR_DEADLINE} days outside of it, as that of {{2}}: {{3}}",
        "Mend due_at, or leave it empty where there is none.",
    ),
    _Pattern(
        _FRACTIONS,
        "none of {2:,} {2:score|scores} of {1} is above 1, and its max_score is {3:g}",
        "Write scores in points of max_score.",
    ),
)


def check_plausible(staging: Staging) -> None:
    """Note the patterns of each course run that are hardly possible, and say them.

    Raises:
        SourceError: a run has one that makes its figures false.
    """
    staging.sql(_COPIES)
    for pattern in _PATTERNS:
        for course, *figures in staging.sql(f"{pattern.query} ORDER BY ALL"):
            words = pattern.words.format(course, *map(_agreeing, figures))
            if pattern.stops:
                raise SourceError(f"course run {course}: {words}", course, pattern.way_out)
            staging.look(f"Course run {course}: {words}. {pattern.way_out}")


def _agreeing(figure: object) -> object:
    return Count(figure) if isinstance(figure, int) else figure
