"""The training pipeline: from sources to a registered version."""

from typing import Any, NamedTuple

from kfp import dsl

from components.evaluate.component import evaluate, gates
from components.extract.component import extract, validate
from components.features.component import features
from components.label.component import label
from components.pushgateway.component import push_gauges
from components.registry.component import register
from components.report.component import report
from components.train import CANDIDATES
from components.train.component import train
from pipelines.cluster import LIGHT, MLFLOW, MODELS, PSEUDONYM, PUSHGATEWAY, STORE, TABLES, TRAIL, on_cluster
from pipelines.settings import TrainingSettings, as_parameters


class Outputs(NamedTuple):
    tables: dsl.Dataset
    bundle: dsl.Model
    report: dsl.HTML
    version: dsl.Artifact


def _trained(tables: Any, label_kind: str, rubric: str, engine: str, settings: dict[str, Any]) -> Any:
    """The steps from checked tables to the judged bundle of the chosen candidate.

    Args:
        settings: of the policy and of the gates, by their names.
    """
    examples = on_cluster(features(engine=engine, tables=tables), MODELS).outputs["examples"]
    labelled = label(kind=label_kind, rubric=rubric, tables=tables, examples=examples)
    labels = on_cluster(labelled, TABLES, sources=True).outputs["labels"]
    with dsl.ParallelFor(list(CANDIDATES), name="candidates") as candidate:
        trained = on_cluster(train(candidate=candidate, examples=examples, labels=labels), MODELS)
    measured = evaluate(
        candidates=dsl.Collected(trained.outputs["model"]),
        tables=tables,
        examples=examples,
        labels=labels,
        label_kind=label_kind,
        **settings,
    )
    return on_cluster(measured, MODELS).outputs["bundle"]


@dsl.pipeline(name="earlybell-training", description="From learner activity to an explained, registered risk model.")
@as_parameters(TrainingSettings)
def training(
    sources: list,  # type: ignore[type-arg] # KFP knows no list of strings
    settings: TrainingSettings,
) -> Outputs:
    """From sources to a registered version.

    Args:
        sources: each as `kind:place`, on a cluster below /sources.
    """
    extracted = extract(sources=sources, max_bad_share=settings.max_bad_share)
    validated = validate(tables=extracted.outputs["tables"], max_bad_share=settings.max_bad_share)
    checked = validated.outputs["checked"]
    judged_by = {
        "capacity": settings.capacity,
        "cost_miss": settings.cost_miss,
        "cost_false_alarm": settings.cost_false_alarm,
        "min_auc": settings.min_auc,
        "max_calibration_error": settings.max_calibration_error,
        "max_disparity": settings.max_disparity,
        "without_gates": settings.without_gates,
    }
    bundle = _trained(checked, settings.label_kind, settings.rubric, settings.engine, judged_by)
    reported = report(bundle=bundle)
    judged = gates(
        bundle=bundle,
        model_name=settings.model_name,
        trail=settings.trail,
        trail_anchors=settings.trail_anchors,
    ).after(reported)  # what misses a gate has a report all the same
    registered = register(bundle=bundle, tables=checked, model_name=settings.model_name).after(judged)
    started = dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER
    pushed = push_gauges(pipeline="training", started=started, result=bundle).after(registered)
    on_cluster(extracted, TABLES, PSEUDONYM, sources=True)
    on_cluster(validated, TABLES)
    on_cluster(registered, LIGHT, MLFLOW, STORE)
    on_cluster(judged, LIGHT, TRAIL)
    on_cluster(reported, LIGHT)
    on_cluster(pushed, LIGHT, PUSHGATEWAY)
    return Outputs(
        tables=checked,
        bundle=bundle,
        report=reported.outputs["page"],
        version=registered.outputs["version"],
    )


@dsl.pipeline(name="earlybell-reproduction", description="A model again from its tables; nothing is registered.")
def reproduction(
    tables: str,
    label_kind: str,
    capacity: float,
    cost_miss: float,
    cost_false_alarm: float,
    min_auc: float,
    max_calibration_error: float,
    max_disparity: float,
    without_gates: str = TrainingSettings.without_gates,
    rubric: str = TrainingSettings.rubric,
    engine: str = TrainingSettings.engine,
) -> dsl.Model:
    """From the folder of a snapshot of checked tables to a bundle; the rest as in `training`."""
    settings = {"capacity": capacity, "cost_miss": cost_miss, "cost_false_alarm": cost_false_alarm}
    settings |= {"min_auc": min_auc, "max_calibration_error": max_calibration_error, "max_disparity": max_disparity}
    checked = dsl.importer(artifact_uri=tables, artifact_class=dsl.Dataset, reimport=True).output
    return _trained(checked, label_kind, rubric, engine, settings | {"without_gates": without_gates})
