"""The report and the model card: a bundle in pictures, tables and words. Neither is part of the seal."""

from components.report.card import card, write_card
from components.report.figures import Figures
from components.report.report import write_report
from components.report.sections import ReportSection

__all__ = ["Figures", "ReportSection", "card", "write_card", "write_report"]
