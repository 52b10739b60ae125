"""Table 1 of the paper, and the same figures by honest splits."""

from msgspec import structs

from components.report.blocks import Block, Hint, Section, Strong, Table, Text
from components.report.figures import CardFigures, Figures, nearest_focus
from components.report.sections import ReportSection
from components.report.sections.candidates import candidate_rows
from components.report.words import SPLITS, cutoff_words, ranged
from earlybell.bundle.figures import HONEST_SPLITS, MetricRow

_METRICS = ("accuracy", "f1", "roc_auc")
_HEADER = ("Model", "Accuracy", "F1-Score", "AUC")
_HONEST = HONEST_SPLITS[::-1]
_TITLE = "Table 1 of the paper"
_NONE = "The paper's random split of rows was not measured."


def report(page: Figures) -> Section:
    return Section(_TITLE, _compared(page) if page.has("random") else [_NONE], id="table1")


def card(page: CardFigures) -> Section:
    if not page.has("random"):
        return Section(_TITLE, [_NONE])
    optimistic = (
        Strong("These figures are optimistic."),
        " The paper splits rows at random into 80% for training and 20% for the test; here other weeks of the same "
        "learner stand on the training side.",
    )
    missing = [f"{SPLITS[split]}: not possible with this data." for split in _HONEST if not page.has(split)]
    return Section(_TITLE, [optimistic, _card_paper(page), _card_honest(page), *missing])


def _cutoff(page: Figures) -> float | None:
    """Of the paper's table, measured by the main split too: all weeks together where possible."""
    random = {row.cutoff for row in page.rows if row.split == "random"}
    shared = random & set(page.cutoffs) or random
    return None if None in shared else nearest_focus(shared)


def _figures(page: Figures, candidate: str, split: str) -> list[MetricRow | None]:
    """Without ranges where the split is the paper's, which has none."""
    rows = [page.figure(metric, _cutoff(page), candidate, split) for metric in _METRICS]
    return [row and structs.replace(row, low=None) if split == "random" else row for row in rows]


def _remarks(page: Figures) -> dict[str, str]:
    return {candidate.name: candidate.remarks or "" for candidate in page.evaluation.candidates}


def _compared(page: Figures) -> list[Block | None]:
    return [
        (
            Strong("These figures are optimistic."),
            " The paper splits rows at random into 80% for training and 20% for the test. Here a row is one week of "
            "one learner, so other weeks of the same learner, with the same end, stand on the training side.",
        ),
        _difference(page),
        Hint(
            "How to read it: compare with the paper by the first table; judge the model by the second, where "
            "nothing is known of the learners, or of the whole course run, that the model is tested on."
        ),
        _paper(page),
        _honest(page),
    ]


def _difference(page: Figures) -> str | None:
    optimistic, honest = (page.figure("roc_auc", _cutoff(page), split=split) for split in ("random", ""))
    if optimistic is None or honest is None or page.split == "random":
        return None
    return (
        f"For {page.chosen} the AUC is {optimistic.value:.2f} with this split and {honest.value:.2f} with "
        f"{SPLITS[page.split].lower()}."
    )


def _paper(page: Figures) -> Table:
    remarks = _remarks(page)
    cells: dict[str, list[Text]] = {
        name: [*map(_rounded, _figures(page, name, "random")), remarks[name]] for name in page.titles
    }
    return Table(_paper_caption(page), (*_HEADER, "Remarks"), candidate_rows(page, cells))


def _honest(page: Figures) -> Table:
    rows: list[list[Text]] = []
    for split in ("learner", "course_run"):
        measured = page.has(split)
        rows.append([f"{SPLITS[split]}{'' if measured else ': not possible with this data'}"])
        cells: dict[str, list[Text]] = {name: [*map(_rounded, _figures(page, name, split))] for name in page.titles}
        rows += candidate_rows(page, cells) if measured else []
    return Table(f"The same figures with honest splits and their ranges, {cutoff_words(_cutoff(page))}", _HEADER, rows)


def _card_paper(page: Figures) -> Table:
    remarks = _remarks(page)
    rows = [(*_card_row(page, name, "random"), remarks[name]) for name in page.titles]
    return Table(_paper_caption(page), (*_HEADER, "Remarks"), rows)


def _card_honest(page: Figures) -> Table:
    rows = [
        (f"{model}, {SPLITS[split].lower()}", *figures)
        for split in _HONEST
        if page.has(split)
        for model, *figures in (_card_row(page, name, split) for name in page.titles)
    ]
    return Table(f"The same figures with honest splits, {cutoff_words(_cutoff(page))}", _HEADER, rows)


def _card_row(page: Figures, candidate: str, split: str) -> tuple[str, ...]:
    chosen = " (chosen)" if candidate == page.evaluation.chosen else ""
    rows = _figures(page, candidate, split)
    return f"{page.titles[candidate]}{chosen}", *(ranged(row, "roc_auc") for row in rows)


def _paper_caption(page: Figures) -> str:
    return f"The paper's split: random 80/20 of rows, {cutoff_words(_cutoff(page))}"


def _rounded(row: MetricRow | None) -> str:
    """As the paper writes figures."""
    if row is None:
        return "not measured"
    has_range = row.low is not None and row.high is not None
    return f"{row.value:.2f}" + (f" ({row.low:.2f} to {row.high:.2f})" if has_range else "")


REPORTSECTION = ReportSection("paper", report=report, report_order=20, card=card, card_order=80)
