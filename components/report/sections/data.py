"""What the model learned from."""

from components.report.blocks import Block, Bullets, Code, Facts, Heading, Hint, Part, Section, Table, listed
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.words import count, percent
from earlybell.bundle.evaluation import Data
from earlybell.counts import counted


def report(page: Figures) -> Section:
    data = page.data
    return Section(
        "The data",
        [
            Hint(
                "How to read it: the model knows courses like these; a base rate is the share of learners who "
                f"{page.bad}."
            ),
            _runs("Course runs", data),
            Heading("Learners who were helped"),
            _helped(data),
            Heading("Missing values"),
            *_missing(page),
            Heading("Notes"),
            Bullets(data.notes) if data.notes else "Extraction and training had nothing to remark.",
            Heading("To make it again"),
            Facts(
                [
                    ("Sources", Code(", ".join(data.sources)) if data.sources else "not known"),
                    ("Digest of the data (SHA-256)", Code(data.digest)),
                    ("Seed", Code(str(page.evaluation.seed))),
                ]
            ),
        ],
        id="data",
    )


def card(page: CardFigures) -> Section:
    data = page.data
    sources: list[Part] = ["The bundle does not record which sources it learned from."]
    if data.sources:
        sources = [
            "It learned from ",
            *listed([Code(source) for source in data.sources]),
            ", where the ends are known.",
        ]
    digest: list[Part] = [" The bundle does not record the digest of the data."]
    if data.digest:
        digest = [" The digest of the data (SHA-256) is ", Code(data.digest), "."]
    unknown = "" if data.course_runs else " The bundle does not record the course runs."
    return Section("The data", [(*sources, *digest, unknown), *_card_runs(page), *_notes(data)])


def _card_runs(page: Figures) -> list[Block]:
    if not page.data.course_runs:
        return []
    means = f"A moment is a learner in one week. The base rate is the share of learners who {page.bad}."
    return [_runs("Course runs that it learned from", page.data), means]


def _notes(data: Data) -> list[Block]:
    return ["What was noted on the way:", Bullets(data.notes)] if data.notes else []


def _runs(caption: str, data: Data) -> Table:
    rows = [
        (run.course_id, count(run.learners), count(run.moments), percent(run.base_rate)) for run in data.course_runs
    ]
    return Table(caption, ("Course run", "Learners", "Moments", "Base rate"), rows)


def _helped(data: Data) -> str:
    helped = data.helped
    if not helped.learners:
        return (
            "None recorded. If some were helped all the same, records like theirs look less risky here than they are "
            "without help."
        )
    kinds = ", ".join(f"{kind} ({count(learners)})" for kind, learners in helped.kinds.items())
    learners = counted(helped.learners, "learner was", "learners were")
    return f"{learners} shown help during these course runs: {kinds}. {helped.treatment}"


def _missing(page: Figures) -> list[Block]:
    gaps = sorted((row for row in page.evaluation.missing if row.share), key=lambda row: -row.share)
    if not gaps:
        return ["No missing values were counted."]
    return [
        Hint(
            "How to read it: the share of training rows in which a feature had no value; the median was put in its "
            "place."
        ),
        Table(
            "Features with missing values", ("Feature", "Missing"), [(row.title, percent(row.share)) for row in gaps]
        ),
    ]


REPORTSECTION = ReportSection("data", report=report, report_order=100, card=card, card_order=30)
