"""A simulated site: canonical, consistent in time, repeatable, and as hard to predict as it says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from components.extract.simulate import Settings, parse, simulate
from components.extract.simulate.plan import plan
from earlybell.errors import SettingError
from earlybell.tables import BY_NAME, SQL_TYPES, TABLES, Column, Table, attach, read_facts

SITE = Settings(learners=3_000, events=120, seed=5)
TIMES = [
    ("events", "occurred_at"),
    ("submissions", "submitted_at"),
    ("submissions", "graded_at"),
    ("extensions", "granted_at"),
    ("ratings", "rated_at"),
    ("interventions", "shown_at"),
    ("enrolments", "unenrolled_at"),
]
DAY = 86_400
Database = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("simulate") / "site"
    simulate(out, SITE)
    return out


@pytest.fixture(scope="module")
def site(folder: Path) -> Database:
    """The tables of `folder`, its true risks as `true_risk`, and `dated`: every dated record of a learner's."""
    connection = _open(folder)
    of_course = "JOIN assessments USING (assessment_id)"
    selects = [
        f"SELECT '{table}' AS source, course_id, learner_id, {time} AS moment FROM {table} "
        f"{of_course if 'assessment_id' in BY_NAME[table].names else ''} WHERE {time} IS NOT NULL"
        for table, time in TIMES
    ]
    connection.execute(f"CREATE VIEW dated AS {' UNION ALL '.join(selects)}")
    return connection


def _open(folder: Path) -> Database:
    connection = duckdb.connect()
    attach(connection, folder)
    truth = folder / "truth" / "true_risk.parquet"
    connection.execute(f"CREATE VIEW true_risk AS SELECT * FROM read_parquet('{truth}')")
    return connection


def _scalar(site: Database, question: str) -> float:
    row = site.execute(question).fetchone()
    assert row is not None
    return float(row[0])


def _rows(question: str) -> list[tuple[Any, ...]]:
    return duckdb.connect().execute(question).fetchall()


def _contents(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    site = _open(folder)
    return {name: site.execute(f"SELECT * FROM {name}").fetchall() for name in [*BY_NAME, "true_risk"]}


# What is asked for


def test_an_empty_place_gives_the_defaults() -> None:
    assert parse("") == Settings()


def test_a_place_names_settings() -> None:
    assert parse("learners=2000, seed=7,current=false") == Settings(learners=2000, seed=7, current=False)


def test_settings_written_out_are_read_back() -> None:
    settings = Settings(learners=77, courses=3, runs=1, weeks=20, seed=9, events=80, current=False)
    assert parse(settings.place) == settings


@pytest.mark.parametrize(
    ("place", "name", "value", "allowed"),
    [
        pytest.param("lerners=5", "lerners", "5", "learners, courses, runs, weeks, seed, events", id="unknown name"),
        pytest.param("learners=many", "learners", "many", "from 20 to 10000000", id="not a number"),
        pytest.param("learners", "learners", "", "from 20 to 10000000", id="no value"),
        pytest.param("learners=19", "learners", "19", "from 20 to 10000000", id="too few"),
        pytest.param("weeks=1000", "weeks", "1000", "from 8 to 52", id="too many weeks"),
        pytest.param("seed=-1", "seed", "-1", "from 0", id="negative seed"),
        pytest.param("current=maybe", "current", "maybe", "true or false", id="not a truth value"),
        pytest.param("seed=1,seed=2", "seed", "2", "once", id="given twice"),
        pytest.param("learners=40,courses=5", "learners", "40", "at least 55", id="fewer than five learners a run"),
    ],
)
def test_a_wrong_setting_names_itself_its_value_and_what_is_allowed(
    place: str, name: str, value: str, allowed: str
) -> None:
    with pytest.raises(SettingError) as error:
        parse(place)
    assert name in error.value.thing
    assert str(error.value.value) == value
    assert allowed in error.value.way_out


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "part-00009.parquet").touch()
    with pytest.raises(SettingError, match="not empty"):
        simulate(tmp_path, Settings())


# Canonical tables


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_has_the_canonical_columns_and_types_on_disk(folder: Path, table: Table) -> None:
    single = folder / f"{table.name}.parquet"
    described = _rows(f"DESCRIBE SELECT * FROM '{single if single.exists() else folder / table.name / '*.parquet'}'")
    expected = [(column.name, SQL_TYPES[column.type]) for column in table.columns]
    assert [row[:2] for row in described] == expected


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_keeps_its_promises(site: Database, table: Table) -> None:
    counts = ", ".join(f"count(*) FILTER (WHERE {_broken(column)})" for column in table.columns)
    rows = site.execute(f"SELECT count(*), {counts} FROM {table.name}").fetchone()
    assert rows is not None
    assert rows[0] > 0
    assert dict(zip(table.names, rows[1:], strict=True)) == dict.fromkeys(table.names, 0)


