"""How well the chosen model does, by cut-off and by course run."""

from components.report import pictures
from components.report.blocks import (
    Block,
    Bullets,
    Grid,
    Heading,
    Hint,
    Picture,
    Section,
    Small,
    Strong,
    Table,
    Tally,
    Text,
)
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.sections.calibration import gap_table
from components.report.sections.summary import guesses
from components.report.words import SPLITS, count, cutoff_title, cutoff_words, hundred, ranged
from earlybell.bundle.figures import Curve

_CARD_METRICS = ("roc_auc", "pr_auc", "brier_skill", "calibration_error", "base_rate")
_RUN_METRICS = ("roc_auc", "brier_skill", "calibration_error", "calibration_gap", "base_rate")


def report(page: Figures) -> Section:
    blocks: list[Block | None] = ["Nothing could be measured with this data."]
    if page.split:
        blocks = [
            *_by_cutoff(page),
            *_flags(page),
            *_curve_pictures(page),
            *_calibration(page),
            *_by_run(page),
        ]
    return Section(f"The chosen model: {page.chosen}", blocks, id="chosen", short="The chosen model")


def card(page: CardFigures) -> Section:
    return Section("How well it does", [_split_words(page), *(_card_figures(page) if page.split else ())])


def _card_figures(page: Figures) -> list[Block]:
    words = page.words()
    return [
        _card_cutoffs(page),
        "A cut-off is the share of a course run that has passed. In brackets stands the range that chance in who "
        "took part allows (95%, from learners drawn again, corrected for the bias of drawing).",
        Bullets([f"{words[name].title}: {words[name].meaning}" for name in _CARD_METRICS]),
        *guesses(page),
        *_card_runs(page),
    ]


def _by_cutoff(page: Figures) -> list[Block]:
    rows: list[list[Text]] = [
        [(f"{metric.title} ", Small(metric.meaning)), *(page.figures([name], cutoff)[0] for cutoff in page.cutoffs)]
        for name, metric in page.words().items()
    ]
    caption = f"{page.chosen} by cut-off ({SPLITS[page.split].lower()})"
    return [
        Heading("Every figure by cut-off"),
        Hint(
            "How to read it: each column is the share of the course run that has passed; under each figure stands "
            f"the range that chance allows. Flagged means a risk of {hundred(page.evaluation.threshold)}% or more."
        ),
        Table(caption, ("Figure", *map(cutoff_title, page.cutoffs)), rows),
    ]


def _flags(page: Figures) -> list[Block]:
    return [
        Heading("Right and wrong flags"),
        Hint(
            "How to read it: the green fields are right, the orange ones wrong; a false alarm costs a talk that was "
            "not needed, a miss is a learner who got none."
        ),
        Grid([_matrix(page, cutoff) for cutoff in page.cutoffs]),
    ]


def _matrix(page: Figures, cutoff: float | None) -> Table | None:
    names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    rows = [page.figure(name, cutoff) for name in names]
    if None in rows:
        return None
    hits, alarms, misses, rest = (count(row.value) if row else "" for row in rows)
    return Table(
        f"{cutoff_words(cutoff).capitalize()} ({'moments' if cutoff is None else 'learners'})",
        ("", page.bad.capitalize(), "Did not"),
        [
            ("Flagged", Tally(hits, "found", right=True), Tally(alarms, "false alarms", right=False)),
            ("Not flagged", Tally(misses, "missed", right=False), Tally(rest, "rightly left alone", right=True)),
        ],
    )


def _curve_pictures(page: Figures) -> list[Block]:
    roc, pr, base = _curves(page, "roc"), _curves(page, "pr"), page.figure("base_rate", page.focus)
    guessing = f"Precision-recall curve. The grey line is guessing: the base rate {cutoff_words(page.focus)}."
    drawn: list[Block | None] = [
        Picture(pictures.roc(roc), "ROC curve. The grey diagonal is guessing.") if roc else None,
        Picture(pictures.precision_recall(pr, base.value if base else None), guessing) if pr else None,
    ]
    hint = Hint(
        "How to read it: each line is one cut-off, each point on it one threshold; nearer the upper left (first "
        "picture) or the upper right (second) is better."
    )
    shown = [hint, Grid(drawn)] if any(drawn) else ["No curves were measured."]
    return [Heading("Finding learners and raising false alarms"), *shown]


