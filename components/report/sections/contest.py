"""What a learner can do about a prediction, and whom to ask."""

import re

from components.report.blocks import Bullets, Code, Link, Part, Section, Strong
from components.report.figures import CardFigures
from components.report.sections import ReportSection

_NAME = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_ADDRESS = re.compile(rf"(https?://[^\s<>]*[^\s<>.,;:!?)]|[\w.+-]+@{_NAME}(?:\.{_NAME})+)", re.ASCII)


def card(page: CardFigures) -> Section:
    return Section(
        "How to contest a prediction",
        [
            "A learner can, at any time and without any disadvantage,",
            Bullets(
                [
                    "ask for the reasons: which risk was stated when, by which version, from which records, who saw "
                    "it, and what followed;",
                    "ask a person to look at it, who can set it aside;",
                    "have wrong or missing records corrected, and the prediction made again;",
                    "opt out, where the site offers it: whether and how, it decides.",
                ]
            ),
            ("Ask: ", *(linked(page.contact) or _NOT_NAMED)),
            ("Name the course, the day, and this version: ", Code(page.digest[:12]), "."),
        ],
    )


_NOT_NAMED: tuple[Part, ...] = (
    Strong("not named yet"),
    " (the site names one with ",
    Code("--contact"),
    " or ",
    Code("EARLYBELL_CONTACT"),
    ")",
)


def linked(text: str) -> tuple[Part, ...]:
    """Text whose web and e-mail addresses are links."""
    parts = enumerate(_ADDRESS.split(text))
    return tuple(Link(part, _target(part)) if i % 2 else part for i, part in parts if part)


def _target(address: str) -> str:
    return address if address.startswith(("http://", "https://")) else f"mailto:{address}"


REPORTSECTION = ReportSection("contest", card=card, card_order=170)
