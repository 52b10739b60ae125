"""What else the model says of a learner: what comes next."""

from components.report.blocks import Block, Bullets, Heading, Hint, Section, Strong, Table, Text
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.words import as_metric, count, cutoff_title, cutoff_words, percent, ranged
from earlybell.bundle.evaluation import Contradicted, HeadFigures, HeadRow
from earlybell.bundle.figures import Measured
from earlybell.counts import counted

_BY = {"model": "This model", "mean": "Mean of the learners", "last": "Latest score"}
_BASELINES = {"mean": "the mean of the learners themselves", "last": "their latest score"}
_TITLES = {
    "roc_auc": "AUC",
    "brier_skill": "Brier skill",
    "calibration_error": "Calibration error",
    "mae": "MAE",
    "mse": "MSE",
    "rmse": "RMSE",
    "r2": "R2",
    "agreement": "Agreement with the risk",
    "coverage": "Held by the interval",
}
_POINTS = frozenset({"mae", "mse", "rmse"})


def report(page: Figures) -> Section | None:
    heads = page.evaluation.heads
    if not heads:
        return None
    hint = Hint(
        "How to read it: each figure was computed within one course run that was left out, and averaged. Nobody knows "
        "the mean of the learners beforehand, so it is hard to beat. Agreement is the rank correlation with the risk, "
        "from -1 to 1."
    )
    parts = (block for head in heads for block in _measured(head, page.bad))
    return Section("What comes next of a learner", [_rule(), hint, *parts], id="outlook", short="What comes next")


def card(page: CardFigures) -> Section | None:
    heads = page.evaluation.heads
    return Section("What comes next", [_rule(), Bullets([_line(page, head) for head in heads])]) if heads else None


def _rule() -> str:
    return (
        "Beside the risk the model says what comes next, where it does better than simple answers and agrees "
        "with the risk. The correction of a course does not reach it. Where the risk is not answered, it is not "
        "either. Where it leads to expect the opposite of the band, and such answers were right to, it says so: then "
        "both are in doubt."
    )


def _line(page: Figures, head: HeadFigures) -> Text:
    if not head.answered:
        return Strong(f"{head.head.title}."), f" Not answered: {head.why}."
    names = ("mae", "r2", "coverage") if head.head.kind == "score" else ("roc_auc", "brier_skill")
    rows = {(row.metric, row.cutoff): row for row in head.rows if row.by == "model"}
    figures = (
        f"{_TITLES[name]} {_written(row.mean, name)}"
        for name in names
        if page.focus and (row := rows.get((name, page.focus)))
    )
    measured = f" {cutoff_words(page.focus).capitalize()}: {', '.join(figures)}."
    return Strong(f"{head.head.title}."), measured


def _measured(head: HeadFigures, bad: str) -> list[Block | None]:
    score = head.head.kind == "score"
    learned = f"{counted(head.moments, 'moment')}, {f'{head.mean:.0f} on average' if score else percent(head.mean)}"
    gains = " and ".join(
        f"{ranged(gain, 'share')} of the squared error of {_BASELINES[by]}" for by, gain in head.gains.items()
    )
    verdict = "It is answered." if head.answered else f"It is not answered: {head.why}."
    saved = f" It saves {gains}, over all cut-offs." if gains else ""
    return [Heading(head.head.title), f"{verdict}{saved} It was measured on {learned}.", *_tables(head, bad)]


def _tables(head: HeadFigures, bad: str) -> list[Block]:
    tables: list[Block] = []
    for by, title in _BY.items():
        rows = [row for row in head.rows if row.by == by]
        metrics = list(dict.fromkeys(row.metric for row in rows))
        cutoffs = sorted({row.cutoff for row in rows})
        by_place = {(row.cutoff, row.metric): row for row in rows}
        cells = [
            (cutoff_title(cutoff), *(_cell(by_place.get((cutoff, metric))) for metric in metrics)) for cutoff in cutoffs
        ]
        if cells:
            header = ("Cut-off", *(_TITLES[metric] for metric in metrics))
            tables.append(Table(f"{head.head.title}: {title.lower()}", header, cells))
    if head.contradicted:
        tables.append(_contradicted(head.head.title, bad, head.contradicted))
    return tables


def _contradicted(title: str, bad: str, rows: tuple[Contradicted, ...]) -> Table:
    cells = [
        (
            row.band,
            count(row.moments),
            count(row.contradicted),
            _share(row.share_contradicted),
            _share(row.share),
            "yes" if row.borne_out else "no",
        )
        for row in rows
    ]
    header = ("Called", "Moments", "Told otherwise", f"Of them {bad}", f"Of the others {bad}", "Is said")
    return Table(f"{title}: where it leads to expect the opposite of the band, over all weeks", header, cells)


def _cell(row: HeadRow | None) -> str:
    if row is None or row.mean.value is None:
        return "not measured"
    worst = f"; worst {_number(row.worst, row.metric)}" if row.worst is not None and row.by == "model" else ""
    return _written(row.mean, row.metric) + worst


def _written(measured: Measured, metric: str) -> str:
    ends = [_number(end, metric) for end in (measured.value, measured.low, measured.high) if end is not None]
    return f"{ends[0]} ({ends[1]} to {ends[2]})" if len(ends) == 3 else ends[0]


def _number(value: float, metric: str) -> str:
    if metric in _POINTS:
        return f"{value:.1f}"
    return f"{value:.2f}" if metric in ("agreement", "r2") else as_metric(value, metric)


def _share(value: float | None) -> str:
    return "none" if value is None else percent(value)


REPORTSECTION = ReportSection("heads", report=report, report_order=75, card=card, card_order=105)
