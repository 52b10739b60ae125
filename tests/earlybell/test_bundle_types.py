"""The files of a bundle: each is of one type, with one reader and one writer, and a wrong one is named."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from msgspec import structs

from earlybell.bundle import Bands, Catalogue, Evaluation, Manifest, Training, read_bundle
from earlybell.bundle.bands import UNMEASURED
from earlybell.bundle.evaluation import FORMAT, read_evaluation
from earlybell.bundle.figures import MetricRow
from earlybell.bundle.json_files import read_json, write_json
from earlybell.bundle.reasons import LinearReasons, Reasons
from earlybell.errors import BundleError
from earlybell.predict import Predictor

FILES: dict[str, Any] = {
    "manifest.json": Manifest,
    "catalogue.json": Catalogue,
    "bands.json": Bands,
    "reasons.json": Reasons,
    "training.json": Training,
    "evaluation.json": Evaluation,
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_bundle_is_as_the_schema_of_its_type_says_and_is_written_as_it_was_read(
    bundle: Path, name: str, tmp_path: Path
) -> None:
    kind = FILES[name]
    schema = msgspec.json.schema(kind)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads((bundle / name).read_text()))
    write_json(tmp_path / name, read_json(bundle / name, kind))
    assert (tmp_path / name).read_bytes() == (bundle / name).read_bytes()


WRONG = {
    "a threshold that is text": ("bands.json", {"high": "much"}, r"Expected `float`, got `str` - at `\$.high`"),
    "a setting that is not known": ("bands.json", {"events_needed": 5}, "unknown field `events_needed`"),
    "a tie of what is not there": (
        "catalogue.json",
        {"ties": [{"feature": "a", "of": ["b"], "bound": "same"}]},
        "ties of features that are not there: a, b",
    ),
    "a fact of what is not there": (
        "catalogue.json",
        {"fallback": [{"feature": "a", "least": 1}]},
        "facts of features that are not there: a",
    ),
    "a bound that is not known": (
        "catalogue.json",
        {"ties": [{"feature": "a", "of": ["b"], "bound": "magic"}]},
        r"Invalid enum value 'magic' - at `\$.ties\[0\].bound`",
    ),
    "reasons of another kind": ("reasons.json", {"kind": "magic"}, r"Invalid value 'magic' - at `\$.kind`"),
    "a unit that is not known": ("reasons.json", {"space": "stars"}, r"Invalid enum value 'stars' - at `\$.space`"),
}


@pytest.mark.parametrize(("name", "change", "said"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_file_is_named_with_the_place_in_it(
    bundle: Path, tmp_path: Path, name: str, change: dict[str, Any], said: str
) -> None:
    (tmp_path / name).write_text(json.dumps(json.loads((bundle / name).read_text()) | change))
    with pytest.raises(BundleError, match=f"{name}.*{said}.*Take the bundle from the registry again"):
        read_json(tmp_path / name, FILES[name])


def test_what_could_not_be_read_back_is_not_written(bundle: Path, tmp_path: Path) -> None:
    bands = structs.replace(read_bundle(bundle).bands, high=math.nan)
    with pytest.raises(msgspec.ValidationError):
        write_json(tmp_path / "bands.json", bands)
    assert not (tmp_path / "bands.json").exists()


@pytest.mark.parametrize(
    ("values", "split"),
    [
        ({"random": 0.9, "learner": 0.8, "course_run": 0.7}, "course_run"),
        ({"random": 0.9, "learner": 0.8, "course_run": None}, "learner"),
        ({"random": 0.9}, "random"),
        ({"random": None}, ""),
    ],
)
def test_an_evaluation_that_does_not_say_its_most_honest_split_is_read_as_if_it_did(
    values: dict[str, float | None], split: str, tmp_path: Path
) -> None:
    rows = [
        MetricRow(candidate="a", split=name, cutoff=0.4, group="all", metric="roc_auc", value=value)
        for name, value in values.items()
    ]
    older = msgspec.to_builtins(Evaluation(format=1, chosen="a", metrics=rows))
    del older["split"]
    (tmp_path / "evaluation.json").write_text(json.dumps(older))
    found = read_evaluation(tmp_path / "evaluation.json")
    assert (found.format, found.split) == (FORMAT, split)
    row = found.figure("roc_auc", 0.4)
    assert (row and row.split) == (split or None)


def test_an_evaluation_that_says_its_split_is_believed(bundle: Path) -> None:
    written = json.loads((bundle / "evaluation.json").read_text())
    assert written["split"] == read_bundle(bundle).evaluation.split == "course_run"


def test_without_bands_there_is_too_little_to_go_by_for_everybody(bundle: Path, site: Path) -> None:
    opened = dataclasses.replace(read_bundle(bundle), bands=UNMEASURED)
    predictions = Predictor(opened).predict_tables(site, "0.5")
    assert set(predictions.band) == {"insufficient_evidence"}
    np.testing.assert_array_equal(predictions.low, 0)
    np.testing.assert_array_equal(predictions.high, 1)


def test_reasons_are_of_the_kind_that_they_say(candidates: dict[str, Path]) -> None:
    kinds = {
        name: read_json(path / "final" / "reasons.json", FILES["reasons.json"]) for name, path in candidates.items()
    }
    assert {name for name, reasons in kinds.items() if isinstance(reasons, LinearReasons)} == {
        "logistic",
        "two_features",
    }
