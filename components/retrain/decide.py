"""Whether a model is trained again: by calendar, or since it is no longer right; with a cool-down and a budget.

Drift alone never trains: a shift says nothing of whether the risks are wrong. Broken data are never learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from components.basis import Basis
from components.retraining import Decision, Due, Refused, Trained
from components.watched import ALL, WATCHED, Row, latest, troubles
from earlybell.counts import counted

PERFORMANCE = ("estimate", "early", "outcome")  # families of figures that say whether the risks are right
BUDGET_DAYS = 30


@dataclass(frozen=True)
class Rules:
    """When to train.

    Attributes:
        calendar_days: after so many days without a training one is due.
        margin: how far a figure of performance must lie beyond its threshold, in its own unit, to ask for one.
        cool_down_days: so many days after a training there is no other.
        budget: trainings in 30 days.
    """

    calendar_days: float = 14.0
    margin: float = 0.0
    cool_down_days: float = 7.0
    budget: float = 4.0


def decide(rows: Sequence[Row], trained: Sequence[Trained], basis: Basis, now: datetime, rules: Rules) -> Decision:
    """Whether to train now.

    Args:
        rows: what was watched of the champion.
        trained: earlier trainings, the champion's among them.
        basis: what a training now would learn from and by.
        now: in UTC without a zone.
    """
    asked = _performance(rows, rules) or _calendar(trained, now, rules)
    refused = _refused(rows, trained, basis, now, rules) if asked else None
    cause, sentence = refused or asked or _nothing_due(trained, rules)
    return Decision(
        train=bool(asked and not refused),
        cause=cause,
        sentence=sentence,
        warnings=_shifts(rows),
        basis=basis,
        at=now,
    )


def _refused(
    rows: Sequence[Row], trained: Sequence[Trained], basis: Basis, now: datetime, rules: Rules
) -> tuple[Refused, str] | None:
    """Why what is asked for is not done: what a person has to mend first."""
    return _broken(rows) or _same(trained, basis) or _cool_down(trained, now, rules) or _budget(trained, now, rules)


def _performance(rows: Sequence[Row], rules: Rules) -> tuple[Due, str] | None:
    """The figures that say that the risks are wrong; a group alone, or a figure of its own, does not."""
    wrong = [
        row
        for row in latest(rows)
        if row.family in PERFORMANCE and row.subject == ALL and row.trouble and _beyond(row) >= rules.margin
    ]
    if not wrong:
        return None
    worst = min(wrong, key=lambda row: (row.status != "problem", -_beyond(row), row.key))
    runs = len({row.course_id for row in wrong})
    others = f" So it is in {counted(runs, 'course run')}." if runs > 1 else ""
    return "performance", f"{_place(worst)}: {worst.sentence}{others}"


def _beyond(row: Row) -> float:
    """How far a figure in trouble lies beyond its threshold."""
    return abs((row.value or 0.0) - (row.threshold or 0.0))


def _calendar(trained: Sequence[Trained], now: datetime, rules: Rules) -> tuple[Due, str] | None:
    last = _last(trained)
    if last is None:
        return "calendar", "No earlier training is known."
    if now - last.at < timedelta(days=rules.calendar_days):
        return None
    age = f"{(now - last.at).days} days ago, on {last.at:%Y-%m-%d}"
    return "calendar", f"The last training was {age}; every {rules.calendar_days:g} days one is due."


def _nothing_due(trained: Sequence[Trained], rules: Rules) -> tuple[Refused, str]:
    last = _last(trained)
    due = f"; by calendar on {last.at + timedelta(days=rules.calendar_days):%Y-%m-%d}" if last else ""
    return "nothing due", f"Nothing asks for a training{due}."


def _broken(rows: Sequence[Row]) -> tuple[Refused, str] | None:
    broken = [row for row in troubles(rows) if row.family == "data" and row.status == "problem"]
    if not broken:
        return None
    return "data broken", f"{_place(broken[0])}: {broken[0].sentence} Nothing is learned from broken data."


def _same(trained: Sequence[Trained], basis: Basis) -> tuple[Refused, str] | None:
    same = next((training for training in trained if training.basis.same(basis)), None)
    return ("same basis", f"The data and the settings are those of {same}.") if same else None


def _cool_down(trained: Sequence[Trained], now: datetime, rules: Rules) -> tuple[Refused, str] | None:
    last = _last(trained)
    until = last.at + timedelta(days=rules.cool_down_days) if last else now
    if last is None or now >= until:
        return None
    return "cool-down", f"The last training was on {last.at:%Y-%m-%d}; there is no other before {until:%Y-%m-%d}."


def _budget(trained: Sequence[Trained], now: datetime, rules: Rules) -> tuple[Refused, str] | None:
    spent = sum(now - timedelta(days=BUDGET_DAYS) < training.at <= now for training in trained)
    if spent < rules.budget:
        return None
    return "budget spent", f"{counted(spent, 'training')} in {BUDGET_DAYS} days, of {rules.budget:g} allowed."


def _shifts(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(
        f"{_place(row)}: {WATCHED[row.figure].title}. {row.sentence}" for row in troubles(rows) if row.family == "drift"
    )


def _last(trained: Sequence[Trained]) -> Trained | None:
    return max(trained, key=lambda training: training.at, default=None)


def _place(row: Row) -> str:
    return f"{row.course_id}, week {row.week}"
