"""Labels: what came of each moment, and which rows are held out together."""

from components.label.outcome import label_outcomes

__all__ = ["label_outcomes"]
