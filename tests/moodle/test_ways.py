"""One Moodle, read in four ways: its database, its web services with and without the plugin, and exports by hand."""

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from components.extract import extract
from components.extract.differences import Difference
from components.extract.moodle_db import log_store
from components.extract.moodle_db.address import PASSWORD
from components.extract.moodle_web.address import TOKEN
from components.extract.sync import sync
from components.features import compute_features, find_catalogue
from earlybell.errors import SourceError
from earlybell.tables import checked_facts, read_facts
from earlybell.tables.sql import connect
from tests.moodle.site import Site
from tests.moodle.ways import export, logged_in

LEARNERS = 20
NOW = int(time.time())  # of all sites: they are filled as of one second
KEY = "0123456789abcdef0123456789abcdef"
BLOCK = 500  # ids, so that the log has several
ZONE = "Asia/Muscat"
OPTIONS = "match=^WAYS&code=shortname:^([A-Z0-9]+)&pass_mark=40%&rate=100"
TABLES = ("courses", "enrolments", "events", "assessments", "extensions", "submissions", "outcomes")
LACKING = {  # features that exports by hand cannot have
    *("prior_attempts", "mean_delay_days", "late_share", "missed_work", "missed_share", "missed_weight_share"),
    *("missed_last", "handed_in_ahead", "attempts_per_work", "minutes_per_work", "mean_score", "lowest_score"),
    *("last_score", "score_change", "points_share", "open_soon"),
}
ROUND = 0.01  # of a percentage that Moodle shows


@dataclass(frozen=True)
class Ways:
    """The tables of each way, what was made, and the tokens of the service with the plugin and of the one without."""

    made: dict[str, Any]
    token: str
    core_token: str
    database: Path
    plugin: Path
    core: Path
    exports: Path


def fill(site: Site) -> dict[str, Any]:
    """What was made in a site."""
    made: dict[str, Any] = site.script("runs.php", str(LEARNERS), str(NOW))
    return made


def read_database(site: Site, out: Path) -> Path:
    """The tables of the site's database, as the role of the script reads it; ids stay."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PASSWORD, site.database.password)
        extract([site.database.source(OPTIONS.removesuffix("&rate=100"))], out, key=None, ids="keep")
    return out


@pytest.fixture(scope="module")
def ways(moodle: Site, tmp_path_factory: pytest.TempPathFactory) -> Ways:
    made = fill(moodle)
    folder = tmp_path_factory.mktemp("ways")
    tokens, service = moodle.script("token.php"), moodle.script("services.php")
    _export(moodle, made, folder / "exports")
    database = read_database(moodle, folder / "database")
    stated = f"{OPTIONS}&timezone={ZONE}&weekend=fri,sat&report={service['report']}"
    log = f"moodle-log:{folder / 'exports'}?pass_mark=40%&timezone={ZONE}&weekend=fri,sat"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN, tokens["local_earlybell_extract"])
        extract([f"moodle-web:{moodle.url}?{OPTIONS}"], folder / "plugin", key=None, ids="keep")
        patch.setenv(TOKEN, service["token"])
        extract([f"moodle-web:{moodle.url}?{stated}"], folder / "core", key=None, ids="keep")
    extract([log], folder / "log", key=None, ids="keep")
    handed = tokens["local_earlybell_extract"], service["token"]
    return Ways(made, *handed, database, *(folder / name for name in ("plugin", "core", "log")))


def _export(moodle: Site, made: dict[str, Any], folder: Path) -> None:
    with logged_in(moodle.url) as session:
        for course in made["courses"]:
            export(session, course["id"], folder / str(course["id"]))
    with (folder / "courses.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["folder", "course_id", "code", "starts_at", "ends_at"])
        for course in made["courses"]:
            first, after = (datetime.fromtimestamp(course[name], ZoneInfo(ZONE)) for name in ("starts_at", "ends_at"))
            last = after - timedelta(days=1)
            writer.writerow([course["id"], course["id"], "WAYS1", first.date(), last.date()])


def rows(tables: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query on a folder of tables."""
    with connect() as connection:
        for name in TABLES:
            if (path := tables / f"{name}.parquet").exists():
                connection.execute(f"CREATE VIEW {name} AS FROM '{path}'")
        return connection.execute(query).fetchall()


def count(tables: Path, table: str, condition: str = "true") -> int:
    (number,) = rows(tables, f"SELECT count(*) FROM {table} WHERE {condition}")[0]
    return int(number)


