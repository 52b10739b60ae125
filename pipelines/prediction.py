"""The prediction pipeline: from sources and a version of the model to predictions and worklists of a whole site."""

from typing import NamedTuple

from kfp import dsl

from components.extract.component import extract, validate
from components.predict.component import predict
from components.pushgateway.component import push_gauges
from components.registry.component import fetch
from pipelines.cluster import LIGHT, MLFLOW, PSEUDONYM, PUSHGATEWAY, STORE, TABLES, TRAIL, on_cluster
from pipelines.settings import PredictionSettings, as_parameters


class Outputs(NamedTuple):
    bundle: dsl.Model
    predictions: dsl.Dataset
    worklist: dsl.Dataset


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
    fetched = fetch(
        model_name=settings.model_name,
        version=settings.version,
        folder=settings.bundle,
        model_version=settings.model_version,
    )
    extracted = extract(sources=sources, max_bad_share=settings.max_bad_share)
    checked = validate(tables=extracted.outputs["tables"], max_bad_share=settings.max_bad_share)
    predicted = predict(
        as_of=settings.as_of,
        capacity=settings.capacity,
        trail=settings.trail,
        trail_anchors=settings.trail_anchors,
        bundle=fetched.outputs["bundle"],
        tables=checked.outputs["checked"],
    )
    pushed = push_gauges(
        pipeline="prediction",
        started=dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER,
        result=predicted.outputs["predictions"],
    )
    on_cluster(fetched, LIGHT, MLFLOW, STORE, sources=True)
    on_cluster(extracted, TABLES, PSEUDONYM, sources=True)
    on_cluster(checked, TABLES)
    on_cluster(predicted, TABLES, TRAIL)
    on_cluster(pushed, LIGHT, PUSHGATEWAY)
    return Outputs(
        bundle=fetched.outputs["bundle"],
        predictions=predicted.outputs["predictions"],
        worklist=predicted.outputs["worklist"],
    )
