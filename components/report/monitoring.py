"""The page of a model in use, for a programme director: what was watched in a month, in tables, pictures and words."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from components.report import pictures
from components.report.blocks import Block, Bullets, Hint, Page, Picture, Section, Strong, Table, Text
from components.report.html import to_html
from components.watched import ALL, WATCHED, Row, latest, troubles
from earlybell.bundle.figures import MetricRow
from earlybell.counts import counted

_MOST_RUNS = 40  # of a picture
_STATUS = {"problem": "to act on", "warning": "to look at"}
_DRIFT = ("ks_earlier_runs", "risk_ks_earlier_runs", "ks_training", "risk_ks_training")
_DATA = ("days_without_record", "events_a_learner", "coverage", "out_of_range")

Words = Callable[[Row], str]


def write_monitoring(rows: Sequence[Row], out: Path, since: datetime, until: datetime) -> None:
    """Write the page of the rows of a period as one HTML file. The same rows give the same bytes."""
    page = Page(
        name=f"Earlybell, {since:%Y-%m-%d} to {until:%Y-%m-%d}",
        title="Is Earlybell still right?",
        intro=[
            f"What was watched from {since:%Y-%m-%d} to {until:%Y-%m-%d}, week by week in each course run. It names "
            "no learner, and shows nothing of groups that are too small."
        ],
        sections=[
            _short(rows),
            _measured(rows),
            _estimated(rows),
            _help(rows),
            _groups(rows),
            _data(rows),
            _drift(rows),
            _reading(),
        ],
        footer=f"Written by Earlybell from a table of {len(rows):,} figures.",
    )
    out.write_text(to_html(page), encoding="utf-8")


def trouble_words(row: Row) -> str:
    """A line that says what is wrong."""
    return f"{row.status}: {row.course_id}, week {row.week}: {WATCHED[row.figure].title}. {row.sentence}"


def figure_words(row: Row) -> str:
    """A figure with its range: `0.812 (0.780 to 0.844)`."""
    if row.value is None:
        return "too few" if row.status == "suppressed" else "not known"
    value, low, high = (None if end is None else _written(row, end) for end in (row.value, row.low, row.high))
    return str(value) if low is None or high is None else f"{value} ({low} to {high})"


def _written(row: Row, value: float) -> str:
    if WATCHED[row.figure].percent:
        return f"{value:.0%}"
    return f"{value:.1f}" if row.family == "data" or row.figure == "lead_days" else f"{value:.3f}"


def _short(rows: Sequence[Row]) -> Section:
    runs = sorted({row.course_id for row in rows})
    wrong = troubles(rows)
    counts = Counter(row.status for row in wrong)
    if not runs:
        return Section("In short", ["No course run was under way, and none ended."])
    blocks: list[Block | None] = [
        f"Watched: {counted(len(runs), 'course run')}. {counted(counts['problem'], 'figure')} to act on, "
        f"{counts['warning']} to look at.",
        Bullets([(Strong(_STATUS[row.status].capitalize()), f": {row.course_id}. {row.sentence}") for row in wrong])
        if wrong
        else "Nothing is beyond its threshold.",
    ]
    return Section("In short", blocks)


def _measured(rows: Sequence[Row]) -> Section:
    """What outcomes showed, of runs that ended in the period."""
    ended = [row for row in rows if row.family == "outcome" and row.subject == ALL]
    if not ended:
        return Section("What outcomes showed", ["No course run's outcomes came in this time."])
    figures = ("roc_auc", "brier", "calibration_gap", "precision", "recall", "lead_days")
    blocks: list[Block | None] = [
        Hint(
            "How to read it: each row is a week of a course run that has ended; in brackets stands the range that "
            "chance allows."
        ),
        _auc_picture(ended, "roc_auc", "Who ended badly: AUC at the last look of each course run"),
        _by_look(ended, figures, "By course run and week"),
    ]
    return Section("What outcomes showed", blocks, short="Outcomes")


def _estimated(rows: Sequence[Row]) -> Section:
    known = [row for row in latest(rows) if row.family in ("estimate", "early")]
    figures = ("estimated_auc", "estimated_precision", "adjusted_auc", "adjusted_calibration_gap", "early_auc")
    if not known:
        return Section("What is to be expected", ["No course run has gone far enough."], short="Estimates")
    blocks: list[Block | None] = [
        Hint(
            "How to read it: outcomes are not known yet. The first two figures follow from the risks alone, the others "
            "from who has left and who has missed work in the four weeks since."
        ),
        _auc_picture(known, "estimated_auc", "AUC that outcomes will show, as estimated at the last look"),
        _by_look(known, figures, "At the last look of each course run"),
    ]
    return Section("What is to be expected", blocks, short="Estimates")


def _help(rows: Sequence[Row]) -> Section:
    known = [row for row in latest(rows) if row.family == "action"]
    hint = Hint(
        "How to read it: of the learners whose first flag is two weeks old, how many were helped within these two "
        "weeks, and of how many staff said that the flag was wrong."
    )
    return Section(
        "What was done", [hint, _by_look(known, ("acted_on", "dismissed"), "At the last look of each course run")]
    )


def _groups(rows: Sequence[Row]) -> Section:
    """The shares flagged in each group over all course runs, weighted by learners; and groups whose risks moved."""
    flagged = [row for row in latest(rows) if row.figure == "flagged"]
    sums: dict[str, tuple[float, int]] = {}
    for row in flagged:
        if row.value is not None:
            share, learners = sums.get(row.subject, (0.0, 0))
            sums[row.subject] = (share + row.value * row.learners, learners + row.learners)
    hidden = Counter(row.subject for row in flagged if row.status == "suppressed")
    table = [
        (group, f"{share / learners:.0%}", f"{learners:,}", str(hidden[group]))
        for group, (share, learners) in sorted(sums.items())
    ]
    moved = [row for row in latest(rows) if row.figure == "group_risk_ks" and row.trouble]
    blocks: list[Block | None] = [
        Hint(
            "How to read it: groups whose shares differ are not treated unfairly by that alone. A change from one "
            "month to the next asks for a look."
        ),
        Table("Learners flagged, by group", ("Group", "Flagged", "Learners", "Course runs too small to show"), table),
        Bullets([f"{row.course_id}: {row.sentence}" for row in moved]) if moved else "No group's risks moved.",
    ]
    return Section("Groups of learners", blocks, short="Groups")


def _data(rows: Sequence[Row]) -> Section:
    known = [row for row in latest(rows) if row.figure in _DATA]
    events = [row for row in known if row.figure != "days_without_record" or row.subject == "events"]
    return Section("The data", [_by_look(events, _DATA, "At the last look of each course run", each=True)])


def _drift(rows: Sequence[Row]) -> Section:
    moved = [row for row in rows if row.figure in _DRIFT and row.trouble]
    table = [(row.course_id, str(row.week), WATCHED[row.figure].title, row.sentence) for row in moved]
    blocks: list[Block | None] = [
        Hint(
            "How to read it: a shift alone says nothing of whether the risks are wrong. It says where to look if they "
            "are."
        ),
        Table("Shifts beyond what course runs differ by", ("Course run", "Week", "What", "How"), table)
        if table
        else "Nothing has shifted.",
    ]
    return Section("What has shifted", blocks, short="Shifts")


def _reading() -> Section:
    return Section(
        "How it is judged",
        [
            "A shift is named where it is larger than between earlier runs by more than chance. Chance alone names a "
            "course run in one of fifty terms at most. But a run may differ from all others, and nothing be wrong.",
            "An estimated AUC is named where the end of its 95% range is below the threshold at any look. So it may be "
            "named by chance more often.",
            "Of fewer than twenty learners nothing is compared, and of fewer than ten no share is shown. Nor are the "
            "shares of the other groups where one is too small: what is hidden would follow from them.",
        ],
    )


def _by_look(rows: Sequence[Row], figures: Sequence[str], caption: str, *, each: bool = False) -> Block:
    """A row for each course run and week (`each`: for each course run) with those figures."""
    looks: dict[tuple[str, int], dict[str, Row]] = {}
    for row in sorted(rows, key=lambda row: (row.course_id, row.as_of)):
        looks.setdefault((row.course_id, 0 if each else row.week), {})[row.figure] = row
    shown = [figure for figure in figures if any(figure in by_name for by_name in looks.values())]
    if not shown:
        return "Nothing of this is known."
    header = ("Course run", *(() if each else ("Week",)), *(WATCHED[figure].title for figure in shown))
    table: list[list[Text]] = [
        [
            course,
            *(() if each else (str(week),)),
            *(figure_words(by_name[name]) if name in by_name else "" for name in shown),
        ]
        for (course, week), by_name in looks.items()
    ]
    return Table(caption, header, table)


def _auc_picture(rows: Sequence[Row], figure: str, title: str) -> Picture | None:
    known = {
        row.course_id: row
        for row in sorted(rows, key=lambda row: row.as_of)
        if row.figure == figure and row.value is not None
    }
    drawn = [
        MetricRow(
            candidate="",
            split="",
            cutoff=None,
            group=course,
            metric="roc_auc",
            value=row.value,
            low=row.low,
            high=row.high,
        )
        for course, row in list(known.items())[:_MOST_RUNS]
    ]
    return (
        Picture(pictures.by_group(drawn, f"picture-{figure.replace('_', '-')}", "AUC"), f"{title}.") if drawn else None
    )
