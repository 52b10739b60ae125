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
from pipelines.cluster import LIGHT, MLFLOW, MODELS, PSEUDONYM, PUSHGATEWAY, STORE, TABLES, on_cluster


class Outputs(NamedTuple):
    tables: dsl.Dataset
    bundle: dsl.Model
    report: dsl.HTML
    version: dsl.Artifact


def _trained(tables: Any, label_kind: str, rubric: str, engine: str, policy: dict[str, float]) -> Any:
    """The steps from checked tables to the bundle of the chosen candidate."""
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
        **policy,
    )
    return on_cluster(measured, MODELS).outputs["bundle"]


@dsl.pipeline(name="earlybell-training", description="From learner activity to an explained, registered risk model.")
def training(
    sources: list,  # type: ignore[type-arg] # KFP knows no list of strings
    model_name: str = "learner-risk",
    label_kind: str = "outcome",
    rubric: str = "",
    max_bad_share: float = 0.01,
    pass_mark: str = "",
    timezone: str = "UTC",
    engine: str = "duckdb",
    min_auc: float = 0.65,
    max_calibration_error: float = 0.15,
    max_disparity: float = 0.1,
    capacity: float = 0.2,
    cost_miss: float = 0.0,
    cost_false_alarm: float = 0.0,
) -> Outputs:
    """From sources to a registered version.

    Args:
        sources: each as `kind:place`, on a cluster below /sources.
        model_name: name of the registered model.
        label_kind: what is warned of: `outcome` (fail or withdrawn) or `rubric` (below the rubric's threshold).
        rubric: a site's own rubric.yaml, where every task can read it; ours without it.
        max_bad_share: share of bad rows of a file above which the run stops.
        pass_mark, timezone: of `moodle-log:`, the final grade below which a learner failed, and the clock of its times.
        engine: what computes the features: `duckdb`, or the site's `pyspark`.
        min_auc, max_calibration_error, max_disparity: the gates, at 40% of course runs that were left out.
        capacity: learners of a course run that the staff can see a week; below 1: a share of them.
        cost_miss, cost_false_alarm: if above 0, thresholds come from them and not from the capacity.
    """
    extracted = extract(sources=sources, max_bad_share=max_bad_share, pass_mark=pass_mark, timezone=timezone)
    validated = validate(tables=extracted.outputs["tables"], max_bad_share=max_bad_share)
    checked = validated.outputs["checked"]
    policy = {"capacity": capacity, "cost_miss": cost_miss, "cost_false_alarm": cost_false_alarm}
    bundle = _trained(checked, label_kind, rubric, engine, policy)
    reported = report(bundle=bundle)
    judged = gates(
        bundle=bundle, min_auc=min_auc, max_calibration_error=max_calibration_error, max_disparity=max_disparity
    )
    registered = register(bundle=bundle, tables=checked, model_name=model_name).after(judged)
    started = dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER
    pushed = push_gauges(pipeline="training", started=started, result=bundle).after(registered)
    on_cluster(extracted, TABLES, PSEUDONYM, sources=True)
    on_cluster(validated, TABLES)
    on_cluster(registered, LIGHT, MLFLOW, STORE)
    on_cluster(judged, LIGHT)
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
    rubric: str = "",
    engine: str = "duckdb",
) -> dsl.Model:
    """From the folder of a snapshot of checked tables to a bundle; the rest as in `training`."""
    policy = {"capacity": capacity, "cost_miss": cost_miss, "cost_false_alarm": cost_false_alarm}
    checked = dsl.importer(artifact_uri=tables, artifact_class=dsl.Dataset, reimport=True).output
    return _trained(checked, label_kind, rubric, engine, policy)
