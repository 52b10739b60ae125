"""The artifacts of the evaluate component, as a dashboard of KFP finds them."""

from pathlib import Path
from typing import Any

import pytest
from kfp import dsl

from components.evaluate.component import evaluate
from components.evaluate.fairness import ATTRIBUTES
from earlybell.bundle import read_bundle
from earlybell.bundle.figures import MetricRow

Artifacts = dict[str, Any]


@pytest.fixture(scope="module")
def artifacts(
    site: Path,
    features: Path,
    labels: Path,
    targets: Path,
    heads: Path,
    candidates: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Artifacts:
    """What the component itself writes, by the names of its outputs."""
    out = tmp_path_factory.mktemp("component")
    kinds = {"bundle": dsl.Model, "metrics": dsl.Metrics, "curves": dsl.ClassificationMetrics}
    kinds["slices"] = dsl.SlicedClassificationMetrics
    outputs = {name: kind(name=name, uri=str(out / name)) for name, kind in kinds.items()}
    evaluate.python_func(
        candidates=[dsl.Model(uri=str(candidates["logistic"]))],
        tables=dsl.Dataset(uri=str(site)),
        examples=dsl.Dataset(uri=str(features)),
        labels=dsl.Dataset(uri=str(labels)),
        targets=dsl.Dataset(uri=str(targets)),
        heads=dsl.Model(uri=str(heads)),
        label_kind="outcome",
        capacity=0.2,
        cost_miss=0.0,
        cost_false_alarm=0.0,
        min_auc=0.5,
        max_calibration_error=0.5,
        max_disparity=0.9,
        min_brier_skill=-1.0,
        min_worst_auc=0.0,
        max_worst_calibration_error=1.0,
        without_gates="",
        **outputs,
    )
    return outputs


@pytest.fixture(scope="module")
def rows(artifacts: Artifacts) -> list[MetricRow]:
    evaluation = read_bundle(Path(artifacts["bundle"].path)).evaluation
    return [row for row in evaluation.metrics if (row.split, row.cutoff) == ("course_run", 0.4)]


def _matrix(rows: list[MetricRow], group: str) -> list[dict[str, list[int]]]:
    found = {row.metric: int(row.value) for row in rows if row.group == group and row.value is not None}
    cells = (("true_negatives", "false_positives"), ("false_negatives", "true_positives"))
    return [{"row": [found[name] for name in row]} for row in cells]


def test_a_slice_is_the_confusion_matrix_of_a_group_of_one_attribute(
    artifacts: Artifacts, rows: list[MetricRow]
) -> None:
    slices = {
        one["slice"]: one["sliceClassificationMetrics"] for one in artifacts["slices"].metadata["evaluationSlices"]
    }
    shown = {row.group for row in rows if row.metric == "true_positives" and row.group.startswith(ATTRIBUTES)}
    assert set(slices) == shown
    assert {group.partition("=")[0] for group in slices} == set(ATTRIBUTES)
    for group, found in slices.items():
        assert found["confusionMatrix"]["rows"] == _matrix(rows, group)
        names = [one["displayName"] for one in found["confusionMatrix"]["annotationSpecs"]]
        assert names == ["passed", "failed or left"]


def test_the_curves_hold_the_confusion_matrix_of_all_learners(artifacts: Artifacts, rows: list[MetricRow]) -> None:
    assert artifacts["curves"].metadata["confusionMatrix"]["rows"] == _matrix(rows, "all")
    assert len(artifacts["curves"].metadata["confidenceMetrics"]) > 10


def test_metrics_are_those_of_all_learners_by_cutoff(artifacts: Artifacts, rows: list[MetricRow]) -> None:
    (auc,) = (row.value for row in rows if (row.group, row.metric) == ("all", "roc_auc"))
    assert artifacts["metrics"].metadata["roc_auc_at_40_percent"] == auc
