"""Counterfactuals of real models: they move the band, and of what can be (by hand: test_counterfactual_by_hand.py)."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from components.features import acts, find_catalogue
from components.train import find_candidates
from earlybell.bundle import read_bundle, read_candidate
from earlybell.predict import Counterfactual, Observed, Predictor, confine, create_moments, observe, open_tables
from earlybell.predict.counterfactual import STEPS, Search
from earlybell.predict.ties import Follow

LOWER = {"high": {"medium", "low"}, "medium": {"low"}}
Row = npt.NDArray[np.float32]


@pytest.fixture(scope="module", params=find_candidates())
def predictor(request: pytest.FixtureRequest, candidates: dict[str, Path], bundle: Path) -> Predictor:
    """Each kind of model, with the bands of the one that was chosen."""
    model = read_candidate(candidates[request.param] / "final")
    return Predictor(dataclasses.replace(model, bands=read_bundle(bundle).bands))


@pytest.fixture(scope="module")
def observed(predictor: Predictor, site: Path) -> Observed:
    return _observe(predictor, site)


def _observe(predictor: Predictor, site: Path) -> Observed:
    connection = open_tables(site)
    create_moments(connection, "0.5")
    confine(connection, site)
    return observe(connection, predictor.bundle.sql, predictor.bundle.catalogue.names)


@pytest.fixture(scope="module")
def found(predictor: Predictor, observed: Observed) -> list[Counterfactual]:
    return _counterfactuals(predictor, observed)


def _counterfactuals(predictor: Predictor, observed: Observed) -> list[Counterfactual]:
    return [explanation.counterfactual for explanation in predictor.explain(observed)[1]]


def _changed(predictor: Predictor, row: Row, one: Counterfactual) -> Row:
    changed, names = row.copy(), predictor.bundle.catalogue.names
    for change in one.changes:
        assert row[names.index(change.feature)] == np.float32(change.value)
        changed[names.index(change.feature)] = change.to
    return changed


def test_the_model_really_gives_the_changed_row_the_lower_band(
    predictor: Predictor, observed: Observed, found: list[Counterfactual]
) -> None:
    rows = [_changed(predictor, row, one) for row, one in zip(observed.values, found, strict=True)]
    before, after = predictor.predict(observed), predictor.predict(dataclasses.replace(observed, values=np.array(rows)))
    moved = np.array([bool(one.changes) for one in found])
    assert moved.sum() > 20
    assert list(after.band) == [one.band for one in found]
    np.testing.assert_allclose(after.risk, [one.risk for one in found], atol=1e-6)
    assert all(new in LOWER[old] for old, new in zip(before.band[moved], after.band[moved], strict=True))


def test_the_lowest_band_and_too_little_evidence_have_none_and_say_why(
    predictor: Predictor, observed: Observed, found: list[Counterfactual]
) -> None:
    for band, one in zip(predictor.predict(observed).band, found, strict=True):
        if band in ("low", "insufficient_evidence"):
            assert one.changes == ()
            assert one.words.startswith("No change was looked for: ")
    first_days = dataclasses.replace(observed, days_seen=np.ones(len(observed)))
    assert not any(one.changes for one in _counterfactuals(predictor, first_days))


def test_only_what_the_learner_can_change_is_changed_and_the_words_are_modest(
    predictor: Predictor, found: list[Counterfactual]
) -> None:
    changeable = {feature.name for feature in predictor.bundle.catalogue.features if feature.changeable}
    for one in (one for one in found if one.changes):
        assert {change.feature for change in one.changes} <= changeable
        assert 1 <= sum(not change.follows for change in one.changes) <= len(STEPS)
        assert one.words.startswith(f"The model would say {one.band} if: ")
        assert all(change.words != change.words_to for change in one.changes if not change.follows)
        assert all(change.words_to in one.words for change in one.changes if change.words != change.words_to)


def test_changes_go_the_favourable_way(predictor: Predictor, found: list[Counterfactual]) -> None:
    direction = {feature.name: feature.direction for feature in predictor.bundle.catalogue.features}
    for change in (change for one in found for change in one.changes):
        assert (change.to - change.value) * direction[change.feature] <= 0


KINDS = [f"{kind}_per_week" for kind in acts.KINDS]
IMPOSSIBLE: dict[str, Callable[[Callable[[str], Any]], Any]] = {
    "fewer active days in four weeks than in one": lambda at: at("active_days_last_28") < at("active_days_last_7"),
    "an active day without a click": lambda at: at("clicks_last_7") < at("active_days_last_7"),
    "a click without an active day": lambda at: (at("clicks_last_7") > 0) & (at("active_days_last_7") < 1),
    "fewer clicks in four weeks than in one": lambda at: at("clicks_last_28") < at("clicks_last_7"),
    "active this week and away for longer": lambda at: (at("active_days_last_7") > 0) & (at("days_since_activity") > 7),
    "back this week without an active day": lambda at: (at("active_days_last_7") < 1) & (at("days_since_activity") < 7),
    "more clicks on the kinds than in all": lambda at: (
        sum(at(name) for name in KINDS) > at("clicks_per_week") * 1.0001 + 1e-4
    ),
    "a share missed and no work": lambda at: (at("missed_work") == 0) & (at("missed_share") > 0),
    "work missed and no share": lambda at: (at("missed_work") > 0) & (at("missed_share") == 0),
    "marks gathered of work that is missing": lambda at: at("points_share") + at("missed_weight_share") > 1.0001,
    "the latest work missed and none": lambda at: at("missed_last") > at("missed_work"),
}


@pytest.fixture(scope="module")
def tried(bundle: Path, site: Path) -> list[tuple[Row, Row]]:
    """The values of some moments, each with all that the search would try."""
    opened = Predictor(read_bundle(bundle))
    moments = _observe(opened, site)
    search = Search(opened.bundle, lambda values: values)
    pairs = list(zip(moments.values, moments.days_seen, strict=True))[:40]
    return [(row, one.rows) for row, days in pairs for one in search._candidates(row, float(days))]


# What no learner's values can be, by hand: of the code under test only the names are taken.
_SHARES = {
    "active_weeks_share",
    "weekend_share",
    "late_share",
    "missed_share",
    "missed_weight_share",
    "points_share",
    "missed_last",
}
_WHOLE = {
    "active_days_last_7",
    "active_days_last_28",
    "clicks_last_7",
    "clicks_last_28",
    "kinds_used_last_28",
    "forum_posts",
    "missed_work",
    "missed_last",
    "handed_in_ahead",
    "open_soon",
}
_ANY_SIGN = {"activity_trend", "mean_delay_days"}


def _most(name: str, days_seen: float) -> float:
    if name in _SHARES:
        return 1
    days_there_were = int(-(-days_seen // 1))
    most = {"active_days_last_7": min(7, days_there_were), "active_days_last_28": min(28, days_there_were)}
    return (most | {"active_days_per_week": 7, "kinds_used_last_28": 7}).get(name, np.inf)


def _can_be(names: list[str], row: Row, to: Row, days_seen: float) -> bool:
    """Whether each value of `to` that is not the row's own is one that a learner can have."""
    for name, value, other in zip(names, row.tolist(), to.tolist(), strict=True):
        if other == value or np.isnan(value):
            continue
        least = -np.inf if name in _ANY_SIGN else 0
        if not least <= other <= _most(name, days_seen) or (name in _WHOLE and other != int(other)):
            return False
    return True


