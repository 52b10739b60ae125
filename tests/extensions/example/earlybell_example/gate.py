"""A model must not be sure of what then does not happen."""

from earlybell.gates import Gate

GATE = Gate("log_loss", bound=2.0)
