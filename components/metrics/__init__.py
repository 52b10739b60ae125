"""The metrics, a module each: how one is measured, and the words in which the report and the card speak of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from components.metrics.sample import Floats, Sample
from earlybell.errors import SettingError
from earlybell.extensions import find_extensions


@dataclass(frozen=True)
class Metric:
    """A figure of a candidate's risks.

    Attributes:
        name: as `roc_auc`.
        compute: the figure (resamples,) of a sample, once for each row of its weights; NaN where it is not possible.
        title: in a table; empty: no table of the report has it.
        meaning: in a sentence, where {bad} is what the label says of a learner.
        percent: whether it is written in percent.
        higher_is_better: None: neither is.
        signed: whether its sign says a direction: over course runs its size is averaged.
        least: of a figure whose values may lie below what it can be.
        order: of our own ones, in evaluation.json and in tables.
    """

    name: str
    compute: Callable[[Sample], Floats]
    title: str = ""
    meaning: str = ""
    percent: bool = False
    higher_is_better: bool | None = None
    signed: bool = False
    least: float | None = None
    order: int = 99


@cache
def find_metrics() -> dict[str, Metric]:
    """Every metric by its name, our own first.

    Raises:
        SettingError: as `find_extensions`.
    """
    return find_extensions("metrics", Metric, __name__)


def measured(metric: Metric, sample: Sample) -> Floats:
    """The figure (resamples,) of a sample.

    Raises:
        SettingError: the metric gives another number of figures.
    """
    values = np.asarray(metric.compute(sample), dtype=np.float64)
    if values.shape != (len(sample.weights),):
        way_out = f"Give one figure for each row of the weights: {(len(sample.weights),)}."
        raise SettingError(f"metric {metric.name} has another shape", values.shape, way_out)
    return values