def check_read(made: dict[str, Any], tables: Path) -> None:
    """Each row that was made is read, and no other."""
    assert count(tables, "courses") == 3
    assert count(tables, "enrolments") == made["enrolments"]
    assert count(tables, "enrolments", "unenrolled_at IS NOT NULL") == made["withdrawn"]
    assert count(tables, "submissions", "starts_with(assessment_id, 'quiz')") == made["attempts"]
    handed_in = made["essays"] + made["teamwork"]
    assert count(tables, "submissions", "starts_with(assessment_id, 'assign')") == handed_in
    assert count(tables, "extensions", "starts_with(assessment_id, 'assign')") == made["extensions"]
    assert count(tables, "extensions", "starts_with(assessment_id, 'quiz')") == made["overrides"]
    assert count(tables, "events") == made["views"] + made["attempts"] + made["essays"] + made["teams"]
    late = "SELECT count(*) FROM enrolments JOIN courses USING (course_id) WHERE enrolled_at > starts_at"
    assert rows(tables, late) == [(made["late"],)]
    # Two of the first run come again, and two of the second one.
    assert sorted(rows(tables, "SELECT sum(prior_attempts) FROM enrolments GROUP BY course_id")) == [(0,), (2,), (2,)]


def test_what_was_made_is_read(ways: Ways) -> None:
    assert ways.made["twice"] > 0
    assert ways.made["teamwork"] > ways.made["teams"] > 0
    check_read(ways.made, ways.database)


def test_mariadb_gives_what_postgresql_gives(ways: Ways, moodle: Site, moodle_on_mariadb: Site, tmp_path: Path) -> None:
    """Two sites give out ids of their own. So rows are compared with the names that the script gave in their place."""
    made = fill(moodle_on_mariadb)
    ids: dict[str, Any] = {"courses": [], "projects": []}
    assert made | ids == ways.made | ids
    tables = read_database(moodle_on_mariadb, tmp_path / "tables")
    check_read(made, tables)
    mine, others = named(ways.database, moodle), named(tables, moodle_on_mariadb)
    for name in TABLES:
        assert mine[name] == others[name], name
    mine_of, others_of = (features_of(folder, tmp_path / folder.name) for folder in (ways.database, tables))
    assert mine_of == others_of
    assert len(mine_of) >= 2 * LEARNERS


def features_of(tables: Path, out: Path) -> list[tuple[Any, ...]]:
    """The features of all learners, without ids; sums may be of another order."""
    compute_features(tables, "0.5", out)
    rounded = ", ".join(f"round({feature.name}, 6)" for feature in find_catalogue().features)
    with connect() as connection:
        return connection.sql(f"SELECT as_of, {rounded} FROM '{out}/features.parquet' ORDER BY ALL").fetchall()


def named(tables: Path, site: Site) -> dict[str, list[tuple[object, ...]]]:
    """The rows of each table, with names in the place of the site's ids."""
    courses = {row["id"]: row["shortname"] for row in site.query("SELECT id, shortname FROM {course}")}
    learners = {row["id"]: row["username"] for row in site.query("SELECT id, username FROM {user}")}
    modules = {row["id"]: (row["shortname"], row["name"]) for row in site.query(_MODULES)}
    names: dict[str, Callable[[str], object]] = {
        "course_id": courses.__getitem__,
        "learner_id": learners.__getitem__,
        "object_id": modules.__getitem__,
        "assessment_id": lambda id_: modules[id_.rpartition("-")[2]],
    }

    def named_row(columns: list[str], row: tuple[Any, ...]) -> tuple[object, ...]:
        pairs = zip(columns, row, strict=True)
        return tuple(names[column](value) if column in names and value else value for column, value in pairs)

    of: dict[str, list[tuple[object, ...]]] = {}
    with connect() as connection:
        for table in TABLES:
            read = connection.sql(f"FROM '{tables / table}.parquet'")
            of[table] = sorted((named_row(read.columns, row) for row in read.fetchall()), key=repr)
    return of


_MODULES = """SELECT cm.id, c.shortname, COALESCE(q.name, a.name, p.name) AS name FROM {course_modules} cm
JOIN {course} c ON c.id = cm.course JOIN {modules} m ON m.id = cm.module
LEFT JOIN {quiz} q ON m.name = 'quiz' AND q.id = cm.instance
LEFT JOIN {assign} a ON m.name = 'assign' AND a.id = cm.instance
LEFT JOIN {page} p ON m.name = 'page' AND p.id = cm.instance"""


def test_the_plugin_gives_the_very_tables_of_the_database(ways: Ways) -> None:
    assert read_facts(ways.plugin)["digest"] == read_facts(ways.database)["digest"]
    for name in TABLES:
        assert (ways.plugin / f"{name}.parquet").read_bytes() == (ways.database / f"{name}.parquet").read_bytes(), name


