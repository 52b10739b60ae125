"""Bundles of format 1, as earlier versions wrote them: they serve, and their answers are those of their time."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from earlybell.bundle import Bundle, read_bundle
from earlybell.bundle.json_files import read_json
from earlybell.bundle.manifest import Manifest
from earlybell.predict import Estimate, Observed, Predictor
from earlybell.predict.workspace import Workspace
from earlybell.tables.codec import decode

BUNDLES = Path(__file__).parents[1] / "serving/runtime/data"
STORED = Path(__file__).parent / "data/format-1"
CATALOGUES = ("catalogue-1", "catalogue-2")


@pytest.fixture(params=CATALOGUES)
def catalogue(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def older(catalogue: str) -> Bundle:
    return read_bundle(BUNDLES / f"bundle-of-{catalogue}")


@pytest.fixture
def answers(catalogue: str) -> Any:
    """What the code of format 1 answered to the request, written by that code."""
    return json.loads((STORED / f"answers-of-{catalogue}.json").read_text())


@pytest.fixture
def observed(older: Bundle) -> Observed:
    request = json.loads((STORED / "request.json").read_text())
    return Workspace(older).observe(decode(request, "instance", datetime(2030, 1, 1)))


def _assert_same(answer: Any, expected: Any, place: str = "$") -> None:
    """The same but for the last digits of a number, which are a processor's."""
    if isinstance(expected, dict):
        assert answer.keys() == expected.keys(), place
        for name, value in expected.items():
            _assert_same(answer[name], value, f"{place}.{name}")
    elif isinstance(expected, list | tuple):
        assert len(answer) == len(expected), place
        for i, value in enumerate(expected):
            _assert_same(answer[i], value, f"{place}[{i}]")
    elif isinstance(expected, float):
        assert answer == pytest.approx(expected, abs=2e-5), place
    else:
        assert answer == expected, place


def test_the_stored_bundles_are_of_format_1_and_keep_what_they_are_called_by(older: Bundle, answers: Any) -> None:
    assert read_json(older.path / "manifest.json", Manifest).format == older.manifest.format == 1
    assert older.manifest.catalogue.hash == answers["catalogue_hash"]


def test_the_days_of_teaching_are_counted_as_they_were(observed: Observed, answers: Any) -> None:
    assert observed.days_seen.tolist() == answers["days_seen"]


def test_predictions_are_as_they_were(older: Bundle, observed: Observed, answers: Any) -> None:
    learners = Predictor(older).predict(observed).learners()
    _assert_same(_uncorrected(learners), answers["predictions"])


def test_explanations_and_counterfactuals_are_as_they_were(older: Bundle, observed: Observed, answers: Any) -> None:
    assert {entry["band"] for entry in answers["explanations"]} == {"high", "medium", "low"}
    explanations = list(Predictor(older).explain(observed)[1])
    _assert_same(_uncorrected(explanations), answers["explanations"])


def _uncorrected(answers: Sequence[Estimate]) -> list[dict[str, object]]:
    """The answers as they were before a course could be corrected or doubted, and before heads: here is none of it."""
    assert {answer.correction for answer in answers} == {0.0}
    assert "course_level" not in {answer.doubt for answer in answers}
    every = [msgspec.to_builtins(answer) for answer in answers]
    assert not any(answer.get("outlook") for answer in every)
    return [{name: answer[name] for name in answer.keys() - {"correction", "doubt", "outlook"}} for answer in every]


def test_nothing_that_format_1_lacked_is_missing(older: Bundle) -> None:
    assert older.reasons.calibration.edge == 1e-6
    assert len(older.catalogue.ties) == 22
    assert (older.catalogue.scale, older.catalogue.never_reasons) == ("logarithmic", ("calendar",))


def test_what_a_tie_of_format_1_names_and_a_catalogue_lacks_is_tied_to_nothing(older: Bundle, tmp_path: Path) -> None:
    for name in ("catalogue.json", "features.sql", "reasons.json", "bands.json", "model.onnx"):
        shutil.copy(older.path / name, tmp_path)
    without = json.loads((tmp_path / "catalogue.json").read_text())
    without["features"] = [feature for feature in without["features"] if feature["name"] != "missed_work"]
    (tmp_path / "catalogue.json").write_text(json.dumps(without))
    manifest = json.loads((older.path / "manifest.json").read_text())
    digests = {path.name: _digest(path) for path in tmp_path.iterdir()}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {"files": digests}))
    assert len(read_bundle(tmp_path).catalogue.ties) == 18


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
