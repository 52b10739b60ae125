"""What came next of a moment: right values by hand, each rule at its edge; and no later record is in the features."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pytest

from components.features import compute_features
from components.label import label_targets
from components.label.targets import find_targets
from earlybell.tables import BY_NAME, SQL_TYPES
from tests.components.label.conftest import ChangeThePast

Row = dict[str, Any]
Floats = npt.NDArray[np.float64]
START, END = datetime(2026, 2, 2), datetime(2026, 5, 25)
AS_OF = datetime(2026, 3, 2)
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
LAST = {"course_id": "run", "learner_id": "last", "occurred_at": END - DAY, "component": "core", "count": 1}
LAST |= {"action": "viewed", "target": "course"}


def _work(name: str, due: datetime | None, weight: float | None = 10, most: float = 10) -> Row:
    return {"assessment_id": name, "course_id": "run", "kind": "quiz", "role": "none", "due_at": due} | {
        "weight": weight,
        "max_score": most,
    }


def _submission(work: str, learner: str, at: datetime, score: float | None = 5, attempt: int = 1) -> Row:
    graded = None if score is None else at
    return {"assessment_id": work, "learner_id": learner, "submitted_at": at, "graded_at": graded} | {
        "attempt": attempt,
        "score": score,
    }


def _enrolment(learner: str, left: datetime | None = None) -> Row:
    return {"course_id": "run", "learner_id": learner, "enrolled_at": START - DAY, "unenrolled_at": left}


def _outcome(learner: str, outcome: str, score: float | None = None) -> Row:
    return {"course_id": "run", "learner_id": learner, "outcome": outcome, "final_score": score, "decided_at": END}


def _targets(folder: Path, learners: Sequence[str], as_of: datetime = AS_OF, **rows: list[Row]) -> dict[str, Any]:
    """Of each learner the targets at a moment, by their name."""
    tables = folder / "tables"
    tables.mkdir()
    run = {"course_id": "run", "code": "course", "starts_at": START, "ends_at": END, "granularity": "raw"}
    rows = {"courses": [run], "events": [LAST], "enrolments": [_enrolment(learner) for learner in learners]} | rows
    connection = duckdb.connect()
    for name, of_table in rows.items():
        columns = BY_NAME[name].columns
        connection.execute(f"CREATE TABLE t ({', '.join(f'{c.name} {SQL_TYPES[c.type]}' for c in columns)})")
        for row in of_table:
            marks = ", ".join("?" * len(columns))
            connection.execute(f"INSERT INTO t VALUES ({marks})", [row.get(column.name) for column in columns])
        connection.execute(f"COPY t TO '{tables}/{name}.parquet'; DROP TABLE t")
    moments = ", ".join(f"({i}, 'run', '{name}', TIMESTAMP '{as_of}')" for i, name in enumerate(learners))
    select = f"SELECT * FROM (VALUES {moments}) AS m(moment_id, course_id, learner_id, as_of)"
    connection.execute(f"COPY ({select}) TO '{folder}/features.parquet'")
    label_targets(tables, folder, folder / "targets")
    found = connection.execute(f"SELECT * FROM '{folder}/targets/targets.parquet' ORDER BY moment_id")
    names = [column[0] for column in found.description or ()]
    by_column = dict(zip(names, zip(*found.fetchall(), strict=True), strict=True))
    return {name: dict(zip(learners, by_column[name], strict=True)) for name in find_targets()}


def _of_moments(tables: Path, features: Path, out: Path) -> dict[str, Floats]:
    """The targets of all moments, NaN where there is none, by their name."""
    label_targets(tables, features, out)
    columns = duckdb.connect().execute(f"FROM '{out}/targets.parquet' ORDER BY moment_id").fetchnumpy()
    return {name: np.ma.filled(np.ma.asarray(columns[name], dtype=np.float64), np.nan) for name in find_targets()}


def test_the_next_work_is_the_first_that_is_due_from_the_moment_on(tmp_path: Path) -> None:
    found = _targets(
        tmp_path,
        ["next", "only later", "only before", "late", "nothing"],
        assessments=[
            _work("before", AS_OF - TICK),
            _work("next", AS_OF),
            _work("later", AS_OF + DAY),
            _work("open", None),
        ],
        submissions=[
            _submission("next", "next", AS_OF + TICK),
            _submission("later", "only later", AS_OF + DAY),
            _submission("before", "only before", AS_OF + DAY),
            _submission("next", "late", AS_OF + 40 * DAY),
            _submission("open", "nothing", AS_OF + DAY),
        ],
    )["next_work"]
    assert found == {"next": 1, "only later": 0, "only before": 0, "late": 1, "nothing": 0}


def test_what_is_handed_in_or_banked_before_the_moment_is_not_foretold(tmp_path: Path) -> None:
    found = _targets(
        tmp_path,
        ["ahead", "ahead, and no more", "at the moment", "banked", "all done"],
        assessments=[_work("first", AS_OF + DAY), _work("second", AS_OF + 2 * DAY)],
        submissions=[
            _submission("first", "ahead", AS_OF - TICK),
            _submission("second", "ahead", AS_OF + DAY),
            _submission("first", "ahead, and no more", AS_OF - TICK),
            _submission("first", "at the moment", AS_OF),
            _submission("first", "banked", AS_OF - 90 * DAY, attempt=0),
            _submission("first", "all done", AS_OF - DAY),
            _submission("second", "all done", AS_OF - DAY),
        ],
    )["next_work"]
    assert found == {"ahead": 1, "ahead, and no more": 0, "at the moment": 1, "banked": 0, "all done": None}


def test_work_that_nobody_hands_in_is_not_in_the_source(tmp_path: Path) -> None:
    work = [_work("exam", AS_OF + DAY), _work("quiz", AS_OF + 2 * DAY)]
    banked = [_submission("exam", "banked", START, attempt=0)]
    found = _targets(
        tmp_path,
        ["ann", "banked"],
        assessments=work,
        submissions=[_submission("quiz", "ann", AS_OF + DAY), *banked],
    )["next_work"]
    assert found == {"ann": 1, "banked": 0}


def test_of_work_that_is_due_together_the_weightiest_is_the_next(tmp_path: Path) -> None:
    work = [_work("a", AS_OF + DAY, 10), _work("b", AS_OF + DAY, 20), _work("c", AS_OF + DAY, None)]
    handed_in = [_submission(name, learner, AS_OF) for name, learner in [("a", "ann"), ("b", "bob"), ("c", "cem")]]
    found = _targets(tmp_path, ["ann", "bob", "cem"], assessments=work, submissions=handed_in)["next_work"]
    assert found == {"ann": 0, "bob": 1, "cem": 0}


def test_an_extension_counts_as_far_as_it_was_granted_before_the_moment(tmp_path: Path) -> None:
    own = {"assessment_id": "first", "due_at": AS_OF + 9 * DAY}
    found = _targets(
        tmp_path,
        ["granted", "not yet"],
        assessments=[_work("first", AS_OF + DAY), _work("second", AS_OF + 5 * DAY)],
        extensions=[
            own | {"learner_id": "granted", "granted_at": AS_OF - TICK},
            own | {"learner_id": "not yet", "granted_at": AS_OF},
        ],
        submissions=[_submission("second", learner, AS_OF + DAY) for learner in ("granted", "not yet")]
        + [_submission("first", "another", AS_OF)],
        enrolments=[_enrolment(learner) for learner in ("granted", "not yet", "another")],
    )["next_work"]
    assert found == {"granted": 1, "not yet": 0}


def test_who_leaves_before_the_deadline_has_not_handed_in(tmp_path: Path) -> None:
    found = _targets(
        tmp_path,
        ["leaves", "hands in and leaves"],
        assessments=[_work("quiz", AS_OF + 9 * DAY)],
        submissions=[_submission("quiz", "hands in and leaves", AS_OF + DAY)],
        enrolments=[_enrolment("leaves", AS_OF + DAY), _enrolment("hands in and leaves", AS_OF + 2 * DAY)],
    )["next_work"]
    assert found == {"leaves": 0, "hands in and leaves": 1}


def test_work_due_after_the_last_record_has_no_target_nor_is_what_is_due_after_it_the_next(tmp_path: Path) -> None:
    last = LAST | {"occurred_at": AS_OF + 3 * DAY}
    found = _targets(
        tmp_path,
        ["ann"],
        events=[last],
        assessments=[_work("quiz", AS_OF + 5 * DAY)],
        submissions=[_submission("quiz", "ann", AS_OF + DAY)],
    )["next_work"]
    assert found == {"ann": None}


def test_leaving_is_within_three_weeks_of_the_moment(tmp_path: Path) -> None:
    left = {"at once": AS_OF, "just": AS_OF + 21 * DAY - TICK, "later": AS_OF + 21 * DAY, "stays": None}
    enrolments = [_enrolment(learner, at) for learner, at in left.items()]
    found = _targets(tmp_path, list(left), enrolments=enrolments)["leaving"]
    assert found == {"at once": 1, "just": 1, "later": 0, "stays": 0}


def test_leaving_is_not_known_beyond_the_last_record_nor_of_who_withdrew_at_no_known_time(tmp_path: Path) -> None:
    enrolments = [_enrolment("ann"), _enrolment("lost"), _enrolment("left", AS_OF)]
    outcomes = [_outcome("ann", "pass"), _outcome("lost", "withdrawn"), _outcome("left", "withdrawn")]
    (tmp_path / "whole").mkdir()
    (tmp_path / "short").mkdir()
    learners = ["ann", "lost", "left"]
    found = _targets(tmp_path / "whole", learners, enrolments=enrolments, outcomes=outcomes)["leaving"]
    assert found == {"ann": 0, "lost": None, "left": 1}
    short = [LAST | {"occurred_at": AS_OF + 20 * DAY - TICK}]
    found = _targets(tmp_path / "short", learners, enrolments=enrolments, outcomes=outcomes, events=short)["leaving"]
    assert found == {"ann": None, "lost": None, "left": None}


def test_a_run_that_nobody_left_tells_nothing_of_leaving(tmp_path: Path) -> None:
    assert _targets(tmp_path, ["ann", "bob"])["leaving"] == {"ann": None, "bob": None}


def test_the_final_score_is_as_stated_and_who_left_has_none(tmp_path: Path) -> None:
    outcomes = [_outcome("ann", "pass", 61.5), _outcome("bob", "withdrawn", 12), _outcome("cem", "fail")]
    found = _targets(tmp_path, ["ann", "bob", "cem", "dan"], outcomes=outcomes)["final_score"]
    assert found == {"ann": 61.5, "bob": None, "cem": None, "dan": None}


def test_stated_scores_of_another_unit_than_percent_are_no_target(tmp_path: Path) -> None:
    outcomes = [_outcome("ann", "pass", 740), _outcome("bob", "fail", 80)]
    assert _targets(tmp_path, ["ann", "bob"], outcomes=outcomes)["final_score"] == {"ann": None, "bob": None}


def test_without_a_stated_score_it_is_the_weighted_mean_of_the_work(tmp_path: Path) -> None:
    learners = ["all", "half", "ungraded", "nothing", "left"]
    found = _targets(
        tmp_path,
        learners,
        assessments=[_work("a", AS_OF, 30), _work("b", AS_OF, 10, 20), _work("exam", AS_OF, 60)],
        submissions=[
            _submission("a", "all", AS_OF, 5),
            _submission("a", "all", AS_OF + DAY, 8, attempt=2),
            _submission("b", "all", AS_OF, 20),
            _submission("a", "half", AS_OF, 8),
            _submission("a", "ungraded", AS_OF, None),
            _submission("b", "ungraded", AS_OF, 10),
            _submission("a", "left", AS_OF, 10),
        ],
        outcomes=[_outcome(learner, "withdrawn" if learner == "left" else "pass") for learner in learners],
    )["final_score"]
    # The exam, of which there is no score, is not in it; (30 * 0.8 + 10 * 1.0) / 40, and so on.
    assert found == pytest.approx({"all": 85, "half": 60, "ungraded": 50, "nothing": 0, "left": None})


def test_where_no_work_has_a_weight_all_weighs_alike(tmp_path: Path) -> None:
    found = _targets(
        tmp_path,
        ["ann"],
        assessments=[_work("a", AS_OF, 0), _work("b", AS_OF, None)],
        submissions=[_submission("a", "ann", AS_OF, 4), _submission("b", "ann", AS_OF, 8)],
        outcomes=[_outcome("ann", "pass")],
    )["final_score"]
    assert found == {"ann": pytest.approx(60)}


def test_another_future_changes_targets_and_no_feature(small: Path, tmp_path: Path) -> None:
    moments = f"'{small}/features.parquet'"
    connection = duckdb.connect()
    changed = tmp_path / "tables"
    changed.mkdir()
    cut = f"(SELECT any_value(as_of) FROM {moments} m WHERE m.course_id = t.course_id)"
    of_work = (
        f"(SELECT any_value(as_of) FROM {moments} JOIN work USING (course_id) WHERE assessment_id = t.assessment_id)"
    )
    later = {
        "submissions": f"SELECT * FROM t WHERE submitted_at < {of_work}",
        "enrolments": f"SELECT * REPLACE ({cut} + INTERVAL 1 DAY AS unenrolled_at) FROM t",
        "outcomes": "SELECT * REPLACE (100 - final_score AS final_score) FROM t",
    }
    work = f"'{small}/tables/assessments.parquet'"
    connection.execute(f"CREATE VIEW work AS FROM {work}")
    for path in sorted((small / "tables").iterdir()):
        if path.suffix != ".json":
            source = path if path.is_file() else path / "*.parquet"
            select = later.get(path.stem, "FROM t")
            connection.execute(f"CREATE OR REPLACE VIEW t AS FROM '{source}'")
            connection.execute(f"COPY ({select}) TO '{changed / path.stem}.parquet'")
    # Who had left before the moment is there again: the moments of before are compared.
    compute_features(changed, "0.6", tmp_path / "features")
    before, after = (
        connection.execute(f"""
            SELECT f.* EXCLUDE (moment_id) FROM '{folder}/features.parquet' f
            SEMI JOIN {moments} USING (course_id, learner_id) ORDER BY course_id, learner_id""").fetchnumpy()
        for folder in (small, tmp_path / "features")
    )
    assert before.keys() == after.keys()
    for name in before:
        if before[name].dtype.kind == "f":  # sums differ in the last digit by the order of rows
            one, other = (np.ma.filled(np.ma.asarray(column), np.nan) for column in (before[name], after[name]))
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9, err_msg=name)
        else:
            assert before[name].tolist() == after[name].tolist(), name
    now, then = _of_moments(small / "tables", small, tmp_path / "now"), _of_moments(changed, small, tmp_path / "then")
    assert np.nanmean(then["next_work"]) < np.nanmean(now["next_work"])
    assert np.nanmin(then["leaving"]) == 1
    np.testing.assert_allclose(then["final_score"], 100 - now["final_score"])


def test_another_past_changes_no_target(small: Path, change_the_past: ChangeThePast, tmp_path: Path) -> None:
    change_the_past(tmp_path / "tables", 0.5, 20)
    now, then = (
        _of_moments(tables, small, tmp_path / name)
        for name, tables in (("now", small / "tables"), ("then", tmp_path / "tables"))
    )
    for name in find_targets():
        np.testing.assert_array_equal(now[name], then[name], err_msg=name)


@pytest.mark.parametrize("name", list(find_targets()))
def test_words_of_a_head_have_its_numbers(name: str) -> None:
    head = find_targets()[name].head
    expected = {"probability": ("{of_hundred}", "{others}"), "score": ("{value}",)}[head.kind]
    assert any(number in head.words for number in expected)