def test_without_the_plugin_who_left_is_missing_and_the_rest_is_the_same(ways: Ways) -> None:
    stayed = "SELECT * FROM enrolments WHERE unenrolled_at IS NULL ORDER BY ALL"
    # Times of the custom report have minutes, as the test's have.
    assert rows(ways.core, "FROM enrolments ORDER BY ALL") == rows(ways.database, stayed)
    assert rows(ways.core, "FROM courses ORDER BY ALL") == rows(ways.database, "FROM courses ORDER BY ALL")
    work = "SELECT * REPLACE (round(weight, 1) AS weight) FROM assessments ORDER BY ALL"
    assert rows(ways.core, work) == rows(ways.database, work)
    ended = "FROM outcomes WHERE outcome <> 'withdrawn' ORDER BY ALL"
    assert rows(ways.core, ended) == rows(ways.database, ended)


def test_without_the_plugin_own_deadlines_lack_the_time_of_granting(ways: Ways) -> None:
    stayed = "SEMI JOIN (FROM enrolments WHERE unenrolled_at IS NULL) USING (learner_id)"
    query = f"SELECT assessment_id, learner_id, due_at FROM extensions {stayed} ORDER BY ALL"
    assert rows(ways.core, query) == rows(ways.database, query)
    guessed = "SELECT count(*) FROM extensions e JOIN assessments a USING (assessment_id) WHERE granted_at <> a.due_at"
    assert rows(ways.core, guessed) == [(0,)]
    assert rows(ways.database, guessed) != [(0,)]


def test_without_the_plugin_a_quiz_has_the_mark_that_counts(ways: Ways) -> None:
    stayed = "SEMI JOIN (FROM enrolments WHERE unenrolled_at IS NULL) USING (learner_id)"
    projects = ", ".join(f"'{id_}'" for id_ in ways.made["projects"])
    work = f"submissions {stayed} WHERE starts_with(assessment_id, 'assign') AND assessment_id"
    essays = f"FROM {work} NOT IN ({projects}) ORDER BY ALL"
    assert rows(ways.core, essays) == rows(ways.database, essays)
    # Moodle tells the mark of a team's work of those alone who have a submission of their own: who handed it in.
    handed_in = f"SELECT learner_id, submitted_at FROM {work} IN ({projects}) ORDER BY ALL"
    assert rows(ways.core, handed_in) == rows(ways.database, handed_in)
    marks = f"SELECT count(score) FROM {work} IN ({projects})"
    assert rows(ways.core, marks) == [(ways.made["teams"],)]
    assert rows(ways.database, marks) == [(ways.made["teamwork"],)]
    best = (
        f"SELECT assessment_id, learner_id, max(score) FROM submissions {stayed} "
        "WHERE starts_with(assessment_id, 'quiz') GROUP BY ALL ORDER BY ALL"
    )
    assert rows(ways.core, best) == rows(ways.database, best)
    twice = "starts_with(assessment_id, 'quiz') AND attempt > 1"
    assert (count(ways.core, "submissions", twice), count(ways.database, "submissions", twice) > 0) == (0, True)
    # Of the log there is what was handed in; a team's work by one of it.
    others = ways.made["teamwork"] - ways.made["teams"]
    assert count(ways.core, "events") == count(ways.core, "submissions") - others


def test_exports_by_hand_have_the_same_learners_acts_and_outcomes(ways: Ways) -> None:
    """Not: who was suspended (the grade book leaves them out). Also: an assistant who is a student, and the deleted."""
    both = "(SELECT learner_id, course_id FROM enrolments)"
    with connect() as connection:
        for name in ("enrolments", "events", "outcomes", "courses"):
            connection.execute(f"CREATE VIEW {name} AS FROM '{ways.database / name}.parquet'")
            connection.execute(f"CREATE VIEW hand_{name} AS FROM '{ways.exports / name}.parquet'")
        ask = connection.sql
        assert ask("FROM courses EXCEPT FROM hand_courses").fetchall() == []
        only = ask(
            f"SELECT count(*) FROM enrolments ANTI JOIN hand_{both[1:-1].split()[-1]} USING (learner_id, course_id)"
        )
        assert only.fetchall() == [(ways.made["suspended"],)]
        strangers = ask("SELECT count(*) FROM hand_enrolments ANTI JOIN enrolments USING (learner_id, course_id)")
        assert strangers.fetchall() == [(2 * 3,)]
        joined = "enrolments e JOIN hand_enrolments h USING (learner_id, course_id)"
        assert ask(f"SELECT count(*) FROM {joined} WHERE e.enrolled_at <> h.enrolled_at").fetchall() == [(0,)]
        left = f"SELECT count(*) FROM {joined} WHERE e.unenrolled_at IS DISTINCT FROM h.unenrolled_at"
        assert ask(left).fetchall() == [(0,)]
        shared = (
            "SEMI JOIN enrolments USING (learner_id, course_id) SEMI JOIN hand_enrolments USING (learner_id, course_id)"
        )
        columns = "course_id, learner_id, occurred_at, component, action, target, object_id"
        mine, hand = (ask(f"SELECT {columns} FROM {name} {shared} ORDER BY ALL") for name in ("events", "hand_events"))
        assert mine.fetchall() == hand.fetchall()
        both_ended = "outcomes o FULL JOIN hand_outcomes h USING (learner_id, course_id) SEMI JOIN enrolments USING "
        both_ended += "(learner_id, course_id)"
        differs = f"o.outcome IS DISTINCT FROM h.outcome OR abs(o.final_score - h.final_score) > {ROUND}"
        assert ask(f"SELECT * FROM {both_ended} WHERE {differs}").fetchall() == []


