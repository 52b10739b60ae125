"""What the model is not for."""

from components.report.blocks import Bullets, Code, Link, Section, Text
from components.report.figures import CardFigures
from components.report.sections import ReportSection


def card(page: CardFigures) -> Section:
    days = page.days_needed
    early: Text = (
        f"Learners who have been taught for less than {days or 0:g} days: they get no band but ",
        Code("insufficient_evidence"),
        ".",
    )
    return Section(
        "Out of scope",
        [
            Bullets(
                [
                    "Grading, admission, sanctions, grants, employment.",
                    "Any decision about a learner that no person makes.",
                    "Judging teachers or courses: a risk is about records of learners, not about the worth of "
                    "teaching.",
                    (
                        "Courses unlike those it learned from (",
                        Link("below", "#the-data"),
                        "): of another length, with other kinds of work, or where the platform is used in another way. "
                        "Measure it there first, with ",
                        Code("earlybell evaluate"),
                        ".",
                    ),
                    *([] if days is None else [early]),
                    "Learners who have already left a course run.",
                ]
            )
        ],
    )


REPORTSECTION = ReportSection("scope", card=card, card_order=20)
