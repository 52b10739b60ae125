WITH calendar AS (
SELECT
  "t18".*
  EXCLUDE ("paused")
FROM (
  SELECT
    "t17"."moment_id",
    "t17"."course_id",
    "t17"."learner_id",
    "t17"."as_of",
    "t17"."prior_attempts",
    "t17"."raw",
    "t17"."now",
    "t17"."start",
    "t17"."finish",
    "t17"."joined",
    "t17"."moment_id_break",
    "t17"."paused",
    GREATEST(
      (
        (
          "t17"."now" - GREATEST("t17"."start", "t17"."joined")
        ) - COALESCE("t17"."paused", 0)
      ) / 86400,
      1.0
    ) / 7 AS "weeks"
  FROM (
    SELECT
      "t4"."moment_id",
      "t4"."course_id",
      "t4"."learner_id",
      "t4"."as_of",
      "t8"."prior_attempts",
      "t7"."granularity" = 'raw' AS "raw",
      CAST(EPOCH(CAST("t4"."as_of" AS TIMESTAMP)) AS BIGINT) AS "now",
      CAST(EPOCH(CAST("t7"."starts_at" AS TIMESTAMP)) AS BIGINT) AS "start",
      COALESCE(
        CAST(EPOCH(CAST("t7"."ends_at" AS TIMESTAMP)) AS BIGINT),
        CAST(EPOCH(CAST("t7"."starts_at" AS TIMESTAMP)) AS BIGINT) + 9676800
      ) AS "finish",
      CAST(EPOCH(CAST(COALESCE("t8"."enrolled_at", "t7"."starts_at") AS TIMESTAMP)) AS BIGINT) AS "joined",
      "t16"."moment_id" AS "moment_id_break",
      "t16"."paused"
    FROM "moments" AS "t4"
    INNER JOIN (
      SELECT
        "t1"."course_id",
        "t1"."starts_at",
        "t1"."ends_at",
        "t1"."granularity"
      FROM "courses" AS "t1"
    ) AS "t7"
      ON "t4"."course_id" = "t7"."course_id"
    LEFT OUTER JOIN (
      SELECT
        "t2"."course_id",
        "t2"."learner_id",
        "t2"."enrolled_at",
        "t2"."prior_attempts"
      FROM "enrolments" AS "t2"
    ) AS "t8"
      ON "t4"."course_id" = "t8"."course_id"
      AND "t4"."learner_id" = "t8"."learner_id"
      AND "t8"."enrolled_at" < "t4"."as_of"
    LEFT OUTER JOIN (
      SELECT
        "t14"."moment_id",
        SUM(
          CAST(GREATEST(
            LEAST("t14"."on", "t14"."now") - GREATEST("t14"."off", "t14"."start", "t14"."joined"),
            0
          ) AS DOUBLE)
        ) AS "paused"
      FROM (
        SELECT
          "t13"."moment_id",
          "t13"."course_id",
          "t13"."now",
          "t13"."start",
          "t13"."joined",
          "t10"."off",
          "t10"."on"
        FROM (
          SELECT
            "t11"."moment_id",
            "t11"."course_id",
            "t11"."now",
            "t11"."start",
            "t11"."joined"
          FROM (
            SELECT
              "t4"."moment_id",
              "t4"."course_id",
              "t4"."learner_id",
              "t4"."as_of",
              "t8"."prior_attempts",
              "t7"."granularity" = 'raw' AS "raw",
              CAST(EPOCH(CAST("t4"."as_of" AS TIMESTAMP)) AS BIGINT) AS "now",
              CAST(EPOCH(CAST("t7"."starts_at" AS TIMESTAMP)) AS BIGINT) AS "start",
              COALESCE(
                CAST(EPOCH(CAST("t7"."ends_at" AS TIMESTAMP)) AS BIGINT),
                CAST(EPOCH(CAST("t7"."starts_at" AS TIMESTAMP)) AS BIGINT) + 9676800
              ) AS "finish",
              CAST(EPOCH(CAST(COALESCE("t8"."enrolled_at", "t7"."starts_at") AS TIMESTAMP)) AS BIGINT) AS "joined"
            FROM "moments" AS "t4"
            INNER JOIN (
              SELECT
                "t1"."course_id",
                "t1"."starts_at",
                "t1"."ends_at",
                "t1"."granularity"
              FROM "courses" AS "t1"
            ) AS "t7"
              ON "t4"."course_id" = "t7"."course_id"
            LEFT OUTER JOIN (
              SELECT
                "t2"."course_id",
                "t2"."learner_id",
                "t2"."enrolled_at",
                "t2"."prior_attempts"
              FROM "enrolments" AS "t2"
            ) AS "t8"
              ON "t4"."course_id" = "t8"."course_id"
              AND "t4"."learner_id" = "t8"."learner_id"
              AND "t8"."enrolled_at" < "t4"."as_of"
          ) AS "t11"
        ) AS "t13"
        INNER JOIN (
          SELECT
            "t3"."course_id",
            CAST(EPOCH(CAST("t3"."starts_at" AS TIMESTAMP)) AS BIGINT) AS "off",
            CAST(EPOCH(CAST("t3"."ends_at" AS TIMESTAMP)) AS BIGINT) AS "on"
          FROM "breaks" AS "t3"
        ) AS "t10"
          ON "t13"."course_id" = "t10"."course_id"
      ) AS "t14"
      GROUP BY
        1
    ) AS "t16"
      ON "t4"."moment_id" = "t16"."moment_id"
  ) AS "t17"
) AS "t18"
),
activity AS (
SELECT
  "t8"."moment_id",
  -(
    MAX(CASE WHEN "t8"."in_term" THEN -(
      "t8"."at"
    ) ELSE CAST(NULL AS BIGINT) END)
  ) AS "first_at",
  MAX("t8"."at") AS "last_at",
  SUM("t8"."clicks" * CAST("t8"."in_term" AS DOUBLE)) AS "clicks",
  SUM("t8"."clicks" * CAST("t8"."age" <= 604800 AS DOUBLE)) AS "clicks_7",
  SUM("t8"."clicks" * CAST("t8"."age" <= 1209600 AS DOUBLE)) AS "clicks_14",
  SUM("t8"."clicks" * CAST("t8"."age" <= 2419200 AS DOUBLE)) AS "clicks_28",
  SUM("t8"."clicks" * CAST("t8"."in_term" AND "t8"."weekend" AS DOUBLE)) AS "weekend_clicks",
  SUM(CAST("t8"."in_term" AND "t8"."ends_day" AS INT)) AS "active_days",
  SUM(CAST("t8"."ends_day" AND (
    "t8"."age" <= 604800
  ) AS INT)) AS "active_days_7",
  SUM(CAST("t8"."ends_day" AND (
    "t8"."age" <= 2419200
  ) AS INT)) AS "active_days_28",
  SUM(
    CAST(NOT (
      "t8"."in_term"
    ) AND (
      "t8"."ends_day" OR "t8"."ends_wait"
    ) AS INT)
  ) AS "active_days_before",
  SUM(CAST("t8"."in_term" AND "t8"."ends_week" AS INT)) AS "active_weeks",
  MAX(CASE WHEN "t8"."in_term" THEN "t8"."pause" ELSE CAST(NULL AS BIGINT) END) AS "longest_pause",
  STDDEV_POP(
    CASE
      WHEN "t8"."in_term" AND (
        "t8"."apart" > 0
      )
      THEN "t8"."apart" / 86400
      ELSE CAST(NULL AS DOUBLE)
    END
  ) AS "gap_deviation",
  SUM(CAST("t8"."in_term" AND NOT (
    COALESCE("t8"."pause" <= 1800, FALSE)
  ) AS INT)) AS "sessions",
  SUM(
    CAST("t8"."pause" AS DOUBLE) * CAST("t8"."in_term" AND COALESCE("t8"."pause" <= 1800, FALSE) AS DOUBLE)
  ) AS "session_seconds",
  SUM(
    "t8"."clicks" * CAST("t8"."component" BETWEEN 0 AND 2 AND "t8"."in_term" AS DOUBLE)
  ) AS "forum_clicks",
  SUM(CAST("t8"."component" BETWEEN 0 AND 2 AND (
    "t8"."age" <= 2419200
  ) AS INT)) AS "forum_recent",
  SUM(
    "t8"."clicks" * CAST("t8"."component" BETWEEN 3 AND 6 AND "t8"."in_term" AS DOUBLE)
  ) AS "quiz_clicks",
  SUM(CAST("t8"."component" BETWEEN 3 AND 6 AND (
    "t8"."age" <= 2419200
  ) AS INT)) AS "quiz_recent",
  SUM(
    "t8"."clicks" * CAST("t8"."component" BETWEEN 7 AND 13 AND "t8"."in_term" AS DOUBLE)
  ) AS "material_clicks",
  SUM(CAST("t8"."component" BETWEEN 7 AND 13 AND (
    "t8"."age" <= 2419200
  ) AS INT)) AS "material_recent",
  SUM(
    "t8"."clicks" * CAST("t8"."component" BETWEEN 14 AND 16 AND "t8"."in_term" AS DOUBLE)
  ) AS "assignment_clicks",
  SUM(CAST("t8"."component" BETWEEN 14 AND 16 AND (
    "t8"."age" <= 2419200
  ) AS INT)) AS "assignment_recent",
  SUM(
    "t8"."clicks" * CAST("t8"."component" BETWEEN 17 AND 17 AND "t8"."in_term" AS DOUBLE)
  ) AS "course_page_clicks",
  SUM(CAST("t8"."component" BETWEEN 17 AND 17 AND (
    "t8"."age" <= 2419200
  ) AS INT)) AS "course_page_recent",
  SUM(
    "t8"."clicks" * CAST("t8"."component" BETWEEN 18 AND 23 AND "t8"."in_term" AS DOUBLE)
  ) AS "collaboration_clicks",
  SUM(CAST("t8"."component" BETWEEN 18 AND 23 AND (
    "t8"."age" <= 2419200
  ) AS INT)) AS "collaboration_recent",
  SUM(
    "t8"."clicks" * CAST("t8"."component" BETWEEN 24 AND 27 AND "t8"."in_term" AS DOUBLE)
  ) AS "live_clicks",
  SUM(CAST("t8"."component" BETWEEN 24 AND 27 AND (
    "t8"."age" <= 2419200
  ) AS INT)) AS "live_recent",
  SUM(
    "t8"."clicks" * CAST("t8"."component" BETWEEN 0 AND 2 AND "t8"."contributes" AND "t8"."in_term" AS DOUBLE)
  ) AS "forum_posts"
FROM (
  SELECT
    "t7"."moment_id",
    "t7"."at",
    "t7"."clicks",
    "t7"."component",
    "t7"."contributes",
    "t7"."age",
    "t7"."since" >= 0 AS "in_term",
    (
      (
        "t7"."at" + 259200
      ) % 604800
    ) >= 432000 AS "weekend",
    "t7"."then" - "t7"."at" AS "pause",
    (
      "t7"."then" - (
        "t7"."then" % 86400
      )
    ) - (
      "t7"."at" - (
        "t7"."at" % 86400
      )
    ) AS "apart",
    (
      "t7"."then" IS NULL
    )
    OR (
      (
        (
          "t7"."then" - (
            "t7"."then" % 86400
          )
        ) - (
          "t7"."at" - (
            "t7"."at" % 86400
          )
        )
      ) > 0
    ) AS "ends_day",
    (
      "t7"."then" IS NULL
    )
    OR (
      (
        (
          "t7"."since" % 604800
        ) + (
          "t7"."then" - "t7"."at"
        )
      ) >= 604800
    ) AS "ends_week",
    (
      "t7"."then" IS NULL
    )
    OR (
      (
        "t7"."since" + (
          "t7"."then" - "t7"."at"
        )
      ) >= 0
    ) AS "ends_wait"
  FROM (
    SELECT
      "t6"."moment_id",
      "t6"."component",
      "t6"."contributes",
      "t6"."clicks",
      "t6"."at",
      "t6"."since",
      "t6"."age",
      LEAD("t6"."at") OVER (
        PARTITION BY "t6"."moment_id"
        ORDER BY "t6"."at" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "then"
    FROM (
      SELECT
        "t3"."moment_id",
        "t5"."component",
        "t5"."contributes",
        CAST("t5"."count" AS DOUBLE) AS "clicks",
        CAST(EPOCH(CAST("t5"."occurred_at" AS TIMESTAMP)) AS BIGINT) AS "at",
        CAST(CAST(EPOCH(CAST("t5"."occurred_at" AS TIMESTAMP)) AS BIGINT) - "t3"."start" AS INT) AS "since",
        CAST("t3"."now" - CAST(EPOCH(CAST("t5"."occurred_at" AS TIMESTAMP)) AS BIGINT) AS INT) AS "age"
      FROM (
        SELECT
          "t0"."moment_id",
          "t0"."course_id",
          "t0"."learner_id",
          "t0"."as_of",
          "t0"."now",
          "t0"."start"
        FROM "calendar" AS "t0"
      ) AS "t3"
      INNER JOIN (
        SELECT
          "t1"."course_id",
          "t1"."learner_id",
          "t1"."occurred_at",
          "t1"."count",
          CAST(CASE
            WHEN (
              CAST([
                'mod_forum',
                'mod_hsuforum',
                'mod_chat',
                'mod_quiz',
                'mod_h5pactivity',
                'mod_lesson',
                'mod_scorm',
                'mod_resource',
                'mod_url',
                'mod_page',
                'mod_book',
                'mod_folder',
                'mod_label',
                'mod_imscp',
                'mod_assign',
                'mod_workshop',
                'mod_turnitintooltwo',
                'core',
                'mod_wiki',
                'mod_glossary',
                'mod_data',
                'mod_choice',
                'mod_feedback',
                'mod_questionnaire',
                'mod_bigbluebuttonbn',
                'mod_attendance',
                'mod_zoom',
                'mod_lti'
              ] AS TEXT[]) IS NULL
            )
            OR (
              "t1"."component" IS NULL
            )
            THEN NULL
            ELSE COALESCE(
              LIST_INDEXOF(
                CAST([
                  'mod_forum',
                  'mod_hsuforum',
                  'mod_chat',
                  'mod_quiz',
                  'mod_h5pactivity',
                  'mod_lesson',
                  'mod_scorm',
                  'mod_resource',
                  'mod_url',
                  'mod_page',
                  'mod_book',
                  'mod_folder',
                  'mod_label',
                  'mod_imscp',
                  'mod_assign',
                  'mod_workshop',
                  'mod_turnitintooltwo',
                  'core',
                  'mod_wiki',
                  'mod_glossary',
                  'mod_data',
                  'mod_choice',
                  'mod_feedback',
                  'mod_questionnaire',
                  'mod_bigbluebuttonbn',
                  'mod_attendance',
                  'mod_zoom',
                  'mod_lti'
                ] AS TEXT[]),
                "t1"."component"
              ),
              0
            )
          END - 1 AS TINYINT) AS "component",
          "t1"."action" IN ('created', 'posted', 'uploaded', 'submitted', 'updated') AS "contributes"
        FROM "events" AS "t1"
      ) AS "t5"
        ON "t3"."course_id" = "t5"."course_id"
        AND "t3"."learner_id" = "t5"."learner_id"
        AND "t5"."occurred_at" < "t3"."as_of"
    ) AS "t6"
  ) AS "t7"
) AS "t8"
GROUP BY
  1
),
asked AS (
SELECT
  "t6".*
  EXCLUDE ("course_id")
FROM (
  SELECT
    "t4"."moment_id",
    "t4"."course_id",
    "t4"."learner_id",
    "t4"."as_of",
    "t4"."joined",
    "t5"."assessment_id",
    "t5"."kind",
    "t5"."role",
    "t5"."course_due",
    "t5"."weight",
    "t5"."max_score"
  FROM (
    SELECT
      "t0"."moment_id",
      "t0"."course_id",
      "t0"."learner_id",
      "t0"."as_of",
      "t0"."joined"
    FROM "calendar" AS "t0"
  ) AS "t4"
  INNER JOIN (
    SELECT
      "t1"."assessment_id",
      "t1"."course_id",
      "t1"."kind",
      "t1"."role",
      "t1"."due_at" AS "course_due",
      "t1"."weight",
      "t1"."max_score"
    FROM "assessments" AS "t1"
  ) AS "t5"
    ON "t4"."course_id" = "t5"."course_id"
) AS "t6"
),
granted AS (
SELECT
  "t5"."moment_id",
  "t5"."assessment_id",
  MAX("t5"."due_at") AS "own_due"
FROM (
  SELECT
    "t4"."moment_id",
    "t4"."assessment_id",
    "t4"."learner_id",
    "t4"."as_of",
    "t2"."assessment_id" AS "assessment_id_right",
    "t2"."learner_id" AS "learner_id_right",
    "t2"."due_at",
    "t2"."granted_at"
  FROM (
    SELECT
      "t0"."moment_id",
      "t0"."assessment_id",
      "t0"."learner_id",
      "t0"."as_of"
    FROM "asked" AS "t0"
  ) AS "t4"
  INNER JOIN "extensions" AS "t2"
    ON "t4"."assessment_id" = "t2"."assessment_id"
    AND "t4"."learner_id" = "t2"."learner_id"
    AND "t2"."granted_at" < "t4"."as_of"
) AS "t5"
GROUP BY
  1,
  2
),
answers AS (
SELECT
  "t5"."moment_id",
  "t5"."assessment_id",
  -(
    MAX(
      CASE
        WHEN "t5"."attempt" > 0
        THEN -(
          CAST(EPOCH(CAST("t5"."submitted_at" AS TIMESTAMP)) AS BIGINT)
        )
        ELSE CAST(NULL AS BIGINT)
      END
    )
  ) AS "first_at",
  MAX(
    CASE
      WHEN (
        "t5"."attempt" > 0
      ) AND COALESCE("t5"."graded_at" < "t5"."as_of", FALSE)
      THEN "t5"."score" / NULLIF("t5"."max_score", 0.0)
      ELSE CAST(NULL AS DOUBLE)
    END
  ) AS "share",
  SUM(CAST("t5"."attempt" > 0 AS INT)) AS "attempts",
  NULLIF(SUM("t5"."duration_s" * CAST("t5"."attempt" > 0 AS DOUBLE)), 0.0) AS "seconds",
  SUM(CAST(NOT (
    "t5"."attempt" > 0
  ) AS INT)) AS "banked",
  MAX(
    CASE
      WHEN NOT (
        "t5"."attempt" > 0
      ) AND COALESCE("t5"."graded_at" < "t5"."as_of", FALSE)
      THEN "t5"."score" / NULLIF("t5"."max_score", 0.0)
      ELSE CAST(NULL AS DOUBLE)
    END
  ) AS "banked_share"
FROM (
  SELECT
    "t4"."moment_id",
    "t4"."assessment_id",
    "t4"."learner_id",
    "t4"."as_of",
    "t4"."max_score",
    "t2"."assessment_id" AS "assessment_id_right",
    "t2"."learner_id" AS "learner_id_right",
    "t2"."submitted_at",
    "t2"."graded_at",
    "t2"."attempt",
    "t2"."score",
    "t2"."duration_s"
  FROM (
    SELECT
      "t0"."moment_id",
      "t0"."assessment_id",
      "t0"."learner_id",
      "t0"."as_of",
      "t0"."max_score"
    FROM "asked" AS "t0"
  ) AS "t4"
  INNER JOIN "submissions" AS "t2"
    ON "t4"."assessment_id" = "t2"."assessment_id"
    AND "t4"."learner_id" = "t2"."learner_id"
    AND "t2"."submitted_at" < "t4"."as_of"
) AS "t5"
GROUP BY
  1,
  2
),
work AS (
SELECT
  "t6"."moment_id",
  SUM(CAST("t6"."due" AS INT)) AS "due",
  SUM(CAST("t6"."missed" AS INT)) AS "missed",
  SUM("t6"."weight" * CAST("t6"."due" AS DOUBLE)) AS "weight_due",
  SUM("t6"."weight" * CAST("t6"."missed" AS DOUBLE)) AS "weight_missed",
  MAX(CASE WHEN "t6"."due" THEN "t6"."due_at" ELSE CAST(NULL AS BIGINT) END) AS "last_due_at",
  MAX(
    CASE
      WHEN "t6"."due" AND "t6"."answered"
      THEN "t6"."due_at"
      ELSE CAST(NULL AS BIGINT)
    END
  ) AS "last_met_at",
  SUM(CAST("t6"."answered" AS INT)) AS "handed_in",
  SUM(CAST(COALESCE("t6"."delay" > 0, FALSE) AS INT)) AS "late",
  SUM(CAST("t6"."ahead" AS INT)) AS "ahead",
  AVG("t6"."delay") AS "delay",
  AVG(
    CASE
      WHEN "t6"."answered"
      THEN CAST("t6"."attempts" AS DOUBLE)
      ELSE CAST(NULL AS DOUBLE)
    END
  ) AS "attempts",
  AVG("t6"."seconds") AS "seconds",
  AVG("t6"."share") AS "mean_share",
  MIN("t6"."share") AS "lowest_share",
  FIRST("t6"."share" ORDER BY "t6"."due_at" + (
    "t6"."share" / 2
  ) DESC) FILTER(WHERE
    (
      "t6"."due_at" + (
        "t6"."share" / 2
      )
    ) IS NOT NULL) AS "last_share",
  SUM("t6"."weight" * "t6"."share") AS "points",
  SUM("t6"."weight" * CAST((
    "t6"."share" IS NOT NULL
  ) OR "t6"."missed" AS DOUBLE)) AS "points_asked",
  AVG(
    CASE WHEN "t6"."role" = 'pre_test' THEN "t6"."share" ELSE CAST(NULL AS DOUBLE) END
  ) AS "pre_test",
  AVG(
    CASE WHEN "t6"."role" = 'post_test' THEN "t6"."share" ELSE CAST(NULL AS DOUBLE) END
  ) AS "post_test",
  AVG("t6"."banked_share") AS "banked_share"
FROM (
  SELECT
    "t3"."moment_id",
    "t3"."role",
    "t5"."attempts",
    "t5"."seconds",
    "t5"."share",
    "t5"."banked_share",
    CAST(EPOCH(CAST(COALESCE("t4"."own_due", "t3"."course_due") AS TIMESTAMP)) AS BIGINT) AS "due_at",
    COALESCE("t3"."weight", 0.0) AS "weight",
    CAST("t5"."first_at" - CAST(EPOCH(CAST(COALESCE("t4"."own_due", "t3"."course_due") AS TIMESTAMP)) AS BIGINT) AS DOUBLE) / 86400 AS "delay",
    "t5"."first_at" IS NOT NULL AS "answered",
    COALESCE(
      (
        COALESCE("t4"."own_due", "t3"."course_due") < "t3"."as_of"
      )
      AND (
        CAST(EPOCH(CAST(COALESCE("t4"."own_due", "t3"."course_due") AS TIMESTAMP)) AS BIGINT) >= "t3"."joined"
      )
      AND (
        COALESCE("t5"."banked", 0) = 0
      ),
      FALSE
    ) AS "due",
    COALESCE(
      (
        COALESCE("t4"."own_due", "t3"."course_due") < "t3"."as_of"
      )
      AND (
        CAST(EPOCH(CAST(COALESCE("t4"."own_due", "t3"."course_due") AS TIMESTAMP)) AS BIGINT) >= "t3"."joined"
      )
      AND (
        COALESCE("t5"."banked", 0) = 0
      )
      AND NOT (
        "t5"."first_at" IS NOT NULL
      ),
      FALSE
    ) AS "missed",
    COALESCE(
      (
        "t5"."first_at" IS NOT NULL
      )
      AND (
        COALESCE("t4"."own_due", "t3"."course_due") >= "t3"."as_of"
      ),
      FALSE
    ) AS "ahead"
  FROM "asked" AS "t3"
  LEFT OUTER JOIN "granted" AS "t4"
    ON "t3"."moment_id" = "t4"."moment_id"
    AND "t3"."assessment_id" = "t4"."assessment_id"
  LEFT OUTER JOIN "answers" AS "t5"
    ON "t3"."moment_id" = "t5"."moment_id"
    AND "t3"."assessment_id" = "t5"."assessment_id"
) AS "t6"
GROUP BY
  1
)
SELECT
  *
FROM (
  SELECT
    "t3"."moment_id",
    GREATEST(CAST("t3"."now" - "t3"."start" AS DOUBLE) / 86400, 0.0) / GREATEST(CAST("t3"."finish" - "t3"."start" AS DOUBLE) / 86400, 1.0) AS "progress",
    CAST("t3"."start" - "t3"."joined" AS DOUBLE) / 86400 AS "days_enrolled_before_start",
    CAST("t3"."prior_attempts" AS DOUBLE) AS "prior_attempts",
    CAST(GREATEST("t3"."now" - COALESCE("t4"."last_at", GREATEST("t3"."start", "t3"."joined")), 0) AS DOUBLE) / 86400 AS "days_since_activity",
    COALESCE("t4"."active_days", 0) / "t3"."weeks" AS "active_days_per_week",
    CAST(COALESCE("t4"."active_days_7", 0) AS DOUBLE) AS "active_days_last_7",
    CAST(COALESCE("t4"."active_days_28", 0) AS DOUBLE) AS "active_days_last_28",
    CAST(COALESCE("t4"."active_days_before", 0) AS DOUBLE) AS "active_days_before_start",
    LEAST(COALESCE("t4"."active_weeks", 0) / GREATEST("t3"."weeks", 1.0), 1.0) AS "active_weeks_share",
    GREATEST(
      COALESCE(CAST("t4"."longest_pause" AS DOUBLE) / 86400, 0.0),
      COALESCE(
        CAST("t4"."first_at" - GREATEST("t3"."start", "t3"."joined") AS DOUBLE) / 86400,
        0.0
      ),
      CAST(GREATEST("t3"."now" - COALESCE("t4"."last_at", GREATEST("t3"."start", "t3"."joined")), 0) AS DOUBLE) / 86400
    ) AS "longest_gap_days",
    "t4"."gap_deviation" AS "gap_deviation_days",
    LN(
      (
        COALESCE("t4"."clicks_14", 0) + 1.0
      ) / (
        (
          COALESCE("t4"."clicks_28", 0) - COALESCE("t4"."clicks_14", 0)
        ) + 1.0
      )
    ) AS "activity_trend",
    COALESCE("t4"."weekend_clicks", 0) / NULLIF("t4"."clicks", 0.0) AS "weekend_share",
    CASE
      WHEN "t3"."raw"
      THEN COALESCE("t4"."sessions", 0) / "t3"."weeks"
      ELSE CAST(NULL AS DOUBLE)
    END AS "sessions_per_week",
    CASE
      WHEN "t3"."raw"
      THEN (
        COALESCE("t4"."session_seconds", 0) / 60.0
      ) / NULLIF(CAST("t4"."sessions" AS DOUBLE), 0.0)
      ELSE CAST(NULL AS DOUBLE)
    END AS "minutes_per_session",
    "t5"."delay" AS "mean_delay_days",
    "t5"."late" / NULLIF(CAST("t5"."handed_in" AS DOUBLE), 0.0) AS "late_share",
    COALESCE("t4"."forum_clicks", 0) / "t3"."weeks" AS "forum_per_week",
    COALESCE("t4"."quiz_clicks", 0) / "t3"."weeks" AS "quiz_per_week",
    COALESCE("t4"."material_clicks", 0) / "t3"."weeks" AS "material_per_week",
    COALESCE("t4"."assignment_clicks", 0) / "t3"."weeks" AS "assignment_per_week",
    COALESCE("t4"."course_page_clicks", 0) / "t3"."weeks" AS "course_page_per_week",
    COALESCE("t4"."collaboration_clicks", 0) / "t3"."weeks" AS "collaboration_per_week",
    COALESCE("t4"."live_clicks", 0) / "t3"."weeks" AS "live_per_week",
    COALESCE("t4"."clicks", 0) / "t3"."weeks" AS "clicks_per_week",
    COALESCE("t4"."clicks_7", 0) AS "clicks_last_7",
    COALESCE("t4"."clicks_28", 0) AS "clicks_last_28",
    CAST(CAST(COALESCE("t4"."forum_recent", 0) > 0 AS BIGINT) + CAST(COALESCE("t4"."quiz_recent", 0) > 0 AS BIGINT) + CAST(COALESCE("t4"."material_recent", 0) > 0 AS BIGINT) + CAST(COALESCE("t4"."assignment_recent", 0) > 0 AS BIGINT) + CAST(COALESCE("t4"."course_page_recent", 0) > 0 AS BIGINT) + CAST(COALESCE("t4"."collaboration_recent", 0) > 0 AS BIGINT) + CAST(COALESCE("t4"."live_recent", 0) > 0 AS BIGINT) AS DOUBLE) AS "kinds_used_last_28",
    COALESCE("t4"."forum_posts", 0) AS "forum_posts",
    CAST(COALESCE("t5"."missed", 0) AS DOUBLE) AS "missed_work",
    "t5"."missed" / NULLIF(CAST("t5"."due" AS DOUBLE), 0.0) AS "missed_share",
    COALESCE("t5"."weight_missed", 0.0) / NULLIF("t5"."weight_due", 0.0) AS "missed_weight_share",
    CAST(CASE
      WHEN "t5"."last_due_at" IS NULL
      THEN CAST(NULL AS BIGINT)
      ELSE CASE WHEN "t5"."last_due_at" > COALESCE("t5"."last_met_at", -1) THEN 1 ELSE 0 END
    END AS DOUBLE) AS "missed_last",
    CAST(COALESCE("t5"."ahead", 0) AS DOUBLE) AS "handed_in_ahead",
    "t5"."attempts" AS "attempts_per_work",
    CASE WHEN "t3"."raw" THEN "t5"."seconds" / 60.0 ELSE CAST(NULL AS DOUBLE) END AS "minutes_per_work",
    "t5"."mean_share" * 100 AS "mean_score",
    "t5"."lowest_share" * 100 AS "lowest_score",
    "t5"."last_share" * 100 AS "last_score",
    (
      "t5"."last_share" - "t5"."mean_share"
    ) * 100 AS "score_change",
    COALESCE("t5"."points", 0.0) / NULLIF("t5"."points_asked", 0.0) AS "points_share",
    "t5"."pre_test" * 100 AS "pre_test_score",
    "t5"."post_test" * 100 AS "post_test_score",
    (
      "t5"."post_test" - "t5"."pre_test"
    ) * 100 AS "test_gain",
    "t5"."banked_share" * 100 AS "banked_score"
  FROM "calendar" AS "t3"
  LEFT OUTER JOIN "activity" AS "t4"
    ON "t3"."moment_id" = "t4"."moment_id"
  LEFT OUTER JOIN "work" AS "t5"
    ON "t3"."moment_id" = "t5"."moment_id"
) AS "t6"