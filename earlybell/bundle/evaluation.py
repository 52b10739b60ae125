"""evaluation.json: what was measured of the candidates, which one was chosen, and what to expect of it."""

from functools import cached_property
from pathlib import Path

from msgspec import Struct, structs

from earlybell.bundle.bands import LevelError
from earlybell.bundle.figures import EACH_RUN, Curve, Measured, MetricRow, Quartiles, most_honest_split
from earlybell.bundle.heads import Head
from earlybell.bundle.json_files import read_json
from earlybell.bundle.training import Training

FORMAT = 2
_Figure = tuple[str, str, float | None, str, str]  # candidate, split, cut-off, group, metric


class Thresholds(Struct, frozen=True):
    """The risk from which on a learner is called high, and medium."""

    high: float
    medium: float


class Capacity(Struct, frozen=True, kw_only=True):
    """What a threshold would have meant for learners that the model had not seen.

    Attributes:
        share: of the learners, whom the staff see a week.
        high: the threshold.
        flagged_a_week, rightly_a_week: learners of a course run, and those of them with label 1.
        rightly: the share of flags that are right.
        found: the share of those with label 1 who were flagged in some week.
        lead_days: days from a learner's first right flag to what may come too late to help, by its name.
    """

    share: float
    high: float
    flagged_a_week: Measured
    rightly_a_week: Measured
    rightly: Measured
    found: Measured
    lead_days: dict[str, Quartiles]


class OperatingPoint(Struct, frozen=True, kw_only=True):
    """The thresholds, the `rule` that decided them in words, and what `high` means; the rest as of `Capacity`."""

    rule: str
    high: float
    medium: float
    flagged_a_week: Measured = Measured()
    rightly_a_week: Measured = Measured()
    rightly: Measured = Measured()
    found: Measured = Measured()
    lead_days: dict[str, Quartiles] = {}
    capacities: tuple[Capacity, ...] = ()


class EvidenceRule(Struct, frozen=True):
    """The rules of evidence, as of the bands."""

    days_needed: float
    most_outside: int
    level_error: LevelError | None = None


class EvidenceRow(Struct, frozen=True, kw_only=True):
    """What the rule of evidence would give up and gain: `coverage` is the share of moments that get a band.

    `used` is the row of the rule that the bundle has. The figures are of those with enough evidence.
    """

    most_outside: int
    used: bool = False
    coverage: float
    roc_auc: Measured = Measured()
    accuracy: Measured = Measured()
    brier: Measured = Measured()
    calibration_error: Measured = Measured()


class CourseEvidence(Struct, frozen=True, kw_only=True):
    """A course run that was left out: what the rules of evidence answer there, and how right that is.

    Attributes:
        split, cutoff, course_id: what was left out, when, and which run it is.
        earlier_runs: whether the model knew earlier runs of the course.
        learners: of the run at that time.
        share: of them, those with enough evidence of their own.
        certainty: how far their risks differ, in level errors of the other courses; None: a very small class.
        answered: whether that is enough.
        brier_skill, calibration_error: of those with enough evidence of their own, answered or not.
    """

    split: str
    cutoff: float
    course_id: str
    earlier_runs: bool
    learners: int
    share: float
    certainty: float | None
    answered: bool
    brier_skill: Measured = Measured()
    calibration_error: Measured = Measured()


class CoverageRow(Struct, frozen=True, kw_only=True):
    """A bin of similar risks: their mean, their mean interval, what came true (`seen`), and if that lies `within`."""

    risk: float
    low: float
    high: float
    seen: Measured
    within: bool
    rows: int


class IndicatorAgreement(Struct, frozen=True, kw_only=True):
    """A derived indicator beside a teacher's ratings: shares that are the same, within one, and weighted kappa."""

    n: int
    exact: float | None
    within_one: float | None
    kappa: float | None


class Overlap(Struct, frozen=True):
    """The AUC of the label of what comes after a moment, and of the label of the whole run."""

    after: Measured
    whole: Measured


