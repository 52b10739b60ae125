"""What was known of learners who were helped."""

from components.report.blocks import Section
from components.report.figures import CardFigures
from components.report.sections import ReportSection
from components.report.words import count
from earlybell.counts import counted


def card(page: CardFigures) -> Section:
    helped = page.data.helped
    if not helped.learners:
        nobody = (
            "None recorded. If some were helped all the same, records like theirs look less risky here than they "
            "are without help."
        )
        return Section("Learners who were helped", [nobody])
    kinds = ", ".join(f"{kind} ({count(learners)})" for kind, learners in helped.kinds.items())
    treatment = helped.treatment or "The bundle does not record how training treated them."
    learners = counted(helped.learners, "learner was", "learners were")
    shown = f"{learners} shown help during the course runs that it learned from"
    return Section("Learners who were helped", [f"{shown}{f': {kinds}' if kinds else ''}. {treatment}"])


REPORTSECTION = ReportSection("helped", card=card, card_order=160)
