"""When a model is trained again, and why not."""

from datetime import datetime, timedelta

import pytest
from msgspec import structs

from components.basis import Basis
from components.retrain import Rules, decide
from components.retraining import Decision, Trained
from components.watched import Row

NOW = datetime(2026, 11, 30, 4)
HERE, OTHER = Basis("records", "settings"), Basis("fewer records", "settings")
RIGHT = Row(
    course_id="FMT-101-04",
    version="7",
    as_of=NOW,
    week=8,
    family="estimate",
    figure="adjusted_auc",
    value=0.8,
    threshold=0.65,
)
WRONG = structs.replace(RIGHT, value=0.61, status="problem", sentence="The AUC of four weeks ago was 0.61.")
SHIFT = structs.replace(
    RIGHT,
    family="drift",
    figure="ks_earlier_runs",
    subject="clicks_28_days",
    value=0.7,
    threshold=0.5,
    status="warning",
    sentence="Clicks in 28 days have halved.",
)
BROKEN = structs.replace(
    RIGHT,
    family="data",
    figure="days_without_record",
    subject="events",
    value=9.0,
    threshold=3.0,
    status="problem",
    sentence="No events have arrived since 2026-11-21.",
)


def _trained(days: float, basis: Basis = OTHER, version: str = "7") -> Trained:
    return Trained(version, NOW - timedelta(days=days), basis)


def _decide(*rows: Row, trained: tuple[Trained, ...] = (_trained(10),), rules: Rules = Rules()) -> Decision:  # noqa: B008 (frozen)
    return decide(rows, trained, HERE, NOW, rules)


def test_where_nothing_is_due_the_next_day_by_calendar_is_told() -> None:
    decision = _decide(RIGHT)
    assert (decision.train, decision.cause) == (False, "nothing due")
    assert decision.sentence == "Nothing asks for a training; by calendar on 2026-12-04."
    assert decision.basis == HERE
    assert decision.at == NOW


@pytest.mark.parametrize(("days", "train"), [(14, True), (13.9, False)])
def test_by_calendar_two_weeks_after_the_last_training_the_next_is_due(days: float, train: bool) -> None:
    decision = _decide(RIGHT, trained=(_trained(40), _trained(days)))
    assert decision.train is train
    if train:
        assert decision.cause == "calendar"
        assert decision.sentence == "The last training was 14 days ago, on 2026-11-16; every 14 days one is due."


def test_without_any_training_one_is_due() -> None:
    decision = _decide(trained=())
    assert (decision.train, decision.cause) == (True, "calendar")


@pytest.mark.parametrize(
    ("family", "figure", "status"),
    [
        ("estimate", "estimated_auc", "warning"),
        ("estimate", "adjusted_auc", "problem"),
        ("early", "early_auc", "problem"),
        ("outcome", "roc_auc", "problem"),
    ],
)
def test_a_figure_of_performance_beyond_its_threshold_asks_for_a_training(
    family: str, figure: str, status: str
) -> None:
    decision = _decide(structs.replace(WRONG, family=family, figure=figure, status=status))
    assert (decision.train, decision.cause) == (True, "performance")
    assert decision.sentence == "FMT-101-04, week 8: The AUC of four weeks ago was 0.61."


def test_of_several_the_furthest_beyond_is_named_and_how_many_course_runs_there_are() -> None:
    worse = structs.replace(WRONG, course_id="FMT-102-04", value=0.55, sentence="It was 0.55.")
    assert _decide(WRONG, worse).sentence == "FMT-102-04, week 8: It was 0.55. So it is in 2 course runs."


@pytest.mark.parametrize(("margin", "train"), [(0.03, True), (0.05, False)])
def test_a_figure_must_lie_beyond_its_threshold_by_the_margin(margin: float, train: bool) -> None:
    assert _decide(WRONG, rules=Rules(margin=margin)).train is train


def test_a_figure_that_was_wrong_before_the_last_look_asks_for_nothing() -> None:
    before = structs.replace(WRONG, as_of=NOW - timedelta(days=7), week=7)
    assert not _decide(before, RIGHT).train


def test_a_group_alone_asks_for_nothing() -> None:
    assert not _decide(structs.replace(WRONG, subject="gender=F")).train


def test_drift_alone_warns_and_trains_nothing() -> None:
    decision = _decide(RIGHT, SHIFT)
    assert (decision.train, decision.cause) == (False, "nothing due")
    assert decision.warnings == (
        "FMT-101-04, week 8: Shift of a feature since earlier runs (KS). Clicks in 28 days have halved.",
    )


@pytest.mark.parametrize("due", [(WRONG,), ()], ids=["performance", "calendar"])
def test_nothing_is_trained_while_data_are_broken(due: tuple[Row, ...]) -> None:
    decision = _decide(*due, BROKEN, trained=(_trained(20),))
    assert (decision.train, decision.cause) == (False, "data broken")
    assert "No events have arrived since 2026-11-21." in decision.sentence


def test_data_that_ask_for_a_look_alone_do_not_stop_a_training() -> None:
    assert _decide(WRONG, structs.replace(BROKEN, figure="coverage", subject="all", status="warning")).train


def test_what_was_broken_in_a_run_that_has_ended_is_history() -> None:
    ended = structs.replace(BROKEN, figure="ended", status="ok", sentence="", value=None, threshold=None)
    assert _decide(WRONG, BROKEN, ended).train


@pytest.mark.parametrize(
    ("version", "named"), [("5", "version 5."), ("", "the training of 2026-10-21, which was not kept.")]
)
def test_the_same_data_and_settings_never_train_twice(version: str, named: str) -> None:
    decision = _decide(WRONG, trained=(_trained(20), _trained(40, HERE, version)))
    assert (decision.train, decision.cause) == (False, "same basis")
    assert decision.sentence == f"The data and the settings are those of {named}"


@pytest.mark.parametrize("basis", [Basis("records", "others"), Basis("more", "settings"), Basis()])
def test_other_data_or_settings_or_what_is_not_known_is_not_the_same(basis: Basis) -> None:
    assert _decide(WRONG, trained=(_trained(20, basis),)).train


def test_an_unknown_basis_is_the_same_as_no_other() -> None:
    assert decide([WRONG], [_trained(20, Basis())], Basis(), NOW, Rules()).train


@pytest.mark.parametrize(("days", "train"), [(6.9, False), (7, True)])
def test_after_a_training_there_is_a_cool_down(days: float, train: bool) -> None:
    decision = _decide(WRONG, trained=(_trained(days),))
    assert decision.train is train
    assert train or decision.cause == "cool-down"
    assert train or decision.sentence == "The last training was on 2026-11-23; there is no other before 2026-11-30."


@pytest.mark.parametrize(("first", "train"), [(30, True), (29, False)])
def test_the_budget_is_of_thirty_days(first: float, train: bool) -> None:
    trained = tuple(_trained(days) for days in (first, 24, 16, 8))
    decision = _decide(WRONG, trained=trained)
    assert decision.train is train
    assert train or (decision.cause, decision.sentence) == (
        "budget spent",
        "4 trainings in 30 days, of 4 allowed.",
    )