def _broken(column: Column) -> str:
    conditions = ["false"]
    conditions += [] if column.nullable else [f"{column.name} IS NULL"]
    conditions += [] if column.minimum is None else [f"{column.name} < {column.minimum}"]
    conditions += [] if column.maximum is None else [f"{column.name} > {column.maximum}"]
    conditions += [f"{column.name} NOT IN {column.choices}"] if column.choices else []
    if column.references:
        table, key = column.references.split(".")
        conditions.append(f"{column.name} NOT IN (SELECT {key} FROM {table})")
    return " OR ".join(conditions)


@pytest.mark.parametrize("table", [table for table in TABLES if table.key], ids=lambda table: table.name)
def test_a_key_is_unique(site: Database, table: Table) -> None:
    assert _scalar(site, f"SELECT count(*) - count(DISTINCT ({', '.join(table.key)})) FROM {table.name}") == 0


def test_the_facts_say_where_the_tables_come_from(folder: Path) -> None:
    facts = read_facts(folder)
    assert facts["format"] == 1
    assert facts["ids"] == "raw"
    assert facts["sources"] == [f"simulate:{SITE.place}"]
    assert any("under way" in note for note in facts["notes"])
    assert json.loads((folder / "tables.json").read_text()) == facts


def test_learners_and_events_are_as_many_as_asked_for(site: Database) -> None:
    assert _scalar(site, "SELECT count(*) FROM enrolments") == SITE.learners
    assert _scalar(site, "SELECT count(*) FROM learners") == SITE.learners
    assert _scalar(site, "SELECT count(*) FROM events") == pytest.approx(SITE.learners * SITE.events, rel=0.08)


def test_every_table_is_sorted_by_course_learner_and_time(folder: Path) -> None:
    for path in folder.glob("events/*.parquet"):
        rows = _rows(f"SELECT course_id, learner_id, occurred_at FROM '{path}'")
        assert rows == sorted(rows)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(Settings(learners=9_000, events=60, courses=1, runs=1, current=False), id="many learners"),
        pytest.param(Settings(learners=60, events=20_000, courses=1, runs=1, current=False), id="many events"),
    ],
)
def test_a_part_is_bounded(tmp_path: Path, settings: Settings) -> None:
    simulate(tmp_path, settings)
    parts = _rows(
        "SELECT count(DISTINCT learner_id), count(*) "
        f"FROM read_parquet('{tmp_path}/events/*.parquet', filename = true) GROUP BY filename"
    )
    assert len(parts) == 3
    assert max(learners for learners, _ in parts) <= 4_000
    assert max(events for _, events in parts) < 800_000


# Repeatable


SMALL = Settings(learners=60, events=60)


def test_the_same_settings_give_the_same_tables(tmp_path: Path) -> None:
    simulate(tmp_path / "first", SMALL)
    simulate(tmp_path / "second", SMALL)
    assert _contents(tmp_path / "first") == _contents(tmp_path / "second")


def test_another_seed_gives_another_site(tmp_path: Path) -> None:
    simulate(tmp_path / "first", SMALL)
    simulate(tmp_path / "second", replace(SMALL, seed=2))
    first, second = _contents(tmp_path / "first"), _contents(tmp_path / "second")
    assert all(first[name] != second[name] for name in ("events", "submissions", "enrolments", "outcomes", "true_risk"))


# Time


@pytest.mark.parametrize(("table", "time"), TIMES[:-1], ids=lambda value: str(value))
def test_nothing_is_recorded_before_enrolment_or_after_leaving(site: Database, table: str, time: str) -> None:
    outside = f"""
        SELECT count(*) FROM dated JOIN enrolments USING (course_id, learner_id)
        WHERE source = '{table}' AND (moment < enrolled_at OR moment > coalesce(unenrolled_at, 'infinity'))
    """
    assert _scalar(site, outside) == 0


