"""The gate on the Brier skill: a risk must say more than the base rate does. Evaluations of before do not record it."""

from earlybell.gates.gate import Gate, where_measured

GATE = Gate(
    "brier_skill",
    at_least=True,
    setting="min_brier_skill",
    applies=where_measured,
    order=4,
)
