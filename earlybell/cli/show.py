"""What a person reads in the terminal."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from earlybell.bundle import Evaluation
from earlybell.bundle.evaluation import OperatingPoint
from earlybell.bundle.figures import NEW_COURSE, MetricRow
from earlybell.gates import CUTOFF, in_words
from earlybell.predict import DOUBT_WORDS, CourseCorrection, Entry, Outlook, Predictions

if TYPE_CHECKING:
    from components.evaluate.batch import BundleRow

MOST = 12  # learners shown
_METRICS = {"roc_auc": "AUC", "pr_auc": "PR-AUC", "brier": "Brier", "calibration_error": "calibration error"}
_HEADLINE = _METRICS | {"brier_skill": "Brier skill"}
_UNSEEN = {"course_run": "course runs", "learner": "learners"}
_SPLITS = {"course_run": "mean over course runs left out", "learner": "learners left out"}
_COLOURS = {"high": "red", "medium": "yellow", "low": "green", "insufficient_evidence": "dim"}


def at_risk(predictions: Predictions, evaluation: Evaluation) -> None:
    """The learners with the highest risk, with the reasons that raise it; `evaluation` is the bundle's."""
    console = Console()
    order = [int(i) for i in np.argsort(-predictions.risk) if predictions.band[i] != "insufficient_evidence"][:MOST]
    table = _learners(f"Learners to look at first ({len(order)} of {len(predictions.risk):,})", "learner", "course run")
    for i in order:
        ids = (str(predictions.observed.learner_id[i])[:8], str(predictions.observed.course_id[i]))
        words = "; ".join(reason.words for reason in predictions.reasons[i] if reason.effect > 0)
        outlook = ", ".join(map(_in_short, predictions.outlook[i]))
        risk = _risk_and_interval(predictions.risk[i], predictions.low[i], predictions.high[i])
        _add_learner(table, ids, risk, str(predictions.band[i]), words, outlook)
    console.print(table)
    _say_counts(console, predictions, evaluation)


_RUNS = """
    SELECT course_id, count(*), count(outcome), count(*) FILTER (outcome IN ('pass', 'distinction')),
        count(*) FILTER (outcome = 'fail'), count(*) FILTER (outcome = 'withdrawn')
    FROM enrolments LEFT JOIN outcomes USING (course_id, learner_id) GROUP BY course_id ORDER BY course_id"""


