"""The rule that chooses among candidates: the simplest of those that the best does not clearly beat."""

from collections.abc import Mapping

import numpy as np

from components.evaluate.metrics import Floats
from earlybell.bundle import Training

_WORDS = {"course_run": "course runs left out", "learner": "learners left out"}


def choose(training: Mapping[str, Training], auc: dict[str, dict[float, Floats]], split: str) -> tuple[str, str]:
    """The chosen candidate's name, and the rule in a sentence with the figures that decided.

    Args:
        training: of each candidate, by its name.
        auc: for each candidate the AUC (1 + resamples,) by cut-off, of those cut-offs where it could be measured; the
            resamples draw the same learners for all.
    """
    means = {name: _mean(by_cutoff) for name, by_cutoff in auc.items()}
    best = max(means, key=lambda name: float(means[name][0]))
    as_good = [name for name in means if name == best or not _clearly_better(means[best], means[name])]
    chosen = min(as_good, key=lambda name: training[name].complexity)
    said = f"Chosen by mean AUC over the cut-offs with {_WORDS[split]}: "
    figure = f"{training[chosen].title} reaches {means[chosen][0]:.3f}"
    if chosen == best:
        return chosen, f"{said}{figure}, the best; a simpler one would be taken where the difference is noise."
    gap = f"{training[best].title} reaches {means[best][0]:.3f}, a difference within noise"
    return chosen, f"{said}{figure} and is simpler; {gap} (95% interval of paired resamples of learners holds 0)."


def _mean(by_cutoff: dict[float, Floats]) -> Floats:
    """Over the cut-offs that have both labels; NaN in resamples that drew one label only for any of them."""
    return np.asarray(np.mean([values for values in by_cutoff.values() if not np.isnan(values[0])], axis=0))


def _clearly_better(best: Floats, other: Floats) -> bool:
    """Where no resample could be measured nothing is clear."""
    difference = (best - other)[1:]
    known = difference[~np.isnan(difference)]
    return bool(len(known) and np.quantile(known, 0.025) > 0)
