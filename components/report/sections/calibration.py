"""Whether a stated risk means what it says."""

from components.report.blocks import Block, Section, Table, sentences
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.sections.summary import further_off
from components.report.words import count, cutoff_title, cutoff_words, hundred, percent


def card(page: CardFigures) -> Section:
    off = page.figure("calibration_error", page.focus)
    stated = "How far a stated risk is from what came true was not measured."
    if off and off.value is not None:
        at = cutoff_words(page.focus).capitalize()
        average = f"{at}, a stated risk was off by about {hundred(off.value)} percentage points on average."
        stated = sentences(average, further_off(page))
    return Section("Calibration", [stated, *_bins(page), *_gaps(page)])


def gap_table(page: Figures) -> Table:
    """Calibration of each course run at each cut-off."""
    rows = [
        (title, *(page.figures(["calibration_gap"], cutoff, group)[0] for cutoff in page.cutoffs))
        for group, title in {"all": "All together", **{run: run for run in page.groups}}.items()
    ]
    header = ("Course run", *map(cutoff_title, page.cutoffs))
    return Table("Risk less truth by course run and cut-off", header, rows)


def _bins(page: Figures) -> list[Block]:
    """Bins of the predicted risk at the focus."""
    wanted = (page.evaluation.chosen, page.split, page.focus, "calibration")
    counted = "moments" if page.focus is None else "learners"
    for curve in page.evaluation.curves:
        if (curve.candidate, curve.split, curve.cutoff, curve.kind) == wanted and curve.x:
            bins = zip(curve.x, curve.y, curve.n or [None] * len(curve.x), strict=True)
            rows = [(percent(risk), percent(share), count(size)) for risk, share, size in bins]
            header = ("Mean risk", "Came true", counted.capitalize())
            return [
                Table(f"Risk and what came of it, {cutoff_words(page.focus)}", header, rows),
                f"Each row holds {counted} of similar risk. Where both shares are near each other, the risk means "
                "what it says.",
            ]
    return []


def _gaps(page: Figures) -> list[Block]:
    if not page.split:
        return []
    return [
        gap_table(page),
        f"Each figure is the mean risk less the share who {page.bad}. Far from 0, with a range that does not reach "
        "0, risks were too high (above) or too low (below) there.",
    ]


REPORTSECTION = ReportSection("calibration", card=card, card_order=100)
