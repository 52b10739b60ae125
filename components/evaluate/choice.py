"""The rule that chooses among candidates: the simplest of those that the best does not clearly beat.

They are compared by Brier skill, which is lost by risks in the wrong order and by risks that are too high or too low.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from components.evaluate.metrics import interval
from components.metrics.sample import Floats
from earlybell.bundle import Training
from earlybell.bundle.evaluation import Gain

DECIDES = "brier_skill"
BESIDE = "roc_auc"
_WORDS = {"course_run": "within course runs left out", "learner": "of learners left out"}

ByCutoff = Mapping[float, Floats]  # a figure (1 + resamples,) at each cut-off


def choose(
    training: Mapping[str, Training], skill: Mapping[str, ByCutoff], auc: Mapping[str, ByCutoff], split: str
) -> tuple[str, str]:
    """The chosen candidate's name, and the rule in a sentence with the figures that decided.

    Args:
        training: of each candidate, by its name.
        skill: for each candidate the Brier skill (1 + resamples,) by cut-off; the resamples draw the same course runs
            and learners for all.
        auc: likewise the AUC, which decides nothing.
    """
    means = {name: _mean(by_cutoff) for name, by_cutoff in skill.items()}
    best = max(means, key=lambda name: float(means[name][0]))
    as_good = [name for name in means if name == best or not _clearly_better(means[best], means[name])]
    chosen = min(as_good, key=lambda name: training[name].complexity)

    def figures(name: str) -> str:
        return f"{training[name].title} reaches {means[name][0]:.3f} (AUC {_mean(auc[name])[0]:.3f})"

    baseline = " A baseline is as good." if training[chosen].baseline else ""
    rule = f"Chosen by Brier skill {_WORDS[split]}, mean over the cut-offs: {figures(chosen)}"
    if chosen == best:
        return chosen, f"{rule}, the best; a simpler one would be taken where the difference is noise.{baseline}"
    gap = f"{figures(best)}, a difference within noise"
    return chosen, f"{rule} and is simpler; {gap} (95% interval of paired resamples holds 0).{baseline}"


def gain_over_baseline(training: Mapping[str, Training], skill: Mapping[str, ByCutoff], chosen: str) -> Gain | None:
    """What the chosen candidate gains over the better baseline; where it is one, what the best other gains over it.

    Args:
        training, skill: as `choose` takes them.

    Returns:
        None where there is no baseline, or nothing else.
    """
    means = {name: _mean(by_cutoff) for name, by_cutoff in skill.items()}

    def best(names: Iterable[str]) -> str:
        return max(names, key=lambda name: float(means[name][0]), default="")

    baselines = {name for name in means if training[name].baseline}
    candidate, baseline = chosen, best(sorted(baselines))
    if chosen in baselines:
        candidate, baseline = best(name for name in means if name not in baselines), chosen
    if not candidate or not baseline:
        return None
    return Gain(candidate=candidate, baseline=baseline, brier_skill=interval(means[candidate] - means[baseline]))


def _mean(by_cutoff: ByCutoff) -> Floats:
    """Over the cut-offs that have both labels; NaN in resamples that drew one label only for any of them."""
    return np.asarray(np.mean([values for values in by_cutoff.values() if not np.isnan(values[0])], axis=0))


def _clearly_better(best: Floats, other: Floats) -> bool:
    """Where no resample could be measured nothing is clear."""
    difference = (best - other)[1:]
    difference = difference[~np.isnan(difference)]
    return bool(len(difference) and np.quantile(difference, 0.025) > 0)
