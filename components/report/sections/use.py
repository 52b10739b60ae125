"""Whom the model is for, and what for."""

from components.report.blocks import Bullets, Code, Section
from components.report.figures import CardFigures
from components.report.sections import ReportSection


def card(page: CardFigures) -> Section:
    days = page.days_needed
    return Section(
        "Intended use",
        [
            Bullets(
                [
                    "Teachers and advisers use it while a course is running, week by week, to decide whom to look "
                    "at first.",
                    *([] if days is None else [f"It speaks of a learner from {days:g} days of teaching on."]),
                    "A high risk is a reason to look and to ask. A person decides whether help is offered, and the "
                    "learner whether to take it.",
                    "A low risk is no reason to turn away whoever asks for help.",
                    (
                        "University IT and those who run the model use this card and the report (",
                        Code("earlybell report"),
                        ") to compare versions.",
                    ),
                ]
            )
        ],
    )


REPORTSECTION = ReportSection("use", card=card, card_order=10)
