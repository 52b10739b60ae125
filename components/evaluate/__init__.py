"""Evaluation: measures candidates through `earlybell.predict`, chooses, seals the bundle, writes the report."""

from components.evaluate.evaluate import evaluate
from components.evaluate.operating import Policy
from components.evaluate.report import write_report

__all__ = ["Policy", "evaluate", "write_report"]
