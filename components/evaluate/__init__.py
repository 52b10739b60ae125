"""Evaluation: measures candidates through `earlybell.predict`, chooses, and seals the bundle."""

from components.evaluate.evaluate import evaluate
from components.evaluate.operating import Policy

__all__ = ["Policy", "evaluate"]
