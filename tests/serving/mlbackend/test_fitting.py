"""What a model says is true: probabilities are calibrated, and figures are of learners that it did not see."""

from pathlib import Path

import numpy as np
import pytest

from serving.mlbackend import tasks
from serving.mlbackend.card import Model
from serving.mlbackend.dataset import Head, Rows, write_rows
from serving.mlbackend.fitting import run
from serving.mlbackend.routes import answers
from serving.mlbackend.tasks import Result, Task

HEAD = Head(("range/0", "range/1", "range/2", "range/3", "activity", "noise"), "quarters", "target")


def _rows(activity: np.ndarray, label: np.ndarray, noise: np.ndarray) -> Rows:
    """A course of learners (n,), whose activity (4, n) is that of each quarter."""
    quarters = [
        np.column_stack([np.tile(np.eye(4)[i], (len(label), 1)), activity[i], noise[i]]).astype(np.float32)
        for i in range(4)
    ]
    return Rows(HEAD, np.vstack(quarters), np.tile(label, 4).astype(np.int32))


def _drawn(learners: int, seed: int) -> tuple[Rows, np.ndarray]:
    """Learners whose outcome is drawn by a known probability, which their activity says; and that probability (4n,)."""
    draw = np.random.default_rng(seed)
    activity = draw.uniform(-1, 1, learners)
    risk = 1 / (1 + np.exp(1.5 + 3 * activity))
    label = (draw.random(learners) < risk).astype(int)
    return _rows(np.tile(activity, (4, 1)), label, draw.uniform(-1, 1, (4, learners))), np.tile(risk, 4)


def _run(kind: str, rows: Rows, folder: Path, trained: str = "") -> Result:
    write_rows(rows, folder / "rows.parquet")
    task = Task("train" if kind == "train" else "evaluate", (str(folder / "rows.parquet"),), trained=trained)
    return run(task, folder)


def test_probabilities_are_those_by_which_outcomes_were_drawn(tmp_path: Path) -> None:
    past, _ = _drawn(800, seed=1)
    assert _run("train", past, tmp_path).status == 0
    now, true = _drawn(400, seed=2)
    said = Model(tmp_path / tasks.MODEL).risk(now.values)
    assert np.abs(said - true).mean() < 0.06
    order = np.argsort(said)
    for tenth in np.array_split(order, 5):  # as often as it says, at every height
        assert said[tenth].mean() == pytest.approx(true[tenth].mean(), abs=0.06)


def test_a_learner_that_was_seen_is_none_to_be_measured_on(tmp_path: Path) -> None:
    """Each learner's activity is a number of their own, and outcomes are drawn by a coin: nothing can be known."""
    draw = np.random.default_rng(3)
    label = np.arange(120) % 2
    draw.shuffle(label)
    activity = np.tile(draw.permutation(np.linspace(-1, 1, 120)), (4, 1))
    result = _run("evaluate", _rows(activity, label, np.zeros((4, 120))), tmp_path)
    assert result.auc == pytest.approx(0.5, abs=0.12)
    assert result.brier == pytest.approx(0.25, abs=0.03)
    assert result.base_rate == 0.5


def test_figures_are_those_of_the_risks_that_a_trained_model_gives(tmp_path: Path) -> None:
    """By hand: of each pair of a learner with and one without the outcome, how often the first has the higher risk."""
    past, _ = _drawn(200, seed=4)
    _run("train", past, tmp_path)
    now, _ = _drawn(12, seed=5)
    result = _run("evaluate", now, tmp_path, str(tmp_path / tasks.MODEL))
    risk = Model(tmp_path / tasks.MODEL).risk(now.values)
    ones, zeros = risk[now.label == 1], risk[now.label == 0]
    pairs = [float(one > zero) + float(one == zero) / 2 for one in ones for zero in zeros]
    assert result.auc == pytest.approx(np.mean(pairs))
    assert result.brier == pytest.approx(np.mean((risk - now.label) ** 2))
    assert result.deviation == 0


def test_a_low_score_and_scores_that_differ_have_moodles_numbers(tmp_path: Path) -> None:
    draw = np.random.default_rng(6)
    label = np.arange(16) % 2
    rows = _rows(draw.uniform(-1, 1, (4, 16)), label, draw.uniform(-1, 1, (4, 16)))
    result = _run("evaluate", rows, tmp_path)
    assert result.status == tasks.LOW_SCORE + tasks.NOT_ENOUGH_DATA
    assert "is below 0.7" in result.info[-1]
    assert "more than 0.05" in result.info[-2]


@pytest.mark.parametrize("kind", ["train", "evaluate"])
def test_one_learner_of_a_class_is_too_little(kind: str, tmp_path: Path) -> None:
    rows = _rows(np.zeros((4, 5)), np.array([0, 0, 1, 0, 0]), np.zeros((4, 5)))
    result = _run(kind, rows, tmp_path)
    assert result.status == tasks.NOT_ENOUGH_DATA
    assert "4 of class 0 and 1 of class 1" in result.info[0]


def test_a_probability_below_that_from_which_moodle_shows_it_stays_below() -> None:
    assert answers(["a", "b", "c"], [0.5999999999, 0.5, 0.25]) == [
        ("a", "1", "0.5999999999"),
        ("b", "0", "0.5"),
        ("c", "0", "0.75"),
    ]


def test_what_is_missing_says_something_of_its_own(tmp_path: Path) -> None:
    """Whoever has no value drops out: neither 0 nor the median in its place could say so."""
    draw = np.random.default_rng(7)
    label = np.arange(100) % 2
    activity = np.where(label == 1, np.nan, draw.choice([-0.5, 0.0, 0.5], 100))
    assert _run("train", _rows(np.tile(activity, (4, 1)), label, np.zeros((4, 100))), tmp_path).status == 0
    model = Model(tmp_path / tasks.MODEL)
    assert model.card.missing == (4,)
    risk = model.risk(np.array([[1, 0, 0, 0, value, 0] for value in (np.nan, 0.0, 0.5)], dtype=np.float32))
    assert risk[0] > 0.8
    assert (risk[1:] < 0.2).all()
