"""Features of requests: instances that are observed together get what each gets alone."""

import tracemalloc
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlybell.bundle import read_bundle
from earlybell.predict import Observed
from earlybell.predict.workspace import Workspace, groups
from earlybell.tables.codec import Instance, decode
from tests.earlybell.extracts import EXTRACT, LEARNER, changed, extracts

NOW = datetime(2026, 3, 2)


@pytest.fixture(scope="module")
def workspace(bundle: Path) -> Workspace:
    return Workspace(read_bundle(bundle))


def _instance(extract: dict[str, Any]) -> Instance:
    return decode(extract, "instance", NOW)


def _assert_same(observed: Observed, expected: Observed) -> None:
    for name in ("course_id", "learner_id", "as_of", "days_seen", "values"):
        np.testing.assert_array_equal(getattr(observed, name), getattr(expected, name), err_msg=name)


@settings(max_examples=40, deadline=None)
@given(st.lists(extracts(), min_size=2, max_size=6))
def test_instances_together_are_observed_as_each_alone(workspace: Workspace, several: list[dict[str, Any]]) -> None:
    instances = [_instance(extract) for extract in several]
    for observed, instance in zip(workspace.observe_all(instances), instances, strict=True):
        _assert_same(observed, workspace.observe(instance))


def test_what_has_the_same_ids_in_two_requests_stays_apart(workspace: Workspace) -> None:
    """Two callers may ask about a learner at the same time, with other records: each gets an answer to theirs."""
    instances = [_instance(EXTRACT), _instance(changed(9.0, "submissions", 0, "score")), _instance(EXTRACT)]
    first, other, again = workspace.observe_all(instances)
    _assert_same(first, workspace.observe(instances[0]))
    _assert_same(other, workspace.observe(instances[1]))
    _assert_same(again, first)
    assert not np.array_equal(first.values, other.values, equal_nan=True)
    assert list(other.learner_id) == list(first.learner_id)
    assert set(other.course_id) == {"mathematics-2026"}


def test_nothing_of_an_instance_is_there_for_the_next(workspace: Workspace) -> None:
    alone = workspace.observe(_instance(EXTRACT))
    workspace.observe_all([_instance(_busy(clicks)) for clicks in (700, 300, 5)])
    _assert_same(workspace.observe(_instance(EXTRACT)), alone)


def test_as_many_are_observed_together_as_there_is_room_for() -> None:
    """There is room for 16,384 events and 1,024 rows of any other table."""
    small, large, huge = _instance(EXTRACT), _instance(_busy(8_000)), _instance(_busy(20_000))
    assert [len(group) for group in groups([small] * 1100)] == [512, 512, 76]  # two learners each
    assert [len(group) for group in groups([large, large, large])] == [2, 1]
    assert [len(group) for group in groups([small, huge, small, small])] == [1, 1, 2]
    assert not list(groups([]))


@pytest.mark.parametrize("kernel", [True, False], ids=["the kernel", "DuckDB"])
def test_a_large_table_makes_no_other_one_large(bundle: Path, kernel: bool) -> None:
    """20,000 submissions need arrays of 32,768 rows: some 2 MiB. Were events as many times their smallest, 30 MiB."""
    columns = {name: [value] * 20_000 for name, value in EXTRACT["submissions"][0].items()}
    instance = _instance(changed(columns | {"attempt": list(range(1, 20_001))}, "submissions"))
    workspace = Workspace(read_bundle(bundle), kernel=kernel)
    tracemalloc.start()
    try:
        workspace.observe(instance)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * 2**20


def _busy(clicks: int) -> dict[str, Any]:
    """With so many events of one learner."""
    events = {name: [values[0]] * clicks for name, values in EXTRACT["events"].items()}
    return changed(events | {"learner_id": [LEARNER] * clicks}, "events")
