"""What the model is given of a learner, and what never."""

from components.report.blocks import Bullets, Section, Strong, Text
from components.report.figures import CardFigures
from components.report.groups import PROTECTED
from components.report.sections import ReportSection
from components.report.words import percent

_MOST = 5


def card(page: CardFigures) -> Section:
    features = page.catalogue.features
    weightiest = [f"{row.title} ({percent(row.share)})" for row in page.evaluation.importance[:_MOST]]
    return Section(
        "What goes in",
        [
            f"{len(features)} features of the learner's own records and of the course's calendar, as known before the "
            "moment of the prediction:",
            Bullets(_families(page)),
            f"What moves its predictions most: {', '.join(weightiest)}." if weightiest else None,
            _protected(page),
        ],
    )


def _families(page: CardFigures) -> list[Text]:
    families: dict[str, list[str]] = {}
    for feature in page.catalogue.features:
        families.setdefault(feature.family, []).append(feature.title)
    return [
        (Strong(family.capitalize()), f" ({len(titles)}): {', '.join(titles)}.") for family, titles in families.items()
    ]


def _protected(page: CardFigures) -> Text:
    inputs = [name for name in page.catalogue.names if name in PROTECTED]
    if inputs:
        return (
            Strong("This model breaks a rule of Earlybell:"),
            f" among its inputs are protected attributes: {', '.join(inputs)}. Do not use it.",
        )
    return (
        f"Never an input: {', '.join(PROTECTED.values())}. None of the features is one of these. Names and ids of "
        "learners are no inputs either, nor are the records of classmates."
    )


REPORTSECTION = ReportSection("inputs", card=card, card_order=40)
