"""The report as a reader's browser sees it: parsed from the file that was written."""

import copy
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.evaluate.report import write_report

Evaluation = dict[str, Any]

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


def sample_evaluation() -> Evaluation:
    """An evaluation like a real one: risks of known separation, calibrated, growing better as a run passes."""
    random = np.random.default_rng(42)
    evaluation: Evaluation = {
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
            | {"settings": {"C": 1.0}, "complexity": number, "seconds": 1.2}
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
        "created_at": "2026-11-23T12:00:00Z",
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
        "base_rate": labels.mean(),
    }
    names = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    candidate, split, cutoff, group = key
    common = {"candidate": candidate, "split": split, "cutoff": cutoff, "group": group}
    common |= {"learners": len(labels), "positives": int(labels.sum())}
    half = 1 / len(labels) ** 0.5
    measured = [
        common | {"metric": name, "value": value, "low": max(0.0, value - half), "high": min(1.0, value + half)}
        for name, value in ((name, float(value)) for name, value in figures.items())
    ]
    return measured + [
        common | {"metric": name, "value": count, "low": None, "high": None}
        for name, count in zip(names, counts, strict=True)
    ]


def _curves(key: tuple[str, str, float | None], labels: np.ndarray, risks: np.ndarray) -> list[dict[str, Any]]:
    order = np.argsort(-risks)
    found, alarms = np.cumsum(labels[order]), np.cumsum(~labels[order])
    recall, precision = found / found[-1], found / (found + alarms)
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


class _Reader(HTMLParser):
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


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return sample_evaluation()


@pytest.fixture
def thin(evaluation: Evaluation) -> Evaluation:
    """A copy to change, with little to draw: drawing is most of a page's time."""
    drawn = [curve for curve in evaluation["curves"] if (curve["kind"], curve["cutoff"]) == ("calibration", 0.4)]
    return copy.deepcopy(evaluation | {"curves": drawn, "importance": evaluation["importance"][:2]})