class RubricFacts(Struct, frozen=True, kw_only=True):
    """The rubric of a rubric label: its version and threshold, what it could not label, and how far it agrees."""

    version: str
    threshold: float
    unlabelled: int = 0
    unknown_ratings: dict[str, int] = {}
    agreement: dict[str, IndicatorAgreement] = {}
    overlap: Overlap | None = None


class CourseRun(Struct, frozen=True, kw_only=True):
    """A course run that was learned from; `base_rate` is the share of its learners with label 1."""

    course_id: str
    learners: int | None = None
    moments: int | None = None
    base_rate: float | None = None


class Helped(Struct, frozen=True):
    """Learners who were shown help during their run, how many by kind of it, and how training treated them."""

    learners: int = 0
    kinds: dict[str, int] = {}
    treatment: str = ""


class Data(Struct, frozen=True, kw_only=True):
    """The data that was learned from; `notes` are sentences of extraction and evaluation."""

    sources: tuple[str, ...] = ()
    digest: str = ""
    learners: int | None = None
    moments: int | None = None
    course_runs: tuple[CourseRun, ...] = ()
    helped: Helped = Helped()
    notes: tuple[str, ...] = ()


class Importance(Struct, frozen=True, kw_only=True):
    """A feature's share of all effects, and the correlation of its value with its effect."""

    feature: str
    title: str
    family: str
    share: float
    direction: float | None


class TwoEffects(Struct, frozen=True):
    """The effect of one feature by two ways to explain."""

    feature: str
    title: str
    shap: float
    lime: float


class ReasonsAgreement(Struct, frozen=True, kw_only=True):
    """LIME beside SHAP.

    Attributes:
        learner: the strongest effects on one learner's score.
        correlation: Spearman's of all effects, mean over learners; None where it is not possible.
        shared: of the five strongest features, how many both name, on average.
        learners: how many were looked at.
    """

    learner: tuple[TwoEffects, ...] = ()
    correlation: float | None = None
    shared: float
    learners: int


class RiskChange(Struct, frozen=True):
    """The size of a change of risk: in the middle case, and what one of ten exceeds."""

    median: float | None
    p90: float | None


class Stability(Struct, frozen=True, kw_only=True):
    """The same learners a week later: how far their risks moved, and how many of five reasons are the same."""

    risk_change: RiskChange
    shared: float | None
    pairs: int


class MissingValues(Struct, frozen=True):
    """The share of training rows that had no value of a feature."""

    feature: str
    title: str
    share: float


class Gain(Struct, frozen=True, kw_only=True):
    """What a candidate gains over a baseline: the difference of Brier skill, mean over the cut-offs, of both in the
    same resamples."""

    candidate: str
    baseline: str
    brier_skill: Measured


class HeadRow(Struct, frozen=True, kw_only=True):
    """A figure of a head within course runs left out, averaged over them.

    Attributes:
        by: who answers: `model`, `mean` (of the very learners of the run that are measured) or `last` (the learner's
            latest score, or that mean where there is none).
        cutoff: the share of the course run that had passed.
        metric: as `roc_auc`, `mae`, `agreement` (with the risk: the rank correlation in the direction of the head) or
            `coverage` (of the interval).
        worst: of the runs, and `worst_run` its name; `runs` how many were measured.
    """

    by: str
    cutoff: float
    metric: str
    mean: Measured
    worst: float | None
    worst_run: str
    runs: int


class Contradicted(Struct, frozen=True, kw_only=True):
    """Moments that a head would contradict, of those in a band, and the share with label 1 of them and of the others.

    `borne_out`: of 20 learners or more, and right: of those called high fewer had label 1 than of the others, of those
    called low more. Else the head does not contradict this band.
    """

    band: str
    moments: int
    contradicted: int
    share: float | None
    share_contradicted: float | None
    borne_out: bool


