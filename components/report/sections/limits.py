"""What the model cannot know, and how its figures are to be read."""

from components.report.blocks import Bullets, Heading, Link, Section, Strong, Text
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.words import SPLITS, hundred


def report(page: Figures) -> Section:
    return Section(
        "Limits and how to read this",
        [
            Heading("What the splits mean"),
            Bullets(
                [
                    (
                        Strong(SPLITS["course_run"]),
                        ": a whole run of a course is kept from training, and the model is tested on it. This is "
                        "what happens when a new run begins.",
                    ),
                    (
                        Strong(SPLITS["learner"]),
                        ": some learners are kept from training with all their weeks; the model has seen their "
                        "courses.",
                    ),
                    (
                        Strong(SPLITS["course"]),
                        ": all runs of a course are kept from training. This is what a course without history faces.",
                    ),
                    (
                        Strong(SPLITS["random"]),
                        ": single weeks are kept from training. Too good, and here only for comparison with the paper.",
                    ),
                ]
            ),
            Heading("What a range means"),
            "The figures were computed again many times on learners drawn at random from those measured (a "
            "bootstrap of learners, not of rows). The range holds most of the results. It says how far chance in "
            "who took part can move a figure. It does not cover a change of the course, of its assessment or of how "
            "learners use the site.",
            Heading("What a risk is"),
            Bullets(
                [
                    f"A risk of 40% means that of 100 learners with such records, about 40 {page.bad} in the courses "
                    "measured. It does not say which.",
                    *_thresholds(page),
                    "Learners who had already left at a cut-off are not predicted and not counted there.",
                    "The model sees what the learning platform recorded. Illness, work, and study away from the "
                    "platform are not in it.",
                    "A cause is not shown. What the model looks at may be a sign of trouble rather than its source.",
                ]
            ),
        ],
        id="limits",
    )


def card(page: CardFigures) -> Section:
    gaps = "; ".join(row.title for row in page.evaluation.missing if row.share > 0.5)
    return Section(
        "Limits",
        [
            Bullets(
                [
                    "The model sees what the learning platform recorded. Illness, work, care for others, and study "
                    "away from the platform are not in it.",
                    "It shows no cause. What it looks at may be a sign of trouble rather than its source.",
                    "A withdrawal can be a good decision; the label does not know.",
                    ("It raises false alarms and misses learners: see ", Link("Whom it flags", "#whom-it-flags"), "."),
                    "The figures are of the past. A change of the course, of its work or of how learners use the "
                    "platform is not in their ranges.",
                    *([_missing(gaps)] if gaps else []),
                ]
            )
        ],
    )


def _thresholds(page: Figures) -> list[Text]:
    levels = page.evaluation.thresholds
    if levels is None:
        return []
    return [f"High is a risk of {hundred(levels.high)}% or more, medium one of {hundred(levels.medium)}% or more."]


def _missing(gaps: str) -> str:
    return f"More than half of the training rows had no value of: {gaps}. The median was put in its place."


REPORTSECTION = ReportSection("limits", report=report, report_order=110, card=card, card_order=150)
