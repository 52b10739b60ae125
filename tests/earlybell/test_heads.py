"""What comes next of a learner: what is answered, in which words, of whom, and where it leads to expect otherwise."""

import json
import shutil
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pytest
from msgspec import structs

from earlybell.bundle import Bundle, read_bundle, read_candidate
from earlybell.bundle.bands import UNMEASURED
from earlybell.bundle.heads import AnsweredHead, Head, Implied, Spread
from earlybell.predict import (
    HeadModel,
    Outlook,
    Predictions,
    Predictor,
    contradicts,
    json_rows,
    make_worklist,
    within,
    write_predictions,
)
from earlybell.predict.heads import UNLIKE, _outlook
from earlybell.trail import open_trail
from earlybell.trail.predicted import records_of
from earlybell.trail.records import Record, RecordedOutlook, body_of, record_of

HEAD = Head(
    name="next_work",
    title="Hands in the next work",
    kind="probability",
    words="{others} of 100 did not hand in",
    direction=-1,
)
SCORE = Head(name="score", title="Score", kind="score", words="{value}, from {low} to {high}", direction=-1)
BANDS = structs.replace(UNMEASURED, high=0.6, medium=0.3)


@pytest.fixture(scope="module")
def opened(bundle: Path) -> Bundle:
    return read_bundle(bundle)


@pytest.fixture(scope="module")
def predictions(opened: Bundle, site: Path) -> Predictions:
    return Predictor(opened).predict_tables(site, "0.5")


def test_a_bundle_answers_by_its_heads_graph(predictions: Predictions, opened: Bundle) -> None:
    next_work, answered = opened.heads
    assert (next_work.head.name, answered.head.name) == ("next_work", "final_score")
    assert answered.spread is not None
    raw = HeadModel(opened.path / "heads" / "final_score.onnx").answer(predictions.observed.values)
    known = predictions.band != "insufficient_evidence"
    for i in np.flatnonzero(known).tolist():
        first, outlook = predictions.outlook[i]
        assert (first.head, outlook.head) == ("next_work", "final_score")
        assert (first.low, first.high) == (None, None)
        assert 0 < first.value < 1
        assert outlook.value == pytest.approx(np.clip(raw[i], answered.spread.least, answered.spread.most))
        assert outlook.low is not None
        assert outlook.high is not None
        assert outlook.low <= outlook.value <= outlook.high


def test_nothing_is_answered_with_too_little_evidence(opened: Bundle, site: Path) -> None:
    early = Predictor(opened).predict_tables(site, "0.05")
    assert set(early.band) == {"insufficient_evidence"}
    assert set(early.outlook) == {()}


def test_a_bundle_without_heads_answers_without(
    bundle: Path, site: Path, predictions: Predictions, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(bundle, older)
    (older / "heads.json").unlink()
    shutil.rmtree(older / "heads")
    again = Predictor(read_candidate(older)).predict_tables(site, "0.5")
    assert set(again.outlook) == {()}
    np.testing.assert_array_equal(again.risk, predictions.risk)
    assert json.loads(next(json_rows(again)))["outlook"] == []


def test_a_vector_that_asks_for_no_outlook_has_none(predictions: Predictions, opened: Bundle) -> None:
    bare = Predictor(opened).predict(predictions.observed, most_reasons=0, outlook=False)
    assert set(bare.outlook) == {()}


def test_the_correction_of_a_course_moves_no_answer(predictions: Predictions, opened: Bundle) -> None:
    raised = Predictor(opened).predict(predictions.observed, correction=0.7)
    plain = Predictor(opened).predict(predictions.observed, correction=0.0)
    assert (raised.risk > plain.risk).all()
    values = [[[one.value for one in outlook] for outlook in batch.outlook] for batch in (raised, plain)]
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.88, "12 of 100 did not hand in"), (0.9999, "1 of 100 did not hand in"), (0.0, "99 of 100 did not hand in")],
    ids=["usual", "nearly sure", "nearly none"],
)
def test_a_probability_is_told_of_100_and_never_as_certain(share: float, words: str) -> None:
    nan = float("nan")
    assert _outlook(HEAD, share, nan, nan, agrees=True) == Outlook("next_work", share, None, None, True, words)


def test_who_is_told_otherwise_than_the_band_is_told_so() -> None:
    outlook = _outlook(SCORE, 61.4, 48.0, 73.0, agrees=False)
    assert outlook == Outlook("score", 61.4, 48.0, 73.0, False, f"61, from 48 to 73{UNLIKE}")