def course_runs(tables: Path) -> Table:
    """What there is to learn from, by course run; of those under way nothing is known yet."""
    from earlybell.predict import open_tables

    table = Table(title="Course runs to learn from", title_justify="left")
    table.add_column("course run", overflow="fold")
    for name in ("learners", "passed", "failed", "withdrew"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = open_tables(tables).execute(_RUNS).fetchall()
    for course, learners, known, *outcomes in rows[:MOST]:
        ended = [f"{number:,}" for number in outcomes] if known else ["not yet", "", ""]
        table.add_row(escape(course), f"{learners:,}", *ended)
    if len(rows) > MOST:
        table.caption = f"and {len(rows) - MOST:,} more"
    return table


def worklist(entries: list[Entry], predictions: Predictions, evaluation: Evaluation) -> None:
    """The worklist of each course run, and how many have too little evidence to be on it."""
    console = Console()
    for (course, as_of), run in groupby(entries, key=lambda entry: (entry.course_id, entry.as_of)):
        title, listed = f"Worklist of {course} as of {as_of[:16].replace('T', ' ')} UTC", list(run)
        console.print(_by_facts(title, listed) if listed[0].doubt else _by_risk(title, listed))
    _say_counts(console, predictions, evaluation)
    _say_doubts(console, predictions)


def _by_risk(title: str, entries: Sequence[Entry]) -> Table:
    table = _learners(title, "rank", "learner")
    for entry in entries:
        ids = (str(entry.rank), entry.learner_id)
        _add_learner(table, ids, _risk_of(entry), entry.band, entry.reasons, entry.outlook)
    return table


def _by_facts(title: str, entries: Sequence[Entry]) -> Table:
    """Of a course run in doubt, of whose learners no risk is said."""
    table = Table(title=escape(title), title_justify="left", caption=f"Listed by facts: {entries[0].doubt}.")
    for name in ("rank", "learner"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", ratio=1)
    for entry in entries:
        table.add_row(str(entry.rank), escape(entry.learner_id), escape(entry.reasons))
    return table


def _say_doubts(console: Console, predictions: Predictions) -> None:
    """How many have no band, by why."""
    counts = {words: int((predictions.doubt == doubt).sum()) for doubt, words in DOUBT_WORDS.items()}
    if any(counts.values()):
        reasons = "; ".join(f"{count:,}, as {words}" for words, count in counts.items() if count)
        console.print(f"Not ranked, since there is too little to go by: {reasons}.\n", highlight=False)


def corrections(made: Sequence[CourseCorrection]) -> None:
    """A line for each course run whose mean risk was corrected by a point or more, or that is in doubt; of several
    moments, the last."""
    worth_it = (entry for entry in sorted(made, key=lambda entry: entry.as_of) if entry.notable or entry.doubt)
    for course, entry in sorted({entry.course_id: entry for entry in worth_it}.items()):
        typer.echo(f"{course}: {entry.words}")


def _learners(title: str, *ids: str) -> Table:
    table = Table(title=escape(title), title_justify="left")
    for name in ids:
        table.add_column(name, no_wrap=True)
    table.add_column("risk", no_wrap=True, justify="right")
    table.add_column("band", no_wrap=True)
    table.add_column("why, the weightiest first", ratio=1)
    return table


def _add_learner(table: Table, ids: tuple[str, str], risk: str, band: str, words: str, outlook: str) -> None:
    why = escape(words or "no single reason") + (f"\n[dim]{escape(outlook)}[/]" if outlook else "")
    table.add_row(*map(escape, ids), risk, f"[{_COLOURS[band]}]{band}[/]", why)


def _in_short(outlook: Outlook) -> str:
    """One answer of a head, as `next work 61%` or `final score 33 (6-61)?`, which a question mark calls doubtful."""
    score = outlook.low is not None and outlook.high is not None
    value = f"{outlook.value:.0f} ({outlook.low:.0f}-{outlook.high:.0f})" if score else _percent(outlook.value)
    return f"{outlook.head.replace('_', ' ')} {value}{'' if outlook.agrees else '?'}"


def _risk_of(entry: Entry) -> str:
    if entry.risk is None or entry.low is None or entry.high is None:
        return "not said"
    return _risk_and_interval(entry.risk, entry.low, entry.high)


def _risk_and_interval(risk: float, low: float, high: float) -> str:
    return f"{_percent(risk)} ({_range(low, high)})"


def _say_counts(console: Console, predictions: Predictions, evaluation: Evaluation) -> None:
    bands, counts = np.unique(predictions.band, return_counts=True)
    by_band = ", ".join(f"{count:,} {band}" for band, count in zip(bands, counts, strict=True))
    console.print(
        f"Of all: {by_band}. In brackets: between which shares of learners with such a risk failed or left, in "
        f"{_UNSEEN[evaluation.split]} that the model had not seen. A risk is a reason to look and ask, not a "
        "verdict.\n",
        highlight=False,
    )


def _percent(share: float) -> str:
    """Never certain: a risk close to 0 or 1 is written as the bound that it is beyond."""
    return "<1%" if share < 0.01 else ">99%" if share > 0.99 else f"{share:.0%}"


def _range(low: float, high: float) -> str:
    return f"{100 * low:.0f}-{100 * high:.0f}"


def comparison(evaluation: Evaluation) -> None:
    """The candidates side by side, in the most honest split that could be measured."""
    title = f"Candidates, {_SPLITS[evaluation.split]}, by share of the course run"
    table = Table(title=title, title_justify="left")
    table.add_column("candidate")
    shown = [("roc_auc", cutoff) for cutoff in evaluation.cutoffs[:3]]
    shown += [("brier_skill", CUTOFF), ("calibration_error", CUTOFF)]
    for metric, cutoff in shown:
        table.add_column(f"{_HEADLINE[metric]}\nat {cutoff:.0%}", justify="right")
    for candidate in evaluation.candidates:
        mark = " (chosen)" if candidate.name == evaluation.chosen else ""
        rows = (evaluation.figure(*figure, candidate=candidate.name) for figure in shown)
        table.add_row(candidate.title + mark, *(_in_two_lines(_with_interval(row)) if row else "" for row in rows))
    Console().print(table)
    Console().print(f"{evaluation.rule}\n", highlight=False)


def trust(evaluation: Evaluation) -> None:
    """A line each on a new course, whom it flags, groups, doubt and reasons; the report has the whole of it."""
    lines = [_flags(evaluation.operating_point), _groups(evaluation), _doubt(evaluation), _reasons(evaluation)]
    lines = [*_new_course(evaluation), *lines]
    Console().print("\n".join(f"- {line}" for line in lines) + "\n", highlight=False)


def _new_course(evaluation: Evaluation) -> list[str]:
    """How far course runs differ, and what a course without history faces; nothing where no run could be left out."""
    auc = evaluation.worst_run("roc_auc", CUTOFF, higher_is_better=True)
    error = evaluation.worst_run("calibration_error", CUTOFF, higher_is_better=False)
    skill = evaluation.by_run("brier_skill", CUTOFF)
    if auc is None or error is None:
        return []
    below = sum((row.value or 0.0) < 0 for row in skill.values())
    line = (
        f"A new run, at {CUTOFF:.0%}: the worst of {len(skill)} has an AUC of {auc.value:.2f} ({auc.group}), a "
        f"calibration error of {error.value:.0%} ({error.group}); in {below} the base rate alone would be nearer."
    )
    apart = [evaluation.figure(name, CUTOFF, split=NEW_COURSE) for name in ("roc_auc", "calibration_error")]
    if any(row is None or row.value is None for row in apart):
        return [line]
    mean_auc, mean_error = (row.value or 0.0 for row in apart if row)
    return [
        line,
        f"A course of which it knows no run: AUC {mean_auc:.2f}, calibration error {mean_error:.0%} on average.",
    ]


def _flags(point: OperatingPoint | None) -> str:
    if point is None:
        return "Flags: what to expect of them was not measured."
    rightly = point.rightly.value
    text = f"{point.flagged_a_week.value or 0:.0f} a week in a course run"
    text += ", none of them known" if rightly is None else f", {rightly:.0%} rightly"
    left = point.lead_days.get("last_activity")
    days = left and left.median
    late = "" if days is None else f"; half of the right ones come {days:.0f} days before the last activity, or earlier"
    return f"Flags, a risk of {point.high:.0%} or more ({point.rule}): {text}{late}."


def _groups(evaluation: Evaluation) -> str:
    gaps = [row.value for row in evaluation.metrics if row.metric == "disparity"]
    if not gaps:
        return "Groups: not compared, the source has no protected attribute."
    if gaps[0] is None:
        return "Groups: none of one attribute is large enough to be compared."
    if gaps[0] < 0.005:
        return "Groups: no sure difference in the share found between groups of one attribute."
    return f"Groups: the share found surely differs by {gaps[0]:.0%} between groups of one attribute."


def _doubt(evaluation: Evaluation) -> str:
    enough = next((row.coverage for row in evaluation.evidence if row.used), 0.0)
    held = [row.within for row in evaluation.coverage]
    ranges = f"the range around a risk held in {sum(held)} of {len(held)} bins"
    return f"Doubt: {enough:.0%} of the moments have enough evidence; {ranges}."


def _reasons(evaluation: Evaluation) -> str:
    if evaluation.agreement is None:
        return "Reasons: whether they can be relied on was not measured."
    same, later = evaluation.agreement.shared, evaluation.stability and evaluation.stability.shared
    stay = "" if later is None else f", and {later:.1f} are the same a week later"
    return f"Reasons: of the five strongest {same:.1f} are LIME's too{stay}."


def metrics(rows: "list[BundleRow]") -> None:
    """Figures of a bundle by moment and course run."""
    table = Table("as of", "course run", "learners", *_METRICS.values())
    keys = list(dict.fromkeys((row.as_of, row.group) for row in rows))
    for as_of, group in keys:
        by_metric = {row.metric: row for row in rows if (row.as_of, row.group) == (as_of, group)}
        figures = (_with_interval(by_metric[metric]) for metric in _METRICS)
        table.add_row(as_of, group, str(by_metric["roc_auc"].learners), *figures)
    Console().print(table)


def _with_interval(row: "MetricRow | BundleRow") -> str:
    if row.value is None:
        return "-"
    if row.low is None or row.high is None:
        return f"{row.value:.3f}"
    return f"{row.value:.3f} ({row.low:.2f}-{row.high:.2f})"


def _in_two_lines(figure: str) -> str:
    """The interval under its figure: a terminal is narrow."""
    return figure.replace(" (", "\n").removesuffix(")")


def places(bundle: Path, version: dict[str, Any]) -> None:
    """Where everything lies."""
    typer.echo(f"Report:  {(bundle / 'report.html').resolve().as_uri()}")
    typer.echo(f"Bundle:  {bundle}")
    typer.echo(f"Gates:   {in_words(version['gates'], version['waived'])}")
    typer.echo(f"Registered as {version['name']} version {version['version']}, tagged candidate.")