def test_records_of_the_current_run_stop_half_way(site: Database) -> None:
    before = """
        SELECT {} FROM dated JOIN courses USING (course_id)
        WHERE course_id = 'FMT-101-03' GROUP BY starts_at, ends_at
    """
    left = "epoch(starts_at + (ends_at - starts_at) / 2 - max(moment))"
    assert 0 < _scalar(site, before.format(left)) < DAY
    whole = "SELECT {} FROM courses WHERE course_id {} 'FMT-101-03'"
    until = "epoch(starts_at + (ends_at - starts_at) / 2 - complete_until)"
    assert _scalar(site, whole.format(until, "=")) == 0
    assert _scalar(site, whole.format("count(complete_until) + count(complete_from)", "<>")) == 0


def test_the_current_run_has_no_outcomes_and_no_later_true_risk(site: Database) -> None:
    assert _scalar(site, "SELECT count(*) FROM outcomes WHERE course_id = 'FMT-101-03'") == 0
    weeks = """
        SELECT max(epoch(as_of - starts_at)) / (7 * 86400) FROM true_risk JOIN courses USING (course_id)
        WHERE course_id {} 'FMT-101-03'
    """
    assert _scalar(site, weeks.format("=")) == SITE.weeks // 2
    assert _scalar(site, weeks.format("<>")) == SITE.weeks - 1


def test_the_current_run_can_be_left_out(tmp_path: Path) -> None:
    simulate(tmp_path, replace(SMALL, current=False))
    site = _open(tmp_path)
    assert _scalar(site, "SELECT count(*) FROM courses") == 4
    assert _scalar(site, "SELECT count(*) FROM outcomes") == SMALL.learners


def test_holidays_have_much_less_activity(site: Database) -> None:
    in_break = """
        SELECT sum((occurred_at BETWEEN breaks.starts_at AND breaks.ends_at)::INT) / count(DISTINCT breaks.starts_at)
            / (count(*) / count(DISTINCT breaks.starts_at) / 16)
        FROM events JOIN breaks USING (course_id) WHERE course_id = 'FMT-102-01'
    """
    assert _scalar(site, "SELECT count(DISTINCT course_id) FROM breaks") == 5
    assert 0.02 < _scalar(site, in_break) < 0.3


def test_learners_work_by_day_and_on_weekdays(site: Database) -> None:
    share = "SELECT avg((date_part('{}', occurred_at) {})::INT) FROM events"
    assert _scalar(site, share.format("hour", "BETWEEN 1 AND 6")) < 0.1
    assert _scalar(site, share.format("isodow", "= 6")) < 0.12 < _scalar(site, share.format("isodow", "= 1"))


def test_the_learners_of_an_event_are_in_sessions(site: Database) -> None:
    pauses = """
        SELECT median(epoch(pause)) FROM (
            SELECT occurred_at - lag(occurred_at) OVER (PARTITION BY learner_id ORDER BY occurred_at) AS pause
            FROM events
        )
    """
    assert 20 < _scalar(site, pauses) < 300


# Work


def test_a_submission_is_to_an_assessment_of_a_course_that_the_learner_takes(site: Database) -> None:
    strangers = """
        SELECT count(*) FROM submissions JOIN assessments USING (assessment_id)
        ANTI JOIN enrolments USING (course_id, learner_id)
    """
    assert _scalar(site, strangers) == 0


def test_scores_are_within_their_maximum_and_known_with_their_grading_time(site: Database) -> None:
    wrong = "SELECT count(*) FROM submissions JOIN assessments USING (assessment_id) WHERE score > max_score"
    assert _scalar(site, wrong) == 0
    assert _scalar(site, "SELECT count(*) FROM submissions WHERE (score IS NULL) <> (graded_at IS NULL)") == 0
    assert _scalar(site, "SELECT count(*) FROM submissions WHERE graded_at < submitted_at") == 0


def test_quizzes_are_graded_at_once_and_assignments_days_later(site: Database) -> None:
    days = """
        SELECT {}(epoch(graded_at - submitted_at)) / 86400 FROM submissions JOIN assessments USING (assessment_id)
        WHERE kind = '{}'
    """
    assert _scalar(site, days.format("max", "quiz")) == 0
    assert _scalar(site, days.format("min", "assignment")) >= 2


def test_a_quiz_has_several_attempts_that_do_not_overlap(site: Database) -> None:
    assert _scalar(site, "SELECT max(attempt) FROM submissions") == 3
    overlapping = """
        SELECT count(*) FROM submissions AS later JOIN submissions AS earlier USING (assessment_id, learner_id)
        WHERE later.attempt = earlier.attempt + 1
            AND epoch(later.submitted_at - earlier.submitted_at) <= later.duration_s
    """
    assert _scalar(site, overlapping) == 0


