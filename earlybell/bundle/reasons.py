"""reasons.json: how the effects of features are computed, and the way from the score to the risk."""

from typing import Literal

from msgspec import Struct

Space = Literal["log-odds", "probability"]


class Platt(Struct, frozen=True):
    """The calibration: risk = sigmoid(slope * z + intercept), where z are the score's log-odds."""

    slope: float
    intercept: float


class LinearReasons(Struct, frozen=True, tag_field="kind", tag="linear", kw_only=True):
    """Of a linear model: an effect is the feature's coefficient times its scaled value's distance from the mean.

    Attributes:
        space: what the score and its effects are.
        base: the score that effects start from.
        coefficients, means: of the scaled features, shape (features,), in the catalogue's order.
    """

    space: Space
    base: float
    calibration: Platt
    coefficients: tuple[float, ...]
    means: tuple[float, ...]


class TreeReasons(Struct, frozen=True, tag_field="kind", tag="trees", kw_only=True):
    """Of trees: effects are TreeSHAP's, by the file trees.ubj. The rest as of a linear model."""

    space: Space
    base: float
    calibration: Platt


Reasons = LinearReasons | TreeReasons
