"""Fairness check: what it finds where it was planted, what it does not find elsewhere, and what it does not show."""

import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

from components.evaluate.fairness import ATTRIBUTES, disparity, fairness, read_protected
from components.evaluate.subject import Counts, Subject
from components.examples import Examples, read_examples
from earlybell.bundle.figures import Measured, MetricRow
from tests.components.evaluate.labelled import labelled
from tests.figures import ends_of, value_of

Strings = npt.NDArray[np.object_]
SUBJECT = Subject("logistic", "course_run")


def _drawn(rng: np.random.Generator, count: int, *, base: float = 0.4) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Labels, and risks that flag seven in ten of those with label 1 and two in ten of the others."""
    label = rng.random(count) < base
    flagged = rng.random(count) < np.where(label, 0.7, 0.2)
    return label, np.where(flagged, 0.8, 0.2)


def _strings(rng: np.random.Generator, choices: list[str], count: int) -> Strings:
    return rng.choice(choices, size=count).astype(object)


def _check(examples: Examples, risk: npt.NDArray[Any], **protected: Strings) -> list[MetricRow]:
    return fairness(SUBJECT, examples, risk, protected=protected, threshold=0.5, cutoff=0.4, seed=1)


def _found(rows: list[MetricRow]) -> dict[tuple[str, str], MetricRow]:
    found = {(row.group, row.metric): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_a_planted_disparity_is_found_and_its_interval_excludes_0_and_holds_the_truth() -> None:
    rng = np.random.default_rng(1)
    label, risk = _drawn(rng, 1_200)
    gender = _strings(rng, ["F", "F", "M"], 1_200)
    missed = (gender == "M") & label & (rng.random(1_200) < 0.5)  # half of the men who need help are overlooked
    rows = _check(labelled(label), np.where(missed, 0.2, risk), gender=gender)
    found = _found(rows)
    row = found["gender", "true_positive_rate_difference"]
    low, high = ends_of(row)
    assert 0.1 < low < 0.35 < high
    assert found["gender", "false_positive_rate_difference"].low == 0
    assert disparity(rows) == row.low


def test_groups_at_random_have_differences_whose_intervals_hold_0() -> None:
    held = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        label, risk = _drawn(rng, 900)
        protected = {name: _strings(rng, list("AAAABBC"), 900) for name in ATTRIBUTES}
        found = _found(_check(labelled(label), risk, **protected))
        differences = [row for (_, metric), row in found.items() if metric.endswith("_difference")]
        assert len(differences) == 4 * (6 + 15)
        assert all(value_of(row) > 0 for row in differences)
        held += [row.low == 0 for row in differences]
    assert np.mean(held) >= 0.85


def test_a_small_group_that_was_always_flagged_is_not_taken_for_certain() -> None:
    rng = np.random.default_rng(2)
    label, risk = _drawn(rng, 300)
    few = np.flatnonzero(label)[:12]
    disability = np.full(300, "N", dtype=object)
    disability[few] = "Y"
    risk[few] = 0.8
    row = _found(_check(labelled(label), risk, disability=disability))["disability=Y", "true_positive_rate"]
    assert row.value == 1
    assert ends_of(row)[0] < 0.9


@pytest.mark.parametrize(("learners", "is_shown"), [(9, False), (10, True)], ids=["nine learners", "ten learners"])
def test_a_group_is_shown_from_ten_learners_on_however_many_rows_they_have(learners: int, is_shown: bool) -> None:
    rng = np.random.default_rng(3)
    learner = np.repeat(np.arange(100), 3)  # everybody takes three runs
    label, risk = _drawn(rng, 300)
    age = np.where(learner < learners, "old", "young").astype(object)
    gender = _strings(rng, ["F", "M"], 100)[learner]
    found = _found(_check(labelled(label, learner), risk, age=age, gender=gender))
    groups = {group for group, metric in found if metric != "suppressed"}
    assert ("age=old" in groups) == is_shown
    assert (("age", "selection_rate_difference") in found) == is_shown
    assert (("age", "suppressed_groups") in found) != is_shown
    assert (("age=old", "suppressed") in found) != is_shown
    assert not any("old" in group and "&" in group for group in groups)
    assert found["age & gender", "suppressed_groups"].value == 2
    assert found["age=young", "selection_rate"].learners == 100 - learners


def test_a_rate_over_fewer_than_ten_learners_is_not_told_and_makes_no_difference() -> None:
    rng = np.random.default_rng(4)
    label, risk = _drawn(rng, 400)
    age = _strings(rng, ["old", "young"], 400)
    label[np.flatnonzero((age == "old") & label)[9:]] = False
    rows = _check(labelled(label), risk, age=age)
    found = _found(rows)
    for row in (found["age=old", "true_positive_rate"], found["age", "true_positive_rate_difference"]):
        assert (row.value, row.low, row.high) == (None, None, None)
    assert found["age=old", "roc_auc"].value is None
    assert found["age=old", "false_positive_rate"].value is not None
    assert disparity(rows) is None


def test_no_group_large_enough_leaves_only_count_and_names_of_what_is_not_shown() -> None:
    label, risk = _drawn(np.random.default_rng(5), 12)
    age = np.array(["a", "b"] * 6, dtype=object)
    assert [(row.metric, row.value) for row in _check(labelled(label), risk, age=age)] == [
        ("suppressed_groups", 2),
        ("suppressed", 1),
        ("suppressed", 1),
    ]


def test_every_figure_has_an_interval_that_holds_it() -> None:
    rng = np.random.default_rng(6)
    label, risk = _drawn(rng, 500)
    protected = {"gender": _strings(rng, ["F", "M"], 500), "region": _strings(rng, list("ABC"), 500)}
    counts = {"true_positives", "false_positives", "false_negatives", "true_negatives"}
    rows = _check(labelled(label), risk, **protected)
    for row in rows:
        assert (row.candidate, row.split, row.cutoff) == (*SUBJECT, 0.4)
        if row.metric not in counts | {"proxy_auc"}:
            low, high = ends_of(row)
            assert low <= value_of(row) <= high, row
    assert msgspec.json.decode(msgspec.json.encode(rows), type=list[MetricRow]) == rows


def _frame(label: npt.NDArray[Any], risk: npt.NDArray[Any], **attributes: Any) -> Any:
    """The same figures by fairlearn."""
    return MetricFrame(
        metrics={
            "selection_rate": selection_rate,
            "true_positive_rate": true_positive_rate,
            "false_positive_rate": false_positive_rate,
            "calibration_gap": lambda y_true, y_pred, risk: risk.mean() - y_true.mean(),
            "base_rate": lambda y_true, y_pred: y_true.mean(),
        },
        y_true=label.astype(int),
        y_pred=(risk >= 0.5).astype(int),
        sensitive_features=attributes,
        sample_params={"calibration_gap": {"risk": risk}},
    )


def test_single_and_paired_groups_have_the_rates_that_fairlearn_gives() -> None:
    rng = np.random.default_rng(7)
    label, risk = _drawn(rng, 900)
    gender, region = _strings(rng, ["F", "M"], 900), _strings(rng, list("ABC"), 900)
    found = _found(_check(labelled(label), risk, gender=gender, region=region))
    frame = _frame(label, risk, gender=gender, region=region)
    for (one, other), expected in frame.by_group.iterrows():
        for metric, value in expected.items():
            assert found[f"gender={one} & region={other}", metric].value == pytest.approx(value, abs=1e-6)
    for metric, value in frame.difference().items():
        name = "calibration_difference" if metric == "calibration_gap" else f"{metric}_difference"
        if metric != "base_rate":
            assert found["gender & region", name].value == pytest.approx(value, abs=1e-6)
    for attribute, groups in (("gender", gender), ("region", region)):
        for group, expected in _frame(label, risk, group=groups).by_group.iterrows():
            for metric, value in expected.items():
                assert found[f"{attribute}={group}", metric].value == pytest.approx(value, abs=1e-6)
    flagged = risk[gender == "F"] >= 0.5
    assert found["gender=F", "selection_rate"].value == pytest.approx(flagged.mean(), abs=1e-6)
    assert found["gender=F", "true_positive_rate"].value == pytest.approx(
        flagged[label[gender == "F"]].mean(), abs=1e-6
    )


def test_an_attribute_that_leaks_through_a_feature_is_told_from_one_that_does_not() -> None:
    rng = np.random.default_rng(8)
    label, risk = _drawn(rng, 600)
    region, gender = _strings(rng, list("ABC"), 600), _strings(rng, ["F", "M"], 600)
    leak = np.select([region == "A", region == "B"], [[-2.0], [0.0]], 2.0) + rng.normal(0, 0.1, 600)
    values = np.column_stack([rng.normal(size=600), leak, np.full(600, np.nan)])
    found = _found(_check(labelled(label, values=values), risk, region=region, gender=gender))
    assert value_of(found["region", "proxy_auc"]) > 0.8
    assert found["gender", "proxy_auc"].value == pytest.approx(0.5, abs=0.08)
    assert ("region & gender", "proxy_auc") not in found


def test_the_proxy_check_never_guesses_a_learner_from_their_other_run() -> None:
    rng = np.random.default_rng(9)
    learner = np.repeat(np.arange(150), 2)
    label, risk = _drawn(rng, 300)
    gender = _strings(rng, ["F", "M"], 150)[learner]
    values = rng.normal(size=(150, 60))[learner]  # the same in both runs, and as many as it takes to know everybody
    found = _found(_check(labelled(label, learner, values), risk, gender=gender))
    assert value_of(found["gender", "proxy_auc"]) < 0.65


def _row(group: str, metric: str, low: float | None) -> MetricRow:
    return SUBJECT.row(0.4, group, metric, Measured(low, low, low), Counts(100, 50))


def test_a_gate_asks_about_single_attributes_only() -> None:
    metric = "true_positive_rate_difference"
    lows = {"gender": 0.1, "age": 0.2, "gender & age": 0.9, "region": None}
    rows = [_row(group, metric, low) for group, low in lows.items()]
    rows.append(_row("region", "selection_rate_difference", 0.8))
    assert disparity(rows) == 0.2
    assert disparity([]) is None


def test_a_learner_without_a_value_is_unknown_and_an_attribute_without_any_is_left_out(
    site: Path, tmp_path: Path
) -> None:
    shutil.copytree(site, tmp_path / "tables", ignore=shutil.ignore_patterns("learners*"))
    columns = (
        "'F' AS gender, NULL AS age, NULL AS disability, NULL AS region, '0-10%' AS deprivation, NULL AS education"
    )
    known = f"SELECT 'one' AS learner_id, {columns} UNION ALL SELECT 'two', NULL, NULL, NULL, NULL, '10-20', NULL"
    duckdb.connect().execute(f"COPY ({known}) TO '{tmp_path}/tables/learners.parquet' (FORMAT parquet)")
    found = read_protected(tmp_path / "tables", ["two", "nobody", "one", "two"])
    assert {name: list(values) for name, values in found.items()} == {
        "gender": ["unknown", "unknown", "F", "unknown"],
        "deprivation": ["10-20", "unknown", "0-10%", "10-20"],
    }


def test_unknown_is_a_group_of_its_own() -> None:
    rng = np.random.default_rng(10)
    label, risk = _drawn(rng, 200)
    found = _found(_check(labelled(label), risk, gender=_strings(rng, ["F", "unknown"], 200)))
    assert found["gender=unknown", "selection_rate"].learners > 50


def test_no_protected_attribute_is_an_input(site: Path, features: Path, labels: Path) -> None:
    catalogue, examples = read_examples(features, labels)
    assert not set(ATTRIBUTES) & set(catalogue.names)
    assert examples.values.shape[1] == len(catalogue.names)
    assert not re.search(r"\blearners\b", (features / "features.sql").read_text())
    assert read_protected(site, examples.learner_id).keys() == set(ATTRIBUTES)
