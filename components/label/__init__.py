"""Labels: what came of each moment, and which rows are held out together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.label.folds import check_enough
from components.label.foretold import label_targets
from components.label.known import check_rubric, known_labels
from components.label.outcome import label_outcomes
from components.label.overlap import label_rubric_and_overlap
from components.label.rubric import label_rubric
from components.label.scale import read_rubric
from earlybell.errors import SettingError

# By what is warned of: (tables, folder of features, file to write, a site's own rubric) to what was counted.
LABELS: dict[str, Callable[[Path, Path, Path, Path | None], dict[str, Any]]] = {
    "outcome": lambda tables, features, out, _: label_outcomes(tables, features, out),
    "rubric": label_rubric_and_overlap,
}


def check_label(kind: str, rubric: Path | None) -> None:
    """
    Raises:
        SettingError: no such label, a rubric for another label, or a rubric that cannot be read or is wrong.
    """
    if kind not in LABELS:
        raise SettingError("no such label", kind, f"Labels: {', '.join(LABELS)}.")
    if rubric and kind != "rubric":
        way_out = "Leave the rubric away, or train with --label rubric."
        raise SettingError("a rubric is given, and the label is another", kind, way_out)
    if rubric:
        read_rubric(rubric)


__all__ = [
    "LABELS",
    "check_enough",
    "check_label",
    "check_rubric",
    "known_labels",
    "label_outcomes",
    "label_rubric",
    "label_targets",
]
