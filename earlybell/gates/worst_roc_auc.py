"""The gate on the AUC in the worst course run: no run may be told apart far worse than the mean says.

Where course runs were not measured one by one, nothing is asked.
"""

from earlybell.gates.gate import Gate, where_measured

GATE = Gate(
    "worst_roc_auc",
    metric="roc_auc",
    at_least=True,
    setting="min_worst_auc",
    applies=where_measured,
    order=5,
)
