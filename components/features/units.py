"""What follows from a feature's unit: the digits that its words show, and what its values can be."""

from msgspec import structs

from earlybell.bundle import Feature

_DIGITS = {"share": 2, "per week": 1, "ratio": 1}  # of other units whole numbers are shown
_SHARES = ("share", "yes or no")  # from 0 to 1
_WHOLE = ("count", "yes or no")


def with_unit(feature: Feature) -> Feature:
    """The feature with what its unit says; a `least` or `most` of its own stays.

    What has other words below zero ("below|above") has no least value.
    """
    is_share, signed = feature.unit in _SHARES, "|" in feature.words
    least, most = (None if signed and not is_share else 0.0), (1.0 if is_share else None)
    return structs.replace(
        feature,
        digits=_DIGITS.get(feature.unit, 0),
        least=least if feature.least is None else feature.least,
        most=most if feature.most is None else feature.most,
        whole=feature.unit in _WHOLE,
    )