@pytest.fixture(scope="module")
def page(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> str:
    return _written(evaluation, tmp_path_factory.mktemp("report"))


def _written(evaluation: Evaluation, folder: Path) -> str:
    write_report(evaluation, folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_headings_come_in_order(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in _Reader(page).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_every_picture_has_a_title_and_a_description(page: str) -> None:
    pictures = re.findall("<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 10  # AUC, groups, ROC, PR, importance, and a calibration for each cut-off and all weeks
    for picture in pictures:
        title, text = re.findall('aria-labelledby="(.+?) (.+?)"', picture)[0]
        assert re.search(f'<title id="{title}">[^<]+</title><desc id="{text}">[^<]+</desc>', picture)


def test_every_table_has_a_caption_and_scopes(page: str) -> None:
    reader = _Reader(page)
    assert len(reader.all("table")) == len(reader.all("caption")) > 8
    assert all(attributes.get("scope") for attributes in reader.all("th"))


def test_ids_are_unique_and_every_reference_to_one_is_met(page: str) -> None:
    attributes = [attributes for _, attributes in _Reader(page).tags]
    ids = [given["id"] for given in attributes if "id" in given]
    assert len(ids) == len(set(ids))
    wanted = {word for given in attributes for word in (given.get("aria-labelledby") or "").split()}
    wanted |= {href[1:] for given in attributes for name in ("href", "xlink:href") if (href := given.get(name))}
    wanted |= set(re.findall(r"url\(#(.+?)\)", page))
    assert wanted <= set(ids)


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    reader = _Reader(page)
    assert not reader.all("script", "link", "img", "iframe", "object", "embed")
    links = [
        value
        for _, attributes in reader.tags
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href")
    ]
    assert all(link and link.startswith("#") for link in links)
    assert not re.search(r"https?:|@import|url\((?!#)", page)


def test_the_page_suits_phones_and_the_dark(page: str) -> None:
    reader = _Reader(page)
    assert reader.all("html") == [{"lang": "en"}]
    assert any(meta.get("name") == "viewport" for meta in reader.all("meta"))
    assert len([box for box in reader.all("div") if box.get("class") == "scroll"]) == len(reader.all("table"))
    assert "prefers-color-scheme: dark" in page
    assert "#0000" not in page  # every stand-in became a colour of the page


def test_the_summary_speaks_in_frequencies(evaluation: Evaluation, page: str) -> None:
    wanted = ("xgboost", "course_run", 0.4, "all", "precision")
    keys = ("candidate", "split", "cutoff", "group", "metric")
    row = next(row for row in evaluation["metrics"] if tuple(row[key] for key in keys) == wanted)
    value, low, high = (round(100 * row[end]) for end in ("value", "low", "high"))
    assert f"about {value} ({low} to {high}) ended in fail or withdrawal" in _Reader(page).words
    assert "Of 100 learners with a risk of 50% or more" in _Reader(page).words


def test_the_same_evaluation_gives_the_same_page(evaluation: Evaluation, page: str, tmp_path: Path) -> None:
    assert _written(json.loads(json.dumps(evaluation)), tmp_path) == page


def test_markup_in_names_is_shown_and_not_run(thin: Evaluation, tmp_path: Path) -> None:
    hostile = json.dumps(thin).replace("AAA_2013J", "<script>alert('$x$')</script> &amp; صف")
    reader = _Reader(_written(json.loads(hostile), tmp_path))
    assert not reader.all("script")
    assert "<script>alert('$x$')</script> &amp; صف" in reader.words


def _without_splits(*splits: str) -> Callable[[Evaluation], None]:
    def take(evaluation: Evaluation) -> None:
        for part in ("metrics", "curves"):
            evaluation[part] = [row for row in evaluation[part] if row["split"] not in splits]

    return take


def _nothing_known(evaluation: Evaluation) -> None:
    for row in evaluation["metrics"]:
        row |= {"value": None, "low": None, "high": None}


def _no_intervals(evaluation: Evaluation) -> None:
    for row in evaluation["metrics"]:
        row |= {"low": None, "high": None}


def _one_candidate(evaluation: Evaluation) -> None:
    evaluation["candidates"] = evaluation["candidates"][2:]
    evaluation["metrics"] = [row for row in evaluation["metrics"] if row["candidate"] == "xgboost"]


def _one_run(evaluation: Evaluation) -> None:
    _without_splits("course_run")(evaluation)
    evaluation["data"]["course_runs"] = evaluation["data"]["course_runs"][:1]


def _all_weeks_only(evaluation: Evaluation) -> None:
    for part in ("metrics", "curves"):
        evaluation[part] = [row for row in evaluation[part] if row["cutoff"] is None]


def _nothing_drawn(evaluation: Evaluation) -> None:
    evaluation |= {"curves": [], "importance": [], "missing": [], "metrics": []}
    evaluation["data"] |= {"course_runs": [], "notes": [], "sources": []}


def _gaps(evaluation: Evaluation) -> None:
    evaluation["data"]["course_runs"][0] |= {"base_rate": None, "moments": None}
    evaluation["candidates"][0] |= {"remarks": None, "settings": {}, "seconds": None}
    evaluation["curves"] = [curve | {"n": None} for curve in evaluation["curves"]]
    evaluation["metrics"] = [row for row in evaluation["metrics"] if row["metric"] != "precision"]


_MISSING: dict[str, tuple[Callable[[Evaluation], None], str]] = {
    "no course run split": (_without_splits("course_run"), "No whole course run could be left out"),
    "random split only": (_without_splits("course_run", "learner"), "Only a random split of rows could be measured"),
    "no random split": (_without_splits("random"), "The paper's random split of rows was not measured."),
    "no learner split": (_without_splits("learner"), "Learners left out: not possible with this data"),
    "every figure null": (_nothing_known, "Nothing could be measured with this data"),
    "no intervals": (_no_intervals, "of 50% or more, about"),
    "one candidate": (_one_candidate, "XGBoost was chosen."),
    "one course run": (_one_run, "No figures by course run were measured."),
    "all weeks only": (_all_weeks_only, "In words, over all weeks together"),
    "empty lists": (_nothing_drawn, "What moves the predictions was not measured."),
    "gaps": (_gaps, "How many of those with such a risk ended in fail or withdrawal could not be measured."),
}


@pytest.mark.parametrize(("take", "said"), _MISSING.values(), ids=list(_MISSING))
def test_what_is_missing_is_said(
    thin: Evaluation, take: Callable[[Evaluation], None], said: str, tmp_path: Path
) -> None:
    take(thin)
    reader = _Reader(_written(thin, tmp_path))
    assert said in reader.words
    assert not re.search(r"\b(None|nan|inf)\b", reader.words)


def test_a_range_that_reaches_guessing_is_said(thin: Evaluation, tmp_path: Path) -> None:
    for row in thin["metrics"]:
        if (row["cutoff"], row["metric"]) == (0.2, "roc_auc"):
            row |= {"value": 0.52, "low": 0.48, "high": 0.56}
    words = _Reader(_written(thin, tmp_path)).words
    assert "At 20% of the run the range of the AUC reaches 0.5" in words
    assert "At 40% of the run the range" not in words
