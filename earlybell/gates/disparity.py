"""The gate on disparity: learners of one group must not be found far less often than those of another.

Without protected attributes, or at 1, nothing is asked.
"""

from earlybell.gates.gate import Gate

GATE = Gate(
    "disparity",
    setting="max_disparity",
    applies=lambda figure, bound: figure is not None and bound < 1,
    order=3,
)
