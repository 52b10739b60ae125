"""How sure the model is of one learner, and when it does not say."""

import numpy as np

from components.report import pictures
from components.report.blocks import Block, Bullets, Code, Heading, Hint, Picture, Section, Table, Text
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.words import as_metric, count, cutoff_title, percent, ranged
from earlybell.bundle import Bands
from earlybell.bundle.bands import LevelError
from earlybell.bundle.evaluation import CourseEvidence
from earlybell.bundle.figures import NEW_COURSE

_RISKS = (0.1, 0.3, 0.5, 0.7, 0.9)
_STAGE = 0.2  # of a run, for which the rule is told in figures
_TIMES = (0, 1, 2, 3, 4)
_SPLITS = {"course_run": "Course runs left out", NEW_COURSE: "Courses left out"}
_ANSWERED = ("Course runs answered", "Learners answered", "Brier skill", "Worst Brier skill", "Calibration error")
_INSUFFICIENT = Code("insufficient_evidence")


def report(page: Figures) -> Section:
    return Section(
        "How sure it is of one learner",
        [
            Heading("When it does not say"),
            _rule(page),
            *_evidence(page),
            *_course_evidence(page),
            Heading("The range around a risk"),
            *_ranges(page),
        ],
        id="doubt",
        short="Doubt",
    )


def card(page: CardFigures) -> Section:
    evidence, bands = _evidence_table(page), page.bands
    measured = (
        "Measured on held-out moments: how many got a band, and how right the risks of these were, by how many "
        "values outside are allowed."
    )
    return Section(
        "Doubt",
        [
            *(_card_rule(bands) if bands else ["The bundle records no rule for when there is too little evidence."]),
            *((measured, evidence) if evidence else ()),
            *_course_evidence(page),
            *(_card_ranges(page, bands) if bands else ["The bundle records no range around a risk."]),
        ],
    )


def _rule(page: Figures) -> Text:
    rule = page.evaluation.evidence_rule
    if rule is None:
        return "No rule for too little evidence is recorded."
    return (
        "A learner gets ",
        _INSUFFICIENT,
        f" in place of a band with less than {rule.days_needed:g} days of teaching so far, or with more than "
        f"{rule.most_outside} features whose values lie outside of what training saw.{_course_rule(rule.level_error)}",
    )


def _course_rule(levels: LevelError | None) -> str:
    if levels is None:
        return ""
    return (
        f" Nobody of a course run gets a band while the risks of its learners differ less (standard deviation) than "
        f"{levels.times:g} times what all of them may be off together. At {_STAGE:.0%} of a run that is "
        f"{percent(_level_error(levels, levels.earlier_runs))} where the model knows earlier runs of the course, else "
        f"{percent(_level_error(levels, levels.no_earlier_runs))}."
    )


def _level_error(levels: LevelError, errors: tuple[float, ...]) -> float:
    return float(np.interp(_STAGE, levels.stages, errors))


def _evidence(page: Figures) -> list[Block]:
    table = _evidence_table(page)
    if table is None:
        return []
    caption = "AUC of those who get a band, by how many do, over all weeks."
    return [
        Hint(
            "How to read it: the more values outside are allowed, the more learners get a band. A stricter rule "
            "would be worth it where the figures of those who still get one were clearly better."
        ),
        Picture(pictures.evidence(page.evaluation.evidence), caption),
        table,
    ]


def _course_evidence(page: Figures) -> list[Block]:
    """What the rule of a course run answers of the runs that were left out, by cut-off and by how sure it must be."""
    rows, levels = (
        page.evaluation.course_evidence,
        page.evaluation.evidence_rule and page.evaluation.evidence_rule.level_error,
    )
    if not rows or not levels:
        return []
    splits = [split for split in _SPLITS if any(row.split == split for row in rows)]
    return [
        "Course runs that were left out, by the level errors measured of the other courses: how many are answered, and "
        "how right what is answered is. A Brier skill below 0 says less than the run's own base rate.",
        *(_by_cutoff([row for row in rows if row.split == split], _SPLITS[split]) for split in splits),
        *(_by_certainty([row for row in rows if row.split == split], levels.times, _SPLITS[split]) for split in splits),
    ]


def _by_cutoff(rows: list[CourseEvidence], left_out: str) -> Table:
    cutoffs = dict.fromkeys(row.cutoff for row in rows)
    of_cutoff = {cutoff: [row for row in rows if row.cutoff == cutoff] for cutoff in cutoffs}
    lines = [
        (cutoff_title(cutoff), *_answers(of, [row for row in of if row.answered])) for cutoff, of in of_cutoff.items()
    ]
    return Table(f"{left_out}: what is answered, by cut-off", ("Cut-off", *_ANSWERED), lines)


def _by_certainty(rows: list[CourseEvidence], used: float, left_out: str) -> Table:
    lines = [
        (
            f"{times:g}{' (this model)' if times == used else ''}",
            *_answers(rows, [row for row in rows if _is_sure(row, times)]),
        )
        for times in sorted({*_TIMES, used})
    ]
    return Table(f"{left_out}: what would be answered, by how sure it must be", ("Level errors", *_ANSWERED), lines)


