"""Whether a model in use is still right: data, drift, estimates, early labels, outcomes, actions and groups."""

from components.monitor.monitor import DAYS, Period, monitor, read_period

__all__ = ["DAYS", "Period", "monitor", "read_period"]
