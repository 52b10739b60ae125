"""The candidates, a module each: what is fitted, and how simple it is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from earlybell.extensions import find_extensions

SEED = 42


@dataclass(frozen=True)
class Rows:
    """Training rows.

    Attributes:
        names: of the features.
        values: raw features (n, features), NaN where there is no value.
        scaled: what the estimator is fitted on, same shape: in 0..1, without missing values.
        label, learner: of each row (n,); learners are numbers.
        weight: how many moments each row stands for (n,).
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.float32]
    scaled: npt.NDArray[np.float32]
    label: npt.NDArray[np.int32]
    learner: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]

    def where(self, mask: npt.NDArray[Any]) -> "Rows":
        arrays = (self.values, self.scaled, self.label, self.learner, self.weight)
        return Rows(self.names, *(array[mask] for array in arrays))


@dataclass(frozen=True)
class Candidate:
    """A kind of model. `complexity` orders candidates: where the difference is noise, the simpler is chosen.

    A `baseline` is what a site could do without a model: every report compares the chosen candidate with it.

    `fit` takes rows and, for each feature, the direction its effect may have (1, 0 or -1). It returns a fitted
    `LogisticRegression`, `RandomForestClassifier` or `XGBClassifier`: of these a bundle has the ONNX and the reasons.
    """

    name: str
    title: str
    remarks: str
    complexity: int
    fit: Callable[[Rows, list[int]], Any]
    baseline: bool = False


@cache
def find_candidates() -> dict[str, Candidate]:
    """Every candidate by its name, the simplest first.

    Raises:
        SettingError: as `find_extensions`.
    """
    candidates = find_extensions("candidates", Candidate, __name__)
    return dict(sorted(candidates.items(), key=lambda item: item[1].complexity))
