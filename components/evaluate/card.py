"""The model card: a sealed bundle in words, as Markdown or as one HTML file that needs no other."""

import json
import re
import shlex
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from components.evaluate.markdown import Markdown, code, linked, listed, table, text, to_html, wrapped
from components.evaluate.page import (
    SPLITS,
    Page,
    as_metric,
    count,
    cutoff_title,
    cutoff_words,
    nearest_focus,
    percent,
    templates,
)
from earlybell.bundle import Bundle
from earlybell.errors import SettingError
from earlybell.tables.schema import BY_NAME

NO_CONTACT = "not named yet (the site names one with `--contact` or `EARLYBELL_CONTACT`)"
_NAMELESS = "a model without a name"

# Keys that an older bundle may lack.
_EVALUATION: dict[str, Any] = {
    "label": "not recorded",
    "chosen": "not recorded",
    "rule": "",
    "threshold": 0.5,
    "operating_point": {},
    "coverage": [],
    "evidence": [],
    "data": {},
    "candidates": [],
    "metrics": [],
    "curves": [],
    "importance": [],
    "missing": [],
    "agreement": {},
    "stability": {},
    "seed": None,
    "created_at": "",
}
_DATA: dict[str, Any] = {
    "sources": [],
    "digest": "",
    "learners": None,
    "moments": None,
    "course_runs": [],
    "notes": [],
    "helped": {},
}
_TRAINING: dict[str, Any] = {"title": "", "remarks": "", "settings": {}}
_BANDS = {"high", "medium", "days_needed", "most_outside", "ranges", "interval"}  # what the template speaks of

_PROTECTED = {column.name: column.meaning for column in BY_NAME["learners"].columns if column.name != "learner_id"}
_PAIR = re.compile(f" & (?:{'|'.join(_PROTECTED)})=")  # in the name of a group by two attributes
_FAIR = {  # columns of the groups of an attribute, where they were measured
    "base_rate": "Base rate",
    "selection_rate": "Flagged",
    "true_positive_rate": "Found",
    "recall": "Found",
    "false_positive_rate": "False alarms",
    "precision": "Rightly flagged",
    "calibration_gap": "Risk less truth",
    "roc_auc": "AUC",
}
_BETWEEN = {  # columns of the differences between groups
    "selection_rate_difference": "Flagged",
    "true_positive_rate_difference": "Found",
    "recall_difference": "Found",
    "false_positive_rate_difference": "False alarms",
    "calibration_difference": "Risk less truth",
    "proxy_auc": "Told apart",
    "suppressed_groups": "Groups not shown",
}
_MOST = 5
_RISKS = (0.1, 0.3, 0.5, 0.7, 0.9)


def write_card(bundle: Bundle, out: Path, contact: str = "") -> None:
    """Write the card of a sealed bundle to `out`, as Markdown (.md) or HTML (.html); see `card`.

    Raises:
        SettingError: `out` has another suffix, or lies in the bundle, whose seal it would break.
    """
    write = {".md": card, ".html": _html}.get(out.suffix)
    if write is None:
        raise SettingError("a card is Markdown or HTML", out.name, "Name a file that ends in .md or .html.")
    if out.resolve().is_relative_to(bundle.path.resolve()):
        raise SettingError("the card would break the bundle's seal", str(out), "Name a file outside of the bundle.")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(write(bundle, contact), encoding="utf-8")


def card(bundle: Bundle, contact: str = "") -> str:
    """The card of a sealed bundle as Markdown. The same bundle and contact give the same text.

    It says what the bundle does not record.

    Args:
        contact: whom a learner asks about a prediction; its web and e-mail addresses become links.
    """
    environment = templates().overlay(finalize=text)
    environment.filters.update(attribute=_attribute, code=code, listed=listed, of_hundred=_of_hundred)
    found = environment.get_template("card.md").render(
        page=_Card(bundle), contact=linked(contact) if contact.strip() else Markdown(f"**{NO_CONTACT}**")
    )
    return wrapped(found)


def _html(bundle: Bundle, contact: str) -> str:
    intro, sections = to_html(card(bundle, contact))
    page = templates().get_template("card.html")
    return page.render(name=bundle.manifest.get("name", _NAMELESS), intro=intro, sections=sections)


