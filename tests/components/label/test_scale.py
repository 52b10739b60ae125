"""The rubric of the paper's Appendix B as data, and a site's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.features import find_catalogue
from components.label import scale
from components.label.scale import ELEMENTS, read_rubric
from earlybell.errors import SettingError

OURS = Path(scale.__file__).with_name("rubric.yaml")


def test_there_are_five_elements_of_eight_indicators_each() -> None:
    assert [(element.id, len(element.indicators)) for element in read_rubric().elements] == [
        ("pre_activity", 8),
        ("post_activity", 8),
        ("assignment_completion", 8),
        ("pre_test_scores", 8),
        ("post_test_scores", 8),
    ]
    assert len(read_rubric().indicators) == 40
    assert len({(indicator.title, indicator.meaning) for indicator in read_rubric().indicators.values()}) == 40


def test_the_words_are_the_papers() -> None:
    rubric = read_rubric()
    assert rubric.elements[1].meaning == "Focuses on engagement and follow-up after the activity"
    clarity = rubric.indicators["pre_test_scores.clarity_in_mcqs"]
    assert (clarity.title, clarity.meaning) == ("Clarity in MCQs", "Selected most relevant options in multiple-choice")


def test_every_indicator_of_the_catalogue_is_in_the_rubric_under_its_element() -> None:
    named = {f"{feature.element}.{feature.indicator}" for feature in find_catalogue().features if feature.indicator}
    assert named <= set(read_rubric().indicators)


def test_what_an_indicator_is_derived_from_stands_for_it_in_the_catalogue() -> None:
    stands_for = {feature.name: f"{feature.element}.{feature.indicator}" for feature in find_catalogue().features}
    derived = {name: indicator.feature for name, indicator in read_rubric().indicators.items() if indicator.feature}
    assert {name: stands_for[feature] for name, feature in derived.items()} == {name: name for name in derived}


def test_no_indicator_is_derived_from_a_count_that_grows_with_time() -> None:
    units = {feature.name: feature.unit for feature in find_catalogue().features}
    assert "count" not in {
        units[indicator.feature] for indicator in read_rubric().indicators.values() if indicator.feature
    }


def test_a_rating_names_an_indicator_of_two_elements_with_its_element() -> None:
    names = read_rubric().names
    assert names["timely_login"] == names["pre_activity.timely_login"] == "pre_activity.timely_login"
    assert "accuracy" not in names
    assert names["post_test_scores.accuracy"] == "post_test_scores.accuracy"


def test_a_site_sets_its_own_threshold_and_cut_points(tmp_path: Path) -> None:
    data = _ours()
    data["threshold"] = 3
    _indicator(data)["scale"] = [1, 2, 3, 4.5]
    rubric = read_rubric(_write(tmp_path, data))
    assert rubric.threshold == 3
    assert rubric.indicators["pre_activity.timely_login"].cuts == (1, 2, 3, 4.5)


def _drop_element(data: dict[str, Any]) -> None:
    del data["elements"][3]


def _repeat_indicator(data: dict[str, Any]) -> None:
    data["elements"][0]["indicators"].append(_indicator(data))


def _change(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data.update(changes)


def _change_indicator(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: _indicator(data).update(changes)


def _forget(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda data: _indicator(data).pop(key)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(_drop_element, "five elements, each once.*pre_activity.*They are.*pre_test_scores", id="element"),
        pytest.param(_repeat_indicator, "pre_activity.*an indicator twice: 'timely_login'", id="indicator-twice"),
        pytest.param(_change_indicator(scale=[1, 2, 3, 4, 5]), "timely_login of pre_activity: scale", id="five-cuts"),
        pytest.param(_change_indicator(scale=[1, 3, 2, 4]), r"timely_login.*scale: \[1, 3, 2, 4\]", id="no-order"),
        pytest.param(_change_indicator(scale=[1, 2, 2, 4]), "timely_login.*scale", id="equal-cuts"),
        pytest.param(_change_indicator(scale=[1, 2, "3", 4]), "timely_login.*scale", id="cut-of-words"),
        pytest.param(_change_indicator(scale=[1, 2, 3, float("inf")]), "timely_login.*scale", id="endless-cut"),
        pytest.param(_change_indicator(feature="logins"), "no feature .*'logins'. Choose of active_days", id="feature"),
        pytest.param(_change_indicator(feature="prior_attempts"), "'prior_attempts'", id="feature-of-before"),
        pytest.param(_change_indicator(rated=True), "timely_login.*not known: 'feature'", id="derived-and-rated"),
        pytest.param(_forget("feature"), "timely_login.*lacks a key: 'feature'", id="neither"),
        pytest.param(_forget("title"), "timely_login.*lacks a key: 'title'", id="no-title"),
        pytest.param(_change_indicator(id="timely login'"), 'id: "timely login\'"', id="id"),
        pytest.param(_change(threshold=1), "threshold of the rubric: 1. .*above 1 and at most 5", id="threshold"),
        pytest.param(_change(threshold=True), "threshold has not its type: True", id="threshold-of-words"),
        pytest.param(_change(least_indicators=0), "least_indicators of the rubric: 0. .*above 0", id="least"),
        pytest.param(_change(elements=["pre_activity"]), "element of the rubric is not a mapping", id="no-mapping"),
    ],
)
def test_a_broken_rubric_is_refused_by_name(tmp_path: Path, spoil: Callable[[dict[str, Any]], None], says: str) -> None:
    data = _ours()
    spoil(data)
    with pytest.raises(SettingError, match=says):
        read_rubric(_write(tmp_path, data))


@pytest.mark.parametrize("text", [None, b"elements: [", b"\xff", b"- 1"], ids=["missing", "yaml", "utf-8", "list"])
def test_a_file_that_is_no_rubric_is_refused(tmp_path: Path, text: bytes | None) -> None:
    path = tmp_path / "rubric.yaml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(SettingError, match="the rubric"):
        read_rubric(path)


def test_the_elements_are_the_catalogues() -> None:
    assert set(ELEMENTS) == {feature.element for feature in find_catalogue().features if feature.element}


def _ours() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(OURS.read_text())
    return data


def _indicator(data: dict[str, Any]) -> dict[str, Any]:
    indicator: dict[str, Any] = data["elements"][0]["indicators"][0]
    return indicator


def _write(folder: Path, data: dict[str, Any]) -> Path:
    path = folder / "rubric.yaml"
    path.write_text(yaml.safe_dump(data))
    return path
