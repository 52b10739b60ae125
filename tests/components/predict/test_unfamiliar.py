"""Values that are new to the model: named by feature, with their share, in one line."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from components.predict.unfamiliar import unfamiliar, unfamiliar_words
from earlybell.bundle import Bundle, read_bundle
from earlybell.predict import Observed


@pytest.fixture
def opened(bundle: Path) -> Bundle:
    """A bundle whose training saw values of every feature from 0 to 1."""
    whole = read_bundle(bundle)
    return replace(whole, bands=structs.replace(whole.bands, ranges=dict.fromkeys(whole.catalogue.names, (0.0, 1.0))))


def _observed(bundle: Bundle, *columns: list[float]) -> Observed:
    """Moments of which `columns` are the first features, and all others were seen in training."""
    values = np.zeros((len(columns[0]), len(bundle.catalogue.names)), dtype=np.float32)
    values[:, : len(columns)] = np.array(columns).T
    names, as_of = np.array(["x"] * len(values)), np.zeros(len(values), dtype="datetime64[us]")
    return Observed(names, names, as_of, np.zeros(len(values)), values)


def test_features_with_a_tenth_of_their_values_outside_are_named_the_largest_share_first(opened: Bundle) -> None:
    few, tenth, half = ([2.0] * count + [0.5] * (20 - count) for count in (1, 2, 10))
    first, second, third = (feature.title for feature in opened.catalogue.features[:3])
    assert first not in unfamiliar(_observed(opened, few, tenth, half), opened)
    assert list(unfamiliar(_observed(opened, few, tenth, half), opened).items()) == [(third, 0.5), (second, 0.1)]


def test_a_missing_value_is_neither_outside_nor_counted(opened: Bundle) -> None:
    column = [np.nan] * 18 + [-1.0, 0.5]
    title = opened.catalogue.features[0].title
    assert unfamiliar(_observed(opened, column, [np.nan] * 20), opened) == {title: 0.5}


def test_nobody_has_nothing_that_is_new(opened: Bundle) -> None:
    assert unfamiliar(_observed(opened, []), opened) == {}


def test_the_line_names_three_features_and_counts_the_rest() -> None:
    shares = {"Mean score": 0.5, "Views": 0.4, "Pauses": 0.3, "Sessions": 0.2}
    words = "values outside of what the model saw in training: 50% of 'Mean score'; 40% of 'Views'; 30% of 'Pauses'"
    assert unfamiliar_words(shares) == f"{words}; and 1 more"
    assert unfamiliar_words({"Mean score": 0.5, "Views": 0.4, "Pauses": 0.3}) == words
