"""reasons.json: how the effects of features are computed, and the way from the score to the risk."""

import math
from typing import Literal

from msgspec import Struct

Space = Literal["log-odds", "probability"]


class Platt(Struct, frozen=True):
    """The calibration: risk = sigmoid(slope * z + intercept), where z are the score's log-odds.

    `edge`: a score that is a probability is cut to edge..1 - edge before it becomes log-odds, as in the model's graph.
    """

    slope: float
    intercept: float
    edge: float = 0.0


class _Reasons(Struct, frozen=True, tag_field="kind", kw_only=True):
    """What reasons of any kind say.

    Attributes:
        space: what the score and its effects are.
        base: the score that effects start from.
        calibration: from the score to the risk.
    """

    space: Space
    base: float
    calibration: Platt

    def risk(self, score: float) -> float:
        """The risk that a score means."""
        z = score
        if self.space == "probability":
            p = min(max(score, self.calibration.edge), 1 - self.calibration.edge)
            z = math.log(p / (1 - p))
        return 1 / (1 + math.exp(-(self.calibration.slope * z + self.calibration.intercept)))


class LinearReasons(_Reasons, frozen=True, tag="linear", kw_only=True):
    """Of a linear model: an effect is the feature's coefficient times its scaled value's distance from the mean.

    `coefficients` and `means` are of the scaled features, shape (features,), in the catalogue's order.
    """

    coefficients: tuple[float, ...]
    means: tuple[float, ...]


class TreeReasons(_Reasons, frozen=True, tag="trees", kw_only=True):
    """Of trees: effects are TreeSHAP's, by the file trees.ubj."""


Reasons = LinearReasons | TreeReasons
