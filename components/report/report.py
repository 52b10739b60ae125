"""The report: an evaluation as one HTML file for teachers and university IT, with no other file and no script."""

from functools import cached_property
from pathlib import Path

from msgspec import structs

from components.report import pictures
from components.report.groups import GroupTables, attribute_words
from components.report.rendering import templates
from components.report.words import SPLITS
from earlybell.bundle import Evaluation
from earlybell.bundle.evaluation import Importance
from earlybell.bundle.figures import Curve
from earlybell.gates import Verdict

_TOP = 15
_FLAT = 0.1  # a weaker correlation of value and effect has no direction worth a word


def write_report(evaluation: Evaluation, out: Path, verdict: Verdict | None = None) -> None:
    """Write an evaluation to `out` as one HTML file that needs no other.

    The same evaluation and verdict give the same bytes. What could not be measured (a split without rows, a null, no
    curve) is said in its place.
    """
    page, environment = _Report(evaluation, verdict), templates()
    environment.filters["direction"] = _direction
    template = environment.get_template("report.html")
    text = template.render(page=page, **structs.asdict(evaluation), metric_words=page.words(), splits=SPLITS)
    out.write_text(text, encoding="utf-8")


class _Report(GroupTables):
    """What the report asks beside it: pictures."""

    @cached_property
    def group_cutoffs(self) -> list[float | None]:
        return [at for at in self.cutoffs if any(self.figure("roc_auc", at, group=group) for group in self.groups)]

    @cached_property
    def auc_picture(self) -> str:
        rows = [
            row
            for name in self.titles
            for cutoff in self.cutoffs
            if (row := self.figure("roc_auc", cutoff, candidate=name))
        ]
        return pictures.auc_by_cutoff(rows, self.titles, self.cutoffs) if rows else ""

    @cached_property
    def group_picture(self) -> str:
        return self._by_run("roc_auc", "picture-groups", "AUC in each course run")

    @cached_property
    def gap_picture(self) -> str:
        return self._by_run("calibration_gap", "picture-gaps", "Risk less truth in each course run")

    @cached_property
    def found_pictures(self) -> list[tuple[str, str]]:
        """For each protected attribute, in words, the share found in its groups."""
        found = {name: self.rates(name, "true_positive_rate") for name in self.compared}
        return [
            (attribute_words(name), pictures.by_group(rows, f"picture-found-{name}", f"Share found, by {name}"))
            for name, rows in found.items()
            if len(rows) > 1
        ]

    @cached_property
    def doubt_picture(self) -> str:
        return pictures.doubt(self.evaluation.coverage) if self.evaluation.coverage else ""

    @cached_property
    def evidence_picture(self) -> str:
        return pictures.evidence(self.evaluation.evidence) if self.evaluation.evidence else ""

    @cached_property
    def roc_picture(self) -> str:
        curves = self._curves("roc")
        return pictures.roc(curves) if curves else ""

    @cached_property
    def pr_picture(self) -> str:
        curves, base = self._curves("pr"), self.figure("base_rate", self.focus)
        return pictures.precision_recall(curves, base.value if base else None) if curves else ""

    @cached_property
    def calibration_pictures(self) -> list[tuple[float | None, str]]:
        curves = self._curves("calibration")
        return [
            (curve.cutoff, pictures.calibration(curve, f"picture-calibration-{i}")) for i, curve in enumerate(curves)
        ]

    @cached_property
    def importance(self) -> tuple[Importance, ...]:
        return self.evaluation.importance[:_TOP]

    @cached_property
    def importance_picture(self) -> str:
        return pictures.importance(self.importance) if self.importance else ""

    def _by_run(self, metric: str, name: str, title: str) -> str:
        rows = [row for group in self.groups if (row := self.figure(metric, self.focus, group=group))]
        return pictures.by_group(rows, name, title) if len(rows) > 1 else ""

    def _curves(self, kind: str) -> list[Curve]:
        wanted = (self.evaluation.chosen, self.split, kind)
        curves = (curve for curve in self.evaluation.curves if curve.x)
        drawn = [curve for curve in curves if (curve.candidate, curve.split, curve.kind) == wanted]
        return sorted(drawn, key=lambda curve: 2.0 if curve.cutoff is None else curve.cutoff)


def _direction(correlation: float | None) -> str:
    if correlation is None:
        return "not known"
    if abs(correlation) < _FLAT:
        return "it depends on the other features"
    return "higher values raise the risk" if correlation > 0 else "higher values lower the risk"
