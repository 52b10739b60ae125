"""The last step of a pipeline: says that the run succeeded, by gauges which a Pushgateway keeps for the alerts."""

from components.pushgateway.gauges import push

__all__ = ["push"]