def test_assignments_are_late_at_times_and_quizzes_never(site: Database) -> None:
    late = """
        SELECT avg((submitted_at > due_at)::INT) FROM submissions JOIN assessments USING (assessment_id)
        WHERE kind = '{}'
    """
    assert 0.05 < _scalar(site, late.format("assignment")) < 0.3
    assert _scalar(site, late.format("quiz")) == 0


def test_an_extension_is_granted_before_the_deadline_that_it_moves(site: Database) -> None:
    of_course = "FROM extensions JOIN assessments USING (assessment_id)"
    assert _scalar(site, f"SELECT count(*) {of_course}") > 100
    wrong = "granted_at >= assessments.due_at OR extensions.due_at <= assessments.due_at"
    assert _scalar(site, f"SELECT count(*) {of_course} WHERE {wrong}") == 0
    assert _scalar(site, "SELECT count(*) FROM extensions ANTI JOIN submissions USING (assessment_id, learner_id)") > 0


def test_a_course_begins_with_a_pre_test_and_ends_with_a_post_test(site: Database) -> None:
    weeks = """
        SELECT {}(floor(epoch(due_at - starts_at) / (7 * 86400))) FROM assessments JOIN courses USING (course_id)
        WHERE role = '{}'
    """
    assert _scalar(site, weeks.format("max", "pre_test")) == 0
    assert _scalar(site, weeks.format("min", "post_test")) == SITE.weeks - 2
    gain = "SELECT avg(score / max_score) FROM submissions JOIN assessments USING (assessment_id) WHERE role = '{}'"
    assert _scalar(site, gain.format("post_test")) > _scalar(site, gain.format("pre_test")) + 0.1


def test_handing_in_leaves_moodles_own_events(site: Database) -> None:
    submitted = "SELECT count(*) FROM events WHERE component = '{}' AND action = 'submitted' AND target = '{}'"
    handed_in = "SELECT count(*) FROM submissions JOIN assessments USING (assessment_id) WHERE kind = '{}'"
    assert _scalar(site, submitted.format("mod_quiz", "attempt")) == _scalar(site, handed_in.format("quiz"))
    assert _scalar(site, submitted.format("mod_assign", "assessable")) == _scalar(site, handed_in.format("assignment"))


# Truth


def test_true_risk_is_of_enrolled_learners_at_weekly_moments(site: Database) -> None:
    wrong = """
        SELECT count(*) FROM true_risk JOIN courses USING (course_id) JOIN enrolments USING (course_id, learner_id)
        WHERE risk NOT BETWEEN 0 AND 1 OR epoch(as_of - starts_at) % (7 * 86400) <> 0
            OR enrolled_at >= as_of OR unenrolled_at <= as_of
    """
    assert _scalar(site, wrong) == 0
    assert _scalar(site, "SELECT count(*) - count(DISTINCT (learner_id, as_of)) FROM true_risk") == 0


@pytest.mark.parametrize("week", [0, 4, 8, 15], ids=lambda week: f"week {week}")
def test_the_share_of_bad_ends_is_the_mean_true_risk(site: Database, week: int) -> None:
    label, risk = _truth(site, week)
    assert label.mean() == pytest.approx(risk.mean(), abs=4 * np.sqrt((risk * (1 - risk)).mean() / len(risk)))
    for tenth in np.array_split(np.argsort(risk), 10):
        noise = np.sqrt((risk[tenth] * (1 - risk[tenth])).mean() / len(tenth))
        assert label[tenth].mean() == pytest.approx(risk[tenth].mean(), abs=4 * noise)


def test_about_a_third_fail_or_leave_and_courses_differ(site: Database) -> None:
    bad = "SELECT avg((outcome IN ('fail', 'withdrawn'))::INT) FROM outcomes WHERE course_id LIKE '{}'"
    assert 0.3 < _scalar(site, bad.format("%")) < 0.4
    assert _scalar(site, bad.format("FMT-101-%")) - _scalar(site, bad.format("FMT-102-%")) > 0.02


def test_final_scores_agree_with_outcomes(site: Database) -> None:
    scores = site.execute("SELECT outcome, min(final_score), max(final_score) FROM outcomes GROUP BY 1").fetchall()
    ranges = {outcome: (low, high) for outcome, low, high in scores}
    assert ranges["withdrawn"] == (None, None)
    assert ranges["fail"][1] < 40 <= ranges["pass"][0]
    assert ranges["pass"][1] < 85 <= ranges["distinction"][0]


