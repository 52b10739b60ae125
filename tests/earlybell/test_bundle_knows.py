"""A bundle knows its model; what serves knows none: not its features, not its scale, not its edge."""

import ast
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from msgspec import structs
from onnx import numpy_helper

from components.features import find_catalogue
from earlybell.bundle import Catalogue, Feature, Tie, read_bundle, read_candidate
from earlybell.predict import Predictor, create_moments, observe, open_tables
from earlybell.predict.scales import MEASURES
from earlybell.predict.ties import Follow
from earlybell.tables import TABLES

ROOT = Path(__file__).parents[2]
ROOMS = ("earlybell/predict", "earlybell/bundle", "serving")
UPGRADE = ROOT / "earlybell/bundle/upgrade.py"  # what format 1 left to the code
OLDER = json.loads((ROOT / "tests/serving/runtime/data/bundle-of-catalogue-1/catalogue.json").read_text())


def _texts() -> Iterator[tuple[str, int, str]]:
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if path != UPGRADE):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path.relative_to(ROOT).as_posix(), node.lineno, node.value


def test_what_serves_names_no_feature_and_no_family() -> None:
    names = {*find_catalogue().names, *(feature["name"] for feature in OLDER["features"])}
    names |= {feature.family for feature in find_catalogue().features}
    assert {text for _, _, text in _texts()} > {"catalogue.json", "features"}, "the rooms are read"
    assert [(place, line, text) for place, line, text in _texts() if text in names] == []


def test_what_serves_names_no_feature_within_a_longer_text_either() -> None:
    columns = {column.name for table in TABLES for column in table.columns}  # of the canonical tables, and no features
    names = {name for name in find_catalogue().names if "_" in name} - columns  # others are words of the language
    named = [(place, line) for place, line, text in _texts() if any(name in text for name in names)]
    assert named == []


def test_a_feature_is_followed_by_what_the_catalogue_says_whatever_its_name() -> None:
    features = tuple(
        Feature(name, name, "count", "temporal", "", "{value}", changeable=True, direction=-1) for name in ("a", "b")
    )
    row = np.array([1, 1], dtype=np.float32)
    for ties, expected in [((), 1), ((Tie("b", ("a",), "same"),), 5)]:
        changed = np.array([[5, 1]], dtype=np.float32)
        Follow(Catalogue("1", features, ties))(row, changed, 28.0)
        assert changed.tolist() == [[5, expected]]


def test_ties_that_run_in_a_widening_circle_end() -> None:
    features = tuple(
        Feature(name, name, "count", "temporal", "", "{value}", changeable=True, direction=-1) for name in ("a", "b")
    )
    ties = (Tie("a", ("a", "b"), "total"), Tie("b", ("a",), "same"))
    row, changed = np.ones(2, dtype=np.float32), np.array([[2, 1]], dtype=np.float32)
    Follow(Catalogue("1", features, ties))(row, changed, 28.0)
    assert np.isfinite(changed).all()


def test_families_that_are_never_reasons_are_the_catalogues(bundle: Path, site: Path) -> None:
    opened = read_bundle(bundle)
    assert opened.catalogue.never_reasons == ("calendar",)
    family = {feature.name: feature.family for feature in opened.catalogue.features}
    for never in [("calendar",), ("participation", "numeric"), ()]:
        changed = dataclasses.replace(opened, catalogue=structs.replace(opened.catalogue, never_reasons=never))
        learners = Predictor(changed).predict_tables(site, "0.5").reasons
        families = {family[reason.feature] for reasons in learners for reason in reasons}
        assert families.isdisjoint(never)
        assert families > {"temporal"}


def test_the_scale_of_the_catalogue_is_the_models(bundle: Path, site: Path) -> None:
    opened = read_bundle(bundle)
    connection = open_tables(site)
    create_moments(connection, "0.5")
    values = observe(connection, opened.sql, opened.catalogue.names).values
    scaled = Predictor(opened).score(values).scaled
    for column, to in zip(MEASURES[opened.catalogue.scale].of(values).T, scaled.T, strict=True):
        within = ~np.isnan(column) & (to > 0) & (to < 1)
        if len(np.unique(column[within])) > 2:
            line = np.polynomial.Polynomial.fit(column[within].astype(float), to[within].astype(float), 1)
            np.testing.assert_allclose(line(column[within]), to[within], atol=1e-5)


def test_the_edge_of_the_reasons_is_the_graphs(candidates: dict[str, Path]) -> None:
    forest = read_candidate(candidates["forest"] / "final")
    constants = {
        tensor.name: float(numpy_helper.to_array(tensor))
        for tensor in onnx.load(forest.path / "model.onnx").graph.initializer
        if tensor.name in ("lower", "upper")
    }
    edge = forest.reasons.calibration.edge
    assert constants == {"lower": np.float32(edge), "upper": np.float32(1 - edge)}
    assert forest.reasons.risk(0.0) == forest.reasons.risk(edge) < forest.reasons.risk(2 * edge)


@pytest.mark.parametrize("scale", MEASURES)
def test_a_scale_leads_there_and_back(scale: str) -> None:
    of, back = MEASURES[scale]
    for value in (-3.5, 0.0, 0.25, 40.0):
        assert back(float(of(value))) == pytest.approx(value)
