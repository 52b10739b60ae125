"""Whether a learner leaves within three weeks."""

from components.label.targets import Target
from earlybell.bundle.heads import Head

# A run that nobody left tells nothing: it is not known whether its source records who leaves. Nor is it known of a
# learner who has withdrawn at no known time.
_SELECT = """
    SELECT moment_id, coalesce(unenrolled_at < as_of + INTERVAL 21 DAY, false)::INTEGER AS target
    FROM moments JOIN covered USING (course_id) JOIN enrolments USING (course_id, learner_id)
    SEMI JOIN (SELECT course_id FROM enrolments WHERE unenrolled_at IS NOT NULL) USING (course_id)
    LEFT JOIN outcomes USING (course_id, learner_id)
    WHERE as_of + INTERVAL 21 DAY <= ended AND (unenrolled_at IS NOT NULL OR outcome IS DISTINCT FROM 'withdrawn')"""

TARGET = Target(
    Head(
        name="leaving",
        title="Leaves within three weeks",
        kind="probability",
        words="{of_hundred} of 100 learners like this one left within three weeks",
        direction=1,
    ),
    _SELECT,
    order=2,
)
