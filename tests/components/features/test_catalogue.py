"""The catalogue: complete, in words, and free of protected attributes."""

import msgspec
import pytest
from msgspec import structs

from components.features import feature_sql, find_catalogue
from components.features.expression import stages
from earlybell.bundle import Catalogue, Feature

ELEMENTS = {"pre_activity", "post_activity", "assignment_completion", "pre_test_scores", "post_test_scores"}

each = pytest.mark.parametrize("feature", find_catalogue().features, ids=lambda feature: feature.name)


def test_the_catalogue_names_every_column_once() -> None:
    assert len(set(find_catalogue().names)) == len(find_catalogue().names)
    assert set(find_catalogue().names) == set(stages()["features"].columns) - {"moment_id", "days_seen"}


@each
def test_every_feature_has_words_for_any_value(feature: Feature) -> None:
    for value in (0.0, 1.0, 0.37, 12.4, -3.0):
        sentence = feature.say(value)
        assert sentence
        assert "{" not in sentence


@each
def test_every_feature_is_described_and_stands_for_a_known_element(feature: Feature) -> None:
    assert feature.title
    assert feature.meaning
    assert feature.family.isidentifier()
    assert feature.direction in {-1, 0, 1}
    assert bool(feature.element) == bool(feature.indicator)
    assert feature.element in ELEMENTS | {""}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("days_since_activity", 12.2, "no activity for 12 days"),
        ("days_since_activity", 0.4, "no activity for less than a day"),
        ("missed_last", 1.0, "has not handed in the latest work"),
        ("missed_last", 0.0, "handed in the latest work"),
        ("mean_delay_days", -3.0, "hands work in 3 days before the deadline on average"),
        ("missed_share", 0.5, "50% of the work that was due is missing"),
        ("mean_score", 61.6, "mean score 62 of 100"),
    ],
)
def test_a_teacher_reads_plain_words(name: str, value: float, sentence: str) -> None:
    feature = next(feature for feature in find_catalogue().features if feature.name == name)
    assert feature.say(value) == sentence


def test_the_hash_tells_any_change_of_a_definition() -> None:
    first, *rest = find_catalogue().features
    changed = Catalogue(find_catalogue().version, (structs.replace(first, meaning="another"), *rest))
    assert changed.hash != find_catalogue().hash
    assert msgspec.json.decode(find_catalogue().to_json(), type=Catalogue).hash == find_catalogue().hash


@pytest.mark.parametrize("table", ["learners", "outcomes", "ratings", "interventions"])
def test_no_feature_reads_protected_attributes_or_what_came_of_it(table: str) -> None:
    assert f'"{table}"' not in feature_sql()


def test_the_three_families_of_the_first_paper_are_covered() -> None:
    families = {feature.family for feature in find_catalogue().features}
    assert {"temporal", "participation", "numeric"} <= families
