"""Whether a site's values are like those that the model learned from."""

import numpy as np

from earlybell.bundle import Bundle
from earlybell.predict import Observed, outside_of

_LEAST_SHARE = 0.1  # fewer are single learners, whom the rule of evidence knows
_MOST_NAMED = 3


def unfamiliar(observed: Observed, bundle: Bundle) -> dict[str, float]:
    """The share of a feature's values that lie outside of what training saw, by its title, the largest first.

    Of the features with a tenth of their values there or more; values that are missing do not count.
    """
    names = bundle.catalogue.names
    outside = outside_of(observed.values, names, bundle.bands.ranges).sum(axis=0)
    shares = outside / np.maximum(1, (~np.isnan(observed.values)).sum(axis=0))
    by_title = {feature.title: float(share) for feature, share in zip(bundle.catalogue.features, shares, strict=True)}
    large = {title: share for title, share in by_title.items() if share >= _LEAST_SHARE}
    return dict(sorted(large.items(), key=lambda item: -item[1]))


def unfamiliar_words(shares: dict[str, float]) -> str:
    """A line that names the features with the largest shares."""
    named = "; ".join(f"{share:.0%} of {title!r}" for title, share in list(shares.items())[:_MOST_NAMED])
    rest = f"; and {len(shares) - _MOST_NAMED} more" if len(shares) > _MOST_NAMED else ""
    return f"values outside of what the model saw in training: {named}{rest}"
