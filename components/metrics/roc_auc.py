"""The area under the ROC curve."""

from components.metrics import Metric
from components.metrics.sample import Floats, Sample


def _compute(sample: Sample) -> Floats:
    return sample.ranking.roc_auc


METRIC = Metric(
    "roc_auc",
    _compute,
    "AUC",
    "Of one learner who {bad} and one who did not, how often the first had the higher risk: "
    "0.5 is guessing, 1 is perfect.",
    higher_is_better=True,
    order=1,
)
