"""The sections of the report and of the model card: a module each, and nothing else names it."""

from collections.abc import Callable
from dataclasses import dataclass

from components.report.blocks import Section
from components.report.figures import CardFigures, Figures
from earlybell.extensions import find_extensions

LAST = 1000


@dataclass(frozen=True)
class ReportSection:
    """A section of the report, of the model card, or of both.

    Attributes:
        name: its own, as `calibration`.
        report, card: what the figures of an evaluation and its verdict say; None where they say nothing of it.
        report_order, card_order: where it stands. The first section of a page is set apart.
    """

    name: str
    report: Callable[[Figures], Section | None] | None = None
    card: Callable[[CardFigures], Section | None] | None = None
    report_order: int = LAST
    card_order: int = LAST


def report_sections(page: Figures) -> list[Section]:
    """The sections of the report, in their order."""
    sections = sorted(_every(), key=lambda section: section.report_order)
    written = (section.report(page) for section in sections if section.report)
    return [section for section in written if section]


def card_sections(page: CardFigures) -> list[Section]:
    """The sections of the card, in their order."""
    sections = sorted(_every(), key=lambda section: section.card_order)
    written = (section.card(page) for section in sections if section.card)
    return [section for section in written if section]


def _every() -> list[ReportSection]:
    """Raises:
    SettingError: as `find_extensions`.
    """
    return list(find_extensions("report_sections", ReportSection, __name__).values())
