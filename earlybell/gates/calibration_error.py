"""The gate on the calibration error: a risk must mean what it says."""

from earlybell.gates.gate import Gate

GATE = Gate("calibration_error", setting="max_calibration_error", order=2)
