"""The rubric that a label is made by, where it is."""

from components.report.blocks import Block, Hint, Section, Table
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.words import count, cutoff_words, percent, ranged
from earlybell.bundle.evaluation import RubricFacts
from earlybell.counts import counted


def report(page: Figures) -> Section | None:
    hint = Hint(
        "How to read it: where the records and a teacher disagree, one of them sees something that the other does not."
    )
    return _section(page, hint)


def card(page: CardFigures) -> Section | None:
    return _section(page, None)


def _section(page: Figures, hint: Hint | None) -> Section | None:
    rubric = page.evaluation.rubric
    if rubric is None:
        return None
    agreement: list[Block | None] = ["No teacher's ratings were there to compare the derived indicators with."]
    if rubric.agreement:
        agreement = [hint, _agreement(rubric)]
    means = (
        f"Rubric version {rubric.version}: a learner falls below it where the mean of the indicators after the moment, "
        f"from 1 to 5, is less than {rubric.threshold:g}. {counted(rubric.unlabelled, 'moment')} with too little after "
        "have no label."
    )
    return Section(
        "The rubric behind the label", [means, _overlap(page, rubric), *agreement], id="rubric", short="The rubric"
    )


def _overlap(page: Figures, rubric: RubricFacts) -> str | None:
    if not rubric.overlap:
        return None
    after, whole = (ranged(auc, "roc_auc") for auc in (rubric.overlap.after, rubric.overlap.whole))
    return (
        "The label uses only what comes after the moment. Were it that of the whole run, a model would find part of "
        f"it in its own inputs: a plain logistic regression, {cutoff_words(page.focus)} and with learners left out, "
        f"has an AUC of {after} now and would have {whole} then. The difference would be no foresight."
    )


def _agreement(rubric: RubricFacts) -> Table:
    rows = [
        (name, count(pairs.n), percent(pairs.exact), percent(pairs.within_one), _kappa(pairs.kappa))
        for name, pairs in rubric.agreement.items()
    ]
    header = ("Indicator", "Learners", "Same", "Within one", "Kappa (quadratic)")
    return Table("Derived indicators beside a teacher's ratings", header, rows)


def _kappa(value: float | None) -> str:
    return "not possible" if value is None else f"{value:.2f}"


REPORTSECTION = ReportSection("rubric", report=report, report_order=90, card=card, card_order=50)