_VALUES: dict[str, st.SearchStrategy[float]] = {
    name: st.integers(0, 40).map(float)
    if name in _WHOLE
    else st.floats(0, 1, width=32)
    if name in _SHARES
    else st.floats(0, 60, width=32)
    for name in find_catalogue().names
}


@st.composite
def _rows(draw: st.DrawFn) -> tuple[Row, float, dict[str, tuple[float, float]]]:
    """Any values of a learner, days of teaching, and any ranges that training may have seen around them."""
    row = [draw(st.just(math.nan) | _VALUES[name]) for name in find_catalogue().names]
    days_seen = draw(st.integers(1, 200).map(float) | st.floats(0.1, 200))
    ranges = {}
    for name, value in zip(find_catalogue().names, row, strict=True):
        low, high = sorted((draw(_VALUES[name]) - 5, draw(_VALUES[name]) * 3))  # older training may have seen nonsense
        ranges[name] = (min(low, value), max(high, value)) if value == value else (low, high)
    return np.array(row, dtype=np.float32), days_seen, ranges


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=_rows())
def test_of_any_learner_nothing_is_tried_that_cannot_be(
    bundle: Path, drawn: tuple[Row, float, dict[str, tuple[float, float]]]
) -> None:
    row, days_seen, ranges = drawn
    opened = read_bundle(bundle)
    search = Search(
        dataclasses.replace(opened, bands=structs.replace(opened.bands, ranges=ranges)), lambda values: values
    )
    names = opened.catalogue.names
    for candidates in search._candidates(row, days_seen):
        for to in candidates.rows[:: 1 + len(candidates.rows) // 500]:
            assert _can_be(names, row, to, days_seen), {
                name: (was, now) for name, was, now in zip(names, row.tolist(), to.tolist(), strict=True) if was != now
            }


def _columns(names: list[str], rows: Row) -> Callable[[str], Row]:
    return lambda name: np.asarray(rows[:, names.index(name)])


@pytest.mark.parametrize("impossible", IMPOSSIBLE)
def test_no_impossible_combination_is_tried(bundle: Path, tried: list[tuple[Row, Row]], impossible: str) -> None:
    names = read_bundle(bundle).catalogue.names
    for row, rows in tried:
        before, after = (IMPOSSIBLE[impossible](_columns(names, part)) for part in (row[None], rows))
        assert before[0] or not np.any(after)


@pytest.mark.parametrize(("missed", "share"), [(40, 1e-45), (4, 1.1754944e-38), (40, 1e-6), (0, 0.5)])
def test_a_share_that_is_none_says_nothing_of_how_much_was_due(
    predictor: Predictor, missed: float, share: float
) -> None:
    catalogue = predictor.bundle.catalogue
    work = catalogue.names.index("missed_work")
    row = np.full(len(catalogue.features), np.nan, dtype=np.float32)
    row[[work, catalogue.names.index("missed_share")]] = missed, share
    changed = np.stack([row, row])
    changed[1, work] = missed + 1
    expected = changed.copy()
    Follow(catalogue)(row, changed, 28.0)  # a warning of NumPy's is an error in the tests
    assert np.array_equal(changed, expected, equal_nan=True)


def test_every_tie_is_of_features_that_the_learner_can_change(predictor: Predictor) -> None:
    features = {feature.name: feature for feature in predictor.bundle.catalogue.features}
    assert predictor.bundle.catalogue.ties
    for tie in predictor.bundle.catalogue.ties:
        assert {tie.feature, *tie.of} <= features.keys()
        assert features[tie.feature].changeable
        assert features[tie.feature].direction != 0
