"""The average precision: the area under the precision-recall curve."""

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    return sample.ranking.pr_auc


METRIC = Metric(
    "pr_auc",
    _compute,
    "PR-AUC",
    "Precision averaged over all thresholds; guessing reaches the base rate.",
    higher_is_better=True,
    order=2,
)
