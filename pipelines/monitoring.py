"""The monitoring pipeline: from sources and a version to figures, a page and gauges; nightly, after prediction."""

from typing import NamedTuple

from kfp import dsl

from components.monitor.component import monitor
from components.pushgateway.component import push_watched
from components.report.component import monitoring_report
from pipelines.cluster import LIGHT, PUSHGATEWAY, TABLES, on_cluster
from pipelines.inputs import read_inputs
from pipelines.settings import MonitoringSettings, as_parameters


class Outputs(NamedTuple):
    figures: dsl.Dataset
    page: dsl.HTML


@dsl.pipeline(name="earlybell-monitoring", description="Whether a model in use is still right, and who should know.")
@as_parameters(MonitoringSettings)
def monitoring(
    sources: list,  # type: ignore[type-arg] # KFP knows no list of strings
    settings: MonitoringSettings,
) -> Outputs:
    """From sources to figures of each course run under way, and of those whose outcomes have come.

    Args:
        sources: each as `kind:place`, on a cluster below /sources; those of the prediction.
    """
    inputs = read_inputs(sources, settings)
    monitored = monitor(
        since=settings.since,
        as_of=settings.as_of,
        bundle=inputs.bundle,
        tables=inputs.tables,
    )
    reported = monitoring_report(figures=monitored.outputs["figures"])
    pushed = push_watched(
        started=dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER, figures=monitored.outputs["figures"]
    ).after(reported)
    on_cluster(monitored, TABLES)
    on_cluster(reported, LIGHT)
    on_cluster(pushed, LIGHT, PUSHGATEWAY)
    return Outputs(figures=monitored.outputs["figures"], page=reported.outputs["page"])
