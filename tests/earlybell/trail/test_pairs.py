"""Two trails with the same request ids, compared learner by learner."""

from pathlib import Path

import pytest

from earlybell.trail import Record, compare, open_trail
from tests.earlybell.trail.places import record


def _written(path: Path, records: list[Record]) -> str:
    with open_trail(f"sqlite:{path}") as trail:
        trail.append(records).result()
    return f"sqlite:{path}"


def test_pairs_are_matched_by_request_and_learner_and_compared(tmp_path: Path) -> None:
    champion = [record("1", "ann", 0.2, "low"), record("1", "bob", 0.4, "medium"), record("2", "ann", 0.9, "high")]
    challenger = [record("2", "ann", 0.7, "high"), record("1", "ann", 0.1, "low"), record("1", "cyd", 0.5, "medium")]
    comparison = compare(_written(tmp_path / "a.db", champion), _written(tmp_path / "b.db", challenger))
    assert (comparison.pairs, comparison.only_champion, comparison.only_challenger) == (2, 1, 1)
    assert comparison.band_agreement == 1.0
    assert comparison.correlation == pytest.approx(1.0)
    assert comparison.mean_difference == pytest.approx(0.15)
    assert [(pair.request_id, round(pair.size, 3)) for pair in comparison.largest] == [("2", 0.2), ("1", 0.1)]


def test_a_learner_that_a_request_names_twice_is_paired_in_order(tmp_path: Path) -> None:
    champion = [record("1", "anonymous", 0.1), record("1", "anonymous", 0.9, "high")]
    challenger = [record("1", "anonymous", 0.1), record("1", "anonymous", 0.9, "low"), record("1", "anonymous", 0.5)]
    comparison = compare(_written(tmp_path / "a.db", champion), _written(tmp_path / "b.db", challenger))
    assert (comparison.pairs, comparison.only_champion, comparison.only_challenger) == (2, 0, 1)
    assert (comparison.band_agreement, comparison.mean_difference) == (0.5, 0.0)


def test_what_cannot_be_measured_is_none(tmp_path: Path) -> None:
    champion, challenger = [record("1", risk=None)], [record("1"), record("2")]
    comparison = compare(_written(tmp_path / "a.db", champion), _written(tmp_path / "b.db", challenger))
    assert (comparison.pairs, comparison.correlation, comparison.mean_difference, comparison.largest) == (
        1,
        None,
        None,
        (),
    )
    none = compare(_written(tmp_path / "c.db", [record("9")]), _written(tmp_path / "d.db", []))
    assert (none.pairs, none.band_agreement) == (0, None)
