"""The report as a reader's browser sees it: parsed from the file that was written."""

import copy
import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from components.report.report import write_report
from earlybell.gates import Gates, judge
from tests.components.report.pages import (
    Content,
    Reader,
    as_evaluation,
    check_headings,
    check_nothing_is_loaded,
    check_phone_and_dark,
    check_references,
    check_tables,
    full_evaluation,
    guessing,
    no_intervals,
    no_values,
    sample_evaluation,
)


@pytest.fixture(scope="module")
def evaluation() -> Content:
    return full_evaluation()


@pytest.fixture
def thin(evaluation: Content) -> Content:
    """A copy to change, with little to draw: drawing is most of a page's time."""
    drawn = [curve for curve in evaluation["curves"] if (curve["kind"], curve["cutoff"]) == ("calibration", 0.4)]
    return copy.deepcopy(evaluation | {"curves": drawn, "importance": evaluation["importance"][:2]})


@pytest.fixture(scope="module")
def page(evaluation: Content, tmp_path_factory: pytest.TempPathFactory) -> str:
    return _written(evaluation, tmp_path_factory.mktemp("report"))


def _written(evaluation: Content, folder: Path) -> str:
    write_report(as_evaluation(evaluation), folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_headings_come_in_order(page: str) -> None:
    check_headings(page)


def test_every_picture_has_a_title_and_a_description(page: str) -> None:
    pictures = re.findall("<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 14  # nine, and a calibration for each cut-off and all weeks
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


def test_the_summary_speaks_in_frequencies(evaluation: Content, page: str) -> None:
    wanted = ("xgboost", "course_run", 0.4, "all", "precision")
    keys = ("candidate", "split", "cutoff", "group", "metric")
    row = next(row for row in evaluation["metrics"] if tuple(row[key] for key in keys) == wanted)
    value, low, high = (round(100 * row[end]) for end in ("value", "low", "high"))
    assert f"about {value} ({low} to {high}) ended in fail or withdrawal" in Reader(page).words
    assert "Of 100 learners with a risk of 50% or more" in Reader(page).words


_SHOWN = {
    "threshold": "A risk of 60.0% or more is called high, one of 35.0% or more medium",
    "rule of the threshold": "What decided this: the staff can see 20% of the learners each week.",
    "expected flags": "Flagged a week in a course run 12 12 to 12 Of these rightly 7 7 to 7",
    "lead time": "Days from the first right flag to the last activity 42 half of them: 14 to 70",
    "other capacities": "30% of learners 70.0% 12 12 to 12 60.0% 55.0% to 65.0% 70.0% 65.0% to 75.0% -2 -9 to 30",
    "who differs": "Gender, found: most for M (40.0%) and least for F (30.0%).",
    "groups by two": "Groups by gender and age Gender and ageLearnersFlagged F, 0-35 123 77.0%",
    "differences": "Gender 10.0% 5.0% to 15.0% 0.620 0.570 to 0.670",
    "differences by two": "Gender and age 20.0% 15.0% to 25.0% 4",
    "groups not shown": "age=55<=; gender=M & age=55<=",
    "group": "F 123 30.0% 25.0% to 35.0%",
    "rule of evidence": "less than 7 days of teaching so far, or with more than 3 features whose values lie outside",
    "coverage against accuracy": "3 (this model) 98.0% 0.800 0.750 to 0.850 70.0%",
    "interval": "20.0% 10.0 points 15.0% to 25.0% 20.0% 15.0% to 25.0% yes 300",
    "interval checked": "in 8 of 9 groups of moments of similar risk",
    "two explanations": "Mean score +1.25 -0.50",
    "agreement": "both name 3.9 on average; the rank correlation of all effects is 0.71",
    "stability": "3.8 of the five strongest features are still among the five, and the risk has moved by 2.0",
    "helped": "31 learners were shown help during these course runs: call (9), message (25).",
    "further off": "A new course can be further off: at",
}


@pytest.mark.parametrize("sentence", _SHOWN.values(), ids=list(_SHOWN))
def test_the_report_shows(page: str, sentence: str) -> None:
    assert sentence in Reader(page).words


def test_the_honest_splits_beside_the_papers_table_have_ranges(page: str) -> None:
    captions = ("The paper's split: random", "The same figures with honest splits")
    paper, honest = (page.split(html.escape(caption))[1].split("</table>")[0] for caption in captions)
    assert re.findall('<th scope="col">(.+?)</th>', paper) == ["Model", "Accuracy", "F1-Score", "AUC", "Remarks"]
    assert "<small>" not in paper
    assert len(re.findall(r"<td>0\.\d\d <small>0\.\d\d to \d\.\d\d</small></td>", honest)) == 2 * 3 * 3


def test_an_evaluation_of_an_older_version_is_still_shown(tmp_path: Path) -> None:
    words = Reader(_written(sample_evaluation(), tmp_path)).words
    assert "No protected attribute was available" in words
    assert "No range around a risk was measured." in words
    assert "What to expect of these flags was not measured." in words
    assert "None recorded." in words


def test_the_same_evaluation_gives_the_same_page(evaluation: Content, page: str, tmp_path: Path) -> None:
    assert _written(json.loads(json.dumps(evaluation)), tmp_path) == page


def test_markup_in_names_is_shown_and_not_run(thin: Content, tmp_path: Path) -> None:
    hostile = json.dumps(thin).replace("AAA_2013J", "<script>alert('$x$')</script> &amp; صف")
    reader = Reader(_written(json.loads(hostile), tmp_path))
    assert not reader.all("script")
    assert "<script>alert('$x$')</script> &amp; صف" in reader.words


def _without_splits(*splits: str) -> Callable[[Content], None]:
    def take(evaluation: Content) -> None:
        for part in ("metrics", "curves"):
            evaluation[part] = [row for row in evaluation[part] if row["split"] not in splits]

    return take


def _one_candidate(evaluation: Content) -> None:
    evaluation["candidates"] = evaluation["candidates"][2:]
    evaluation["metrics"] = [row for row in evaluation["metrics"] if row["candidate"] == "xgboost"]


def _one_run(evaluation: Content) -> None:
    _without_splits("course_run")(evaluation)
    evaluation["data"]["course_runs"] = evaluation["data"]["course_runs"][:1]


def _all_weeks_only(evaluation: Content) -> None:
    for part in ("metrics", "curves"):
        evaluation[part] = [row for row in evaluation[part] if row["cutoff"] is None]


def _nothing_drawn(evaluation: Content) -> None:
    evaluation |= {"curves": [], "importance": [], "missing": [], "metrics": []}
    evaluation["data"] |= {"course_runs": [], "notes": [], "sources": []}


def _gaps(evaluation: Content) -> None:
    evaluation["data"]["course_runs"][0] |= {"base_rate": None, "moments": None}
    evaluation["candidates"][0] |= {"remarks": None, "settings": {}}
    evaluation["curves"] = [curve | {"n": None} for curve in evaluation["curves"]]
    evaluation["metrics"] = [row for row in evaluation["metrics"] if row["metric"] != "precision"]


_MISSING: dict[str, tuple[Callable[[Content], None], str]] = {
    "no course run split": (_without_splits("course_run"), "No whole course run could be left out"),
    "random split only": (_without_splits("course_run", "learner"), "Only a random split of rows could be measured"),
    "no random split": (_without_splits("random"), "The paper's random split of rows was not measured."),
    "no learner split": (_without_splits("learner"), "Learners left out: not possible with this data"),
    "every figure null": (no_values, "Nothing could be measured with this data"),
    "no intervals": (no_intervals, "of 50% or more, about"),
    "one candidate": (_one_candidate, "XGBoost was chosen."),
    "one course run": (_one_run, "No figures by course run were measured."),
    "all weeks only": (_all_weeks_only, "In words, over all weeks together"),
    "empty lists": (_nothing_drawn, "What moves the predictions was not measured."),
    "gaps": (_gaps, "How many of those with such a risk ended in fail or withdrawal could not be measured."),
}


@pytest.mark.parametrize(("take", "sentence"), _MISSING.values(), ids=list(_MISSING))
def test_what_is_missing_is_said(thin: Content, take: Callable[[Content], None], sentence: str, tmp_path: Path) -> None:
    take(thin)
    reader = Reader(_written(thin, tmp_path))
    assert sentence in reader.words
    assert not re.search(r"\b(None|nan|inf)\b", reader.words)


def test_a_range_that_reaches_guessing_is_said(thin: Content, tmp_path: Path) -> None:
    guessing(thin)
    words = Reader(_written(thin, tmp_path)).words
    assert "At 20% of the run the range of the AUC reaches 0.5" in words
    assert "At 40% of the run the range" not in words


def test_a_rubric_is_shown_with_agreement_and_what_overlap_would_add(thin: Content, tmp_path: Path) -> None:
    agreement = {"work.completeness": {"n": 31, "exact": 0.5, "within_one": 0.9, "kappa": None}}
    overlap = {"after": {"value": 0.81, "low": 0.78, "high": 0.84}, "whole": {"value": 0.93, "low": 0.9, "high": 0.95}}
    rubric = {"version": "1", "threshold": 2.5, "unlabelled": 12, "agreement": agreement, "overlap": overlap}
    text = _written(thin | {"label": "rubric", "rubric": rubric}, tmp_path)
    assert "The rubric behind the label" in text
    assert re.search(r"AUC of 0\.810.*would have\s+0\.930", text, re.DOTALL)
    assert "work.completeness" in text
    check_headings(text)
    check_tables(text, least=5)


def test_flags_that_come_too_late_are_said_to(thin: Content, tmp_path: Path) -> None:
    late = "Half of these flags come after the learner's last activity."
    assert late not in Reader(_written(thin, tmp_path)).words
    thin["operating_point"]["lead_days"]["last_activity"]["median"] = -3.0
    assert late in Reader(_written(thin, tmp_path)).words


def test_where_no_groups_differ_it_is_said(thin: Content, tmp_path: Path) -> None:
    for row in thin["metrics"]:
        row["low"] = 0.0 if row["metric"].endswith("_difference") else row["low"]
    words = Reader(_written(thin, tmp_path)).words
    assert "No figure differs between groups by one attribute beyond what chance allows." in words


@pytest.mark.parametrize(
    ("least", "reason", "sentence"),
    [
        (0.5, "", "The model reached every gate that was set."),
        (0.99, "", "The model missed a gate. It is not registered."),
        (0.99, "a <b>trial</b>", "It may serve all the same. Its gates were waived. The reason: a <b>trial</b>"),
    ],
    ids=["passed", "missed", "waived"],
)
def test_the_gates_are_shown_with_figures_and_thresholds(
    thin: Content, tmp_path: Path, least: float, reason: str, sentence: str
) -> None:
    verdict = judge(as_evaluation(thin), Gates(min_auc=least, max_calibration_error=0.9), reason)
    write_report(as_evaluation(thin), tmp_path / "report.html", verdict)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    words = Reader(text).words
    assert sentence in words
    assert "What the gates asked, at 40% of the run (course runs left out)" in words
    reached = "yes" if least == 0.5 else "no"
    assert f"AUC {verdict.findings[0].value:.3f} at least {least:.3f} {reached} Calibration error" in words
    check_headings(text)
    check_tables(text, least=9)
    check_references(text)


def test_a_report_without_a_verdict_says_so(thin: Content, tmp_path: Path) -> None:
    assert "How this model was judged is not recorded." in Reader(_written(thin, tmp_path)).words
