"""The report as a reader's browser sees it: parsed from the file that was written."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from components.evaluate.report import write_report
from tests.components.evaluate.pages import (
    Evaluation,
    Reader,
    check_headings,
    check_nothing_is_loaded,
    check_phone_and_dark,
    check_references,
    check_tables,
    sample_evaluation,
)


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
    check_headings(page)


def test_every_picture_has_a_title_and_a_description(page: str) -> None:
    pictures = re.findall("<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 10  # AUC, groups, ROC, PR, importance, and a calibration for each cut-off and all weeks
    for picture in pictures:
        title, text = re.findall('aria-labelledby="(.+?) (.+?)"', picture)[0]
        assert re.search(f'<title id="{title}">[^<]+</title><desc id="{text}">[^<]+</desc>', picture)


def test_every_table_has_a_caption_and_scopes(page: str) -> None:
    check_tables(page, least=9)


def test_ids_are_unique_and_every_reference_to_one_is_met(page: str) -> None:
    check_references(page)


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    check_nothing_is_loaded(page)


def test_the_page_suits_phones_and_the_dark(page: str) -> None:
    check_phone_and_dark(page)
    assert "#0000" not in page  # every stand-in became a colour of the page


def test_the_summary_speaks_in_frequencies(evaluation: Evaluation, page: str) -> None:
    wanted = ("xgboost", "course_run", 0.4, "all", "precision")
    keys = ("candidate", "split", "cutoff", "group", "metric")
    row = next(row for row in evaluation["metrics"] if tuple(row[key] for key in keys) == wanted)
    value, low, high = (round(100 * row[end]) for end in ("value", "low", "high"))
    assert f"about {value} ({low} to {high}) ended in fail or withdrawal" in Reader(page).words
    assert "Of 100 learners with a risk of 50% or more" in Reader(page).words


def test_the_same_evaluation_gives_the_same_page(evaluation: Evaluation, page: str, tmp_path: Path) -> None:
    assert _written(json.loads(json.dumps(evaluation)), tmp_path) == page


def test_markup_in_names_is_shown_and_not_run(thin: Evaluation, tmp_path: Path) -> None:
    hostile = json.dumps(thin).replace("AAA_2013J", "<script>alert('$x$')</script> &amp; صف")
    reader = Reader(_written(json.loads(hostile), tmp_path))
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
    reader = Reader(_written(thin, tmp_path))
    assert said in reader.words
    assert not re.search(r"\b(None|nan|inf)\b", reader.words)


def test_a_range_that_reaches_guessing_is_said(thin: Evaluation, tmp_path: Path) -> None:
    for row in thin["metrics"]:
        if (row["cutoff"], row["metric"]) == (0.2, "roc_auc"):
            row |= {"value": 0.52, "low": 0.48, "high": 0.56}
    words = Reader(_written(thin, tmp_path)).words
    assert "At 20% of the run the range of the AUC reaches 0.5" in words
    assert "At 40% of the run the range" not in words
