"""The training pipeline: from sources to a registered version."""

from typing import Any, NamedTuple

from kfp import dsl

from components.evaluate.component import evaluate, gates
from components.extract.component import extract
from components.features.component import features
from components.label.component import label
from components.pushgateway.component import push_gauges
from components.registry.component import register
from components.report.component import report
from components.train import find_candidates
from components.train.component import heads, train
from earlybell.bundle.manifest import Policy
from earlybell.gates import Gates
from pipelines.cluster import LIGHT, MLFLOW, MODELS, MOODLE, PSEUDONYM, PUSHGATEWAY, STORE, TABLES, TRAIL, on_cluster
from pipelines.settings import TrainingSettings, as_parameters

# What `evaluate` is told of the policy and of the gates.
JUDGED_BY = (*Policy.__struct_fields__, *Gates.__struct_fields__)


class Outputs(NamedTuple):
    tables: dsl.Dataset
    bundle: dsl.Model
    report: dsl.HTML
    version: dsl.Artifact


class Trained(NamedTuple):
    """What the steps of a training give: each candidate's folder, in a loop, and the judged bundle of the chosen one.

    KFP changes what collects a loop when a task takes it: who takes `model` collects it anew.
    """

    examples: Any
    labels: Any
    model: Any
    bundle: Any


def trained(tables: Any, label_kind: str, rubric: str, engine: str, settings: dict[str, Any]) -> Trained:
    """The steps from canonical tables to the judged bundle of the chosen candidate.

    Args:
        settings: of the policy and of the gates, by their names.
    """
    examples = on_cluster(features(engine=engine, tables=tables), MODELS).outputs["examples"]
    labelled = label(kind=label_kind, rubric=rubric, tables=tables, examples=examples)
    outputs = on_cluster(labelled, TABLES, sources=True).outputs
    labels, targets = outputs["labels"], outputs["targets"]
    foretold = on_cluster(heads(examples=examples, labels=labels, targets=targets), MODELS).outputs["models"]
    with dsl.ParallelFor(list(find_candidates()), name="candidates") as candidate:
        fitted = on_cluster(train(candidate=candidate, examples=examples, labels=labels), MODELS)
    measured = evaluate(
        candidates=dsl.Collected(fitted.outputs["model"]),
        tables=tables,
        examples=examples,
        labels=labels,
        targets=targets,
        heads=foretold,
        label_kind=label_kind,
        **settings,
    )
    return Trained(examples, labels, fitted.outputs["model"], on_cluster(measured, MODELS).outputs["bundle"])


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
    tables = extracted.outputs["tables"]
    judged_by = {name: getattr(settings, name) for name in (*JUDGED_BY, "without_gates")}
    bundle = trained(tables, settings.label_kind, settings.rubric, settings.engine, judged_by).bundle
    reported = report(bundle=bundle)
    judged = gates(
        bundle=bundle,
        model_name=settings.model_name,
        trail=settings.trail,
        trail_anchors=settings.trail_anchors,
    ).after(reported)  # what misses a gate has a report all the same
    registered = register(bundle=bundle, tables=tables, model_name=settings.model_name).after(judged)
    started = dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER
    pushed = push_gauges(pipeline="training", started=started, result=bundle).after(registered)
    on_cluster(extracted, TABLES, PSEUDONYM, MOODLE, sources=True)
    on_cluster(registered, LIGHT, MLFLOW, STORE)
    on_cluster(judged, LIGHT, TRAIL)
    on_cluster(reported, LIGHT)
    on_cluster(pushed, LIGHT, PUSHGATEWAY)
    return Outputs(
        tables=tables,
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
    min_brier_skill: float,
    min_worst_auc: float,
    max_worst_calibration_error: float,
    without_gates: str = TrainingSettings.without_gates,
    rubric: str = TrainingSettings.rubric,
    engine: str = TrainingSettings.engine,
) -> dsl.Model:
    """From the folder of a snapshot of tables to a bundle; the rest as in `training`."""
    settings = {"capacity": capacity, "cost_miss": cost_miss, "cost_false_alarm": cost_false_alarm}
    settings |= {"min_auc": min_auc, "max_calibration_error": max_calibration_error, "max_disparity": max_disparity}
    settings |= {"min_brier_skill": min_brier_skill, "min_worst_auc": min_worst_auc}
    settings |= {"max_worst_calibration_error": max_worst_calibration_error}
    snapshot = dsl.importer(artifact_uri=tables, artifact_class=dsl.Dataset, reimport=True).output
    judged_by = settings | {"without_gates": without_gates}
    return trained(snapshot, label_kind, rubric, engine, judged_by).bundle
