"""The gate on the AUC: a model must tell learners apart."""

from earlybell.gates.gate import Gate

GATE = Gate("roc_auc", at_least=True, setting="min_auc", order=1)
