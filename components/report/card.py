"""The model card: a sealed bundle in words, as Markdown or as one HTML file that needs no other."""

import shlex
from functools import cached_property
from pathlib import Path

import numpy as np
from msgspec import structs

from components.report.groups import PROTECTED, GroupTables
from components.report.markdown import Markdown, code, linked, listed, table, text, to_html, wrapped
from components.report.rendering import templates
from components.report.tables import Table
from components.report.words import SPLITS, count, cutoff_title, cutoff_words, percent, ranged
from earlybell.bundle import UNSEALED, Bundle, Training
from earlybell.bundle.bands import UNMEASURED
from earlybell.bundle.figures import HONEST_SPLITS
from earlybell.errors import SettingError
from earlybell.gates import read_verdict

NO_CONTACT = "not named yet (the site names one with `--contact` or `EARLYBELL_CONTACT`)"
_NAMELESS = "a model without a name"

_TABLE1 = ("Model", "Accuracy", "F1-Score", "AUC")
_HONEST = HONEST_SPLITS[::-1]
_MOST = 5
_RISKS = (0.1, 0.3, 0.5, 0.7, 0.9)


def write_card(bundle: Bundle, out: Path, contact: str = "") -> None:
    """Write the card of a sealed bundle to `out`, as Markdown (.md) or HTML (.html); see `card`.

    Raises:
        SettingError: `out` has another suffix, or lies in the bundle as a file that its seal would not bear.
    """
    write = {".md": card, ".html": _html}.get(out.suffix)
    if write is None:
        raise SettingError("a card is Markdown or HTML", out.name, "Name a file that ends in .md or .html.")
    sealed = bundle.path.resolve()
    if out.resolve().is_relative_to(sealed) and str(out.resolve().relative_to(sealed)) not in UNSEALED:
        way_out = f"Name a file outside of the bundle, or {' or '.join(sorted(UNSEALED - {'report.html'}))} in it."
        raise SettingError("the card would break the bundle's seal", str(out), way_out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(write(bundle, contact), encoding="utf-8")


def card(bundle: Bundle, contact: str = "") -> str:
    """The card of a sealed bundle as Markdown. The same bundle and contact give the same text.

    It says what the bundle does not record.

    Args:
        contact: whom a learner asks about a prediction; its web and e-mail addresses become links.
    """
    environment = templates().overlay(finalize=_written)
    environment.filters.update(code=code, listed=listed)
    found = environment.get_template("card.md").render(
        page=_Card(bundle), contact=linked(contact) if contact.strip() else Markdown(f"**{NO_CONTACT}**")
    )
    return wrapped(found)


def _written(value: object) -> str:
    return table(*value) if isinstance(value, Table) else text(value)


def _html(bundle: Bundle, contact: str) -> str:
    intro, sections = to_html(card(bundle, contact))
    page = templates().get_template("card.html")
    return page.render(name=bundle.manifest.name or _NAMELESS, intro=intro, sections=sections)


class _Card(GroupTables):
    """What the card's template asks of a bundle; what the bundle does not record is empty."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle.evaluation, read_verdict(bundle.path))
        self.manifest, self.bands = bundle.manifest, None if bundle.bands is UNMEASURED else bundle.bands
        self.digest, self.name = bundle.digest, bundle.manifest.name or _NAMELESS
        self.catalogue, self.protected = bundle.catalogue, PROTECTED
        candidates = {candidate.name: candidate for candidate in self.evaluation.candidates}
        chosen = self.evaluation.chosen
        self.training = bundle.training or candidates.get(chosen) or Training(name=chosen)
        self.helped = self.data.helped

    @cached_property
    def facts(self) -> Table:
        data = self.data
        counts = {"learners": data.learners, "moments (a learner, a week)": data.moments}
        counts["course runs"] = len(data.course_runs) or None
        facts = {
            "Name": self.name,
            "Version": code(self.digest[:12]),
            "Algorithm": self.training.title or self.chosen,
            "Label": f"{self.evaluation.label}: who {self.bad}",
            "Learned from": ", ".join(_counted(n, what) for what, n in counts.items() if n) or "not recorded",
            "Inputs": f"{len(self.catalogue.features)} features",
            "Gates": self.verdict.outcome if self.verdict else "not recorded",
        }
        return Table("This model", ("What", "Value"), list(facts.items()))

    @cached_property
    def families(self) -> dict[str, list[str]]:
        """Titles of the features by family."""
        found: dict[str, list[str]] = {}
        for feature in self.catalogue.features:
            found.setdefault(feature.family, []).append(feature.title)
        return found

    @cached_property
    def protected_inputs(self) -> list[str]:
        """Protected attributes among the features: there must be none."""
        return [name for name in self.catalogue.names if name in PROTECTED]

    @cached_property
    def simulated(self) -> bool:
        return any(source.startswith("simulate:") for source in self.data.sources)

    @cached_property
    def course_table(self) -> Table:
        rows = [
            (run.course_id, count(run.learners), count(run.moments), percent(run.base_rate))
            for run in self.data.course_runs
        ]
        return Table("Course runs that it learned from", ("Course run", "Learners", "Moments", "Base rate"), rows)

    @cached_property
    def paper_table(self) -> Table | None:
        """The paper's Table 1 in its own columns; None where its split was not measured."""
        if not self.has("random"):
            return None
        remarks = {candidate.name: candidate.remarks or "" for candidate in self.evaluation.candidates}
        rows = [(*self._of_table1(name, "random"), remarks[name]) for name in self.titles]
        caption = f"The paper's split: random 80/20 of rows, {cutoff_words(self.table1)}"
        return Table(caption, (*_TABLE1, "Remarks"), rows)

    @cached_property
    def honest_table(self) -> Table:
        rows = [
            (f"{model}, {SPLITS[split].lower()}", *figures)
            for split in _HONEST
            if self.has(split)
            for model, *figures in (self._of_table1(name, split) for name in self.titles)
        ]
        return Table(f"The same figures with honest splits, {cutoff_words(self.table1)}", _TABLE1, rows)

    @cached_property
    def not_possible(self) -> list[str]:
        return [SPLITS[split] for split in _HONEST if not self.has(split)]

    @cached_property
    def cutoff_table(self) -> Table:
        metrics = ("roc_auc", "pr_auc", "brier", "calibration_error", "base_rate")
        rows = [(cutoff_title(at), *self.figures(metrics, at), self.learners(at)) for at in self.cutoffs]
        titles = (self.words()[metric].title for metric in metrics)
        return Table(f"Figures by cut-off ({SPLITS[self.split].lower()})", ("Cut-off", *titles, "Learners"), rows)

    @cached_property
    def flag_table(self) -> Table:
        rows = [
            (cutoff_title(at), self._flagged(at), *self.figures(("precision", "recall"), at)) for at in self.cutoffs
        ]
        caption = f"With a risk of {self.evaluation.threshold:.0%} or more as flag"
        return Table(caption, ("Cut-off", "Flagged", "Rightly", "Found"), rows)

    @cached_property
    def calibration_table(self) -> Table | None:
        """Bins of the predicted risk at the focus; None where they were not measured."""
        wanted = (self.evaluation.chosen, self.split, self.focus, "calibration")
        for curve in self.evaluation.curves:
            if (curve.candidate, curve.split, curve.cutoff, curve.kind) == wanted and curve.x:
                sizes = curve.n or [None] * len(curve.x)
                bins = zip(curve.x, curve.y, sizes, strict=True)
                rows = [(percent(risk), percent(share), count(size)) for risk, share, size in bins]
                header = ("Mean risk", "Came true", "Moments" if self.focus is None else "Learners")
                return Table(f"Risk and what came of it, {cutoff_words(self.focus)}", header, rows)
        return None

    @cached_property
    def doubt_table(self) -> Table | None:
        """Ranges around some risks; None where the bundle has none."""
        if self.bands is None:
            return None
        known = self.bands.interval
        ends = [np.interp(_RISKS, known.risk, end) for end in (known.low, known.high)]
        rows = [
            (f"{risk:.0%}", f"{min(low, risk):.0%} to {max(high, risk):.0%}")
            for risk, low, high in zip(_RISKS, *ends, strict=True)
        ]
        return Table("Range around a risk", ("Risk", "Range"), rows)

    @cached_property
    def helped_kinds(self) -> list[str]:
        return [f"{kind} ({learners:,})" for kind, learners in self.helped.kinds.items()]

    @cached_property
    def weightiest(self) -> list[str]:
        """The features that move the predictions most, with their shares."""
        return [f"{row.title} ({percent(row.share)})" for row in self.evaluation.importance[:_MOST]]

    @cached_property
    def settings(self) -> list[str]:
        return [f"{name}={value}" for name, value in self.training.settings.items()]

    @cached_property
    def gaps(self) -> list[str]:
        """Titles of features that most rows of training had no value of."""
        return [row.title for row in self.evaluation.missing if row.share > 0.5]

    @cached_property
    def again(self) -> Markdown:
        """The command that trains it again."""
        sources = " ".join(shlex.quote(source) for source in self.data.sources) or "SOURCE"
        return Markdown(f"    earlybell train {' '.join(sources.split())} --out again")

    def _of_table1(self, candidate: str, split: str) -> tuple[str, ...]:
        chosen = " (chosen)" if candidate == self.evaluation.chosen else ""
        rows = (self.figure(name, self.table1, candidate, split) for name in ("accuracy", "f1", "roc_auc"))
        bare = [row and structs.replace(row, low=None) if split == "random" else row for row in rows]
        return f"{self.titles[candidate]}{chosen}", *(ranged(row, "roc_auc") for row in bare)

    def _flagged(self, cutoff: float | None) -> str:
        names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
        cells = [row.value or 0.0 for name in names if (row := self.figure(name, cutoff))]
        return percent(sum(cells[:2]) / sum(cells)) if len(cells) == len(names) and any(cells) else "not measured"


def _counted(n: int, what: str) -> str:
    """`2 course runs`, `1 course run`."""
    return f"{n:,} {what.removesuffix('s') if n == 1 else what}"
