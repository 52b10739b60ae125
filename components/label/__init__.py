"""Labels: what came of each moment, and which rows are held out together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.label.outcome import label_outcomes
from components.label.rubric import label_rubric

# By what is warned of: (tables, folder of features, file to write) to what was counted.
LABELS: dict[str, Callable[[Path, Path, Path], dict[str, Any]]] = {"outcome": label_outcomes, "rubric": label_rubric}

__all__ = ["LABELS", "label_outcomes", "label_rubric"]
