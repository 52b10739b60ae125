"""Groups with one label, and groups without anybody: they are skipped and said, and no figure stands for them."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from components.evaluate import evaluate
from components.evaluate.choice import choose
from components.evaluate.explanations import stability
from components.evaluate.metrics import interval, intervals, measure, resample
from components.evaluate.operating import Policy, operating_point
from components.evaluate.rubric import _auc
from components.evaluate.splits import honest_splits
from components.evaluate.subject import Counts, Subject
from components.examples import Examples, read_examples
from components.report import card, write_report
from components.train import train
from earlybell.bundle import Evaluation, Training, read_bundle, read_candidate
from earlybell.bundle.evaluation import RiskChange, Stability
from earlybell.bundle.figures import EACH_RUN, Measured, MetricRow
from earlybell.bundle.json_files import read_json
from earlybell.cli import show
from earlybell.errors import GateError, TrainingError
from earlybell.gates import Gates, judge
from earlybell.predict import Predictor
from earlybell.tables.sql import connect, parquet, quoted

NOBODY = np.empty(0)


def _site(features: Path, labels: Path, out: Path, *, runs: str, label: str) -> tuple[Path, Path]:
    """The features and labels of some course runs and learners of the site, their labels set by SQL."""
    out.mkdir()
    for name in ("features.sql", "catalogue.json"):
        (out / name).write_text((features / name).read_text())
    moments = parquet(features / "features.parquet")
    kept = f"SELECT * FROM {moments} WHERE {runs}"
    connect().execute(f"COPY ({kept} ORDER BY moment_id) TO {quoted(out / 'features.parquet')} (FORMAT parquet)")
    found = f"SELECT l.* REPLACE ({label} AS label) FROM {parquet(labels)} l JOIN ({kept}) USING (moment_id)"
    connect().execute(f"COPY ({found} ORDER BY moment_id) TO {quoted(out / 'labels.parquet')} (FORMAT parquet)")
    return out, out / "labels.parquet"


def _evaluated(site: Path, made: tuple[Path, Path], out: Path) -> Evaluation:
    for name in ("logistic", "tuned"):
        train(name, *made, out / name)
    return evaluate([out / "logistic", out / "tuned"], *made, site, out / "bundle")


@pytest.fixture(scope="module")
def runs(features: Path, labels: Path) -> list[str]:
    found = read_examples(features, labels)[1].course_id
    return sorted(set(found.tolist()))


@pytest.fixture(scope="module")
def in_one_run(
    site: Path, features: Path, labels: Path, runs: list[str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Evaluation, Path]:
    """Everybody passes but in the first run."""
    out = tmp_path_factory.mktemp("in_one_run")
    made = _site(features, labels, out / "made", runs="true", label=f"if(course_id = {quoted(runs[0])}, label, 0)")
    return _evaluated(site, made, out), out


def test_where_one_run_alone_has_both_outcomes_learners_are_left_out_and_it_is_said(
    in_one_run: tuple[Evaluation, Path], runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found, out = in_one_run
    said = f"not possible since only {runs[0]} has learners of both outcomes at 40% of it: figures are of"
    assert said in found.rule
    assert said in found.data.notes[-1]
    assert {row.split for row in found.metrics} == {"learner", "random"}
    write_report(found, out / "report.html")
    assert said in (out / "report.html").read_text()
    assert "**No whole course run could be left out**" in card(read_bundle(out / "bundle"))
    show.comparison(found)
    show.trust(found)
    printed = " ".join(capsys.readouterr().out.split())
    assert "Candidates, learners left out" in printed
    assert said in printed


def test_a_fold_that_leaves_one_label_is_skipped_and_named(in_one_run: tuple[Evaluation, Path]) -> None:
    _, out = in_one_run
    training = read_json(out / "logistic" / "training.json", Training)
    assert training.skipped == ("course-0", "course_run-0")
    assert not (out / "logistic" / "course_run-0").exists()
    assert (out / "logistic" / "course_run-1" / "model.onnx").exists()


def test_such_a_model_is_sealed_and_judged_by_what_was_measured(in_one_run: tuple[Evaluation, Path]) -> None:
    found, out = in_one_run
    assert read_bundle(out / "bundle").manifest.label == "outcome"
    metrics = {finding.metric: finding.value for finding in judge(found, Gates()).findings}
    rows = {row.metric: row.value for row in found.metrics if row.split == "learner" and _at_gate(found, row)}
    assert metrics["roc_auc"] == rows["roc_auc"] is not None
    assert metrics["calibration_error"] == rows["calibration_error"] is not None


def _at_gate(found: Evaluation, row: MetricRow) -> bool:
    return (row.candidate, row.cutoff, row.group) == (found.chosen, 0.4, EACH_RUN)


def test_one_class_in_one_of_several_runs_leaves_the_split_by_course_run(
    site: Path, features: Path, labels: Path, runs: list[str], tmp_path: Path
) -> None:
    passed = f"if(course_id = {quoted(runs[1])}, 0, label)"
    found = _evaluated(site, _site(features, labels, tmp_path / "made", runs="true", label=passed), tmp_path)
    wanted = (found.chosen, "course_run", 0.4)
    rows = [row for row in found.metrics if (row.candidate, row.split, row.cutoff) == wanted]
    auc = {row.group: row.value for row in rows if row.metric == "roc_auc"}
    assert auc[runs[1]] is None
    assert auc["all"] is not None
    assert "not possible" not in found.rule
    assert auc[runs[0]] is not None


def test_one_run_only_is_measured_with_learners_left_out(
    site: Path, features: Path, labels: Path, runs: list[str], tmp_path: Path
) -> None:
    made = _site(features, labels, tmp_path / "made", runs=f"course_id = {quoted(runs[0])}", label="label")
    found = _evaluated(site, made, tmp_path)
    assert "A split by course run is not possible with one course run" in found.rule
    assert {row.split for row in found.metrics} == {"learner", "random"}


def test_runs_of_three_learners_are_trained_on_and_measured_together(
    site: Path, features: Path, labels: Path, tmp_path: Path
) -> None:
    """A dozen runs of three: in most of them all have the same outcome, in a few not."""
    of_three = "'run-' || lpad((dense_rank() OVER (ORDER BY learner_id) // 3)::VARCHAR, 3, '0')"
    first = f"SELECT DISTINCT learner_id FROM {parquet(features / 'features.parquet')} ORDER BY learner_id LIMIT 36"
    made = _site(features, labels, tmp_path / "made", runs=f"learner_id IN ({first})", label="label")
    table = parquet(made[0] / "features.parquet")
    regrouped = f"SELECT * REPLACE ({of_three} AS course_id) FROM {table} ORDER BY moment_id"
    connect().execute(f"COPY ({regrouped}) TO {quoted(tmp_path / 'new.parquet')} (FORMAT parquet)")
    (tmp_path / "new.parquet").replace(made[0] / "features.parquet")
    folds = f"""SELECT l.* REPLACE (((dense_rank() OVER (ORDER BY course_id) - 1) % 8)::INTEGER AS run_fold)
        FROM {parquet(made[1])} l JOIN {table} USING (moment_id) ORDER BY moment_id"""
    connect().execute(f"COPY ({folds}) TO {quoted(tmp_path / 'new.parquet')} (FORMAT parquet)")
    (tmp_path / "new.parquet").replace(made[1])
    found = _evaluated(site, made, tmp_path)
    shown = {row.group: row.value for row in found.metrics if row.metric == "roc_auc" and row.cutoff == 0.4}
    assert len(shown) > 10
    assert None in shown.values()
    with pytest.raises(GateError, match="disparity is not measurable"):
        judge(found, Gates(0, 1)).require()
    judge(found, Gates(0, 1, 1, -9, 0, 1)).require()


@pytest.fixture(scope="module")
def examples(features: Path, labels: Path) -> Examples:
    return read_examples(features, labels)[1]


def test_nothing_to_measure_ends_in_a_sentence(examples: Examples) -> None:
    alike = replace(examples, label=np.where(examples.learner < 3, examples.label, 0).astype(np.int32))
    risk = np.full(len(alike), 0.5)
    risk[alike.learner < 3] = np.nan
    everything = np.ones(len(alike), dtype=bool)
    with pytest.raises(TrainingError, match=r"learner's own rows .* learners, since .* both outcomes.*Add course runs"):
        honest_splits({"logistic": {"course_run": risk, "learner": risk}}, alike, everything, "outcome")


def test_learners_whose_fold_was_skipped_are_counted(examples: Examples) -> None:
    risk = np.full(len(examples), 0.5)
    risk[examples.learner_fold == 0] = np.nan
    one_run = replace(examples, course_id=np.full(len(examples), "only", dtype=object))
    found = honest_splits({"a": {"learner": risk}}, one_run, np.ones(len(examples), dtype=bool), "rubric")
    skipped = len(np.unique(examples.learner[examples.learner_fold == 0]))
    assert found.main == "learner"
    assert found.notes[-1] == (
        f"{skipped} learners are not measured: a model without them would have learned from one label only."
    )


def test_of_nobody_every_figure_is_without_a_value_and_nothing_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = measure(NOBODY.astype(np.int32), NOBODY, resample(NOBODY.astype(np.int64), 20, seed=1))
    figures = intervals(found)
    assert figures.pop("true_positives").value == 0
    assert all(figures[name].value is None for name in ("roc_auc", "pr_auc", "brier", "calibration_error", "recall"))
    assert interval(NOBODY).value is None


def test_a_choice_needs_no_resample_and_no_cutoff_that_could_not_be_measured() -> None:
    training = {
        "simple": Training(name="simple", title="Simple", complexity=1),
        "grand": Training(name="grand", title="Grand", complexity=4),
    }
    unmeasured = np.full(21, np.nan)
    skill = {
        name: {0.2: unmeasured, 0.4: np.r_[value, unmeasured[1:]]} for name, value in (("simple", 0.6), ("grand", 0.7))
    }
    chosen, rule = choose(training, skill, skill, "learner")
    assert chosen == "simple"
    assert "Grand reaches 0.700" in rule


def test_flags_of_learners_who_all_passed_have_no_share_found(examples: Examples) -> None:
    passed = replace(examples, label=np.zeros_like(examples.label))
    found = operating_point(Policy(), np.linspace(0, 1, len(passed)), passed, {}, seed=1)
    assert found.found == Measured()
    assert found.rightly.value == 0


def test_reasons_of_learners_seen_once_have_no_week_later(candidates: dict[str, Path], examples: Examples) -> None:
    _, first = np.unique(examples.learner, return_index=True)
    found = stability(Predictor(read_candidate(candidates["logistic"] / "final")), examples.where(first), seed=1)
    assert found == Stability(risk_change=RiskChange(None, None), shared=None, pairs=0)


def test_a_rubric_label_that_is_the_same_for_all_of_a_fold_has_no_overlap_to_measure(examples: Examples) -> None:
    label = np.where(examples.learner_fold == 0, examples.label, 0).astype(np.int32)
    assert _auc(examples, label, seed=1) == Measured()
    assert _auc(examples, examples.label, seed=1).value is not None


@pytest.mark.parametrize("value", [None, float("nan")])
@pytest.mark.parametrize("metric", ["roc_auc", "calibration_error", "disparity"])
def test_a_figure_that_could_not_be_measured_passes_no_gate(metric: str, value: float | None) -> None:
    assert judge(_measured(_GOOD), Gates()).passed
    with pytest.raises(GateError, match=f"{metric} is not measurable"):
        judge(_measured(_GOOD | {metric: value}), Gates()).require()


def _measured(figures: dict[str, float | None]) -> Evaluation:
    subject = Subject("a", "course_run")
    rows = [subject.row(0.4, "all", metric, Measured(value), Counts(100, 50)) for metric, value in figures.items()]
    return Evaluation(chosen=subject.candidate, split=subject.split, metrics=rows)


_GOOD: dict[str, float | None] = {"roc_auc": 0.9, "calibration_error": 0.01, "disparity": 0.0}