def _calibration(page: Figures) -> list[Block]:
    drawn = [
        Picture(pictures.calibration(curve, f"picture-calibration-{i}"), f"Calibration {cutoff_words(curve.cutoff)}.")
        for i, curve in enumerate(_curves(page, "calibration"))
    ]
    hint = Hint(
        "How to read it: a dot on the diagonal is a risk that came true as often as it said; above it more learners "
        f"{page.bad} than predicted, below it fewer. Dots that stand for few learners, as the bars below each "
        "picture show, wobble by chance."
    )
    shown = [hint, Grid(drawn)] if drawn else ["No calibration curves were measured."]
    return [Heading("Does a risk of 70% mean 70%?"), *shown]


def _curves(page: Figures, kind: str) -> list[Curve]:
    wanted = (page.evaluation.chosen, page.split, kind)
    curves = (curve for curve in page.evaluation.curves if curve.x)
    drawn = [curve for curve in curves if (curve.candidate, curve.split, curve.kind) == wanted]
    return sorted(drawn, key=lambda curve: 2.0 if curve.cutoff is None else curve.cutoff)


def _by_run(page: Figures) -> list[Block | None]:
    at = cutoff_words(page.focus)
    if not page.groups:
        return [Heading("By course run"), "No figures by course run were measured."]
    return [
        Heading("By course run"),
        Hint(
            "How to read it: a course run whose range lies well below the others is one where the model should be "
            "trusted less; short runs and runs with few learners have wide ranges."
        ),
        _run_picture(page, "roc_auc", ("picture-groups", "AUC in each course run"), f"AUC in each course run {at}."),
        _runs(page),
        Heading("Calibration of each course run"),
        Hint(
            f"How to read it: each figure is the mean risk less the share who {page.bad}. Where its range lies above "
            "0 the model warned too much, below 0 too little: a new course may be off as far as the worst one here."
        ),
        _run_picture(
            page,
            "calibration_gap",
            ("picture-gaps", "Risk less truth in each course run"),
            f"Risk less truth in each course run {at}. The dashed line at 0 is a risk that means what it says.",
        ),
        gap_table(page),
    ]


def _run_picture(page: Figures, metric: str, heading: tuple[str, str], caption: str) -> Picture | None:
    """`heading`: the picture's id and title."""
    rows = [row for group in page.groups if (row := page.figure(metric, page.focus, group=group))]
    return Picture(pictures.by_group(rows, *heading), caption) if len(rows) > 1 else None


def _runs(page: Figures) -> Table:
    cutoffs = [at for at in page.cutoffs if any(page.figure("roc_auc", at, group=group) for group in page.groups)]
    rows = [
        (
            group,
            count(row.learners) if (row := page.figure("base_rate", page.focus, group=group)) else "",
            ranged(row, "base_rate"),
            *(page.figures(["roc_auc"], cutoff, group=group)[0] for cutoff in cutoffs),
        )
        for group in page.groups
    ]
    caption = f"Learners and base rate {cutoff_words(page.focus)}, and AUC by cut-off"
    return Table(caption, ("Course run", "Learners", "Base rate", *map(cutoff_title, cutoffs)), rows)


def _split_words(page: Figures) -> Text:
    if page.split == "course_run":
        return (
            "Measured in course runs that the model had not seen: each was left out of training in turn, which is "
            "what a new run is to it. A figure is the mean of those within each run."
        )
    if page.split == "learner":
        return (
            Strong("No whole course run could be left out"),
            " with this data. The figures are of learners that the model had not seen, in courses that it had seen. "
            "Expect less on a new course.",
        )
    if page.split == "random":
        return (
            Strong("Only a random split of rows could be measured"),
            ", in which weeks of one learner stand in training and in the test. These figures are too good: do not "
            "rely on them.",
        )
    return Strong("Nothing could be measured"), ", or the bundle does not record it."


def _card_cutoffs(page: Figures) -> Table:
    words = page.words()
    rows = [(cutoff_title(at), *page.figures(_CARD_METRICS, at), page.learners(at)) for at in page.cutoffs]
    header = ("Cut-off", *(words[metric].title for metric in _CARD_METRICS), "Learners")
    return Table(f"Figures by cut-off ({SPLITS[page.split].lower()})", header, rows)


def _card_runs(page: Figures) -> list[Block]:
    if not page.groups:
        return []
    words, at = page.words(), page.focus
    rows = [(run, *page.figures(_RUN_METRICS, at, run), page.learners(at, run)) for run in page.groups]
    header = ("Course run", *(words[metric].title for metric in _RUN_METRICS), "Learners")
    return [
        Table(f"Figures by course run {cutoff_words(at)}", header, rows),
        "Trust it less in a course run whose AUC lies well below the others', or where risk less truth is far from "
        "0: above it the model warns too much, below it too little.",
    ]


REPORTSECTION = ReportSection("performance", report=report, report_order=30, card=card, card_order=90)
