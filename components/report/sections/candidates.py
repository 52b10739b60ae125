"""The candidates, and why one of them was chosen."""

from components.report.blocks import Badge, Block, Code, Hint, Part, Picture, Section, Table, Text, listed
from components.report.figures import CardFigures, Figures
from components.report.pictures import auc_by_cutoff
from components.report.sections import ReportSection
from components.report.words import SPLITS, cutoff_words, ranged
from earlybell.bundle import Training

_METRICS = ("brier_skill", "roc_auc", "pr_auc", "calibration_error", "accuracy", "f1")


def report(page: Figures) -> Section:
    return Section(
        "The candidates compared",
        [
            f"{page.chosen} was chosen. {page.evaluation.rule}",
            _gain(page),
            *(_compared(page) if page.split else ()),
            _settings(page),
        ],
        id="candidates",
        short="Candidates",
    )


def card(page: CardFigures) -> Section:
    training = page.training
    remarks = f" ({training.remarks})" if training.remarks else ""
    rule = page.evaluation.rule or "The bundle does not record why it was chosen."
    chosen = f"{training.title or page.chosen}{remarks}. {rule}"
    compared: tuple[Part, ...] = ()
    if len(page.titles) > 1:
        others = f" Compared were: {'; '.join(page.titles.values())}. The report ("
        compared = others, Code("earlybell report"), ") shows them side by side."
    settings = [Code(f"{name}={value}") for name, value in training.settings.items()]
    stated = ("Settings, where they are not the library's defaults: ", *listed(settings), ".")
    return Section("How it was made and chosen", [(chosen, *compared), _gain(page), stated if settings else None])


def candidate_rows(page: Figures, cells: dict[str, list[Text]]) -> list[list[Text]]:
    """A row a candidate, with the chosen one and the baselines marked; `cells` by the names of the candidates."""
    return [[_marked(page, candidate), *cells[candidate.name]] for candidate in page.evaluation.candidates]


def _marked(page: Figures, candidate: Training) -> Text:
    baseline = (Badge("baseline"),) if candidate.baseline else ()
    chosen = (Badge("chosen"),) if candidate.name == page.evaluation.chosen else ()
    return (candidate.title, *baseline, *chosen)


def _gain(page: Figures) -> str | None:
    """One sentence that compares with the baselines."""
    gain = page.evaluation.gain
    if gain is None or gain.brier_skill.value is None:
        return None
    candidate, baseline = page.titles[gain.candidate], page.titles[gain.baseline]
    difference = f"{ranged(gain.brier_skill, 'brier_skill')} of Brier skill, mean over the cut-offs"
    if gain.baseline == page.evaluation.chosen:
        return f"A baseline is as good: the best other candidate, {candidate}, gains {difference}, over {baseline}."
    clear = "" if (gain.brier_skill.low or 0.0) > 0 else ": a baseline may be as good"
    return f"Over the better baseline, {baseline}, {candidate} gains {difference}{clear}."


def _compared(page: Figures) -> list[Block]:
    titles = (page.words()[metric].title for metric in _METRICS)
    cells: dict[str, list[Text]] = {name: [*page.figures(_METRICS, page.focus, candidate=name)] for name in page.titles}
    caption = f"Candidates {cutoff_words(page.focus)} ({SPLITS[page.split].lower()})"
    return [
        Hint(
            "How to read it: higher Brier skill, AUC, PR-AUC, accuracy and F1 are better, a lower calibration error "
            "is better; where the ranges of two candidates overlap widely, they are about as good as each "
            "other."
        ),
        Table(caption, ("Model", *titles), candidate_rows(page, cells)),
        *_picture(page),
    ]


def _picture(page: Figures) -> list[Block]:
    figures = (page.figure("roc_auc", cutoff, candidate=name) for name in page.titles for cutoff in page.cutoffs)
    rows = [row for row in figures if row]
    caption = (
        "AUC of each candidate as a course run passes. A line is the range that chance allows; the dashed line at "
        "0.5 is guessing."
    )
    return [Picture(auc_by_cutoff(rows, page.titles, page.cutoffs), caption)] if rows else []


def _settings(page: Figures) -> Table:
    cells: dict[str, list[Text]] = {
        candidate.name: [
            ", ".join(f"{name} = {value}" for name, value in candidate.settings.items()) or "none",
            str(candidate.complexity),
        ]
        for candidate in page.evaluation.candidates
    }
    header = ("Model", "Settings", "Complexity (1 is simplest)")
    return Table("How each candidate was made", header, candidate_rows(page, cells))


REPORTSECTION = ReportSection("candidates", report=report, report_order=10, card=card, card_order=60)
