"""A target: whether a learner does anything in the week that follows."""

from components.label.targets import Target
from earlybell.bundle.heads import Head

_SELECT = """
    SELECT moment_id, (count(occurred_at) > 0)::INTEGER AS target
    FROM moments AS m JOIN covered USING (course_id) LEFT JOIN events AS e
        ON e.course_id = m.course_id AND e.learner_id = m.learner_id
        AND occurred_at >= as_of AND occurred_at < as_of + INTERVAL 7 DAY
    WHERE as_of + INTERVAL 7 DAY <= ended GROUP BY moment_id"""

TARGET = Target(
    Head(
        name="active",
        title="Is active next week",
        kind="probability",
        words="{others} of 100 learners like this one did nothing in the next week",
        direction=-1,
    ),
    _SELECT,
)
