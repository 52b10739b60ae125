"""Labels: what came of each moment, and which rows are held out together."""

from components.label.outcome import label_outcomes
from components.label.rubric import label_rubric

__all__ = ["label_outcomes", "label_rubric"]