def test_the_most_deprived_end_badly_more_often(site: Database) -> None:
    risk = """
        SELECT avg(risk) FROM true_risk JOIN courses USING (course_id) JOIN learners USING (learner_id)
        WHERE as_of = starts_at AND {}
    """
    assert (
        0.01
        < _scalar(site, risk.format("deprivation = 'most'")) - _scalar(site, risk.format("deprivation <> 'most'"))
        < 0.12
    )


def test_teachers_rate_the_engaged_higher(site: Database) -> None:
    correlation = """
        SELECT corr(rating, risk) FROM (SELECT learner_id, avg(rating) AS rating FROM ratings GROUP BY 1)
        JOIN true_risk USING (learner_id) JOIN courses USING (course_id) WHERE as_of = starts_at + INTERVAL 28 DAYS
    """
    assert -0.9 < _scalar(site, correlation) < -0.3
    assert _scalar(site, "SELECT count(DISTINCT indicator) FROM ratings") == 8


def test_a_simple_model_is_about_as_good_as_on_real_courses_and_better_later(site: Database) -> None:
    early, half_way = (_auc(site, cut_off) for cut_off in (0.2, 0.5))
    assert 0.74 < half_way < 0.87
    assert early < half_way


def _truth(site: Database, week: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Labels and true risks at the start of a week, of finished runs. Shape: learners, both."""
    rows = site.execute(
        """
        SELECT (outcome IN ('fail', 'withdrawn'))::DOUBLE AS label, risk
        FROM true_risk JOIN outcomes USING (course_id, learner_id) JOIN courses USING (course_id)
        WHERE as_of = starts_at + to_days($1 * 7) ORDER BY learner_id
        """,
        [week],
    ).fetchnumpy()
    return np.asarray(rows["label"]), np.asarray(rows["risk"])


def _auc(site: Database, cut_off: float) -> float:
    """Of a small boosting model, cross-validated over the learners still enrolled at a share of their run."""
    rows = np.array(site.execute(_FEATURES, {"cut_off": cut_off}).fetchall(), dtype=float)
    label, features = rows[:, 0], rows[:, 1:]
    model = HistGradientBoostingClassifier(max_iter=80, learning_rate=0.06, max_leaf_nodes=8, min_samples_leaf=30)
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    risk = cross_val_predict(model, features, label, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(label, risk))


_FEATURES = """
WITH moments AS (
    SELECT course_id, learner_id, enrolled_at, prior_attempts, outcome,
        starts_at + (ends_at - starts_at) * $cut_off AS as_of
    FROM enrolments JOIN courses USING (course_id) JOIN outcomes USING (course_id, learner_id)
    WHERE enrolled_at < as_of AND coalesce(unenrolled_at, 'infinity') > as_of
), activity AS (
    SELECT learner_id, count(*) AS clicks, count(DISTINCT occurred_at::DATE) AS days,
        count(*) FILTER (WHERE occurred_at > as_of - INTERVAL 7 DAYS) AS clicks_7,
        count(*) FILTER (WHERE occurred_at > as_of - INTERVAL 28 DAYS) AS clicks_28,
        epoch(as_of - max(occurred_at)) AS recency
    FROM moments JOIN events USING (course_id, learner_id) WHERE occurred_at < as_of GROUP BY learner_id, as_of
), work AS (
    SELECT moments.learner_id, avg((submitted_at IS NULL)::INT) AS missed, avg((submitted_at > due_at)::INT) AS late,
        avg(score / max_score) FILTER (WHERE graded_at < as_of) AS score
    FROM moments JOIN assessments USING (course_id)
    LEFT JOIN submissions ON submissions.assessment_id = assessments.assessment_id AND attempt = 1
        AND submissions.learner_id = moments.learner_id AND submitted_at < as_of
    WHERE due_at < as_of AND due_at > enrolled_at GROUP BY ALL
)
SELECT (outcome IN ('fail', 'withdrawn'))::INT, clicks, days, clicks_7, clicks_28, recency, missed, late, score,
    prior_attempts
FROM moments LEFT JOIN activity USING (learner_id) LEFT JOIN work USING (learner_id) ORDER BY learner_id
"""


@pytest.mark.parametrize(
    ("current", "rounds", "hit"),
    [(False, 1, {"FMT-101-03"}), (False, 2, {"FMT-101-02", "FMT-101-03"}), (True, 2, {"FMT-101-03", "FMT-101-04"})],
)
def test_a_scenario_happens_to_the_newest_rounds(current: bool, rounds: int, hit: set[str]) -> None:
    settings = Settings(learners=40, courses=1, runs=3, scenario="pandemic", current=current, rounds=rounds)
    assert {run.course_id for run in plan(settings) if run.scenario == "pandemic"} == hit
