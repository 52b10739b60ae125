"""What a reader should know who reads no further."""

from components.report.blocks import Block, Bullets, Link, Section, Strong, Table, Text, listed, sentences
from components.report.figures import CardFigures, Figures
from components.report.groups import Groups
from components.report.sections import ReportSection
from components.report.words import count, cutoff_title, cutoff_words, hundred, of_hundred

_HEADLINE = ("roc_auc", "brier_skill", "calibration_error")
_WHERE = {
    "course_run": "in course runs that it had not seen",
    "learner": "with learners that it had not seen, in courses that it had seen",
    "random": "by a random split of rows, which flatters it",
}


def report(page: Figures) -> Section:
    last = "A risk is not a verdict. It is a reason to look and to ask, never a decision about a learner."
    return Section("How far to trust it", [_trust(page), *(_measured(page) if page.split else ()), last], id="trust")


def card(page: CardFigures) -> Section:
    return Section(
        "In short",
        [
            Bullets(
                [
                    (
                        Strong("What it does."),
                        " While a course is running, it gives each learner a risk every week, with reasons and a "
                        f"range. A risk of 40% means: of 100 learners with such records, about 40 {page.bad}.",
                    ),
                    (
                        Strong("What for."),
                        " Teachers and advisers decide by it whom to look at first. What happens then, a person "
                        "decides.",
                    ),
                    (
                        Strong("What not for."),
                        " Grades, admission, sanctions, employment, or anything that no person decides.",
                    ),
                    (Strong("How good it is."), f" {_how_good(page)}"),
                    *_false_alarms(page),
                    _fairness(Groups(page)),
                    (
                        Strong("Your say."),
                        " A learner can ask for the reasons, for a person's judgement and for a correction: see ",
                        Link("How to contest a prediction", "#how-to-contest-a-prediction"),
                        ".",
                    ),
                ]
            )
        ],
    )


def guesses(page: Figures) -> list[Text]:
    """Where the model may be no better than guessing."""
    rows = ((cutoff, page.figure("roc_auc", cutoff)) for cutoff in page.cutoffs)
    return [
        (
            Strong(f"{cutoff_words(cutoff).capitalize()} the range of the AUC reaches 0.5:"),
            " there the model may be no better than guessing.",
        )
        for cutoff, row in rows
        if row and row.low is not None and row.low <= 0.5
    ]


def further_off(page: Figures) -> str:
    """How far the risks of a new course may be off; nothing without figures of course runs."""
    gap = page.worst_gap
    if gap is None or gap.value is None:
        return ""
    return (
        f"A new course can be further off: {cutoff_words(gap.cutoff)} of {gap.group}, risks were "
        f"{hundred(abs(gap.value))} points too {'high' if gap.value > 0 else 'low'}."
    )


def _measured(page: Figures) -> list[Block]:
    return [
        _cutoffs(page),
        f"In words, {cutoff_words(page.focus)}, with the range that chance allows in brackets:",
        Bullets(_frequencies(page)),
        *guesses(page),
    ]


def _trust(page: Figures) -> Block:
    if page.split == "course_run":
        return (
            "Every figure here is from course runs that the model had not seen: each run was left out of training in "
            "turn, which is what a new run is to the model. It is computed within each run and averaged over the runs."
        )
    if page.split == "learner":
        return (
            Strong("No whole course run could be left out"),
            " with this data. The figures here are from learners that the model had not seen, in courses that it had "
            "seen. Expect less on a new course.",
        )
    if page.split == "random":
        return (
            Strong("Only a random split of rows could be measured"),
            ", in which weeks of one learner stand in training and in the test. These figures are too good: do not "
            "rely on them.",
        )
    notes = Link("The data", "#data")
    return Strong("Nothing could be measured"), " with this data. The notes under ", notes, " say why."


def _cutoffs(page: Figures) -> Table:
    rows = ((cutoff, page.figure("roc_auc", cutoff)) for cutoff in page.cutoffs)
    return Table(
        "By cut-off: the share of a course run that has passed",
        ("Cut-off", "AUC", "Worst run", "Brier skill", "Worst run", "Calibration error", "Worst run", "Learners"),
        [
            (
                cutoff_title(cutoff),
                *(
                    cell
                    for metric in _HEADLINE
                    for cell in (page.figures([metric], cutoff)[0], page.worst(metric, cutoff) or "not measured")
                ),
                count(row.learners) if row else "",
            )
            for cutoff, row in rows
        ],
    )


def _frequencies(page: Figures) -> list[Text]:
    names = ("roc_auc", "calibration_error", "precision", "recall", "base_rate")
    auc, calibration, precision, recall, base = (page.figure(name, page.focus) for name in names)
    items: list[Text] = []
    if auc:
        items.append(
            f"Of 100 pairs of one learner who {page.bad} and one who did not, the model gave the first the higher risk "
            f"in {of_hundred(auc)}. Guessing gets 50."
        )
    if calibration and calibration.value is not None:
        off = f"A stated risk was off by about {hundred(calibration.value)} percentage points on average."
        items.append(sentences(off, further_off(page)))
    if precision and precision.value is not None:
        items.append(
            (
                f"Of 100 learners with a risk of {hundred(page.evaluation.threshold)}% or more, about ",
                Strong(of_hundred(precision)),
                f" {page.bad}. The other {100 - hundred(precision.value)} did not: false alarms."
                + (f" Of 100 learners picked blindly it would be {hundred(base.value or 0.0)}." if base else ""),
            )
        )
    else:
        items.append(f"How many of those with such a risk {page.bad} could not be measured.")
    if recall and recall.value is not None:
        items.append(
            f"Of 100 learners who {page.bad}, about {of_hundred(recall)} had a risk that high. The other "
            f"{100 - hundred(recall.value)} had a lower one: a low risk does not mean no need."
        )
    return items


def _how_good(page: Figures) -> str:
    auc = page.figure("roc_auc", page.focus)
    if auc is None:
        return "Not measured."
    extremes = page.extremes("roc_auc", page.focus)
    worst = f", and in {hundred(extremes[1].value or 0.0)} in the worst course run" if extremes else ""
    return (
        f"{cutoff_words(page.focus).capitalize()}, {_WHERE[page.split]}: of 100 pairs of one learner who {page.bad} "
        f"and one who did not, it gave the first the higher risk in {of_hundred(auc)}{worst}. Guessing gets 50."
    )


def _false_alarms(page: Figures) -> list[Text]:
    rightly, precision = page.point.rightly if page.point else None, page.figure("precision", page.focus)
    if rightly and rightly.value is not None:
        wrongly = 100 - hundred(rightly.value)
        words = f"Of 100 flags for a high risk, about {of_hundred(rightly)} were for learners who {page.bad}."
        words += f" The other {wrongly} were not." if wrongly > 0 else ""
    elif precision and precision.value is not None:
        words = (
            f"Of 100 learners with a risk of {hundred(page.evaluation.threshold)}% or more, about "
            f"{of_hundred(precision)} {page.bad}. The other {100 - hundred(precision.value)} did not."
        )
    else:
        return []
    return [(Strong("False alarms."), f" {words}")]


def _fairness(groups: Groups) -> Text:
    if not groups.compared:
        return Strong("Fairness."), " Not measured: no protected attribute was available."
    differ = "some clearly differ" if groups.clear_differences else "none clearly differ"
    return (
        Strong("Fairness."),
        " Groups were compared by ",
        *listed(list(groups.compared)),
        f"; {differ}: see ",
        Link("Fairness", "#fairness"),
        ".",
    )


REPORTSECTION = ReportSection("summary", report=report, report_order=0, card=card, card_order=0)