def test_an_answer_contradicts_a_band_where_such_answers_led_to_the_opposite() -> None:
    # Of those with 0 six tenths had label 1, of those with 1 a tenth; between them it is a line.
    answered = AnsweredHead(head=HEAD, implied=Implied((0.0, 1.0), (0.6, 0.1)), doubts=("high", "low"))
    raw = np.array([0.0, 0.1, 0.59, 0.61, 1.0])  # 0.6, 0.55, 0.305, 0.295, 0.1
    assert contradicts(answered, raw, np.full(5, "high"), BANDS).tolist() == [False, False, False, True, True]
    assert contradicts(answered, raw, np.full(5, "medium"), BANDS).tolist() == [False] * 5
    assert contradicts(answered, raw, np.full(5, "low"), BANDS).tolist() == [True, False, False, False, False]
    assert contradicts(answered, raw, np.full(5, "insufficient_evidence"), BANDS).tolist() == [False] * 5
    timid = structs.replace(answered, doubts=("low",))
    assert contradicts(timid, raw, np.full(5, "high"), BANDS).tolist() == [False] * 5
    assert contradicts(timid, raw, np.full(5, "low"), BANDS).tolist() == [True, False, False, False, False]


def test_a_score_has_the_ends_of_its_stage_and_stays_within_what_training_saw() -> None:
    spread = Spread("progress", 0.8, (0.2, 0.4), (-20.0, -10.0), (30.0, 20.0), 5.0, 95.0)
    raw, stage = np.array([50.0, 50.0, 50.0, 90.0, -3.0, 50.0]), np.array([0.1, 0.3, 0.9, 0.2, 0.2, np.nan])
    value, low, high = within(spread, raw, stage)
    assert value.tolist() == [50, 50, 50, 90, 5, 50]
    assert low.tolist() == pytest.approx([30, 35, 40, 70, 5, 30])
    assert high.tolist() == pytest.approx([80, 75, 70, 95, 27, 80])


def test_the_parquet_file_has_each_answer(predictions: Predictions, tmp_path: Path) -> None:
    write_predictions(predictions, tmp_path / "risks.parquet")
    rows = duckdb.connect().execute(f"SELECT outlook FROM '{tmp_path}/risks.parquet'").fetchall()
    assert [row for (row,) in rows] == [msgspec.to_builtins(list(outlook)) for outlook in predictions.outlook]
    probability = (Outlook("next_work", 0.25, None, None, False, "words"),)
    one = Predictions(
        **{field: getattr(predictions, field) for field in predictions.__dataclass_fields__ if field != "outlook"},
        outlook=[probability, *predictions.outlook[1:]],
    )
    write_predictions(one, tmp_path / "one.parquet")
    (first,) = duckdb.connect().execute(f"SELECT outlook FROM '{tmp_path}/one.parquet' LIMIT 1").fetchall()
    assert first == (
        [{"head": "next_work", "value": 0.25, "low": None, "high": None, "agrees": False, "words": "words"}],
    )


def test_the_worklist_has_what_comes_next_in_words(predictions: Predictions, opened: Bundle) -> None:
    by_learner = {
        (run, learner): outlook
        for run, learner, outlook in zip(
            predictions.observed.course_id, predictions.observed.learner_id, predictions.outlook, strict=True
        )
    }
    entries = make_worklist(predictions, 3, opened.catalogue)
    assert any("of 100 in the end" in entry.outlook for entry in entries)
    for entry in entries:
        outlook = by_learner[entry.course_id, entry.learner_id]
        assert entry.outlook == "; ".join(of_head.words for of_head in outlook)
        assert bool(entry.outlook) == (entry.risk is not None), "where no risk is said, nothing else is"


def test_the_trails_record_has_what_was_answered(predictions: Predictions, opened: Bundle, tmp_path: Path) -> None:
    records = records_of(predictions, opened, version="1", request_id="r", caller="c")
    for record, outlook in zip(records, predictions.outlook, strict=True):
        assert [(o.head, o.value, o.low, o.high, o.agrees) for o in record.outlook] == [
            (o.head, o.value, o.low, o.high, o.agrees) for o in outlook
        ]
    with open_trail(f"sqlite:{tmp_path}/trail.db") as trail:
        trail.append(records).result()
    answered = next(record for record in records if record.outlook)
    assert record_of(body_of(answered).text).outlook == answered.outlook


def test_a_record_without_an_outlook_is_as_it_was(predictions: Predictions, opened: Bundle) -> None:
    bare = Predictor(opened).predict(predictions.observed, outlook=False)
    record = records_of(bare, opened, version="1", request_id="r", caller="c")[0]
    assert "outlook" not in json.loads(body_of(record).text)
    assert record_of(body_of(record).text).outlook == ()
    one = structs.replace(record, outlook=(RecordedOutlook("next_work", 0.5),))
    assert json.loads(body_of(one).text)["outlook"] == [{"head": "next_work", "value": 0.5}]
    assert isinstance(record_of(body_of(one).text), Record)