def _is_sure(row: CourseEvidence, times: float) -> bool:
    return row.certainty is None or row.certainty >= times


def _answers(rows: list[CourseEvidence], answered: list[CourseEvidence]) -> tuple[str, ...]:
    """How many course runs and learners are answered, and the figures of these."""
    share = sum(row.share * row.learners for row in answered) / max(1, sum(row.learners for row in rows))
    skills = [(row.brier_skill.value, row) for row in answered if row.brier_skill.value is not None]
    errors = [row.calibration_error.value for row in answered if row.calibration_error.value is not None]
    counted = (f"{len(answered)} of {len(rows)}", percent(share))
    if not skills:
        return (*counted, "", "", "")
    worst, row = min(skills, key=lambda pair: pair[0])
    mean = sum(skill for skill, _ in skills) / len(skills)
    return (
        *counted,
        as_metric(mean, "brier_skill"),
        f"{as_metric(worst, 'brier_skill')} ({row.course_id}, {cutoff_title(row.cutoff)})",
        as_metric(sum(errors) / len(errors), "calibration_error") if errors else "",
    )


def _ranges(page: Figures) -> list[Block]:
    table, rows = _coverage_table(page), page.evaluation.coverage
    if table is None:
        return ["No range around a risk was measured."]
    caption = "The range around a risk (bar), and the share that came true (dot)."
    return [
        "Beside each risk stands a range. Its ends are what the risk becomes when it is set right by learners that "
        f"the model had not seen, once with this learner counted as one who {page.bad} and once as one who did not "
        f"(Venn-Abers); it always holds the risk itself. Here the ranges were made without the {_left_out(page)} "
        f"that they are checked on: in {_within(page)} of {len(rows)} groups of moments of similar risk, the share "
        "that came true lay within.",
        Hint(
            "How to read it: each bar is the mean range of moments of similar risk, the dot what came true of them, "
            "with the range that chance allows. A dot outside of its bar means that what is new to the model "
            "differs more than the range says."
        ),
        Picture(pictures.doubt(rows), caption),
        table,
    ]


def _card_rule(bands: Bands) -> list[Block]:
    return [
        ("A learner gets ", _INSUFFICIENT, " in place of a band"),
        Bullets(
            [
                f"with less than {bands.days_needed:g} days of teaching so far",
                f"or with more than {bands.most_outside} features whose values lie outside of what training saw."
                + _course_rule(bands.level_error),
            ]
        ),
    ]


def _card_ranges(page: Figures, bands: Bands) -> list[Block | None]:
    table, of = _coverage_table(page), len(page.evaluation.coverage)
    checked = (
        f"Checked: the ranges were made without the {_left_out(page)} that they were checked on. In {_within(page)} "
        f"of {of} groups of moments of similar risk, the share that came true lay within the range. Where it did "
        "not, what is new to the model differs more than the range says."
    )
    return [
        "Beside each risk stands a range. Its ends are what the risk becomes when it is set right by course runs "
        f"that the model had not seen, once with this learner counted as one who {page.bad} and once as one who did "
        "not (Venn-Abers). A wide range means that few learners had such a risk.",
        _range_table(bands),
        *((checked, table) if table else ()),
    ]


def _left_out(page: Figures) -> str:
    return "course run" if page.split == "course_run" else "learners"


def _within(page: Figures) -> int:
    return sum(row.within for row in page.evaluation.coverage)


def _range_table(bands: Bands) -> Table:
    interval = bands.interval
    ends = [np.interp(_RISKS, interval.risk, end) for end in (interval.low, interval.high)]
    rows = [
        (f"{risk:.0%}", f"{min(low, risk):.0%} to {max(high, risk):.0%}")
        for risk, low, high in zip(_RISKS, *ends, strict=True)
    ]
    return Table("Range around a risk", ("Risk", "Range"), rows)


def _evidence_table(page: Figures) -> Table | None:
    """What the rule of evidence gives up and gains."""
    metrics = ("roc_auc", "accuracy", "brier", "calibration_error")
    rows = [
        (
            f"{row.most_outside}{' (this model)' if row.used else ''}",
            percent(row.coverage),
            *(ranged(getattr(row, metric), metric) for metric in metrics),
        )
        for row in page.evaluation.evidence
    ]
    titles = (page.words()[metric].title for metric in metrics)
    header = ("Values outside allowed", "Get a band", *titles)
    return Table("Coverage against accuracy, over all weeks", header, rows) if rows else None


def _coverage_table(page: Figures) -> Table | None:
    """The range around a risk beside what came true, by bins of the risk."""
    rows = [
        (
            percent(row.risk),
            f"{100 * (row.high - row.low):.1f} points ({row.low:.1%} to {row.high:.1%})",
            ranged(row.seen, "share"),
            "yes" if row.within else "no",
            count(row.rows),
        )
        for row in page.evaluation.coverage
    ]
    header = ("Mean risk", "Width of the range", "Came true", "Within", "Moments")
    return Table("The range around a risk, and what came true", header, rows) if rows else None


REPORTSECTION = ReportSection("doubt", report=report, report_order=70, card=card, card_order=130)
