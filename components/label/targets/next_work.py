"""Whether a learner hands in the next work."""

from components.label.targets import Target
from earlybell.bundle.heads import Head

# The next work is what is due first from the moment on, by the deadline that the learner had then; of several that are
# due together the weightiest. What is handed in already, or was banked from an earlier run, is a fact and not foretold.
# Work that nobody handed in is not in the source, as most exams are not.
# Late work counts as handed in: the learner is still there. Who left before the deadline has not handed in: to leave
# them out would be to know beforehand who stays.
_SELECT = """
    WITH own AS (
        SELECT moment_id, assessment_id, max(due_at) AS due_at
        FROM moments JOIN extensions USING (learner_id) WHERE granted_at < as_of GROUP BY ALL),
    asked AS (SELECT DISTINCT assessment_id FROM submissions WHERE attempt > 0),
    handed_in AS (
        SELECT assessment_id, learner_id, min(submitted_at) FILTER (attempt > 0) AS first_at,
            bool_or(attempt = 0) AS banked
        FROM submissions GROUP BY ALL),
    ahead AS (
        SELECT moment_id, assessment_id, coalesce(own.due_at, work.due_at) AS due, coalesce(weight, 0) AS weight,
            coalesce(first_at <= ended, false) AS handed_in, ended
        FROM moments JOIN covered USING (course_id) JOIN assessments AS work USING (course_id)
        SEMI JOIN asked USING (assessment_id)
        LEFT JOIN own USING (moment_id, assessment_id) LEFT JOIN handed_in USING (assessment_id, learner_id)
        WHERE due >= as_of AND NOT coalesce(banked, false) AND coalesce(first_at >= as_of, true))
    SELECT moment_id, handed_in::INTEGER AS target FROM ahead
    QUALIFY row_number() OVER (PARTITION BY moment_id ORDER BY due, weight DESC, assessment_id) = 1 AND due <= ended"""

TARGET = Target(
    Head(
        name="next_work",
        title="Hands in the next work",
        kind="probability",
        words="{others} of 100 learners like this one did not hand in the next work",
        direction=-1,
    ),
    _SELECT,
    order=1,
)
