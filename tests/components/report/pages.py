"""What tests of the report and of the model card share: an evaluation to show, and a page as a browser reads it."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from earlybell.bundle import Evaluation
from earlybell.bundle.evaluation import upgraded

Content = dict[str, Any]  # of an evaluation.json

_VOID = {"meta", "link", "br", "img", "hr", "input"}
_CUTOFFS = (0.2, 0.4, 0.6, 0.8)
_CANDIDATES = {
    "logistic": ("Logistic regression", -0.12),
    "forest": ("Random forest", -0.02),
    "xgboost": ("XGBoost", 0.0),
}
_RUNS = {"AAA_2013J": 383, "BBB_2013B": 1767, "BBB_2014J": 2292, "CCC_2014B": 1936, "GGG_2014J": 749}
_FEATURES = (
    ("days_since_activity", "Days since last activity", "temporal", 0.8),
    ("share_submitted", "Share of the work due that was handed in", "work", -0.9),
    ("mean_score", "Mean score", "work", -0.85),
    ("active_days", "Active days in the last 14 days", "engagement", -0.6),
    ("prior_attempts", "Earlier attempts at this course", "history", 0.7),
    ("progress", "Share of the course run that has passed", "temporal", 0.02),
    ("lateness", "Mean lateness of handed-in work, in days", "work", None),
    *((f"feature_{i}", f"Views of component {i}, per active week", "engagement", -0.3) for i in range(12)),
)


def sample_evaluation() -> Content:
    """An evaluation like a real one: risks of known separation, calibrated, growing better as a run passes."""
    random = np.random.default_rng(42)
    evaluation: Content = {
        "format": 1,
        "label": "outcome",
        "chosen": "xgboost",
        "rule": "It has the highest AUC at 40% with course runs left out, and no simpler candidate came within 0.005.",
        "cutoffs": list(_CUTOFFS),
        "data": {
            "sources": ["oulad:anonymisedData"],
            "digest": "9f2c" * 16,
            "learners": 7127,
            "moments": 184_310,
            "course_runs": [
                {"course_id": name, "learners": size, "moments": 26 * size, "base_rate": 0.3 + 0.05 * number}
                for number, (name, size) in enumerate(_RUNS.items())
            ],
            "notes": ["Clicks are daily: sessions and hours are missing.", "31 submissions were quarantined."],
        },
        "candidates": [
            {"name": name, "title": title, "remarks": f"Remarks on {title}."}
            | {"settings": {"C": 1.0}, "complexity": number}
            for number, (name, (title, _)) in enumerate(_CANDIDATES.items(), start=1)
        ],
        "metrics": [],
        "curves": [],
        "importance": _importance(),
        "missing": [
            {"feature": "mean_score", "title": "Mean score", "share": 0.18},
            {"feature": "progress", "title": "Share of the course run that has passed", "share": 0.0},
        ],
        "threshold": 0.5,
        "thresholds": {"high": 0.6, "medium": 0.35},
        "seed": 42,
    }
    for name, (_, worse) in _CANDIDATES.items():
        for split, bonus in (("course_run", 0.0), ("learner", 0.12), ("random", 0.6)):
            for cutoff in (*_CUTOFFS, None):
                distance = 0.5 + 1.9 * (0.5 if cutoff is None else cutoff) + worse + bonus
                labels, risks = _draw(random, 3000, distance)
                evaluation["metrics"] += _rows((name, split, cutoff, "all"), labels, risks)
                evaluation["curves"] += _curves((name, split, cutoff), labels, risks)
    for number, (run, size) in enumerate(_RUNS.items()):
        for cutoff in _CUTOFFS:
            labels, risks = _draw(random, size // 4, 0.4 + 1.9 * cutoff + 0.1 * (number % 3))
            evaluation["metrics"] += _rows(("xgboost", "course_run", cutoff, run), labels, risks)
    return evaluation


def full_evaluation() -> Content:
    """Everything that an evaluation can hold."""
    evaluation = sample_evaluation()
    evaluation["metrics"] += _fairness()
    evaluation["data"]["helped"] = {
        "learners": 31,
        "kinds": {"call": 9, "message": 25},
        "treatment": "Their weeks from the first help on were left out.",
    }
    rates = {"flagged_a_week": 12.0, "rightly_a_week": 7.0, "rightly": 0.6, "found": 0.7}
    figures = {name: measured(value) for name, value in (("roc_auc", 0.8), ("accuracy", 0.7), ("brier", 0.15))}
    learner = [{"feature": "mean_score", "title": "Mean score", "shap": 1.25, "lime": -0.5}]
    return evaluation | {
        "operating_point": {"rule": "the staff can see 20% of the learners each week", "high": 0.6, "medium": 0.35}
        | {name: measured(value) for name, value in rates.items()}
        | {"lead_days": {"last_activity": {"low": 14.0, "median": 42.0, "high": 70.0}}}
        | {"capacities": [_capacity(share, rates) for share in (0.05, 0.3)]},
        "coverage": [
            {"risk": 0.1 * k, "low": 0.1 * k - 0.05, "high": 0.1 * k + 0.05, "seen": measured(0.1 * k), "within": k > 1}
            | {"rows": 300}
            for k in range(1, 10)
        ],
        "evidence_rule": {"days_needed": 7, "most_outside": 3},
        "evidence": [
            {"most_outside": most, "used": most == 3, "coverage": coverage, **figures}
            for most, coverage in ((0, 0.4), (3, 0.98))
        ],
        "agreement": {"shared": 3.9, "correlation": 0.71, "learners": 10, "learner": learner},
        "stability": {"shared": 3.8, "risk_change": {"median": 0.02, "p90": 0.13}, "pairs": 1000},
    }


def as_evaluation(content: Content) -> Evaluation:
    """What is read of such a file."""
    return upgraded(msgspec.json.decode(json.dumps(content), type=Evaluation))


def _capacity(share: float, rates: dict[str, float]) -> dict[str, Any]:
    late = {"low": -9.0, "median": -2.0, "high": 30.0}
    figures = {name: measured(value) for name, value in rates.items()}
    return {"share": share, "high": 1 - share, "lead_days": {"last_activity": late}} | figures


def measured(value: float) -> dict[str, float]:
    """A figure with a range."""
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


def _fairness() -> list[dict[str, Any]]:
    rates = ("selection_rate", "true_positive_rate", "false_positive_rate", "calibration_gap", "base_rate", "roc_auc")
    figures = [(f"gender={value}", rate, share) for value, share in (("F", 0.3), ("M", 0.4)) for rate in rates]
    figures += [("gender", "true_positive_rate_difference", 0.1), ("gender", "proxy_auc", 0.62)]
    figures += [("gender & age", "true_positive_rate_difference", 0.2), ("gender & age", "suppressed_groups", 4.0)]
    figures += [("gender=F & age=0-35", "selection_rate", 0.77), ("age=55<=", "suppressed", 1.0)]
    figures += [("gender=M & age=55<=", "suppressed", 1.0)]
    common = {"candidate": "xgboost", "split": "course_run", "cutoff": 0.4, "learners": 123, "positives": 50}
    return [common | {"group": group, "metric": metric} | measured(value) for group, metric, value in figures]


def _importance() -> list[dict[str, Any]]:
    shares = np.array([1 / (rank + 2) for rank in range(len(_FEATURES))])
    named = zip(_FEATURES, shares / shares.sum(), strict=True)
    return [
        {"feature": feature, "title": title, "family": family, "share": float(share), "direction": direction}
        for (feature, title, family, direction), share in named
    ]


def _draw(random: np.random.Generator, size: int, distance: float) -> tuple[np.ndarray, np.ndarray]:
    labels = random.random(size) < 0.42
    scores = random.normal(labels * distance)
    return labels, 1 / (1 + np.exp(-(distance * scores - distance**2 / 2 + np.log(0.42 / 0.58))))


def _rows(key: tuple[str, str, float | None, str], labels: np.ndarray, risks: np.ndarray) -> list[dict[str, Any]]:
    flagged = risks >= 0.5
    counts = [int(np.sum(flag & label)) for flag in (flagged, ~flagged) for label in (labels, ~labels)]
    hits, alarms, misses, rest = counts
    ranks = np.argsort(np.argsort(risks)) + 1
    pairs = labels.sum() * (~labels).sum()
    auc = (ranks[labels].sum() - labels.sum() * (labels.sum() + 1) / 2) / pairs
    figures = {
        "roc_auc": auc,
        "pr_auc": auc - 0.04,
        "brier": np.mean((risks - labels) ** 2),
        "calibration_error": 0.021,
        "accuracy": (hits + rest) / len(labels),
        "precision": hits / max(1, hits + alarms),
        "recall": hits / (hits + misses),
        "f1": 2 * hits / (2 * hits + alarms + misses),
        "calibration_gap": risks.mean() - labels.mean(),
        "base_rate": labels.mean(),
    }
    names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    candidate, split, cutoff, group = key
    common = {"candidate": candidate, "split": split, "cutoff": cutoff, "group": group}
    common |= {"learners": len(labels), "positives": int(labels.sum())}
    half = 1 / len(labels) ** 0.5
    measured = [
        common | {"metric": name, "value": value, "low": value - half, "high": min(1.0, value + half)}
        for name, value in ((name, float(value)) for name, value in figures.items())
    ]
    return measured + [
        common | {"metric": name, "value": count, "low": None, "high": None}
        for name, count in zip(names, counts, strict=True)
    ]


def _curves(key: tuple[str, str, float | None], labels: np.ndarray, risks: np.ndarray) -> list[dict[str, Any]]:
    order = np.argsort(-risks)
    hits, alarms = np.cumsum(labels[order]), np.cumsum(~labels[order])
    recall, precision = hits / hits[-1], hits / (hits + alarms)
    bins = [members for tenth in range(10) if len(members := np.flatnonzero(risks // 0.1 == tenth))]
    candidate, split, cutoff = key
    drawn = {
        "roc": ([0.0, *(alarms / alarms[-1])[9::15], 1.0], [0.0, *recall[9::15], 1.0], None),
        "pr": (recall[9::15], precision[9::15], None),
        "calibration": ([risks[b].mean() for b in bins], [labels[b].mean() for b in bins], [len(b) for b in bins]),
    }
    return [
        {"candidate": candidate, "split": split, "cutoff": cutoff, "kind": kind}
        | {"x": [float(value) for value in x], "y": [float(value) for value in y], "n": n}
        for kind, (x, y, n) in drawn.items()
    ]


class Reader(HTMLParser):
    """Reads a page: its tags with attributes, its headings' levels, its text; and fails on a tag left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self._open and self._open[-1] != "style" else ""

    @property
    def words(self) -> str:
        return " ".join(self.text.split())

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def check_headings(page: str) -> None:
    """One of level 1, first, and no level left out on the way down."""
    levels = [int(tag[1]) for tag, _ in Reader(page).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def check_tables(page: str, least: int) -> None:
    """At least so many tables, each with a caption, scopes, and a box that scrolls."""
    reader = Reader(page)
    assert len(reader.all("table")) == len(reader.all("caption")) >= least
    assert all(attributes.get("scope") for attributes in reader.all("th"))
    assert len([box for box in reader.all("div") if box.get("class") == "scroll"]) == len(reader.all("table"))


def check_references(page: str) -> None:
    """Ids are unique, and what refers to one finds it."""
    every = [attributes for _, attributes in Reader(page).tags]
    ids = [attributes["id"] for attributes in every if "id" in attributes]
    assert len(ids) == len(set(ids))
    references = {word for attributes in every for word in (attributes.get("aria-labelledby") or "").split()}
    links = (attributes.get(name) for attributes in every for name in ("href", "xlink:href"))
    references |= {href[1:] for href in links if href}
    references |= set(re.findall(r"url\(#(.+?)\)", page))
    assert references <= set(ids)


def check_nothing_is_loaded(page: str) -> None:
    """No script, no other file, no link that leaves the page."""
    reader = Reader(page)
    assert not reader.all("script", "link", "img", "iframe", "object", "embed")
    links = [
        value
        for _, attributes in reader.tags
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href")
    ]
    assert all(link and link.startswith("#") for link in links)
    assert not re.search(r"https?:|@import|url\((?!#)", page)


def check_phone_and_dark(page: str) -> None:
    """A language, the width of the device, colours for the dark, and in both enough contrast (WCAG 2.2, AA)."""
    reader = Reader(page)
    assert reader.all("html") == [{"lang": "en"}]
    assert any(meta.get("name") == "viewport" for meta in reader.all("meta"))
    light, dark = re.findall(r":root \{(.+?)\}", page, re.DOTALL)
    assert page.index("prefers-color-scheme: dark") < page.index(dark)
    for scheme in (light, dark):
        colours = dict(re.findall(r"--(\w+): #(\w+);", scheme))
        for back in ("page", "panel"):
            assert all(_contrast(colours[name], colours[back]) >= 4.5 for name in ("ink", "quiet", "link", "mark0"))


def _contrast(ink: str, back: str) -> float:
    darker, lighter = sorted(_luminance(colour) for colour in (ink, back))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    wide = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    shares = [int(wide[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def no_values(evaluation: Content) -> None:
    """No figure was measured."""
    for row in evaluation["metrics"]:
        row |= {"value": None, "low": None, "high": None}


def no_intervals(evaluation: Content) -> None:
    """No figure has a range."""
    for row in evaluation["metrics"]:
        row |= {"low": None, "high": None}


def guessing(evaluation: Content) -> None:
    """At a fifth of the run the model may be no better than guessing."""
    for row in evaluation["metrics"]:
        if (row["cutoff"], row["metric"]) == (0.2, "roc_auc"):
            row |= {"value": 0.52, "low": 0.48, "high": 0.56}
