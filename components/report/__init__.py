"""The report and the model card: a bundle in pictures, tables and words. Neither is part of the seal."""

from components.report.card import card, write_card
from components.report.report import write_report

__all__ = ["card", "write_card", "write_report"]
