"""The KServe runtime: raw activity in, a calibrated risk with reasons out. `earlybell serve` starts it."""
