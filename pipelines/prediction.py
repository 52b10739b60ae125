"""The prediction pipeline: from sources and a version to predictions, worklists and corrections of a whole site."""

from typing import NamedTuple

from kfp import dsl

from components.predict.component import predict
from components.pushgateway.component import push_gauges
from pipelines.cluster import LIGHT, PUSHGATEWAY, TABLES, TRAIL, on_cluster
from pipelines.inputs import read_inputs
from pipelines.settings import PredictionSettings, as_parameters


class Outputs(NamedTuple):
    bundle: dsl.Model
    predictions: dsl.Dataset
    worklist: dsl.Dataset
    corrections: dsl.Dataset


@dsl.pipeline(name="earlybell-prediction", description="Who is at risk on a whole site, why, and whom to see first.")
@as_parameters(PredictionSettings)
def prediction(
    sources: list,  # type: ignore[type-arg] # KFP knows no list of strings
    settings: PredictionSettings,
) -> Outputs:
    """From sources to predictions and worklists. Nothing is cached: each run reads the sources, and the alias, anew.

    Args:
        sources: each as `kind:place`, on a cluster below /sources; `tables:` for canonical tables.
    """
    inputs = read_inputs(sources, settings)
    predicted = predict(
        as_of=settings.as_of,
        capacity=settings.capacity,
        trail=settings.trail,
        trail_anchors=settings.trail_anchors,
        bundle=inputs.bundle,
        tables=inputs.tables,
    )
    pushed = push_gauges(
        pipeline="prediction",
        started=dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER,
        result=predicted.outputs["predictions"],
    )
    on_cluster(predicted, TABLES, TRAIL)
    on_cluster(pushed, LIGHT, PUSHGATEWAY)
    return Outputs(
        bundle=inputs.bundle,
        predictions=predicted.outputs["predictions"],
        worklist=predicted.outputs["worklist"],
        corrections=predicted.outputs["corrections"],
    )
