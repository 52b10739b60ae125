"""The gate on the calibration error in the worst course run: the next run may be off as far.

Where course runs were not measured one by one, nothing is asked.
"""

from earlybell.gates.gate import Gate, where_measured

GATE = Gate(
    "worst_calibration_error",
    metric="calibration_error",
    setting="max_worst_calibration_error",
    applies=where_measured,
    order=6,
)
