"""The last step of a pipeline: says that the run succeeded, by gauges which a Pushgateway keeps for the alerts."""

from components.succeeded.gauges import push

__all__ = ["push"]
