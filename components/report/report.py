"""The report: an evaluation as one HTML file for teachers and university IT, with no other file and no script."""

from pathlib import Path

from components.report.blocks import Code, Facts, Page
from components.report.figures import Figures
from components.report.html import to_html
from components.report.sections import report_sections
from components.report.words import count
from earlybell.bundle import Evaluation
from earlybell.gates import Verdict


def write_report(evaluation: Evaluation, out: Path, verdict: Verdict | None = None) -> None:
    """Write an evaluation to `out` as one HTML file that needs no other.

    The same evaluation and verdict give the same bytes. What could not be measured (a split without rows, a null, no
    curve) is said in its place.
    """
    figures = Figures(evaluation, verdict)
    page = Page(
        name=f"Earlybell evaluation: {figures.chosen}",
        title=f"How well does Earlybell see who {figures.bad}?",
        intro=[
            "An evaluation of a model that gives each learner a risk, week by week, while a course is running. It "
            "was measured on finished courses, where the end is known.",
            _facts(figures),
        ],
        sections=report_sections(figures),
        footer="Written by Earlybell from evaluation.json and verdict.json.",
    )
    out.write_text(to_html(page), encoding="utf-8")


def _facts(figures: Figures) -> Facts:
    data = figures.data
    return Facts(
        [
            ("Chosen model", figures.chosen),
            ("Label", f"{figures.evaluation.label}: {figures.bad}"),
            ("Learners", count(data.learners)),
            ("Moments (a learner, a week)", count(data.moments)),
            ("Course runs", str(len(data.course_runs))),
            ("Data (SHA-256)", Code(data.digest[:12]) if data.digest else "not known"),
        ]
    )
