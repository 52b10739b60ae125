"""The prediction pipeline: from sources and a version of the model to predictions and worklists of a whole site."""

from typing import NamedTuple

from kfp import dsl

from components.extract.component import extract, validate
from components.predict.component import predict
from components.pushgateway.component import push_gauges
from components.registry.component import fetch
from pipelines.cluster import LIGHT, MLFLOW, PSEUDONYM, PUSHGATEWAY, STORE, TABLES, TRAIL, on_cluster


class Outputs(NamedTuple):
    bundle: dsl.Model
    predictions: dsl.Dataset
    worklist: dsl.Dataset


@dsl.pipeline(name="earlybell-prediction", description="Who is at risk on a whole site, why, and whom to see first.")
def prediction(
    sources: list,  # type: ignore[type-arg] # KFP knows no list of strings
    model_name: str = "learner-risk",
    version: str = "champion",
    bundle: str = "",
    as_of: str = "now",
    capacity: float = 0.0,
    max_bad_share: float = 0.01,
    pass_mark: str = "",
    timezone: str = "UTC",
    trail: str = "",
    trail_anchors: str = "",
    model_version: str = "",
) -> Outputs:
    """From sources to predictions and worklists. Nothing is cached: each run reads the sources, and the alias, anew.

    Args:
        sources: each as `kind:place`, on a cluster below /sources; `tables:` for canonical tables.
        model_name, version: of the registered model, and its version or alias.
        bundle: the folder of a bundle that every task can read, instead of a registered version.
        as_of: `now`, a date or time (by the site's clock where it has no zone), a share of the run, or `weekly`.
        capacity: learners of a course run that the staff can see; below 1: a share of them; 0: the bundle's own.
        max_bad_share, pass_mark, timezone: as in training.
        trail: address of the audit trail; empty: that of EARLYBELL_TRAIL; none is kept without it.
        trail_anchors: file for the heads of its chains, or `none`; empty: beside an SQLite store.
        model_version: what records call the version of `bundle`; empty: the first digits of its digest.
    """
    fetched = fetch(model_name=model_name, version=version, folder=bundle, model_version=model_version)
    extracted = extract(sources=sources, max_bad_share=max_bad_share, pass_mark=pass_mark, timezone=timezone)
    checked = validate(tables=extracted.outputs["tables"], max_bad_share=max_bad_share)
    predicted = predict(
        as_of=as_of,
        capacity=capacity,
        trail=trail,
        trail_anchors=trail_anchors,
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