class _Card(Page):
    """What the card's template asks of a bundle; what the bundle does not record is empty."""

    def __init__(self, bundle: Bundle) -> None:
        evaluation = _EVALUATION | _read(bundle.path / "evaluation.json")
        self.data = evaluation["data"] = _DATA | (evaluation["data"] or {})
        super().__init__(evaluation)
        self.evaluation, self.manifest, self.bands = evaluation, bundle.manifest, bundle.bands
        self.digest, self.name = bundle.digest, bundle.manifest.get("name", _NAMELESS)
        self.catalogue, self.protected = bundle.catalogue, _PROTECTED
        own: dict[str, Any] = next((c for c in evaluation["candidates"] if c["name"] == evaluation["chosen"]), {})
        self.training = _TRAINING | (_read(bundle.path / "training.json") or own)
        self.point, self.helped = evaluation["operating_point"] or {}, self.data["helped"] or {}

    @cached_property
    def facts(self) -> Markdown:
        data, created = self.data, self.evaluation["created_at"] or ""
        counts = {"learners": data["learners"], "moments (a learner, a week)": data["moments"]}
        counts["course runs"] = len(data["course_runs"]) or None
        facts = {
            "Name": self.name,
            "Version": code(self.digest[:12]),
            "Algorithm": self.training["title"] or self.chosen,
            "Label": f"{self.evaluation['label']}: who {self.bad}",
            "Made at": f"{created[:16].replace('T', ' ')} UTC" if created else "not recorded",
            "Learned from": ", ".join(f"{n:,} {what}" for what, n in counts.items() if n) or "not recorded",
            "Inputs": f"{len(self.catalogue.features)} features",
        }
        return table("This model", ("What", "Value"), facts.items())

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
        return [name for name in self.catalogue.names if name in _PROTECTED]

    @cached_property
    def simulated(self) -> bool:
        return any(source.startswith("simulate:") for source in self.data["sources"])

    @cached_property
    def run_table(self) -> Markdown:
        rows = [
            (run["course_id"], count(run.get("learners")), count(run.get("moments")), percent(run.get("base_rate")))
            for run in self.data["course_runs"]
        ]
        return table("Course runs that it learned from", ("Course run", "Learners", "Moments", "Base rate"), rows)

    @cached_property
    def cutoff_table(self) -> Markdown:
        metrics = ("roc_auc", "pr_auc", "brier", "calibration_error", "base_rate")
        rows = [(cutoff_title(at), *self._figures(metrics, at), self._learners(at)) for at in self.cutoffs]
        titles = (self.words()[metric].title for metric in metrics)
        return table(f"Figures by cut-off ({SPLITS[self.split].lower()})", ("Cut-off", *titles, "Learners"), rows)

    @cached_property
    def own_run_table(self) -> Markdown:
        metrics = ("roc_auc", "calibration_error", "base_rate")
        rows = [(run, *self._figures(metrics, self.focus, run), self._learners(self.focus, run)) for run in self.groups]
        titles = (self.words()[metric].title for metric in metrics)
        return table(f"Figures by course run {cutoff_words(self.focus)}", ("Course run", *titles, "Learners"), rows)

    @cached_property
    def flag_table(self) -> Markdown:
        rows = [
            (cutoff_title(at), self._flagged(at), *self._figures(("precision", "recall"), at)) for at in self.cutoffs
        ]
        caption = f"With a risk of {self.evaluation['threshold']:.0%} or more as flag"
        return table(caption, ("Cut-off", "Flagged", "Rightly", "Found"), rows)

    @cached_property
    def calibration_table(self) -> Markdown | None:
        """Bins of the predicted risk at the focus; None where they were not measured."""
        wanted = (self.evaluation["chosen"], self.split, self.focus, "calibration")
        for curve in self.evaluation["curves"]:
            if (curve["candidate"], curve["split"], curve["cutoff"], curve["kind"]) == wanted and curve["x"]:
                sizes = curve["n"] or [None] * len(curve["x"])
                bins = zip(curve["x"], curve["y"], sizes, strict=True)
                rows = [(percent(risk), percent(share), count(size)) for risk, share, size in bins]
                header = ("Mean risk", "Came true", "Moments" if self.focus is None else "Learners")
                return table(f"Risk and what came of it, {cutoff_words(self.focus)}", header, rows)
        return None

    @cached_property
    def doubt_table(self) -> Markdown | None:
        """Ranges around some risks; None where the bundle has none."""
        known = self.bands.get("interval")
        if not known:
            return None
        ends = [np.interp(_RISKS, known["risk"], known[end]) for end in ("low", "high")]
        rows = [
            (f"{risk:.0%}", f"{min(low, risk):.0%} to {max(high, risk):.0%}")
            for risk, low, high in zip(_RISKS, *ends, strict=True)
        ]
        return table("Range around a risk", ("Risk", "Range"), rows)

    @cached_property
    def evidence(self) -> dict[str, Any] | None:
        """What the bundle's own rule of evidence was measured to keep."""
        most = self.bands.get("most_outside")
        return next((row for row in self.evaluation["evidence"] if row["most_outside"] == most), None)

    @cached_property
    def other_bands(self) -> dict[str, Any]:
        """Settings of bands.json that this version has no words for."""
        return {
            name: value
            for name, value in self.bands.items()
            if name not in _BANDS and not isinstance(value, list | dict)
        }

    @cached_property
    def fairness_cutoff(self) -> float | None:
        return nearest_focus({cutoff for _, _, cutoff, group, _ in self._rows if group in self._others})

    @cached_property
    def compared(self) -> dict[str, list[str]]:
        """Groups by the protected attribute that they were told apart by."""
        found: dict[str, list[str]] = {}
        for group in self._others:
            if "=" in group and not _PAIR.search(group):
                found.setdefault(group.partition("=")[0], []).append(group)
        return found

    @cached_property
    def difference_tables(self) -> list[Markdown]:
        """Differences between groups by one attribute, and by two."""
        names = [group for group in self._others if "=" not in group]
        one, two = ([name for name in names if ("&" in name) == pair] for pair in (False, True))
        tables = (self._difference_table("one attribute", one), self._difference_table("two attributes together", two))
        return [found for found in tables if found]

    @cached_property
    def group_tables(self) -> list[Markdown]:
        """The groups of each attribute side by side."""
        return [self._group_table(_attribute(name), groups) for name, groups in self.compared.items()]

    @cached_property
    def weightiest(self) -> list[str]:
        """The features that move the predictions most, with their shares."""
        return [f"{row['title']} ({percent(row['share'])})" for row in self.evaluation["importance"][:_MOST]]

    @cached_property
    def settings(self) -> list[str]:
        return [f"{name}={value}" for name, value in self.training["settings"].items()]

    @cached_property
    def gaps(self) -> list[str]:
        """Titles of features that most rows of training had no value of."""
        return [row["title"] for row in self.evaluation["missing"] if (row["share"] or 0) > 0.5]

    @cached_property
    def again(self) -> Markdown:
        """The command that trains it again."""
        sources = " ".join(shlex.quote(source) for source in self.data["sources"]) or "SOURCE"
        return Markdown(f"    earlybell train {' '.join(sources.split())} --out again")

    @cached_property
    def _others(self) -> list[str]:
        """Groups of the fairness check: `gender=F`, `gender=F & age=0-35`; `gender`, `gender & age` for differences."""
        wanted = (self.evaluation["chosen"], self.split)
        found = {key[3] for key in self._rows if key[:2] == wanted}
        return sorted(group for group in found if group.partition("=")[0].split(" & ")[0] in _PROTECTED)

    def _difference_table(self, by: str, names: list[str]) -> Markdown | None:
        shown = self._shown(_BETWEEN, names)
        titles = [_BETWEEN.get(metric, metric.replace("_", " ").capitalize()) for metric in shown]
        rows = [(_attribute(name), *self._figures(shown, self.fairness_cutoff, name)) for name in names]
        return table(f"Largest differences between groups by {by}", ("Groups by", *titles), rows) if shown else None

    def _group_table(self, title: str, groups: list[str]) -> Markdown:
        cutoff, shown = self.fairness_cutoff, [metric for metric in self._shown(_FAIR, groups) if metric in _FAIR]
        rows = []
        for group in groups:
            value = group.partition("=")[2] or "not stated"
            rows.append((value, self._learners(cutoff, group), *self._figures(shown, cutoff, group)))
        return table(f"Groups by {title.lower()}", (title, "Learners", *(_FAIR[metric] for metric in shown)), rows)

    def _shown(self, known: dict[str, str], groups: list[str]) -> list[str]:
        """Metrics of these groups: those known in their order, then others."""
        wanted = (self.evaluation["chosen"], self.split, self.fairness_cutoff)
        found = {key[4]: None for key in self._rows if key[:3] == wanted and key[3] in groups}
        return [metric for metric in known if metric in found] + [metric for metric in found if metric not in known]

    def _figures(self, metrics: Sequence[str], cutoff: float | None, group: str = "all") -> list[str]:
        return [_ranged(self.figure(metric, cutoff, group=group), metric) for metric in metrics]

    def _learners(self, cutoff: float | None, group: str = "all") -> str:
        wanted = (self.evaluation["chosen"], self.split, cutoff, group)
        return count(next((row["learners"] for key, row in self._rows.items() if key[:4] == wanted), None))

    def _flagged(self, cutoff: float | None) -> str:
        names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
        cells = [row["value"] for name in names if (row := self.figure(name, cutoff))]
        return percent(sum(cells[:2]) / sum(cells)) if len(cells) == len(names) and sum(cells) else "not measured"


def _read(path: Path) -> dict[str, Any]:
    """A JSON file of a bundle; empty where an older bundle has none."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _attribute(name: str) -> str:
    return name.replace(" & ", " and ").capitalize()


def _ranged(row: dict[str, Any] | None, metric: str) -> str:
    if metric == "suppressed_groups":
        return count(row["value"]) if row else "none"
    if not row:
        return "not measured"
    written = "roc_auc" if metric == "proxy_auc" else metric
    value, low, high = (None if row[end] is None else as_metric(row[end], written) for end in ("value", "low", "high"))
    return f"{value}" if low is None or high is None else f"{value} ({low} to {high})"


def _of_hundred(row: dict[str, Any]) -> str:
    value, low, high = (None if row[end] is None else round(100 * row[end]) for end in ("value", "low", "high"))
    return f"{value}" if low is None or high is None or low == high else f"{value} ({low} to {high})"
