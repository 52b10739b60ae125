"""Which gates the model reached."""

from components.report.blocks import Block, Hint, Section, Strong, Table, Text, sentences
from components.report.figures import CardFigures, Figures
from components.report.sections import ReportSection
from components.report.words import SPLITS, cutoff_words
from earlybell.gates import Verdict, find_gates

_DISPARITY = "Sure difference in the share found between groups"


def report(page: Figures) -> Section:
    verdict, blocks = page.verdict, list[Block | None]()
    if verdict is None:
        blocks = ["How this model was judged is not recorded."]
    else:
        blocks = [
            "The model reached every gate that was set." if verdict.outcome == "passed" else _missed(verdict),
            _waived(verdict),
            Hint("How to read it: a gate is a figure that a model must reach before it is registered."),
            _table(page, verdict),
        ]
    return Section("Gates", blocks)


def card(page: CardFigures) -> Section:
    verdict = page.verdict
    if verdict is None:
        return Section("Gates", ["The bundle does not record whether the model reached any gates."])
    reached: Text = (
        "The model reached every gate that was set: figures that a model must reach before it is registered."
    )
    if verdict.outcome != "passed":
        reached = (
            Strong("The model missed a gate"),
            f": a figure that a model must reach before it is registered. It {_follows(verdict)}.",
        )
    return Section("Gates", [reached, _waived(verdict), _table(page, verdict)])


def _missed(verdict: Verdict) -> Text:
    return Strong("The model missed a gate."), f" It {_follows(verdict)}."


def _follows(verdict: Verdict) -> str:
    return "may serve all the same" if verdict.waived else "is not registered"


def _waived(verdict: Verdict) -> str | None:
    return sentences("Its gates were waived. The reason:", verdict.waived) if verdict.waived else None


def _table(page: Figures, verdict: Verdict) -> Table:
    titles = {name: metric.title for name, metric in page.words().items()} | {"disparity": _DISPARITY}
    titles |= {
        gate.name: f"{titles[gate.metric]} in the worst course run" for gate in find_gates().values() if gate.metric
    }
    rows = [
        (
            titles.get(finding.metric, finding.metric),
            finding.figure,
            finding.requirement,
            "yes" if finding.passed else "no",
        )
        for finding in verdict.findings
    ]
    split = SPLITS.get(verdict.split, "nothing measured").lower()
    caption = f"What the gates asked, {cutoff_words(verdict.cutoff)} ({split})"
    return Table(caption, ("Figure", "Value", "Asked", "Reached"), rows)


REPORTSECTION = ReportSection("gates", report=report, report_order=40, card=card, card_order=70)
