"""The final score of a learner who stays."""

from components.label.targets import Target
from earlybell.bundle.heads import Head

# As stated, in percent; a run with a score above 200 has another unit, and no target. A run that states none has the
# weighted mean of its work: what was not handed in is worth nothing, what was not graded does not count. Where no work
# has a weight, all weighs alike. Work of which nobody has a score is not in the source.
# Who left has none, in either: a score of the work until then is no final score.
_SELECT = """
    WITH ended AS (SELECT course_id, max(final_score) AS highest FROM outcomes GROUP BY course_id),
    best AS (
        SELECT assessment_id, learner_id, max(score) AS score FROM submissions GROUP BY ALL),
    work AS (
        SELECT course_id, assessment_id, max_score, coalesce(weight, 0) AS stated,
            if(sum(stated) OVER (PARTITION BY course_id) > 0, stated, 1) AS weight
        FROM assessments SEMI JOIN (SELECT assessment_id FROM submissions WHERE score IS NOT NULL) USING (assessment_id)
        WHERE max_score > 0),
    points AS (
        SELECT course_id, o.learner_id, 100 * sum(weight * coalesce(score, 0) / max_score) / sum(weight) AS points
        FROM outcomes AS o JOIN work USING (course_id)
        LEFT JOIN best ON best.assessment_id = work.assessment_id AND best.learner_id = o.learner_id
        WHERE best.learner_id IS NULL OR score IS NOT NULL
        GROUP BY course_id, o.learner_id HAVING sum(weight) > 0)
    SELECT moment_id, if(highest IS NULL, points, final_score) AS target
    FROM moments JOIN outcomes USING (course_id, learner_id) JOIN ended USING (course_id)
    LEFT JOIN points USING (course_id, learner_id)
    WHERE outcome <> 'withdrawn' AND coalesce(highest <= 200, true)"""

TARGET = Target(
    Head(
        name="final_score",
        title="Final score",
        kind="score",
        words="learners like this one who stayed got {value} of 100 in the end, most between {low} and {high}",
        direction=-1,
        baseline="last_score",
    ),
    _SELECT,
    order=3,
)