def test_all_ways_give_the_same_features_but_for_what_they_lack(ways: Ways, tmp_path: Path) -> None:
    for name in ("database", "plugin", "exports"):
        compute_features(getattr(ways, name), "0.5", tmp_path / name)
    learners, lacking = differing(tmp_path / "database", tmp_path / "plugin")
    assert (learners, lacking) == (rows_of(tmp_path / "database"), set())
    # The exports have no work, and do not say who has tried before.
    learners, lacking = differing(tmp_path / "database", tmp_path / "exports")
    assert learners >= 2 * LEARNERS
    assert "prior_attempts" in lacking
    assert lacking <= LACKING


_AGAIN = """INSERT INTO mdl_logstore_standard_log (eventname, component, action, target, crud, edulevel, contextid,
    contextlevel, contextinstanceid, userid, courseid, anonymous, other, timecreated, origin)
SELECT eventname, component, action, target, crud, edulevel, contextid, contextlevel, contextinstanceid, userid,
    courseid, anonymous, other, timecreated + 7, origin FROM mdl_logstore_standard_log
WHERE component = 'mod_page' AND courseid IN (SELECT id FROM mdl_course WHERE shortname LIKE 'WAYS%')
ORDER BY id LIMIT 1;"""
_GONE = """DELETE FROM mdl_logstore_standard_log WHERE id IN (
    SELECT id FROM (SELECT max(id) AS id FROM mdl_logstore_standard_log WHERE component = 'mod_page') newest);"""


def test_a_sync_through_the_plugin_reads_what_is_new_and_goes_on_with_the_database(
    moodle: Site, ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_store, "BLOCK", BLOCK)
    monkeypatch.setenv(TOKEN, ways.token)
    source, out = f"moodle-web:{moodle.url}?{OPTIONS}", tmp_path / "tables"
    first = sync(source, out, key=KEY)
    assert first.log_rows > 3 * BLOCK
    assert checked_facts(out)["digest"] == extract([source], tmp_path / "fresh", key=KEY)["digest"]
    moodle.database.run(_AGAIN)
    again = sync(source, out, key=KEY)
    assert again.differences == {"events": Difference(new=1)}
    # Moodle logs each call as well: so the last block is read, and the one before it at most.
    assert again.log_rows < 2 * BLOCK
    moodle.database.run(_GONE)
    assert sync(source, out, key=KEY).differences == {"events": Difference(gone=1)}
    monkeypatch.setenv(PASSWORD, moodle.database.password)
    by_database = sync(moodle.database.source(OPTIONS.removesuffix("&rate=100")), out, key=KEY)
    assert (by_database.because, by_database.differences) == (None, {})
    assert by_database.log_rows < 2 * BLOCK
    monkeypatch.setenv(TOKEN, ways.core_token)
    with pytest.raises(SourceError, match="cannot be followed without the plugin"):
        sync(source, out, key=KEY)


def rows_of(features: Path) -> int:
    with connect() as connection:
        ((number,),) = connection.execute(f"SELECT count(*) FROM '{features}/features.parquet'").fetchall()
    return int(number)


def differing(first: Path, second: Path) -> tuple[int, set[str]]:
    """How many learners and moments two tables of features share, and the features that are not the same in them."""
    names = [feature.name for feature in find_catalogue().features]
    differs = ", ".join(f"bool_or(round(a.{name}, 6) IS DISTINCT FROM round(b.{name}, 6))" for name in names)
    both = f"'{first}/features.parquet' a JOIN '{second}/features.parquet' b USING (course_id, learner_id, as_of)"
    with connect() as connection:
        ((learners, *differ),) = connection.execute(f"SELECT count(*), {differs} FROM {both}").fetchall()
    return int(learners), {name for name, is_other in zip(names, differ, strict=True) if is_other}
