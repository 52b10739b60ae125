"""Labels: what came of each moment, and which rows are held out together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.label.beside import label_rubric_and_overlap
from components.label.folds import check_enough
from components.label.outcome import label_outcomes
from components.label.rubric import label_rubric

# By what is warned of: (tables, folder of features, file to write, a site's own rubric) to what was counted.
LABELS: dict[str, Callable[[Path, Path, Path, Path | None], dict[str, Any]]] = {
    "outcome": lambda tables, features, out, _: label_outcomes(tables, features, out),
    "rubric": label_rubric_and_overlap,
}

__all__ = ["LABELS", "check_enough", "label_outcomes", "label_rubric"]
