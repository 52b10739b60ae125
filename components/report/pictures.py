"""Pictures of the report, drawn by matplotlib as SVG elements that stand inside an HTML page.

Every function takes rows of an evaluation and returns one `<svg>` with a title and a description; its text stays
text, its ids begin with its name, and its colours are the page's CSS variables (`--ink`, `--line`, `--soft`,
`--mark0` …, `--step0` …), so that it follows the page into the dark. The same rows give the same bytes.
"""

import html
import io
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from components.report.words import Figure as Measurement
from components.report.words import cutoff_words, ranged
from earlybell.bundle.evaluation import CoverageRow, EvidenceRow, Importance
from earlybell.bundle.figures import Curve, MetricRow

_WIDTH = 4.2  # inches: about the width of a phone, so that text keeps its size there
_COLOURS = 6
_NAMES = ["ink", "line", "soft", *(f"mark{i}" for i in range(_COLOURS)), *(f"step{i}" for i in range(_COLOURS))]
_INK = {name: f"#0000{number:02x}" for number, name in enumerate(_NAMES, start=1)}  # stand-ins until the SVG is written
_MARKERS = "osD^vP"
_DASHES = ("-", "--", "-.", ":", (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "earlybell",
    "text.parse_math": False,  # a course's name may hold a dollar sign
    "font.sans-serif": ["DejaVu Sans"],  # for measuring; the page's own font draws
    "font.size": 10,
    "text.color": _INK["ink"],
    "axes.labelcolor": _INK["ink"],
    "axes.edgecolor": _INK["line"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": _INK["line"],
    "grid.linewidth": 0.5,
    "xtick.color": _INK["line"],
    "ytick.color": _INK["line"],
    "xtick.labelcolor": _INK["ink"],
    "ytick.labelcolor": _INK["ink"],
    "legend.frameon": False,
    "axes.labelsize": "medium",
}


def auc_by_cutoff(rows: Sequence[MetricRow], titles: Mapping[str, str], cutoffs: Sequence[float | None]) -> str:
    """Dots with intervals: the AUC of each candidate (`titles`: name to title) at each cut-off."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(3.2)
        for number, name in enumerate(titles):
            own = [row for row in rows if row.candidate == name]
            places = [cutoffs.index(row.cutoff) + 0.16 * (number - (len(titles) - 1) / 2) for row in own]
            _dots(axes, places, own, number, titles[name])
        _reference(axes.axhline, _REFERENCE["roc_auc"])
        axes.set_xticks(range(len(cutoffs)), [_tick(cutoff) for cutoff in cutoffs])
        axes.set(xlabel="Share of the course run that has passed", ylabel="AUC", ylim=_limits(rows, "roc_auc"))
        axes.grid(visible=False, axis="x")
        figure.legend(loc="outside lower center", ncols=min(2, len(titles)))
        descriptions = [
            f"{titles[row.candidate]}, {cutoff_words(row.cutoff)}: {ranged(row, 'roc_auc')}" for row in rows
        ]
        return _svg(figure, "picture-auc", "AUC of each candidate by cut-off", "; ".join(descriptions))


def by_group(rows: Sequence[MetricRow], name: str, title: str) -> str:
    """Dots with intervals: one figure in each group of learners, one line a group, first on top; `title` names it.

    A dashed line stands at an AUC of 0.5, and at a difference of 0.
    """
    with mpl.rc_context(_STYLE):
        metric = rows[0].metric
        figure, axes = _figure(0.8 + 0.24 * len(rows))
        places = list(range(len(rows)))[::-1]
        _dots(axes, places, rows, 0, None, across=True)
        if metric in _REFERENCE:
            _reference(axes.axvline, _REFERENCE[metric])
        axes.set_yticks(places, [_short(row.group) for row in rows])
        axes.set(xlabel=title, xlim=_limits(rows, metric), ylim=(-0.7, len(rows) - 0.3))
        if metric != "roc_auc":
            axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.grid(visible=False, axis="y")
        descriptions = [f"{row.group}: {ranged(row, metric)}" for row in rows]
        return _svg(figure, name, title, "; ".join(descriptions))


def doubt(rows: Sequence[CoverageRow]) -> str:
    """The range around a risk as a bar a bin, and a dot with its interval for the share that came true."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(3.9)
        risk = [row.risk for row in rows]
        axes.plot([0, 1], [0, 1], color=_INK["soft"], linewidth=0.8)
        low, high = [row.low for row in rows], [row.high for row in rows]
        axes.vlines(risk, low, high, color=_INK["mark0"], linewidth=7, alpha=0.35, label="range")
        _dots(axes, risk, [row.seen for row in rows], 1, "came true")
        _unit(axes, axes.xaxis, axes.yaxis)
        axes.set(xlabel="Risk (mean of the bin)", ylabel="Share that came true")
        figure.legend(loc="outside lower center", ncols=2)
        descriptions = [f"{row.risk:.0%}: {row.low:.0%} to {row.high:.0%}, {row.seen.value:.0%}" for row in rows]
        return _svg(figure, "picture-doubt", "Risk: its range, and the share that came true", "; ".join(descriptions))


def evidence(rows: Sequence[EvidenceRow]) -> str:
    """AUC against the share of moments that get a band, a dot for each rule of evidence."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(2.8)
        measured = [row for row in rows if row.roc_auc.value is not None]
        places, aucs = [row.coverage for row in measured], [row.roc_auc for row in measured]
        axes.plot(places, [_value(auc) for auc in aucs], color=_INK["soft"], linewidth=0.8)
        _dots(axes, places, aucs, 0, None)
        axes.set(xlabel="Share of moments that get a band", ylabel="AUC", xlim=(0, 1.03))
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        pairs = zip(places, aucs, strict=True)
        descriptions = [f"{place:.0%} get a band: {ranged(auc, 'roc_auc')}" for place, auc in pairs]
        return _svg(figure, "picture-evidence", "AUC by the share of moments that get a band", "; ".join(descriptions))


def roc(curves: Sequence[Curve]) -> str:
    """The ROC curve at each cut-off, with the diagonal of a model that guesses."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(3.9)
        axes.plot([0, 1], [0, 1], color=_INK["soft"], linewidth=0.8)
        _lines(figure, axes, curves)
        axes.set(xlabel="Share of false alarms (false positive rate)", ylabel="Share found (recall)")
        descriptions = [f"{cutoff_words(curve.cutoff)}: {_height(curve, 0.1):.0%}" for curve in curves]
        return _svg(
            figure, "picture-roc", "ROC curve by cut-off", "Recall at 10% false alarms, " + "; ".join(descriptions)
        )


def precision_recall(curves: Sequence[Curve], base_rate: float | None) -> str:
    """Precision against recall at each cut-off, with the base rate, which a model that guesses would reach."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(3.9)
        if base_rate is not None:
            axes.axhline(base_rate, color=_INK["soft"], linewidth=0.8)
        _lines(figure, axes, curves)
        axes.set(xlabel="Share found (recall)", ylabel="Share of flags that are right (precision)")
        descriptions = [f"{cutoff_words(curve.cutoff)}: {_height(curve, 0.5):.0%}" for curve in curves]
        return _svg(
            figure,
            "picture-pr",
            "Precision and recall by cut-off",
            "Precision at a recall of 50%, " + "; ".join(descriptions),
        )


def calibration(curve: Curve, name: str) -> str:
    """Observed share against mean predicted risk, a dot a bin; below, how many learners (or moments) a bin holds."""
    with mpl.rc_context(_STYLE):
        sizes, counted = curve.n, "moments" if curve.cutoff is None else "learners"
        figure, axes, below = _figure_with_bars() if sizes else (*_figure(3.6), None)
        axes.plot([0, 1], [0, 1], color=_INK["soft"], linewidth=0.8)
        axes.plot(curve.x, curve.y, color=_INK["mark0"], marker="o", linewidth=1.2)
        _unit(axes, axes.xaxis, axes.yaxis)
        axes.set(ylabel="Observed share")
        (below or axes).set(xlabel="Predicted risk (mean of the bin)")
        if below and sizes:
            below.bar(curve.x, sizes, width=0.03, color=_INK["soft"])
            below.set(ylabel=counted.capitalize())
        counts = [f", {size:,} {counted}" for size in sizes] if sizes else [""] * len(curve.x)
        bins = zip(curve.x, curve.y, counts, strict=True)
        descriptions = [f"predicted {x:.0%}, observed {y:.0%}{count}" for x, y, count in bins]
        return _svg(figure, name, f"Calibration {cutoff_words(curve.cutoff)}", "; ".join(descriptions))


def importance(rows: Sequence[Importance]) -> str:
    """A bar a feature: its share of what moves the predictions, with its title above the bar, first on top."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(0.2 + 0.36 * len(rows))
        places = list(range(len(rows)))[::-1]
        axes.barh(places, [row.share for row in rows], height=0.34, color=_INK["mark0"])
        for place, row in zip(places, rows, strict=True):
            axes.annotate(_short(row.title, 48), (0, place + 0.24), va="bottom")
            share = row.share
            axes.annotate(f"{share:.0%}", (share, place), (4, 0), textcoords="offset points", va="center")
        axes.set(ylim=(-0.4, len(rows) - 0.15), xlim=(0, 1.12 * rows[0].share))
        axes.set_axis_off()  # the shares stand beside the bars
        descriptions = [f"{row.title}: {row.share:.1%}" for row in rows]
        return _svg(figure, "picture-importance", "Features that move the predictions most", "; ".join(descriptions))


def _figure(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    return figure, figure.add_subplot()


def _figure_with_bars() -> tuple[Figure, Axes, Axes]:
    figure = Figure(figsize=(_WIDTH, 4.2), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    return figure, axes, below


def _dots(
    axes: Axes,
    places: Sequence[float],
    rows: Sequence[Measurement],
    number: int,
    label: str | None,
    *,
    across: bool = False,
) -> None:
    colour, marker = _INK[f"mark{number % _COLOURS}"], _MARKERS[number % len(_MARKERS)]
    values = [_value(row) for row in rows]
    axes.plot(*((values, places) if across else (places, values)), marker, color=colour, markersize=5.5, label=label)
    lines = axes.hlines if across else axes.vlines
    lines(places, [_low(row) for row in rows], [_high(row) for row in rows], color=colour, linewidth=1.5)


def _value(row: Measurement) -> float:
    """Only what has a value is drawn."""
    return math.nan if row.value is None else row.value


def _low(row: Measurement) -> float:
    return _value(row) if row.low is None else row.low


def _high(row: Measurement) -> float:
    return _value(row) if row.high is None else row.high


_REFERENCE = {"roc_auc": 0.5, "calibration_gap": 0.0}


def _limits(rows: Sequence[MetricRow], metric: str) -> tuple[float, float]:
    """Of an axis: all intervals, and what there is to compare them with."""
    if metric == "calibration_gap":
        reach = max(0.05, *(abs(end(row)) for row in rows for end in (_low, _high)))
        return -1.1 * reach, 1.1 * reach
    return min([_REFERENCE.get(metric, 0.02), *(_low(row) for row in rows)]) - 0.02, 1.01


def _reference(line: Any, at: float) -> None:
    line(at, color=_INK["soft"], linewidth=0.8, linestyle="--")


def _lines(figure: Figure, axes: Axes, curves: Sequence[Curve]) -> None:
    for number, curve in enumerate(curves):
        colour, dash = _INK[f"step{number % _COLOURS}"], _DASHES[number % len(_DASHES)]
        axes.plot(curve.x, curve.y, color=colour, linestyle=dash, linewidth=1.6, label=_tick(curve.cutoff))
    _unit(axes, axes.xaxis, axes.yaxis)
    figure.legend(loc="outside lower center", ncols=min(3, len(curves)), handlelength=2.6)


def _unit(axes: Axes, *sides: Any) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    for side in sides:
        side.set_major_formatter(PercentFormatter(1, decimals=0))


def _height(curve: Curve, x: float) -> float:
    order = np.argsort(curve.x, kind="stable")
    return float(np.interp(x, np.take(curve.x, order), np.take(curve.y, order)))


def _tick(cutoff: float | None) -> str:
    return "all weeks" if cutoff is None else f"{cutoff:.0%}"


def _short(text: str, most: int = 24) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _svg(figure: Figure, name: str, title: str, description: str) -> str:
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with warnings.catch_warnings():
        # Letters that our font lacks are drawn by the reader's browser.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    drawn = buffer.getvalue()
    inside = drawn[drawn.index("</defs>") + len("</defs>") :]  # behind a style sheet that would reach the whole page
    box = " ".join(f"{inches * 72:g}" for inches in figure.get_size_inches())
    head = (
        f'<svg viewBox="0 0 {box}" role="img" aria-labelledby="{name}-title {name}-text">'
        f'<title id="{name}-title">{html.escape(title)}</title><desc id="{name}-text">{html.escape(description)}</desc>'
    )
    return head + re.sub("<[^>]*>", lambda tag: _tag(tag[0], name), inside)


def _tag(tag: str, name: str) -> str:
    tag = re.sub('<g id="[^"]*"', "<g", tag)  # nothing refers to a group
    tag = re.sub(r'( id="| xlink:href="#|url\(#)', rf"\g<1>{name}-", tag)
    return re.sub("#0000([0-9a-f]{2})", lambda stand_in: f"var(--{_NAMES[int(stand_in[1], 16) - 1]})", tag)
