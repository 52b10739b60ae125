WITH runs AS (
SELECT
  "t0"."course_id",
  COALESCE("t0"."timezone", 'UTC') AS "zone",
  COALESCE("t0"."weekend", 'sat,sun') AS "weekend",
  "t0"."granularity" = 'raw' AS "raw",
  CAST(EPOCH(CAST("t0"."starts_at" AS TIMESTAMP)) AS BIGINT) AS "start",
  CAST(EPOCH(CAST("t0"."ends_at" AS TIMESTAMP)) AS BIGINT) AS "end",
  "t0"."starts_at",
  CAST(FLOOR(
    (
      EPOCH(
        CAST(TIMEZONE(COALESCE("t0"."timezone", 'UTC'), TIMEZONE('UTC', "t0"."starts_at")) AS TIMESTAMP)
      )
    ) / (
      86400
    )
  ) AS BIGINT) AS "start_day"
FROM "courses" AS "t0"
),
holidays AS (
SELECT
  "t9"."course_id",
  "t9"."first",
  "t9"."until",
  CAST(CEIL((
    "t9"."first" - "t9"."start_day"
  ) / 7) AS BIGINT) AS "first_week",
  CAST(FLOOR((
    "t9"."until" - "t9"."start_day"
  ) / (
    7
  )) AS BIGINT) AS "until_week"
FROM (
  SELECT
    "t8"."course_id",
    "t8"."start_day",
    "t8"."first",
    COALESCE(
      LEAD("t8"."reached") OVER (
        PARTITION BY "t8"."course_id"
        ORDER BY "t8"."first" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ),
      "t8"."last"
    ) AS "until",
    "t8"."reached",
    "t8"."last"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t6"."course_id",
        "t6"."start_day",
        "t6"."first",
        "t6"."until",
        MAX("t6"."until") OVER (
          PARTITION BY "t6"."course_id"
          ORDER BY "t6"."first" ASC, "t6"."until" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 preceding
        ) AS "reached",
        MAX("t6"."until") OVER (
          PARTITION BY "t6"."course_id"
          ORDER BY "t6"."first" ASC, "t6"."until" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "last"
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t4"."course_id",
            "t4"."start_day",
            CAST(FLOOR(
              (
                EPOCH(CAST(TIMEZONE("t4"."zone", TIMEZONE('UTC', "t2"."starts_at")) AS TIMESTAMP)) + 43199
              ) / (
                86400
              )
            ) AS BIGINT) AS "first",
            CAST(FLOOR(
              (
                EPOCH(CAST(TIMEZONE("t4"."zone", TIMEZONE('UTC', "t2"."ends_at")) AS TIMESTAMP)) + 43199
              ) / (
                86400
              )
            ) AS BIGINT) AS "until"
          FROM (
            SELECT
              "t0"."course_id",
              "t0"."zone",
              "t0"."start_day"
            FROM "runs" AS "t0"
          ) AS "t4"
          INNER JOIN "breaks" AS "t2"
            ON "t4"."course_id" = "t2"."course_id"
        ) AS "t5"
        WHERE
          "t5"."until" > "t5"."first"
      ) AS "t6"
    ) AS "t7"
    WHERE
      (
        "t7"."reached" IS NULL
      ) OR (
        "t7"."first" > "t7"."reached"
      )
  ) AS "t8"
) AS "t9"
),
calendar AS (
SELECT
  "t15"."moment_id",
  "t15"."course_id",
  "t15"."learner_id",
  "t15"."as_of",
  "t15"."prior_attempts",
  "t15"."raw",
  "t15"."now",
  "t15"."start",
  "t15"."finish",
  "t15"."joined",
  "t15"."begin",
  "t15"."start_day",
  "t15"."begin_day",
  "t15"."last_day",
  CAST(GREATEST("t15"."days" - "t15"."days_off", 0) AS DOUBLE) AS "days_seen",
  CAST(GREATEST("t15"."weeks" - "t15"."weeks_off", 0) AS DOUBLE) AS "weeks_seen"
FROM (
  SELECT
    "t14"."moment_id",
    "t14"."course_id",
    "t14"."learner_id",
    "t14"."as_of",
    "t14"."prior_attempts",
    "t14"."raw",
    "t14"."now",
    "t14"."start",
    "t14"."finish",
    "t14"."joined",
    "t14"."begin",
    "t14"."start_day",
    "t14"."begin_day",
    "t14"."last_day",
    "t14"."days",
    "t14"."weeks",
    SUM("t14"."days_off") AS "days_off",
    SUM("t14"."weeks_off") AS "weeks_off"
  FROM (
    SELECT
      "t13"."moment_id",
      "t13"."course_id",
      "t13"."learner_id",
      "t13"."as_of",
      "t13"."prior_attempts",
      "t13"."raw",
      "t13"."now",
      "t13"."start",
      "t13"."finish",
      "t13"."joined",
      "t13"."begin",
      "t13"."start_day",
      "t13"."begin_day",
      "t13"."last_day",
      (
        "t13"."last_day" - "t13"."begin_day"
      ) + 1 AS "days",
      (
        CAST(FLOOR((
          "t13"."last_day" - "t13"."start_day"
        ) / (
          7
        )) AS BIGINT) - CAST(FLOOR((
          "t13"."begin_day" - "t13"."start_day"
        ) / (
          7
        )) AS BIGINT)
      ) + 1 AS "weeks",
      CASE
        WHEN "t9"."first" IS NULL
        THEN 0
        ELSE LEAST("t9"."until", "t13"."last_day" + 1) - GREATEST("t9"."first", "t13"."begin_day")
      END AS "days_off",
      CASE
        WHEN "t9"."first" IS NULL
        THEN 0
        ELSE GREATEST(
          LEAST(
            "t9"."until_week",
            CAST(FLOOR((
              "t13"."last_day" - "t13"."start_day"
            ) / (
              7
            )) AS BIGINT) + 1
          ) - GREATEST(
            "t9"."first_week",
            CAST(FLOOR((
              "t13"."begin_day" - "t13"."start_day"
            ) / (
              7
            )) AS BIGINT)
          ),
          0
        )
      END AS "weeks_off"
    FROM (
      SELECT
        "t11"."moment_id",
        "t11"."course_id",
        "t11"."learner_id",
        "t11"."as_of",
        "t11"."prior_attempts",
        "t11"."raw",
        "t11"."start",
        "t11"."start_day",
        "t11"."now",
        COALESCE("t11"."end", "t11"."start" + 9676800) AS "finish",
        COALESCE("t11"."enrolled", "t11"."start") AS "joined",
        GREATEST("t11"."start", "t11"."enrolled") AS "begin",
        CAST(FLOOR((
          EPOCH(CAST("t11"."begun" AS TIMESTAMP))
        ) / (
          86400
        )) AS BIGINT) AS "begin_day",
        CAST(FLOOR(
          (
            EPOCH(CAST("t11"."before" AS TIMESTAMP)) - CASE WHEN "t11"."raw" THEN 0 ELSE 86399 END
          ) / (
            86400
          )
        ) AS BIGINT) AS "last_day"
      FROM (
        SELECT
          "t4"."moment_id",
          "t4"."course_id",
          "t4"."learner_id",
          "t4"."as_of",
          "t10"."prior_attempts",
          "t7"."raw",
          "t7"."start",
          "t7"."end",
          "t7"."start_day",
          CAST(EPOCH(CAST("t10"."enrolled_at" AS TIMESTAMP)) AS BIGINT) AS "enrolled",
          CAST(EPOCH(CAST("t4"."as_of" AS TIMESTAMP)) AS BIGINT) AS "now",
          TIMEZONE("t7"."zone", TIMEZONE('UTC', GREATEST("t7"."starts_at", "t10"."enrolled_at"))) AS "begun",
          TIMEZONE("t7"."zone", TIMEZONE('UTC', "t4"."as_of" - INTERVAL '1' MICROSECOND)) AS "before"
        FROM "moments" AS "t4"
        INNER JOIN (
          SELECT
            "t2".*
            EXCLUDE ("weekend")
          FROM "runs" AS "t2"
        ) AS "t7"
          ON "t4"."course_id" = "t7"."course_id"
        LEFT OUTER JOIN (
          SELECT
            "t3"."course_id",
            "t3"."learner_id",
            "t3"."enrolled_at",
            "t3"."prior_attempts"
          FROM "enrolments" AS "t3"
        ) AS "t10"
          ON "t4"."course_id" = "t10"."course_id"
          AND "t4"."learner_id" = "t10"."learner_id"
          AND "t10"."enrolled_at" < "t4"."as_of"
      ) AS "t11"
    ) AS "t13"
    LEFT OUTER JOIN (
      SELECT
        "t0"."first",
        "t0"."until",
        "t0"."first_week",
        "t0"."until_week",
        "t0"."course_id" AS "run"
      FROM "holidays" AS "t0"
    ) AS "t9"
      ON "t13"."course_id" = "t9"."run"
      AND "t9"."first" <= "t13"."last_day"
      AND "t9"."until" > "t13"."begin_day"
  ) AS "t14"
  GROUP BY
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16
) AS "t15"
),
dates AS (
SELECT
  "t19"."course_id",
  "t19"."date",
  "t19"."day",
  "t19"."next_at",
  "t19"."which",
  CAST((
    CAST((
      "t19"."first" IS NULL
    )
    OR (
      "t19"."week" < "t19"."first_week"
    )
    OR (
      "t19"."week" >= "t19"."until_week"
    ) AS SMALLINT) << 1
  ) + (
    CAST("t19"."first" IS NULL AS SMALLINT) << 2
  ) + (
    CAST(CONTAINS(
      "t19"."weekend",
      SUBSTRING(
        'thufrisatsunmontuewed',
        CASE
          WHEN (
            (
              (
                "t19"."of" % 7
              ) * 3
            ) + 1
          ) >= 1
          THEN (
            (
              "t19"."of" % 7
            ) * 3
          ) + 1
          ELSE (
            (
              "t19"."of" % 7
            ) * 3
          ) + 1 + LENGTH('thufrisatsunmontuewed')
        END,
        3
      )
    ) AS SMALLINT) << 3
  ) + 1 AS SMALLINT) AS "which_next"
FROM (
  SELECT
    "t18"."course_id",
    "t18"."date",
    "t18"."weekend",
    "t18"."start_day",
    "t18"."day",
    "t18"."next_at",
    "t18"."which",
    "t18"."of",
    "t18"."week",
    "t5"."first",
    "t5"."until",
    "t5"."first_week",
    "t5"."until_week",
    "t5"."run"
  FROM (
    SELECT
      "t16"."course_id",
      "t16"."date",
      "t16"."weekend",
      "t16"."start_day",
      "t16"."day",
      "t16"."next_at",
      CAST((
        CAST((
          "t16"."first" IS NULL
        )
        OR (
          "t16"."week" < "t16"."first_week"
        )
        OR (
          "t16"."week" >= "t16"."until_week"
        ) AS SMALLINT) << 1
      ) + (
        CAST("t16"."first" IS NULL AS SMALLINT) << 2
      ) + (
        CAST(CONTAINS(
          "t16"."weekend",
          SUBSTRING(
            'thufrisatsunmontuewed',
            CASE
              WHEN (
                (
                  (
                    "t16"."of" % 7
                  ) * 3
                ) + 1
              ) >= 1
              THEN (
                (
                  "t16"."of" % 7
                ) * 3
              ) + 1
              ELSE (
                (
                  "t16"."of" % 7
                ) * 3
              ) + 1 + LENGTH('thufrisatsunmontuewed')
            END,
            3
          )
        ) AS SMALLINT) << 3
      ) + 1 AS SMALLINT) AS "which",
      "t16"."day" + 1 AS "of",
      CAST(FLOOR((
        (
          "t16"."day" + 1
        ) - "t16"."start_day"
      ) / (
        7
      )) AS BIGINT) AS "week"
    FROM (
      SELECT
        "t15"."course_id",
        "t15"."date",
        "t15"."weekend",
        "t15"."start_day",
        "t15"."day",
        "t15"."next_at",
        "t15"."of",
        "t15"."week",
        "t5"."first",
        "t5"."until",
        "t5"."first_week",
        "t5"."until_week",
        "t5"."run"
      FROM (
        SELECT
          "t13"."course_id",
          "t13"."date",
          "t13"."weekend",
          "t13"."start_day",
          "t13"."day",
          "t13"."next_at",
          "t13"."day" AS "of",
          CAST(FLOOR((
            "t13"."day" - "t13"."start_day"
          ) / (
            7
          )) AS BIGINT) AS "week"
        FROM (
          SELECT
            "t12"."course_id",
            "t12"."date",
            "t12"."weekend",
            "t12"."start_day",
            CAST(CAST(FLOOR((
              EPOCH(CAST("t12"."shown" AS TIMESTAMP))
            ) / (
              86400
            )) AS BIGINT) AS INT) AS "day",
            TIMEZONE('UTC', TIMEZONE("t12"."zone", DATE_TRUNC('DAY', "t12"."shown") + INTERVAL '1' DAY)) AS "next_at"
          FROM (
            SELECT
              "t11"."course_id",
              "t11"."date",
              "t11"."at",
              "t11"."zone",
              "t11"."weekend",
              "t11"."start_day",
              TIMEZONE("t11"."zone", TIMEZONE('UTC', DATE_TRUNC('DAY', "t11"."at"))) AS "shown"
            FROM (
              SELECT
                "t10"."course_id",
                "t10"."date",
                "t10"."at",
                "t6"."zone",
                "t6"."weekend",
                "t6"."start_day"
              FROM (
                SELECT
                  *
                FROM (
                  SELECT
                    "t7"."course_id",
                    "t7"."date",
                    MIN("t7"."occurred_at") AS "at"
                  FROM (
                    SELECT
                      "t2"."course_id",
                      "t2"."occurred_at",
                      CAST(FLOOR((
                        EPOCH(CAST("t2"."occurred_at" AS TIMESTAMP))
                      ) / (
                        86400
                      )) AS BIGINT) AS "date"
                    FROM "events" AS "t2"
                  ) AS "t7"
                  GROUP BY
                    1,
                    2
                ) AS "t8"
                WHERE
                  "t8"."at" IS NOT NULL
              ) AS "t10"
              INNER JOIN (
                SELECT
                  "t1"."course_id",
                  "t1"."zone",
                  "t1"."weekend",
                  "t1"."start_day"
                FROM "runs" AS "t1"
              ) AS "t6"
                ON "t10"."course_id" = "t6"."course_id"
            ) AS "t11"
          ) AS "t12"
        ) AS "t13"
      ) AS "t15"
      LEFT OUTER JOIN (
        SELECT
          "t0"."first",
          "t0"."until",
          "t0"."first_week",
          "t0"."until_week",
          "t0"."course_id" AS "run"
        FROM "holidays" AS "t0"
      ) AS "t5"
        ON "t15"."course_id" = "t5"."run"
        AND "t5"."first" <= "t15"."of"
        AND "t5"."until" > "t15"."of"
    ) AS "t16"
  ) AS "t18"
  LEFT OUTER JOIN (
    SELECT
      "t0"."first",
      "t0"."until",
      "t0"."first_week",
      "t0"."until_week",
      "t0"."course_id" AS "run"
    FROM "holidays" AS "t0"
  ) AS "t5"
    ON "t18"."course_id" = "t5"."run"
    AND "t5"."first" <= "t18"."of"
    AND "t5"."until" > "t18"."of"
) AS "t19"
),
activity AS (
SELECT
  "t14"."moment_id",
  MIN("t14"."first_since") AS "first_since",
  MAX("t14"."since") AS "last_since",
  SUM("t14"."clicks_taught") AS "clicks",
  SUM("t14"."clicks" * "t14"."last_7") AS "clicks_7",
  SUM("t14"."clicks" * "t14"."last_14") AS "clicks_14",
  SUM("t14"."clicks" * "t14"."last_28") AS "clicks_28",
  SUM("t14"."clicks_term" * "t14"."weekend") / NULLIF(SUM("t14"."clicks_term"), 0.0) AS "weekend_share",
  SUM("t14"."ends_day" * "t14"."taught") AS "active_days",
  SUM("t14"."ends_day" * "t14"."last_7") AS "active_days_7",
  SUM("t14"."ends_day" * "t14"."last_28") AS "active_days_28",
  SUM("t14"."ends_day" * "t14"."before") AS "active_days_before",
  SUM("t14"."ends_week") AS "active_weeks",
  MAX("t14"."pause") AS "longest_pause",
  STDDEV_POP(NULLIF("t14"."gap", 0)) AS "gap_deviation",
  SUM("t14"."taught" - "t14"."taught_goes_on") AS "sessions",
  (
    SUM("t14"."quiet" * "t14"."term_goes_on") / 60.0
  ) / NULLIF(SUM("t14"."term" - "t14"."term_goes_on"), 0.0) AS "minutes_per_session",
  SUM("t14"."clicks_taught" * "t14"."forum") AS "forum_clicks",
  SUM("t14"."clicks_taught" * "t14"."quiz") AS "quiz_clicks",
  SUM("t14"."clicks_taught" * "t14"."material") AS "material_clicks",
  SUM("t14"."clicks_taught" * "t14"."assignment") AS "assignment_clicks",
  SUM("t14"."clicks_taught" * "t14"."course_page") AS "course_page_clicks",
  SUM("t14"."clicks_taught" * "t14"."collaboration") AS "collaboration_clicks",
  SUM("t14"."clicks_taught" * "t14"."live") AS "live_clicks",
  SUM("t14"."clicks" * "t14"."posts") AS "forum_posts",
  BIT_COUNT(BIT_OR(CAST("t14"."what_28" AS BIGINT)) & 254) AS "kinds_used"
FROM (
  SELECT
    "t13"."moment_id",
    "t13"."since",
    "t13"."first_since",
    "t13"."pause",
    "t13"."gap",
    "t13"."quiet",
    "t13"."clicks",
    "t13"."term",
    "t13"."taught",
    "t13"."last_28",
    "t13"."clicks" * "t13"."term" AS "clicks_term",
    "t13"."clicks" * "t13"."taught" AS "clicks_taught",
    CAST((
      "t13"."which" >> 3
    ) & 1 AS DOUBLE) AS "weekend",
    "t13"."term" * "t13"."goes_on" AS "term_goes_on",
    "t13"."taught" * "t13"."goes_on" AS "taught_goes_on",
    CAST("t13"."apart" > 0 AS DOUBLE) AS "ends_day",
    CAST((
      "t13"."apart" + (
        "t13"."day" % 7
      )
    ) >= 7 AS DOUBLE) * CAST((
      "t13"."which" >> 1
    ) & 1 AS DOUBLE) AS "ends_week",
    CAST("t13"."day" < 0 AS DOUBLE) AS "before",
    CAST("t13"."age" < 7 AS DOUBLE) * "t13"."there" AS "last_7",
    CAST("t13"."age" < 14 AS DOUBLE) * "t13"."there" AS "last_14",
    "t13"."what" * CAST("t13"."last_28" AS SMALLINT) AS "what_28",
    CAST((
      "t13"."what" >> 8
    ) & 1 AS DOUBLE) * CAST((
      "t13"."what" >> 1
    ) & 1 AS DOUBLE) AS "posts",
    CAST((
      "t13"."what" >> 1
    ) & 1 AS DOUBLE) AS "forum",
    CAST((
      "t13"."what" >> 2
    ) & 1 AS DOUBLE) AS "quiz",
    CAST((
      "t13"."what" >> 3
    ) & 1 AS DOUBLE) AS "material",
    CAST((
      "t13"."what" >> 4
    ) & 1 AS DOUBLE) AS "assignment",
    CAST((
      "t13"."what" >> 5
    ) & 1 AS DOUBLE) AS "course_page",
    CAST((
      "t13"."what" >> 6
    ) & 1 AS DOUBLE) AS "collaboration",
    CAST((
      "t13"."what" >> 7
    ) & 1 AS DOUBLE) AS "live"
  FROM (
    SELECT
      "t12"."clicks",
      "t12"."what",
      "t12"."moment_id",
      "t12"."since",
      "t12"."day",
      "t12"."age",
      "t12"."which",
      "t12"."then",
      "t12"."next_day",
      COALESCE(CAST("t12"."then" - "t12"."since" AS INT), 1073741824) AS "quiet",
      COALESCE(CAST("t12"."next_day" - "t12"."day" AS INT), 1073741824) AS "apart",
      CASE
        WHEN "t12"."which" > 0
        THEN CAST("t12"."then" - "t12"."since" AS INT)
        ELSE CAST(NULL AS INT)
      END AS "pause",
      CASE
        WHEN "t12"."which" > 0
        THEN CAST("t12"."next_day" - "t12"."day" AS INT)
        ELSE CAST(NULL AS INT)
      END AS "gap",
      CASE WHEN "t12"."which" > 0 THEN "t12"."since" ELSE CAST(NULL AS INT) END AS "first_since",
      CAST((
        "t12"."which" >> 0
      ) & 1 AS DOUBLE) AS "term",
      CAST((
        "t12"."which" >> 2
      ) & 1 AS DOUBLE) AS "taught",
      CAST("t12"."age" >= 0 AS DOUBLE) AS "there",
      CAST("t12"."age" < 28 AS DOUBLE) * CAST("t12"."age" >= 0 AS DOUBLE) AS "last_28",
      CAST(COALESCE(CAST("t12"."then" - "t12"."since" AS INT), 1073741824) <= 1800 AS DOUBLE) AS "goes_on"
    FROM (
      SELECT
        "t11"."clicks",
        "t11"."what",
        "t11"."moment_id",
        "t11"."since",
        "t11"."day",
        "t11"."age",
        "t11"."which",
        LEAD("t11"."since") OVER (
          PARTITION BY "t11"."moment_id"
          ORDER BY "t11"."since" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "then",
        LEAD("t11"."day") OVER (
          PARTITION BY "t11"."moment_id"
          ORDER BY "t11"."since" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "next_day"
      FROM (
        SELECT
          "t10"."clicks",
          "t10"."what",
          CAST("t5"."moment_id" AS INT) AS "moment_id",
          CAST(CAST(EPOCH(CAST("t10"."occurred_at" AS TIMESTAMP)) AS BIGINT) - "t5"."start" AS INT) AS "since",
          CAST("t10"."day" - "t5"."start_day" AS INT) AS "day",
          CAST("t5"."last_day" - "t10"."day" AS INT) AS "age",
          CAST(CAST((
            "t10"."day" >= "t5"."begin_day"
          ) AND (
            "t10"."day" <= "t5"."last_day"
          ) AS SMALLINT) * "t10"."which" AS SMALLINT) AS "which"
        FROM (
          SELECT
            "t0"."moment_id",
            "t0"."course_id",
            "t0"."learner_id",
            "t0"."as_of",
            "t0"."start",
            "t0"."start_day",
            "t0"."begin_day",
            "t0"."last_day"
          FROM "calendar" AS "t0"
        ) AS "t5"
        INNER JOIN (
          SELECT
            "t8"."course_id",
            "t8"."learner_id",
            "t8"."occurred_at",
            "t8"."clicks",
            "t8"."what",
            "t3"."day" + CAST("t8"."occurred_at" >= "t3"."next_at" AS INT) AS "day",
            "t3"."which" + (
              CAST("t8"."occurred_at" >= "t3"."next_at" AS SMALLINT) * (
                "t3"."which_next" - "t3"."which"
              )
            ) AS "which"
          FROM (
            SELECT
              "t6"."course_id",
              "t6"."learner_id",
              "t6"."occurred_at",
              CAST("t6"."count" AS DOUBLE) * CAST(CAST((
                "t6"."target" - "t6"."action"
              ) <> 1 AS SMALLINT) AS DOUBLE) AS "clicks",
              CAST((
                (
                  "t6"."kind" & (
                    (
                      CAST((
                        "t6"."action" = 1
                      ) AND (
                        "t6"."target" = 3
                      ) AS SMALLINT) * 32
                    ) + -33
                  )
                ) * CAST((
                  "t6"."target" - "t6"."action"
                ) <> 1 AS SMALLINT)
              ) + (
                CAST((
                  "t6"."action" = 4
                ) AND (
                  "t6"."target" = 16
                ) AS SMALLINT) * 256
              ) AS SMALLINT) AS "what",
              CAST(FLOOR((
                EPOCH(CAST("t6"."occurred_at" AS TIMESTAMP))
              ) / (
                86400
              )) AS BIGINT) AS "date"
            FROM (
              SELECT
                "t2"."course_id",
                "t2"."learner_id",
                "t2"."occurred_at",
                "t2"."count",
                CAST(1 << (
                  STRPOS(
                    '                                                                                                                                ,mod_forum,mod_hsuforum,mod_chat,                                                                                               ,mod_quiz,mod_h5pactivity,mod_lesson,mod_scorm,                                                                                 ,mod_resource,mod_url,mod_page,mod_book,mod_folder,mod_label,mod_imscp,                                                         ,mod_assign,mod_workshop,mod_turnitintooltwo,assignsubmission_file,assignsubmission_onlinetext,assignsubmission_comments,       ,core,                                                                                                                          ,mod_wiki,mod_glossary,mod_data,mod_choice,mod_feedback,mod_questionnaire,mod_survey,                                           ,mod_bigbluebuttonbn,mod_zoom,mod_attendance,',
                    ',' || "t2"."component" || ','
                  ) >> 7
                ) AS SMALLINT) AS "kind",
                STRPOS(
                  '                                ,viewed,                        ,completed,                     ,awarded,                       ,created,                       ,uploaded,                      ,accepted,                      ,autosaved,updated,             ,graded,                        ,submitted,                     ,sent,                          ,assigned,                      ,added,                         ,shown,                         ,ended,started,',
                  ',' || "t2"."action" || ','
                ) >> 5 AS "action",
                STRPOS(
                  '                                                                                                                                                                                                ,course,course_section,section,                                 ,badge,                                                         ,competency_evidence,discussion_subscription,subscription,      ,assessable,                                                    ,statement,                                                     ,attempt,course_module_completion,                              ,user,                                                          ,scoreraw,status,                                               ,notification,                                                  ,role,                                                          ,group_member,tag,                                              ,step,                                                          ,tour,                                                          ,post,discussion,',
                  ',' || "t2"."target" || ','
                ) >> 6 AS "target"
              FROM "events" AS "t2"
            ) AS "t6"
          ) AS "t8"
          INNER JOIN "dates" AS "t3"
            ON "t8"."course_id" = "t3"."course_id" AND "t8"."date" = "t3"."date"
        ) AS "t10"
          ON "t5"."course_id" = "t10"."course_id"
          AND "t5"."learner_id" = "t10"."learner_id"
          AND "t10"."occurred_at" < "t5"."as_of"
      ) AS "t11"
    ) AS "t12"
  ) AS "t13"
) AS "t14"
GROUP BY
  1
),
work AS (
SELECT
  "t15"."moment_id",
  SUM("t15"."missed") AS "missed",
  SUM("t15"."missed") / NULLIF(SUM("t15"."asked"), 0.0) AS "missed_share",
  SUM("t15"."weight" * "t15"."missed") / NULLIF(SUM("t15"."weight" * "t15"."asked"), 0.0) AS "missed_weight_share",
  CAST(MAX("t15"."asked_at") > COALESCE(
    MAX(CASE WHEN "t15"."answered" THEN "t15"."asked_at" ELSE CAST(NULL AS BIGINT) END),
    -1
  ) AS DOUBLE) AS "missed_last",
  AVG(CAST("t15"."delay" > 0 AS DOUBLE)) AS "late_share",
  SUM("t15"."ahead") AS "ahead",
  AVG("t15"."delay") AS "delay",
  AVG("t15"."attempts") AS "attempts",
  AVG("t15"."seconds") AS "seconds",
  AVG("t15"."share") AS "mean_share",
  MIN("t15"."share") AS "lowest_share",
  ARG_MAX("t15"."share", "t15"."due_at" + (
    "t15"."share" / 2
  )) AS "last_share",
  COALESCE(SUM("t15"."weight" * "t15"."share"), 0.0) / NULLIF(
    SUM(
      "t15"."weight" * CAST((
        "t15"."share" IS NOT NULL
      ) OR (
        "t15"."missed" > 0
      ) AS DOUBLE)
    ),
    0.0
  ) AS "points_share",
  AVG(
    CASE WHEN "t15"."role" = 'pre_test' THEN "t15"."share" ELSE CAST(NULL AS DOUBLE) END
  ) AS "pre_test",
  AVG(
    CASE
      WHEN "t15"."role" = 'post_test'
      THEN "t15"."share"
      ELSE CAST(NULL AS DOUBLE)
    END
  ) AS "post_test",
  AVG("t15"."banked_share") AS "banked_share"
FROM (
  SELECT
    "t14"."moment_id",
    "t14"."role",
    "t14"."seconds",
    "t14"."share",
    "t14"."banked_share",
    "t14"."weight",
    "t14"."due_at",
    "t14"."answered",
    CAST("t14"."passed" AS DOUBLE) AS "asked",
    CASE WHEN "t14"."passed" THEN "t14"."due_at" ELSE CAST(NULL AS BIGINT) END AS "asked_at",
    CASE
      WHEN "t14"."due" IS NOT NULL
      THEN CAST("t14"."passed" AND NOT (
        "t14"."answered"
      ) AS DOUBLE)
      ELSE CAST(NULL AS DOUBLE)
    END AS "missed",
    CASE WHEN "t14"."answered" THEN "t14"."attempts" ELSE CAST(NULL AS DOUBLE) END AS "attempts",
    (
      "t14"."first_at" - "t14"."due_at"
    ) / 86400 AS "delay",
    CASE
      WHEN "t14"."due" IS NOT NULL
      THEN CAST("t14"."answered" AND (
        "t14"."due" >= "t14"."as_of"
      ) AS DOUBLE)
      ELSE CAST(NULL AS DOUBLE)
    END AS "ahead"
  FROM (
    SELECT
      "t13"."moment_id",
      "t13"."assessment_id",
      "t13"."as_of",
      "t13"."joined",
      "t13"."role",
      "t13"."weight",
      "t13"."course_due",
      "t13"."own_due",
      "t13"."first_at",
      "t13"."share",
      "t13"."attempts",
      "t13"."seconds",
      "t13"."banked",
      "t13"."banked_share",
      COALESCE("t13"."own_due", "t13"."course_due") AS "due",
      CAST(EPOCH(CAST(COALESCE("t13"."own_due", "t13"."course_due") AS TIMESTAMP)) AS BIGINT) AS "due_at",
      "t13"."first_at" IS NOT NULL AS "answered",
      (
        COALESCE("t13"."own_due", "t13"."course_due") < "t13"."as_of"
      )
      AND (
        CAST(EPOCH(CAST(COALESCE("t13"."own_due", "t13"."course_due") AS TIMESTAMP)) AS BIGINT) >= "t13"."joined"
      )
      AND (
        COALESCE("t13"."banked", 0) = 0
      ) AS "passed"
    FROM (
      SELECT
        "t12"."moment_id",
        "t12"."assessment_id",
        "t12"."as_of",
        "t12"."joined",
        "t12"."role",
        "t12"."weight",
        "t12"."course_due",
        MAX("t12"."own_due") AS "own_due",
        MIN(
          CASE
            WHEN "t12"."attempt" > 0
            THEN CAST(EPOCH(CAST("t12"."known_at" AS TIMESTAMP)) AS BIGINT)
            ELSE CAST(NULL AS BIGINT)
          END
        ) AS "first_at",
        MAX(
          CASE
            WHEN (
              "t12"."attempt" > 0
            ) AND (
              "t12"."graded_at" < "t12"."as_of"
            )
            THEN "t12"."score" / NULLIF("t12"."max_score", 0.0)
            ELSE CAST(NULL AS DOUBLE)
          END
        ) AS "share",
        SUM(CAST("t12"."attempt" > 0 AS DOUBLE)) AS "attempts",
        NULLIF(SUM("t12"."duration_s" * CAST("t12"."attempt" > 0 AS DOUBLE)), 0.0) AS "seconds",
        SUM(CAST("t12"."attempt" <= 0 AS DOUBLE)) AS "banked",
        MAX(
          CASE
            WHEN (
              "t12"."attempt" <= 0
            ) AND (
              "t12"."graded_at" < "t12"."as_of"
            )
            THEN "t12"."score" / NULLIF("t12"."max_score", 0.0)
            ELSE CAST(NULL AS DOUBLE)
          END
        ) AS "banked_share"
      FROM (
        SELECT
          "t8"."moment_id",
          "t8"."course_id",
          "t8"."learner_id",
          "t8"."as_of",
          "t8"."joined",
          "t9"."assessment_id",
          "t9"."role",
          "t9"."weight",
          "t9"."max_score",
          "t9"."course_due",
          "t11"."assessment_id" AS "assessment_id_known",
          "t11"."learner_id" AS "learner_id_known",
          "t11"."graded_at",
          "t11"."attempt",
          "t11"."score",
          "t11"."duration_s",
          "t11"."known_at",
          "t11"."own_due"
        FROM (
          SELECT
            "t0"."moment_id",
            "t0"."course_id",
            "t0"."learner_id",
            "t0"."as_of",
            "t0"."joined"
          FROM "calendar" AS "t0"
        ) AS "t8"
        INNER JOIN (
          SELECT
            "t1"."course_id",
            "t1"."assessment_id",
            "t1"."role",
            "t1"."weight",
            "t1"."max_score",
            "t1"."due_at" AS "course_due"
          FROM "assessments" AS "t1"
        ) AS "t9"
          ON "t8"."course_id" = "t9"."course_id"
        LEFT OUTER JOIN (
          SELECT
            *
          FROM (
            SELECT
              "t2"."assessment_id",
              "t2"."learner_id",
              "t2"."graded_at",
              "t2"."attempt",
              "t2"."score",
              "t2"."duration_s",
              "t2"."submitted_at" AS "known_at",
              CAST(NULL AS TIMESTAMP(6)) AS "own_due"
            FROM "submissions" AS "t2"
          ) AS "t6"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              "t3"."assessment_id",
              "t3"."learner_id",
              CAST(NULL AS TIMESTAMP(6)) AS "graded_at",
              CAST(NULL AS BIGINT) AS "attempt",
              CAST(NULL AS DOUBLE) AS "score",
              CAST(NULL AS DOUBLE) AS "duration_s",
              "t3"."granted_at" AS "known_at",
              "t3"."due_at" AS "own_due"
            FROM "extensions" AS "t3"
          ) AS "t7"
        ) AS "t11"
          ON "t9"."assessment_id" = "t11"."assessment_id"
          AND "t8"."learner_id" = "t11"."learner_id"
          AND "t11"."known_at" < "t8"."as_of"
      ) AS "t12"
      GROUP BY
        1,
        2,
        3,
        4,
        5,
        6,
        7
    ) AS "t13"
  ) AS "t14"
) AS "t15"
GROUP BY
  1
)
SELECT
  *
FROM (
  SELECT
    "t6"."moment_id",
    "t6"."days_seen",
    LEAST(
      GREATEST((
        "t6"."now" - "t6"."start"
      ) / 86400, 0.0) / GREATEST((
        "t6"."finish" - "t6"."start"
      ) / 86400, 1.0),
      1.0
    ) AS "progress",
    (
      "t6"."start" - "t6"."joined"
    ) / 86400 AS "days_enrolled_before_start",
    CAST("t6"."prior_attempts" AS DOUBLE) AS "prior_attempts",
    GREATEST("t6"."now" - COALESCE("t6"."start" + "t3"."last_since", "t6"."begin"), 0) / 86400 AS "days_since_activity",
    (
      COALESCE("t3"."active_days", 0.0) * 7.0
    ) / NULLIF("t6"."days_seen", 0.0) AS "active_days_per_week",
    COALESCE("t3"."active_days_7", 0.0) AS "active_days_last_7",
    COALESCE("t3"."active_days_28", 0.0) AS "active_days_last_28",
    COALESCE("t3"."active_days_before", 0.0) AS "active_days_before_start",
    COALESCE("t3"."active_weeks", 0.0) / NULLIF("t6"."weeks_seen", 0.0) AS "active_weeks_share",
    GREATEST(
      "t3"."longest_pause" / 86400,
      (
        (
          "t6"."start" + "t3"."first_since"
        ) - "t6"."begin"
      ) / 86400,
      GREATEST("t6"."now" - COALESCE("t6"."start" + "t3"."last_since", "t6"."begin"), 0) / 86400
    ) AS "longest_gap_days",
    "t3"."gap_deviation" AS "gap_deviation_days",
    LN(
      (
        COALESCE("t3"."clicks_14", 0.0) + 1.0
      ) / (
        (
          COALESCE("t3"."clicks_28", 0.0) - COALESCE("t3"."clicks_14", 0.0)
        ) + 1.0
      )
    ) AS "activity_trend",
    "t3"."weekend_share",
    CASE
      WHEN "t6"."raw"
      THEN (
        COALESCE("t3"."sessions", 0.0) * 7.0
      ) / NULLIF("t6"."days_seen", 0.0)
      ELSE CAST(NULL AS DOUBLE)
    END AS "sessions_per_week",
    CASE WHEN "t6"."raw" THEN "t3"."minutes_per_session" ELSE CAST(NULL AS DOUBLE) END AS "minutes_per_session",
    "t4"."delay" AS "mean_delay_days",
    "t4"."late_share",
    (
      COALESCE("t3"."forum_clicks", 0.0) * 7.0
    ) / NULLIF("t6"."days_seen", 0.0) AS "forum_per_week",
    (
      COALESCE("t3"."quiz_clicks", 0.0) * 7.0
    ) / NULLIF("t6"."days_seen", 0.0) AS "quiz_per_week",
    (
      COALESCE("t3"."material_clicks", 0.0) * 7.0
    ) / NULLIF("t6"."days_seen", 0.0) AS "material_per_week",
    (
      COALESCE("t3"."assignment_clicks", 0.0) * 7.0
    ) / NULLIF("t6"."days_seen", 0.0) AS "assignment_per_week",
    (
      COALESCE("t3"."course_page_clicks", 0.0) * 7.0
    ) / NULLIF("t6"."days_seen", 0.0) AS "course_page_per_week",
    (
      COALESCE("t3"."collaboration_clicks", 0.0) * 7.0
    ) / NULLIF("t6"."days_seen", 0.0) AS "collaboration_per_week",
    (
      COALESCE("t3"."live_clicks", 0.0) * 7.0
    ) / NULLIF("t6"."days_seen", 0.0) AS "live_per_week",
    (
      COALESCE("t3"."clicks", 0.0) * 7.0
    ) / NULLIF("t6"."days_seen", 0.0) AS "clicks_per_week",
    COALESCE("t3"."clicks_7", 0.0) AS "clicks_last_7",
    COALESCE("t3"."clicks_28", 0.0) AS "clicks_last_28",
    COALESCE("t3"."kinds_used", 0.0) AS "kinds_used_last_28",
    CASE
      WHEN "t6"."raw"
      THEN COALESCE("t3"."forum_posts", 0.0)
      ELSE CAST(NULL AS DOUBLE)
    END AS "forum_posts",
    "t4"."missed" AS "missed_work",
    "t4"."missed_share",
    "t4"."missed_weight_share",
    "t4"."missed_last",
    "t4"."ahead" AS "handed_in_ahead",
    CASE WHEN "t6"."raw" THEN "t4"."attempts" ELSE CAST(NULL AS DOUBLE) END AS "attempts_per_work",
    CASE WHEN "t6"."raw" THEN "t4"."seconds" / 60.0 ELSE CAST(NULL AS DOUBLE) END AS "minutes_per_work",
    "t4"."mean_share" * 100 AS "mean_score",
    "t4"."lowest_share" * 100 AS "lowest_score",
    "t4"."last_share" * 100 AS "last_score",
    (
      "t4"."last_share" - "t4"."mean_share"
    ) * 100 AS "score_change",
    CASE WHEN "t4"."points_share" > 1.0 THEN 1.0 ELSE "t4"."points_share" END AS "points_share",
    "t4"."pre_test" * 100 AS "pre_test_score",
    "t4"."post_test" * 100 AS "post_test_score",
    (
      "t4"."post_test" - "t4"."pre_test"
    ) * 100 AS "test_gain",
    "t4"."banked_share" * 100 AS "banked_score"
  FROM (
    SELECT
      "t0"."moment_id",
      "t0"."now",
      "t0"."start",
      "t0"."finish",
      "t0"."joined",
      "t0"."begin",
      "t0"."raw",
      "t0"."prior_attempts",
      "t0"."days_seen",
      "t0"."weeks_seen"
    FROM "calendar" AS "t0"
  ) AS "t6"
  LEFT OUTER JOIN "activity" AS "t3"
    ON "t6"."moment_id" = "t3"."moment_id"
  LEFT OUTER JOIN "work" AS "t4"
    ON "t6"."moment_id" = "t4"."moment_id"
) AS "t7"