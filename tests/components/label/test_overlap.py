"""What stands beside the rubric label: the label of the whole run, and the rubric's facts."""

from pathlib import Path

import duckdb
import msgspec
import numpy as np

from components.evaluate.rubric import rubric_facts
from components.examples import read_examples
from components.label import LABELS, label_rubric
from tests.figures import value_of


def test_the_overlap_with_the_inputs_is_measured_and_flatters(site: Path, features: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.parquet"
    label_facts = LABELS["rubric"](site, features, labels, None)
    examples = read_examples(features, labels)[1]
    week = examples.days_seen // 7 == 4

    facts = rubric_facts(labels, examples, week, seed=1)

    assert facts is not None
    assert {name: msgspec.to_builtins(facts)[name] for name in ("version", "threshold", "agreement")} == {
        name: label_facts[name] for name in ("version", "threshold", "agreement")
    }
    assert facts.overlap is not None
    assert value_of(facts.overlap.whole) > value_of(facts.overlap.after)


def test_labels_and_folds_are_those_of_the_rubric_label_alone(site: Path, features: Path, tmp_path: Path) -> None:
    combined, alone = tmp_path / "beside.parquet", tmp_path / "alone.parquet"
    LABELS["rubric"](site, features, combined, None)
    label_rubric(site, features, alone)

    both = duckdb.connect()
    ours = both.execute(f"SELECT * EXCLUDE overlap_label FROM '{combined}'").fetchall()
    assert ours == both.execute(f"SELECT * FROM '{alone}'").fetchall()


def test_an_outcome_label_has_no_rubric(labels: Path, features: Path) -> None:
    examples = read_examples(features, labels)[1]
    assert rubric_facts(labels, examples, np.ones(len(examples), dtype=bool), seed=1) is None
