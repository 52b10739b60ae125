"""Rows as other sources and other courses have them, so that a model knows such rows too."""

from dataclasses import replace

import numpy as np

from components.examples import Examples
from earlybell.bundle import Catalogue, Feature

_ELEMENTS_OF_WORK = ("assignment_completion", "pre_test_scores", "post_test_scores")  # of the rubric


def as_elsewhere(examples: Examples, catalogue: Catalogue) -> Examples:
    """Take from some learners what others lack.

    From every fourth what a source with daily sums lacks. From every seventh what there is of work, as before any was
    due: counts are 0, the rest is missing.
    """
    values = examples.values.copy()
    for i, feature in enumerate(catalogue.features):
        if feature.needs == "raw":
            values[examples.learner % 4 == 0, i] = np.nan
        if _is_of_work(feature):
            values[examples.learner % 7 == 0, i] = 0.0 if feature.unit == "count" else np.nan
    return replace(examples, values=values)


def _is_of_work(feature: Feature) -> bool:
    """Whether it says what became of work. Clicks on the pages of work do not."""
    return feature.element in _ELEMENTS_OF_WORK and feature.family != "participation"