class HeadFigures(Struct, frozen=True, kw_only=True):
    """What was measured of a head out of fold.

    Attributes:
        split: what was left out.
        moments: that it learned from.
        mean: of what it learned: the share with target 1, or the mean score.
        gains: by baseline, the part of its squared error that the head saves, mean over cut-offs; 0: no better.
        agreement: with the risk, mean over cut-offs.
        answered: whether it does better than each baseline, and agrees; else `why` not.
        coverage: of the interval, which it was made for; None of a probability.
    """

    head: Head
    split: str
    moments: int
    mean: float
    gains: dict[str, Measured] = {}
    agreement: Measured = Measured()
    answered: bool = False
    why: str = ""
    coverage: float | None = None
    rows: tuple[HeadRow, ...] = ()
    contradicted: tuple[Contradicted, ...] = ()


class Evaluation(Struct, frozen=True, kw_only=True, dict=True):
    """What was measured; what an older evaluation does not record is empty.

    Attributes:
        label: what label 1 means, as `outcome`.
        chosen: the name of the chosen candidate, by the `rule` in words.
        split: the most honest split that could be measured; empty: none.
        gain: of the chosen candidate over the better baseline; where a baseline was chosen, of the best other over it.
        cutoffs: shares of a course run at which candidates were measured.
        threshold: of accuracy, precision, recall and the counts.
        missing: the features without a value in training, those that lack most first.
        heads: what else was learned, answered or not.
    """

    format: int = 1
    label: str = "not recorded"
    chosen: str = "not recorded"
    split: str = ""
    rule: str = ""
    gain: Gain | None = None
    cutoffs: tuple[float, ...] = ()
    threshold: float = 0.5
    thresholds: Thresholds | None = None
    operating_point: OperatingPoint | None = None
    evidence_rule: EvidenceRule | None = None
    evidence: tuple[EvidenceRow, ...] = ()
    course_evidence: tuple[CourseEvidence, ...] = ()
    coverage: tuple[CoverageRow, ...] = ()
    rubric: RubricFacts | None = None
    data: Data = Data()
    candidates: tuple[Training, ...] = ()
    metrics: list[MetricRow] = []
    curves: list[Curve] = []
    importance: tuple[Importance, ...] = ()
    agreement: ReasonsAgreement | None = None
    stability: Stability | None = None
    missing: tuple[MissingValues, ...] = ()
    heads: tuple[HeadFigures, ...] = ()
    seed: int | None = None

    def figure(
        self, metric: str, cutoff: float | None, *, candidate: str = "", split: str = "", group: str = ""
    ) -> MetricRow | None:
        """One figure, by default of the chosen candidate in the most honest split; None where it was not measured.

        Without a group it is the mean over course runs, or of all together where runs were not measured.
        """
        rows, subject = self._figures, (candidate or self.chosen, split or self.split, cutoff)
        if group:
            return rows.get((*subject, group, metric))
        return rows.get((*subject, EACH_RUN, metric)) or rows.get((*subject, "all", metric))

    def by_run(self, metric: str, cutoff: float | None, *, split: str = "") -> dict[str, MetricRow]:
        """A figure of the chosen candidate within each course run in which it could be measured."""
        runs = (run.course_id for run in self.data.course_runs)
        rows = {run: self.figure(metric, cutoff, split=split, group=run) for run in runs}
        return {run: row for run, row in rows.items() if row is not None and row.value is not None}

    def worst_run(
        self, metric: str, cutoff: float | None, *, higher_is_better: bool, split: str = ""
    ) -> MetricRow | None:
        """A figure of the chosen candidate in the course run where it is worst; None without figures of runs."""
        rows = self.by_run(metric, cutoff, split=split).values()
        worst = min if higher_is_better else max
        return worst(rows, key=lambda row: row.value or 0.0, default=None)

    @cached_property
    def _figures(self) -> dict[_Figure, MetricRow]:
        return {(row.candidate, row.split, row.cutoff, row.group, row.metric): row for row in self.metrics}


def read_evaluation(path: Path) -> Evaluation:
    """Read an evaluation of this format or an older one.

    Raises:
        BundleError: it cannot be read.
    """
    return upgraded(read_json(path, Evaluation))


def upgraded(evaluation: Evaluation) -> Evaluation:
    """An evaluation in this format: format 1 did not say which split was the most honest."""
    if evaluation.format >= FORMAT:
        return evaluation
    return structs.replace(evaluation, format=FORMAT, split=most_honest_split(evaluation.metrics))
