"""The page of a proposal: what changed, for whom, by how much, and which bands would be others."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from components.report.blocks import Block, Bullets, Command, Facts, Hint, Page, Section, Strong, Table
from components.report.html import to_html
from components.retraining import Compared, Comparison, Proposal
from earlybell.bundle.figures import Measured
from earlybell.counts import counted

_METRICS = {"brier": "Brier score", "roc_auc": "AUC", "calibration_gap": "Risk less truth"}
_FINDINGS = {
    "better": "The candidate is better.",
    "no clear difference": "There is no clear difference.",
    "worse": "The candidate is worse.",
    "not comparable": "They cannot be compared fairly.",
}


def write_proposal(proposal: Proposal, out: Path) -> None:
    """Write the page of a proposal as one HTML file. The same proposal gives the same bytes."""
    page = Page(
        name="Earlybell, proposal",
        title=f"Shall another version take the place of version {proposal.champion}?",
        intro=["A training was due, and a person decides. This page names no learner."],
        sections=[
            _short(proposal),
            _changed(proposal),
            _figures(proposal.comparison),
            _whom(proposal.comparison),
            _moves(proposal.comparison),
            _decide(),
        ],
        footer=f"Bundle {proposal.candidate_digest[:12]}, beside {proposal.champion_digest[:12]}.",
    )
    out.write_text(to_html(page), encoding="utf-8")


def _short(proposal: Proposal) -> Section:
    decision, comparison = proposal.decision, proposal.comparison
    blocks: list[Block | None] = [
        (Strong(_FINDINGS[comparison.finding]), f" {proposal.sentence}"),
        Facts(
            [
                ("Why it was trained", decision.sentence),
                ("Compared on", f"{counted(comparison.learners, 'learner')} of {_runs(comparison)}"),
            ]
        ),
    ]
    if decision.warnings:
        blocks += ["What has shifted:", Bullets(decision.warnings)]
    return Section("In short", blocks)


def _runs(comparison: Comparison) -> str:
    return counted(len(comparison.course_runs), "course run")


def _changed(proposal: Proposal) -> Section:
    rows = [(change.what, change.before, change.after) for change in proposal.changes]
    table = Table("What was made otherwise", ("What", f"Version {proposal.champion}", "Candidate"), rows)
    return Section("What changed", [table if rows else "Nothing but the models themselves."])


def _figures(comparison: Comparison) -> Section:
    left_out = "course run" if comparison.left_out == "course_run" else "learner"
    seen = (
        "The champion has learned from these learners, so that its figures are too good. The candidate's are not."
        if comparison.seen
        else "The champion has learned from none of these course runs."
    )
    rows = [row for row in comparison.rows if row.group == "all"]
    blocks: list[Block | None] = [
        Hint(
            f"How to read it: both are measured on the same learners. The candidate's risks are those of models that "
            f"left out the {left_out}. {seen} Of a Brier score less is better, of an AUC more; risk less truth is best "
            "at 0. In brackets stands the range that chance allows; a difference whose range holds 0 is not clear."
        ),
        _table("All learners, by the share of the course run", "Share", rows, lambda row: f"{row.cutoff:.0%}")
        if rows
        else "Nothing could be compared.",
    ]
    return Section("By how much", blocks)


def _whom(comparison: Comparison) -> Section:
    rows = [row for row in comparison.rows if row.group != "all"]
    runs = [row for row in rows if row.group in comparison.course_runs]
    groups = [row for row in rows if row.group not in comparison.course_runs and not row.suppressed]
    hidden = sorted({row.group.partition("=")[0] for row in rows if row.suppressed and "=" in row.group})
    at = f"at {comparison.at:.0%} of the course run"
    blocks: list[Block | None] = [
        _table(f"By course run, {at}", "Course run", runs, lambda row: row.group) if runs else None,
        _table(f"By group of learners, {at}", "Group", groups, lambda row: row.group) if groups else None,
        f"Not shown, as one of their groups has fewer than 20 learners: {', '.join(hidden)}." if hidden else None,
        None if rows else "Nothing could be compared.",
    ]
    return Section("For whom", blocks)


def _moves(comparison: Comparison) -> Section:
    rows = [
        (
            f"{move.before} to {move.after}" if move.before != move.after else f"{move.before}, as before",
            _share(move.share),
        )
        for move in comparison.moves
    ]
    hint = Hint("How to read it: by the risk alone. Who has too little evidence is counted here, too.")
    table = Table(f"Bands at {comparison.at:.0%} of the course run", ("Band", "Learners"), rows)
    return Section("Whose band would change", [hint, table] if rows else ["Nothing could be compared."], short="Bands")


def _share(share: float | None) -> str:
    return "too few" if share is None else f"{share:.1%}"


def _decide() -> Section:
    blocks: list[Block | None] = [
        "The version is registered, and brings nothing to learners until somebody approves it:",
        Command('earlybell approve VERSION --reason "..." --trail ADDRESS'),
        "Or say no:",
        Command('earlybell reject VERSION --reason "..." --trail ADDRESS'),
        "Or approve it on the cluster:",
        Command("kubectl annotate inferenceservice learner-risk earlybell.io/approved-version=VERSION --overwrite"),
        "Then release it step by step, as any version.",
    ]
    return Section("How to decide", blocks, short="Decide")


def _table(caption: str, first: str, rows: Sequence[Compared], name: Callable[[Compared], str]) -> Table:
    """A line for each group or share, with the difference of each metric and both figures."""
    lines: dict[str, dict[str, Compared]] = {}
    for row in rows:
        lines.setdefault(name(row), {})[row.metric] = row
    metrics = list(dict.fromkeys(row.metric for row in rows))
    titles = [_METRICS[metric] for metric in metrics]
    header = (
        first,
        "Learners",
        *(f"{title}: {part}" for title in titles for part in ("champion", "candidate", "difference")),
    )
    return Table(
        caption,
        header,
        [
            (line, _learners(by_metric), *_cells(by_metric[metric] for metric in metrics))
            for line, by_metric in lines.items()
        ],
    )


def _learners(by_metric: dict[str, Compared]) -> str:
    row = next(iter(by_metric.values()))
    return "too few" if row.suppressed else f"{row.learners:,}"


def _cells(rows: Iterable[Compared]) -> list[str]:
    return [
        cell
        for row in rows
        for cell in (
            ["too few"] * 3
            if row.suppressed
            else [_figure(row.champion), _figure(row.candidate), _figure(row.difference, "+.3f")]
        )
    ]


def _figure(measured: Measured, form: str = ".3f") -> str:
    if measured.value is None:
        return "not measured"
    if measured.low is None or measured.high is None:
        return f"{measured.value:{form}}"
    return f"{measured.value:{form}} ({measured.low:{form}} to {measured.high:{form}})"
