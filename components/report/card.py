"""The model card: a sealed bundle in words, as Markdown or as one HTML file that needs no other."""

from pathlib import Path

from components.report.blocks import Code, Page, Strong, Table, Text
from components.report.figures import CardFigures
from components.report.html import to_html
from components.report.markdown import to_markdown
from components.report.sections import card_sections
from earlybell.bundle import UNSEALED, Bundle
from earlybell.errors import SettingError


def write_card(bundle: Bundle, out: Path, contact: str = "") -> None:
    """Write the card of a sealed bundle to `out`, as Markdown (.md) or HTML (.html); see `card`.

    Raises:
        SettingError: `out` has another suffix, or lies in the bundle as a file that its seal would not bear.
    """
    write = {".md": to_markdown, ".html": to_html}.get(out.suffix)
    if write is None:
        raise SettingError("a card is Markdown or HTML", out.name, "Name a file that ends in .md or .html.")
    sealed = bundle.path.resolve()
    if out.resolve().is_relative_to(sealed) and str(out.resolve().relative_to(sealed)) not in UNSEALED:
        way_out = f"Name a file outside of the bundle, or {' or '.join(sorted(UNSEALED - {'report.html'}))} in it."
        raise SettingError("the card would break the bundle's seal", str(out), way_out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(write(_page(bundle, contact)), encoding="utf-8")


def card(bundle: Bundle, contact: str = "") -> str:
    """The card of a sealed bundle as Markdown. The same bundle and contact give the same text.

    It says what the bundle does not record.

    Args:
        contact: whom a learner asks about a prediction; its web and e-mail addresses become links.
    """
    return to_markdown(_page(bundle, contact))


def _page(bundle: Bundle, contact: str) -> Page:
    figures = CardFigures(bundle, contact)
    simulated = any(source.startswith("simulate:") for source in figures.data.sources)
    title = f"Model card: {figures.name}"
    return Page(
        name=title,
        title=title,
        intro=[
            "Written by Earlybell from the model's sealed bundle, and from nothing else. What the bundle does not "
            "record is said to be missing.",
            _facts(figures),
            _SIMULATED if simulated else None,
        ],
        sections=card_sections(figures),
        brackets=True,
    )


_SIMULATED: Text = (
    Strong("Trained on a simulated site."),
    " Such learners are not real: these figures say nothing of how well it does with real ones.",
)


def _facts(figures: CardFigures) -> Table:
    data = figures.data
    counts = {
        "learners": data.learners,
        "moments (a learner, a week)": data.moments,
        "course runs": len(data.course_runs),
    }
    facts: dict[str, Text] = {
        "Name": figures.name,
        "Version": Code(figures.digest[:12]),
        "Algorithm": figures.training.title or figures.chosen,
        "Label": f"{figures.evaluation.label}: who {figures.bad}",
        "Learned from": ", ".join(_counted(n, words) for words, n in counts.items() if n) or "not recorded",
        "Inputs": f"{len(figures.catalogue.features)} features",
        "Gates": figures.verdict.outcome if figures.verdict else "not recorded",
    }
    return Table("This model", ("What", "Value"), list(facts.items()))


def _counted(n: int, words: str) -> str:
    """`2 course runs`, `1 course run`."""
    return f"{n:,} {words.removesuffix('s') if n == 1 else words}"
