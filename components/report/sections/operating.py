"""Whom the model flags, and what staff may expect of its flags."""

from collections.abc import Mapping

from components.report.blocks import Block, Hint, Section, Strong, Table, Text, sentences
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.words import cutoff_title, hundred, percent, ranged
from earlybell.bundle.figures import Measured, Quartiles

_TITLE = "Whom it flags"
_NO_RULE = "The bundle does not record what decided these thresholds."
_LATE = {
    "last_activity": "Days from the first right flag to the last activity",
    "outcome": "Days from the first right flag to the outcome",
}


def report(page: Figures) -> Section:
    expected, capacities = _expected(page), _capacities(page)
    blocks: list[Block | None] = [_thresholds(page)]
    if expected is None:
        return Section(_TITLE, [*blocks, "What to expect of these flags was not measured."], id="operating")
    blocks += [
        Hint(
            "How to read it: this is what staff would have met who had looked at everybody with a high risk, in "
            "weeks of learners that the model had not seen. Flags that are not right are false alarms. Under each "
            "count and share stands the range that chance allows; days are those of the learner in the middle, and "
            "under them of the middle half. Days below 0 mean that the flag came only afterwards."
        ),
        expected,
        _too_late(page),
    ]
    hint = Hint(
        "How to read it: further down the table, more learners are found, and earlier, at the price of more false "
        f"alarms. Ever flagged: of those who {page.bad}, the share with a high risk in some week."
    )
    return Section(_TITLE, [*blocks, *((hint, capacities) if capacities else ())], id="operating")


def card(page: CardFigures) -> Section:
    point, bands = page.point, page.bands
    levels = "The bundle does not record from which risk on it speaks of high or medium."
    if bands:
        high, medium = percent(bands.high), percent(bands.medium)
        levels = f"A risk of {high} or more is called high, one of {medium} or more medium, any other low."
    rule = f"What decided these thresholds: {point.rule}." if point else _NO_RULE
    return Section(_TITLE, [sentences(levels, rule), *_card_flags(page), *_by_cutoff(page)])


def _thresholds(page: Figures) -> str:
    point = page.point
    if point is None:
        return "What decided from which risk on a learner is flagged is not recorded."
    levels = page.evaluation.thresholds or point
    return (
        f"A risk of {percent(levels.high)} or more is called high, one of {percent(levels.medium)} or more medium. "
        f"What decided this: {point.rule}."
    )


def _card_flags(page: Figures) -> list[Block | None]:
    if page.point is None or page.point.rightly.value is None:
        return ["The bundle does not record how many learners these thresholds flag, nor how many of them rightly."]
    capacities = _capacities(page)
    means = (
        f"Ever flagged: of those who {page.bad}, the share with a high risk in some week. Who sees more learners "
        "finds more of them, and earlier, with more false alarms."
    )
    return [
        "Measured with learners left out:",
        _expected(page),
        "In brackets stands what chance in who took part allows (95%); days are those of the learner in the middle, "
        "and in brackets of the middle half. A number of days below 0 means that the flag came only afterwards. The "
        "flags that are not right are false alarms, and whoever was never flagged was missed.",
        _too_late(page),
        *((capacities, means) if capacities else ()),
    ]


def _expected(page: Figures) -> Table | None:
    """What to expect of calling learners high."""
    point = page.point
    if point is None:
        return None
    counts = {"Flagged a week in a course run": point.flagged_a_week, "Of these rightly": point.rightly_a_week}
    shares = {"Flags that are right": point.rightly, f"Ever flagged, of those who {page.bad}": point.found}
    rows = [(title, _counted(figure)) for title, figure in counts.items() if figure.value is not None]
    rows += [(title, ranged(figure, "share")) for title, figure in shares.items() if figure.value is not None]
    rows += [(_LATE[name], _days(days)) for name, days in point.lead_days.items() if days.median is not None]
    return Table("What to expect of a high risk", ("Of learners left out", "Expected"), rows) if rows else None


def _capacities(page: Figures) -> Table | None:
    """What other capacities would mean."""
    rows = [
        (
            f"{capacity.share:.0%} of learners",
            percent(capacity.high),
            _counted(capacity.flagged_a_week),
            ranged(capacity.rightly, "share"),
            ranged(capacity.found, "share"),
            _lead(capacity.lead_days),
        )
        for capacity in (page.point.capacities if page.point else ())
    ]
    lead = "Days before the last activity"
    header = ("Seen a week", "High from", "Flagged", "Flags that are right", "Ever flagged", lead)
    return Table("What it would be if the staff saw more, or fewer", header, rows) if rows else None


def _too_late(page: Figures) -> Text | None:
    """Said where half of the right flags came after the learner's last activity."""
    days = page.point.lead_days.get("last_activity") if page.point else None
    if days is None or days.median is None or days.median >= 0:
        return None
    return (
        Strong("Half of these flags come after the learner's last activity."),
        " With so few learners seen a week, those whom the model is surest of come first, and many of them have "
        "already stopped. A larger capacity flags earlier.",
    )


def _by_cutoff(page: Figures) -> list[Block]:
    """With the threshold of the evaluation as flag."""
    if not page.split:
        return []
    rows = [(cutoff_title(at), _flagged(page, at), *page.figures(("precision", "recall"), at)) for at in page.cutoffs]
    caption = f"With a risk of {hundred(page.evaluation.threshold)}% or more as flag"
    return [
        Table(caption, ("Cut-off", "Flagged", "Rightly", "Found"), rows),
        f"Flagged is the share of learners with such a risk; rightly, the share of these who {page.bad}; found, the "
        f"share that was flagged of all who {page.bad}.",
    ]


def _flagged(page: Figures, cutoff: float | None) -> str:
    names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    cells = [row.value or 0.0 for name in names if (row := page.figure(name, cutoff))]
    return percent(sum(cells[:2]) / sum(cells)) if len(cells) == len(names) and any(cells) else "not measured"


def _counted(figure: Measured) -> str:
    has_range = figure.low is not None and figure.high is not None
    return f"{figure.value:.0f}" + (f" ({figure.low:.0f} to {figure.high:.0f})" if has_range else "")


def _lead(lead: Mapping[str, Quartiles]) -> str:
    days = lead.get("last_activity")
    return _days(days).replace("half of them: ", "") if days and days.median is not None else "not known"


def _days(days: Quartiles) -> str:
    return f"{days.median:.0f} (half of them: {days.low:.0f} to {days.high:.0f})"


REPORTSECTION = ReportSection("operating", report=report, report_order=50, card=card, card_order=110)
