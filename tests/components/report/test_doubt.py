"""What the report says of course runs that are answered, and of those that are not, by hand."""

from components.report.blocks import Table
from components.report.figures import Figures
from components.report.sections.doubt import report
from earlybell.bundle import Evaluation
from earlybell.bundle.bands import LevelError
from earlybell.bundle.evaluation import CourseEvidence, EvidenceRule
from earlybell.bundle.figures import Measured

LEVELS = LevelError((0.1, 0.3), earlier_runs=(0.04, 0.02), no_earlier_runs=(0.1, 0.06), times=3.0)


def _row(run: str, cutoff: float, certainty: float, skill: float, learners: int = 100) -> CourseEvidence:
    return CourseEvidence(
        split="course",
        cutoff=cutoff,
        course_id=run,
        earlier_runs=False,
        learners=learners,
        share=0.9,
        certainty=certainty,
        answered=certainty >= LEVELS.times,
        brier_skill=Measured(skill),
        calibration_error=Measured(0.1),
    )


ROWS = (
    _row("A", 0.2, 2.5, -0.1, learners=300),
    _row("B", 0.2, 3.5, 0.3),
    _row("A", 0.4, 3.2, 0.2, learners=300),
    _row("B", 0.4, 4.5, 0.4),
)


def _tables(evaluation: Evaluation) -> dict[str, Table]:
    tables = [block for block in report(Figures(evaluation)).blocks if isinstance(block, Table)]
    return {table.caption: table for table in tables}


def test_each_cut_off_says_what_is_answered_and_its_worst_run() -> None:
    tables = _tables(Evaluation(evidence_rule=EvidenceRule(7, 3, LEVELS), course_evidence=ROWS))
    rows = list(tables["Courses left out: what is answered, by cut-off"].rows)
    assert [row[1:3] for row in rows] == [("1 of 2", "22.5%"), ("2 of 2", "90.0%")]
    assert [row[3] for row in rows] == ["0.300", "0.300"]
    assert [row[4] for row in rows] == ["0.300 (B, 20%)", "0.200 (A, 40%)"]


def test_the_surer_it_must_be_the_fewer_are_answered_and_the_better() -> None:
    tables = _tables(Evaluation(evidence_rule=EvidenceRule(7, 3, LEVELS), course_evidence=ROWS))
    rows = list(tables["Courses left out: what would be answered, by how sure it must be"].rows)
    assert [row[:2] for row in rows] == [
        ("0", "4 of 4"),
        ("1", "4 of 4"),
        ("2", "4 of 4"),
        ("3 (this model)", "3 of 4"),
        ("4", "1 of 4"),
    ]
    assert [row[3] for row in rows] == ["0.200", "0.200", "0.200", "0.300", "0.400"]


def test_an_older_evaluation_has_no_rule_of_course_runs() -> None:
    tables = _tables(Evaluation(evidence_rule=EvidenceRule(7, 3)))
    assert not [caption for caption in tables if "answered" in caption]
