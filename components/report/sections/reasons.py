"""What the model looks at, and whether its reasons can be relied on."""

from components.report import pictures
from components.report.blocks import Block, Heading, Hint, Picture, Section, Table
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.words import count, percent
from earlybell.counts import counted

_TOP = 15
_FLAT = 0.1  # a weaker correlation of value and effect has no direction worth a word


def report(page: Figures) -> Section:
    return Section(
        "What it looks at",
        [
            *(_importance(page) or ["What moves the predictions was not measured."]),
            Heading("Can the reasons be relied on?"),
            "A teacher sees for each learner what raises or lowers the risk most (SHAP), gathered by what can be "
            "acted on; never a protected attribute.",
            *(_agreement(page) or ["A second way to explain a risk was not tried."]),
            _stability(page) or "Whether reasons last was not measured.",
        ],
        id="reasons",
    )


def card(page: CardFigures) -> Section:
    agreement, stability = page.evaluation.agreement, page.evaluation.stability
    relied = "How far they can be relied on was not measured."
    if agreement and stability and stability.pairs:
        relied = (
            "Of the five strongest features behind a risk, a second way to explain it (LIME) names "
            f"{agreement.shared:.1f} too, on average, and a week later {stability.shared:.1f} are still among the five."
        )
    meaning = (
        "Beside a risk stand reasons: what in the learner's own records raises or lowers it most, gathered by what "
        "a teacher can act on. They are sums of many small effects (SHAP), and never a protected attribute."
    )
    return Section("Reasons", [f"{meaning} {relied}", _effects(page)])


def _importance(page: Figures) -> list[Block | None]:
    every = page.evaluation.importance
    top, rest = every[:_TOP], every[_TOP:]
    if not top:
        return []
    features = counted(len(top), "feature")
    caption = f"The {features} of the largest effect on the risk, as shares of all effects (mean absolute SHAP values)."
    rows = [(row.title, percent(row.share), _direction(row.direction), row.family) for row in top]
    share = percent(sum(row.share for row in every) - sum(row.share for row in top))
    return [
        Hint(
            "How to read it: a longer bar moves the risks of more learners, or moves them further; it says what the "
            "model uses, not what causes a learner to fail. Features that say nearly the same share one effect: "
            "where one of them seems to point the wrong way, it corrects another."
        ),
        Picture(pictures.importance(top), caption),
        Table("The same features with their direction", ("Feature", "Share", "Direction", "Family"), rows),
        f"The remaining {share} is of {counted(len(rest), 'other feature')}." if rest else None,
    ]


def _direction(correlation: float | None) -> str:
    if correlation is None:
        return "not known"
    if abs(correlation) < _FLAT:
        return "it depends on the other features"
    return "higher values raise the risk" if correlation > 0 else "higher values lower the risk"


def _agreement(page: Figures) -> list[Block]:
    agreement, table = page.evaluation.agreement, _effects(page)
    if agreement is None or table is None:
        return []
    order = f"; the rank correlation of all effects is {agreement.correlation or 0:.2f} (1 is the same order)"
    return [
        Hint(
            "How to read it: two ways to explain the same risk, computed apart. Where sign and order agree, the "
            "reasons are the model's and not the method's. Above 0 raises the risk."
        ),
        table,
        f"For {counted(agreement.learners, 'learner')} from the highest risk to the middle: of the five strongest "
        f"features, both name {agreement.shared:.1f} on average{'' if agreement.correlation is None else order}.",
    ]


def _stability(page: Figures) -> str:
    stability = page.evaluation.stability
    if stability is None or not stability.pairs:
        return ""
    median, p90 = (
        round(100 * (change or 0), 1) for change in (stability.risk_change.median, stability.risk_change.p90)
    )
    return (
        f"A week later, of the same learner: {stability.shared:.1f} of the five strongest features are still among "
        f"the five, and the risk has moved by {median} percentage points in the middle case, in one of ten by more "
        f"than {p90} ({count(stability.pairs)} pairs of weeks)."
    )


def _effects(page: Figures) -> Table | None:
    """SHAP beside LIME for one learner."""
    effects = page.evaluation.agreement.learner if page.evaluation.agreement else ()
    rows = [(effect.title, f"{effect.shap:+.2f}", f"{effect.lime:+.2f}") for effect in effects]
    caption = "One learner of the highest risk: effects on the score"
    return Table(caption, ("Feature", "SHAP", "LIME"), rows) if rows else None


REPORTSECTION = ReportSection("reasons", report=report, report_order=80, card=card, card_order=140)
