"""What evaluation.json says of the data: learners who were helped, and how much time was left."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from components.evaluate.data_summary import TREATMENT, data_facts, days_left
from components.examples import Examples, read_examples
from earlybell.predict import open_tables


@pytest.fixture(scope="module")
def examples(features: Path, labels: Path) -> Examples:
    return read_examples(features, labels)[1]


def test_learners_who_were_helped_are_counted_by_kind(site: Path, examples: Examples) -> None:
    helped = data_facts(site, examples, by_run=True).helped
    taught = set(zip(examples.course_id, examples.learner_id, strict=True))
    rows = open_tables(site).execute("SELECT course_id, learner_id, kind FROM interventions").fetchall()
    shown = {
        kind: {one for run, one, of in rows if of == kind and (run, one) in taught} for kind in ("call", "message")
    }
    assert helped.kinds == {kind: len(learners) for kind, learners in shown.items()}
    assert helped.learners == len(shown["call"] | shown["message"]) > 0
    assert helped.treatment == TREATMENT


@pytest.mark.parametrize("shown_at", ["shown_at + INTERVAL 5 YEAR", None], ids=["after the run", "never"])
def test_help_that_was_not_shown_during_the_run_is_not_counted(
    site: Path, examples: Examples, tmp_path: Path, shown_at: str | None
) -> None:
    shutil.copytree(site, tmp_path / "late", ignore=shutil.ignore_patterns("interventions*"))
    if shown_at:
        late = f"(SELECT * REPLACE ({shown_at} AS shown_at) FROM interventions)"
        open_tables(site).execute(f"COPY {late} TO '{tmp_path}/late/interventions.parquet' (FORMAT parquet)")
    helped = data_facts(tmp_path / "late", examples, by_run=True).helped
    assert (helped.learners, helped.kinds) == (0, {})


def test_days_are_left_until_the_last_activity_and_the_outcome(site: Path, examples: Examples) -> None:
    left = days_left(site, examples)
    assert set(left) == {"last_activity", "outcome"}
    first = [examples.course_id[0], examples.learner_id[0]]
    select = "SELECT max(occurred_at) FROM events WHERE course_id = ? AND learner_id = ?"
    ((last,),) = open_tables(site).execute(select, first).fetchall()
    assert left["last_activity"][0] == (np.datetime64(last) - examples.as_of[0]) / np.timedelta64(1, "D")
    assert (left["outcome"][~np.isnan(left["outcome"])] > 0).mean() > 0.9


def test_one_course_run_is_noted(site: Path, examples: Examples) -> None:
    assert "A split by course run is not possible" in data_facts(site, examples, by_run=False).notes[-1]
