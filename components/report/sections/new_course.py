"""What a course that comes next may expect: how far course runs differ, and what a course without history faces."""

from components.report.blocks import Block, Hint, Section, Table
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.words import as_metric, cutoff_title, cutoff_words, hundred, ranged
from earlybell.bundle.figures import NEW_COURSE
from earlybell.counts import counted

_METRICS = ("roc_auc", "brier_skill", "calibration_error")


def report(page: Figures) -> Section | None:
    blocks = _blocks(page)
    hint = Hint(
        "How to read it: each figure was computed within one course run at a time. The mean is what a run may expect, "
        "the worst is what it must be prepared for."
    )
    return (
        Section("What a new course may expect", [hint, *blocks], id="new-course", short="A new course")
        if blocks
        else None
    )


def card(page: CardFigures) -> Section | None:
    blocks = _blocks(page)
    return Section("A new course", blocks) if blocks else None


def _blocks(page: Figures) -> list[Block]:
    if page.extremes("roc_auc", page.focus) is None:
        return []
    runs = _spread(page, page.split, f"Course runs left out, {cutoff_words(page.focus)}")
    below = _below_the_base_rate(page)
    return [runs, *([below] if below else []), *_new_courses(page)]


def _spread(page: Figures, split: str, caption: str) -> Table:
    rows = []
    for metric in _METRICS:
        extremes = page.extremes(metric, page.focus, split)
        if extremes:
            best, worst = (f"{as_metric(row.value or 0.0, metric)} ({row.group})" for row in extremes)
            rows.append(
                (page.words()[metric].title, ranged(page.figure(metric, page.focus, split=split), metric), best, worst)
            )
    return Table(caption, ("Figure", "Mean over course runs", "Best run", "Worst run"), rows)


def _below_the_base_rate(page: Figures) -> str:
    """In which runs the risks said less than the base rate; empty where in none."""
    rows = page.evaluation.by_run("brier_skill", page.focus)
    runs = [run for run, row in rows.items() if (row.value or 0.0) < 0]
    if not runs:
        return ""
    return (
        f"In {len(runs)} of {counted(len(rows), 'course run')} the risks were further from what happened than the "
        f"run's own base rate would have been: {', '.join(runs)}. Use the order of learners there, not the size of a "
        "risk."
    )


def _new_courses(page: Figures) -> list[Block]:
    if not page.has(NEW_COURSE):
        return [
            "How well it does in a course of which it knows no run could not be measured apart: no course here has two "
            "runs, or there is one course alone."
        ]
    rows = [
        (
            cutoff_title(cutoff),
            *(ranged(page.figure(metric, cutoff, split=NEW_COURSE), metric) for metric in _METRICS),
            page.worst("roc_auc", cutoff, NEW_COURSE),
        )
        for cutoff in page.cutoffs
    ]
    titles = (page.words()[metric].title for metric in _METRICS)
    off = page.figure("calibration_error", page.focus, split=NEW_COURSE)
    expect = (
        f" There a stated risk was off by about {hundred(off.value)} percentage points on average."
        if off and off.value
        else ""
    )
    return [
        "A course of which the model knows no run is harder. For these figures all runs of a course were left out of "
        f"training in turn.{expect}",
        Table("Courses left out, by cut-off", ("Cut-off", *titles, "Worst AUC"), rows),
    ]


REPORTSECTION = ReportSection("new_course", report=report, report_order=5, card=card, card_order=95)
