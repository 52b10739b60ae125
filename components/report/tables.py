"""Tables that the report and the model card share, as text; the report draws them in HTML, the card in Markdown."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from components.report.figures import Figures, nearest_focus
from components.report.words import SPLITS, count, cutoff_title, cutoff_words, percent, ranged
from earlybell.bundle.figures import Measured, MetricRow, Quartiles

_EXPECTED = {
    "flagged_a_week": "Flagged a week in a course run",
    "rightly_a_week": "Of these rightly",
    "rightly": "Flags that are right",
    "found": "Ever flagged, of those who {bad}",
}
_DISPARITY = "Sure difference in the share found between groups"
_LATE = {
    "last_activity": "Days from the first right flag to the last activity",
    "outcome": "Days from the first right flag to the outcome",
}


class Table(NamedTuple):
    """A table; the first cell of a row names the row."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


class Tables(Figures):
    """What an evaluation says of calibration, doubt, the operating point and reasons."""

    @cached_property
    def run_table(self) -> Table:
        """How well it does in each course run at the focus."""
        metrics = ("roc_auc", "calibration_error", "calibration_gap", "base_rate")
        rows = [(run, *self.figures(metrics, self.focus, run), self.learners(self.focus, run)) for run in self.groups]
        titles = (self.words()[metric].title for metric in metrics)
        return Table(f"Figures by course run {cutoff_words(self.focus)}", ("Course run", *titles, "Learners"), rows)

    @cached_property
    def gates_table(self) -> Table | None:
        """The figures that the gates looked at beside what they asked; None without a verdict."""
        if self.verdict is None:
            return None
        titles = {name: metric.title for name, metric in self.words().items()} | {"disparity": _DISPARITY}
        rows = [
            (
                titles.get(finding.metric, finding.metric),
                finding.figure,
                finding.requirement,
                "yes" if finding.passed else "no",
            )
            for finding in self.verdict.findings
        ]
        split = SPLITS.get(self.verdict.split, "nothing measured").lower()
        caption = f"What the gates asked, {cutoff_words(self.verdict.cutoff)} ({split})"
        return Table(caption, ("Figure", "Value", "Asked", "Reached"), rows)

    @cached_property
    def table1(self) -> float | None:
        """The cut-off of the paper's Table 1, measured by the main split too: all weeks together where possible."""
        random = {row.cutoff for row in self._rows if row.split == "random"}
        shared = random & set(self.cutoffs) or random
        return None if None in shared else nearest_focus(shared)

    @cached_property
    def operating_table(self) -> Table | None:
        """What to expect of calling learners high; None where it was not measured."""
        if self.point is None:
            return None
        words = {"flagged_a_week": _counted, "rightly_a_week": _counted, "rightly": _share, "found": _share}
        figures: dict[str, Measured] = {name: getattr(self.point, name) for name in words}
        rows = [
            (_EXPECTED[name].format(bad=self.bad), words[name](figure))
            for name, figure in figures.items()
            if figure.value is not None
        ]
        lead = self.point.lead_days.items()
        rows += [(_LATE[name], _days(days)) for name, days in lead if days.median is not None]
        return Table("What to expect of a high risk", ("Of learners left out", "Expected"), rows) if rows else None

    @cached_property
    def capacity_table(self) -> Table | None:
        """What other capacities would mean; None where it was not measured."""
        rows = [
            (
                f"{capacity.share:.0%} of learners",
                percent(capacity.high),
                _counted(capacity.flagged_a_week),
                _share(capacity.rightly),
                _share(capacity.found),
                _lead(capacity.lead_days),
            )
            for capacity in (self.point.capacities if self.point else ())
        ]
        header = (
            "Seen a week",
            "High from",
            "Flagged",
            "Flags that are right",
            "Ever flagged",
            "Days before the last activity",
        )
        return Table("What it would be if the staff saw more, or fewer", header, rows) if rows else None

    @cached_property
    def too_late(self) -> bool:
        """Whether half of the right flags came after the learner's last activity."""
        days = self.point.lead_days.get("last_activity") if self.point else None
        return days is not None and days.median is not None and days.median < 0

    @cached_property
    def evidence_table(self) -> Table | None:
        """What the rule of evidence gives up and gains; None where it was not measured."""
        metrics = ("roc_auc", "accuracy", "brier", "calibration_error")
        rows = [
            (
                f"{row.most_outside}{' (this model)' if row.used else ''}",
                percent(row.coverage),
                *(ranged(getattr(row, metric), metric) for metric in metrics),
            )
            for row in self.evaluation.evidence
        ]
        titles = (self.words()[metric].title for metric in metrics)
        header = ("Values outside allowed", "Get a band", *titles)
        return Table("Coverage against accuracy, over all weeks", header, rows) if rows else None

    @cached_property
    def coverage_table(self) -> Table | None:
        """The range around a risk beside what came true, by bins of the risk; None where it was not measured."""
        rows = [
            (
                percent(row.risk),
                f"{100 * (row.high - row.low):.1f} points ({row.low:.1%} to {row.high:.1%})",
                ranged(row.seen, "share"),
                "yes" if row.within else "no",
                count(row.rows),
            )
            for row in self.evaluation.coverage
        ]
        header = ("Mean risk", "Width of the range", "Came true", "Within", "Moments")
        return Table("The range around a risk, and what came true", header, rows) if rows else None

    @cached_property
    def rubric_table(self) -> Table | None:
        """Agreement of derived indicators with a teacher's ratings; None without ratings or rubric."""
        rubric = self.evaluation.rubric
        rows = [
            (name, count(pairs.n), percent(pairs.exact), percent(pairs.within_one), _kappa(pairs.kappa))
            for name, pairs in (rubric.agreement if rubric else {}).items()
        ]
        header = ("Indicator", "Learners", "Same", "Within one", "Kappa (quadratic)")
        return Table("Derived indicators beside a teacher's ratings", header, rows) if rows else None

    @cached_property
    def overlap(self) -> tuple[str, str] | None:
        """The AUC of the label of what comes after, and of the whole run, with intervals; None for another label."""
        overlap = self.evaluation.rubric and self.evaluation.rubric.overlap
        return (ranged(overlap.after, "roc_auc"), ranged(overlap.whole, "roc_auc")) if overlap else None

    @cached_property
    def reasons_table(self) -> Table | None:
        """SHAP beside LIME for one learner; None where it was not measured."""
        effects = self.evaluation.agreement.learner if self.evaluation.agreement else ()
        rows = [(effect.title, f"{effect.shap:+.2f}", f"{effect.lime:+.2f}") for effect in effects]
        caption = "One learner of the highest risk: effects on the score"
        return Table(caption, ("Feature", "SHAP", "LIME"), rows) if rows else None

    @cached_property
    def worst_gap(self) -> MetricRow | None:
        """The course run and cut-off whose risks were furthest from what came true, of several runs."""
        cutoffs = [cutoff for cutoff in self.cutoffs if cutoff is not None]
        found = [self.figure("calibration_gap", at, group=run) for run in self.groups for at in cutoffs]
        return max((row for row in found if row), key=lambda row: abs(row.value or 0.0), default=None)

    @cached_property
    def gap_table(self) -> Table:
        """Calibration of each course run at each cut-off."""
        rows = [
            (run, *(ranged(self.figure("calibration_gap", at, group=run), "calibration_gap") for at in self.cutoffs))
            for run in ["all", *self.groups]
        ]
        rows[0] = ("All together", *rows[0][1:])
        header = ("Course run", *map(cutoff_title, self.cutoffs))
        return Table("Risk less truth by course run and cut-off", header, rows)


def _counted(figure: Measured) -> str:
    known = figure.low is not None and figure.high is not None
    return f"{figure.value:.0f}" + (f" ({figure.low:.0f} to {figure.high:.0f})" if known else "")


def _share(figure: Measured) -> str:
    return ranged(figure, "share")


def _lead(lead: Mapping[str, Quartiles]) -> str:
    days = lead.get("last_activity")
    return _days(days).replace("half of them: ", "") if days and days.median is not None else "not known"


def _days(days: Quartiles) -> str:
    return f"{days.median:.0f} (half of them: {days.low:.0f} to {days.high:.0f})"


def _kappa(value: float | None) -> str:
    return "not possible" if value is None else f"{value:.2f}"
