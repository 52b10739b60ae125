"""The retraining pipeline: whether to train again, and if so, a version with a proposal that waits for a person."""

from typing import Any, NamedTuple

from kfp import dsl

from components.evaluate.component import compare
from components.monitor.component import monitor
from components.pushgateway.component import push_gauges
from components.registry.component import list_trainings, propose
from components.report.component import monitoring_report, proposal_report
from components.retrain.component import decide
from pipelines.cluster import LIGHT, MLFLOW, MODELS, PUSHGATEWAY, STORE, TABLES, TRAIL, on_cluster
from pipelines.inputs import Inputs, read_inputs
from pipelines.settings import RetrainingSettings, as_parameters
from pipelines.training import JUDGED_BY, trained

# What `decide` is told beside what `evaluate` is.
DECIDED_BY = ("label_kind", "rubric", "calendar_days", "margin", "cool_down_days", "budget", "approval")


class Outputs(NamedTuple):
    decision: dsl.Artifact
    page: dsl.HTML


def _pushed(result: Any) -> Any:
    started = dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER
    return push_gauges(pipeline="retraining", started=started, result=result)


def _proposed(inputs: Inputs, decision: Any, settings: RetrainingSettings) -> None:
    """The steps of a training, and what a person decides on. The version comes last, whole with its proposal."""
    judged_by = {**{name: getattr(settings, name) for name in JUDGED_BY}, "without_gates": ""}
    made = trained(inputs.tables, settings.label_kind, settings.rubric, settings.engine, judged_by)
    compared = compare(
        champion=inputs.bundle,
        candidates=dsl.Collected(made.model),
        bundle=made.bundle,
        tables=inputs.tables,
        examples=made.examples,
        labels=made.labels,
        decision=decision,
    )
    reported = proposal_report(proposal=compared.outputs["proposal"])
    proposed = propose(
        model_name=settings.model_name,
        approval=settings.approval,
        trail=settings.trail,
        trail_anchors=settings.trail_anchors,
        bundle=made.bundle,
        tables=inputs.tables,
        proposal=compared.outputs["proposal"],
        page=reported.outputs["page"],
    )
    on_cluster(compared, MODELS)
    on_cluster(reported, LIGHT)
    on_cluster(proposed, LIGHT, MLFLOW, STORE, TRAIL)
    on_cluster(_pushed(made.bundle).after(proposed), LIGHT, PUSHGATEWAY)


@dsl.pipeline(name="earlybell-retraining", description="A new version, where one is due, for a person to approve.")
@as_parameters(RetrainingSettings)
def retraining(
    sources: list,  # type: ignore[type-arg] # KFP knows no list of strings
    settings: RetrainingSettings,
) -> Outputs:
    """From sources and the champion to a decision, and to a version with a proposal where it is to train.

    Args:
        sources: each as `kind:place`, on a cluster below /sources; those of the training and of the prediction.
    """
    inputs = read_inputs(sources, settings)
    monitored = monitor(since=settings.since, as_of=settings.as_of, bundle=inputs.bundle, tables=inputs.tables)
    watched = monitoring_report(figures=monitored.outputs["figures"])
    listed = list_trainings(model_name=settings.model_name)
    decided = decide(
        champion=inputs.bundle,
        tables=inputs.tables,
        figures=monitored.outputs["figures"],
        trainings=listed.outputs["trainings"],
        **{name: getattr(settings, name) for name in (*JUDGED_BY, *DECIDED_BY)},
    ).after(watched)  # the gauge, left behind the decision, says that all succeeded
    on_cluster(monitored, TABLES)
    on_cluster(watched, LIGHT)
    on_cluster(listed, LIGHT, MLFLOW)
    on_cluster(decided, TABLES, sources=True)
    with dsl.If(decided.outputs["train"] == "yes", name="train"):
        _proposed(inputs, decided.outputs["decision"], settings)
    with dsl.Else(name="no-training"):
        on_cluster(_pushed(decided.outputs["decision"]), LIGHT, PUSHGATEWAY)
    return Outputs(decision=decided.outputs["decision"], page=watched.outputs["page"])
