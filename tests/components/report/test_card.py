"""The model card: what it says of a sealed bundle, as Markdown and as a browser reads it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from components.report.card import card, write_card
from earlybell.bundle import Bundle, Catalogue, Feature, Manifest, read_bundle, seal
from earlybell.bundle.manifest import CodeFacts
from earlybell.cli.card import add_to
from earlybell.errors import BundleError, SettingError
from earlybell.gates import Gates, judge, write_verdict
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
)

FEATURES = {"days_since_activity": "temporal", "mean_score": "numeric", "missed_work": "numeric"}
BANDS = {
    "high": 0.46,
    "medium": 0.29,
    "days_needed": 7,
    "most_outside": 3,
    "ranges": {"mean_score": [0.0, 100.0]},
    "interval": {"risk": [0.0, 1.0], "low": [0.0, 0.9], "high": [0.1, 1.0]},
}
TRAINING = {"name": "xgboost", "title": "XGBoost", "remarks": "100 trees", "settings": {"max_depth": 3}}
_PYTHON = re.compile(r"\b(None(?! recorded| of)|nan|inf)\b")  # what a template shows where it forgot a case
FACTS = Manifest(name="learner-risk", code=CodeFacts("1.2.3", "c0de" * 16))
REASONS = {
    "kind": "linear",
    "space": "log-odds",
    "base": 0.0,
    "calibration": {"slope": 1.0, "intercept": 0.0},
    "coefficients": [],
    "means": [],
}


@pytest.fixture(scope="module")
def evaluation() -> Content:
    return full_evaluation()


@pytest.fixture
def sealed(tmp_path: Path, evaluation: Content) -> Callable[..., Bundle]:
    """Seals a bundle of given contents."""

    def make(files: dict[str, Any] | None = None, facts: Manifest = FACTS, features: Any = FEATURES) -> Bundle:
        folder = tmp_path / "bundle"
        folder.mkdir()
        catalogue = Catalogue(
            "1", tuple(Feature(name, name, "days", family, "", "") for name, family in features.items())
        )
        (folder / "catalogue.json").write_text(catalogue.to_json())
        (folder / "features.sql").write_text("SELECT 1")
        whole = {"evaluation.json": evaluation, "bands.json": BANDS, "training.json": TRAINING}
        for name, content in ({"reasons.json": REASONS} | (whole if files is None else files)).items():
            (folder / name).write_text(json.dumps(content))
        return seal(folder, facts)

    return make


@pytest.fixture
def whole(sealed: Callable[..., Bundle]) -> Bundle:
    return sealed()


@pytest.fixture
def page(whole: Bundle, tmp_path: Path) -> str:
    return _written(whole, tmp_path)


def _written(bundle: Bundle, folder: Path, contact: str = "") -> str:
    write_card(bundle, folder / "card.html", contact)
    return (folder / "card.html").read_text(encoding="utf-8")


def _text(bundle: Bundle) -> str:
    return " ".join(card(bundle).split())


def test_the_page_can_be_walked_through_and_needs_no_other(page: str) -> None:
    check_headings(page)
    check_tables(page, least=10)
    check_references(page)
    check_nothing_is_loaded(page)
    check_phone_and_dark(page)


def test_the_markdown_is_valid_and_has_no_html(whole: Bundle) -> None:
    markdown = card(whole)
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    inline = [child for token in tokens for child in token.children or []]
    assert not [token.type for token in [*tokens, *inline] if token.type.startswith("html")]
    kinds = [token.type for token in tokens]
    assert kinds.count("table_open") == markdown.count("\n| ---") >= 10
    assert kinds.count("list_item_open") == markdown.count("\n- ") > 20
    assert kinds.count("code_block") == 1
    assert not re.search(r"\{\{|\{%|\n{3,}| \n", markdown)


def test_the_page_says_what_the_markdown_says(whole: Bundle, page: str) -> None:
    words = re.findall(r"\w+", card(whole))
    assert set(words) <= set(re.findall(r"\w+", page))


_SENTENCES = {
    "name": "# Model card: learner-risk",
    "algorithm and rule": "XGBoost (100 trees). It has the highest AUC at 40% with course runs left out",
    "settings": "`max_depth=3`",
    "intended use": "to decide whom to look at first",
    "a person decides": "What happens then, a person decides.",
    "out of scope": "Grading, admission, sanctions, grants, employment.",
    "no automated decision": "Any decision about a learner that no person makes.",
    "too little teaching": "taught for less than 7 days: they get no band but `insufficient_evidence`",
    "source": "`oulad:anonymisedData`",
    "digest of the data": f"`{'9f2c' * 16}`",
    "course runs": "| AAA_2013J | 383 | 9,958 | 30.0% |",
    "notes": "- 31 submissions were quarantined.",
    "features by family": "- **Numeric** (2): mean_score, missed_work.",
    "never an input": "Never an input: gender, age band, declared disability, region, deprivation of the",
    "split": "each was left out of training in turn",
    "thresholds": "A risk of 46.0% or more is called high, one of 29.0% or more medium",
    "what decided them": "What decided these thresholds: the staff can see 20% of the learners each week.",
    "how many are flagged": "| Flagged a week in a course run | 12 (12 to 12) |",
    "how many rightly": "| Flags that are right | 60.0% (55.0% to 65.0%) |",
    "how many are found": "| Ever flagged, of those who ended in fail or withdrawal | 70.0% (65.0% to 75.0%) |",
    "time to help": "| Days from the first right flag to the last activity | 42 (half of them: 14 to 70) |",
    "other capacities": "| 30% of learners | 70.0% | 12 (12 to 12) | 60.0% (55.0% to 65.0%) | 70.0% (65.0% to 75.0%) |",
    "the paper's columns": "| Model | Accuracy | F1-Score | AUC | Remarks |",
    "the paper's split is marked": "**These figures are optimistic.** The paper splits rows at random",
    "beside the honest ones": "| XGBoost (chosen), course runs left out | 0.",
    "calibration by course run": "| Course run | 20% | 40% | 60% | 80% | All weeks |",
    "the worst course run": "A new course can be further off: at",
    "attributes": "Groups were compared by gender; some clearly differ: see [Fairness](#fairness).",
    "group": "| F | 123 | 30.0% (25.0% to 35.0%) |",
    "difference": "| Gender | 10.0% (5.0% to 15.0%) | 0.620 (0.570 to 0.670) |",
    "who differs": "- Gender, found: most for M (40.0%) and least for F (30.0%).",
    "difference by two": "| Gender and age | 20.0% (15.0% to 25.0%) | 4 |",
    "evidence": "or with more than 3 features whose values lie outside of what training saw",
    "coverage of the rule": "| 3 (this model) | 98.0% | 0.800 (0.750 to 0.850) | 70.0% (65.0% to 75.0%) |",
    "range": "| 50% | 45% to 55% |",
    "range checked": "In 8 of 9 groups of moments of similar risk",
    "width of the range": "| 20.0% | 10.0 points (15.0% to 25.0%) | 20.0% (15.0% to 25.0%) | yes | 300 |",
    "groups not shown": "fewer than ten learners are in them: age=55<=; and by two attributes 1, which",
    "two explanations": "| Mean score | +1.25 | -0.50 |",
    "stability": "names 3.9 too, on average, and a week later 3.8 are still among the five",
    "limits": "It shows no cause.",
    "helped": "31 learners were shown help during the course runs that it learned from: call (9), message (25). Their",
    "contest": "ask a person to look at it, who can set it aside",
    "no contact": "Ask: **not named yet** (the site names one with `--contact` or `EARLYBELL_CONTACT`)",
    "seed": "- Seed: 42",
    "code": f"- Code: version 1.2.3, digest `{'c0de' * 16}`",
    "again": "earlybell train oulad:anonymisedData --out again",
}


@pytest.mark.parametrize("sentence", _SENTENCES.values(), ids=list(_SENTENCES))
def test_the_card_says(whole: Bundle, sentence: str) -> None:
    assert re.sub(" +", " ", sentence) in _text(whole)


def test_figures_are_those_of_the_evaluation(whole: Bundle, evaluation: Content) -> None:
    wanted = ("xgboost", "course_run", 0.6, "all", "roc_auc")
    keys = ("candidate", "split", "cutoff", "group", "metric")
    row = next(row for row in evaluation["metrics"] if tuple(row[key] for key in keys) == wanted)
    assert f"| 60% | {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f}) |" in _text(whole)


def test_the_version_is_the_bundles_digest(whole: Bundle) -> None:
    assert f"| Version | `{whole.digest[:12]}` |" in _text(whole)
    assert f"- Bundle: `{whole.digest}`" in _text(whole)


def test_the_card_of_a_bundle_of_the_pipeline_lacks_little(bundle: Path, tmp_path: Path) -> None:
    opened = read_bundle(bundle)
    missing = re.findall(r"[Tt]he bundle (?:does not record|records no) ([^.]*)", _text(opened).partition("##")[2])
    assert set(missing) <= {"the digest of the data"}  # which tables that were simulated and not extracted lack
    assert f"{len(opened.catalogue.features)} features" in _text(opened)
    assert not _PYTHON.search(Reader(_written(opened, tmp_path)).words)


def test_an_empty_bundle_says_what_is_not_there(sealed: Callable[..., Bundle], tmp_path: Path) -> None:
    bundle = sealed({"evaluation.json": {}}, facts=Manifest())
    for sentence in (
        "a model without a name",
        "**How good it is.** Not measured.",
        "**Fairness.** Not measured: no protected attribute was available.",
        "does not record which sources",
        "does not record the digest of the data",
        "does not record the course runs",
        "does not record why it was chosen",
        "**Nothing could be measured**, or the bundle does not record it.",
        "How far a stated risk is from what came true was not measured.",
        "does not record from which risk on it speaks of high or medium",
        "does not record what decided these thresholds",
        "does not record how many learners these thresholds flag",
        "No protected attribute was available to the evaluation",
        "records no rule for when there is too little evidence",
        "records no range around a risk",
        "None recorded.",
        "version not recorded, digest not recorded",
        "Seed: not recorded",
        "earlybell train SOURCE --out again",
    ):
        assert sentence in _text(bundle)
    page = _written(bundle, tmp_path)
    check_headings(page)
    check_references(page)
    assert not _PYTHON.search(Reader(page).words)


def test_a_bundle_without_an_evaluation_still_has_a_card(sealed: Callable[..., Bundle]) -> None:
    assert "3 features" in _text(sealed({}, facts=Manifest()))


def _only(*splits: str) -> Callable[[Content], None]:
    def keep(evaluation: Content) -> None:
        evaluation["metrics"] = [row for row in evaluation["metrics"] if row["split"] in splits]

    return keep


def _all_weeks_only(evaluation: Content) -> None:
    evaluation["metrics"] = [row for row in evaluation["metrics"] if row["cutoff"] is None]


def _no_precision(evaluation: Content) -> None:
    evaluation["metrics"] = [row for row in evaluation["metrics"] if row["metric"] != "precision"]
    nobody = {"value": None, "low": None, "high": None}
    evaluation["operating_point"] = {"rule": "costs", "high": 0.9, "medium": 0.5, "rightly": nobody}


def _no_helped(evaluation: Content) -> None:
    evaluation["data"]["helped"] = {"learners": 0}


def _no_treatment(evaluation: Content) -> None:
    evaluation["data"]["helped"] = {"learners": 5}


def _simulated(evaluation: Content) -> None:
    evaluation["data"]["sources"] = ["simulate:learners=100"]


def _gaps(evaluation: Content) -> None:
    evaluation["missing"] = [{"feature": "mean_score", "title": "Mean score", "share": 0.9}]
    evaluation["data"]["course_runs"][0] |= {"base_rate": None, "moments": None}
    evaluation["curves"] = [curve | {"n": None} for curve in evaluation["curves"]]


_CHANGES: dict[str, tuple[Callable[[Content], None], str]] = {
    "learners left out": (_only("learner"), "**No whole course run could be left out** with this data."),
    "random split": (_only("random"), "**Only a random split of rows could be measured**"),
    "all weeks only": (_all_weeks_only, "Over all weeks together, in course runs that it had not seen:"),
    "every figure null": (no_values, "**Nothing could be measured**"),
    "no intervals": (no_intervals, "Guessing gets 50."),
    "nobody flagged": (_no_precision, "does not record how many learners these thresholds flag"),
    "nobody helped": (_no_helped, "None recorded."),
    "helped, no treatment": (_no_treatment, "5 learners were shown help"),
    "simulated": (_simulated, "**Trained on a simulated site.**"),
    "no better than guessing": (guessing, "**At 20% of the run the range of the AUC reaches 0.5:**"),
    "gaps": (_gaps, "More than half of the training rows had no value of: Mean score."),
}


@pytest.mark.parametrize(("change", "sentence"), _CHANGES.values(), ids=list(_CHANGES))
def test_another_evaluation_is_told_as_it_is(
    sealed: Callable[..., Bundle],
    evaluation: Content,
    change: Callable[[Content], None],
    sentence: str,
    tmp_path: Path,
) -> None:
    changed = json.loads(json.dumps(evaluation))
    change(changed)
    bundle = sealed({"evaluation.json": changed, "bands.json": BANDS})
    assert sentence in _text(bundle)
    assert not _PYTHON.search(Reader(_written(bundle, tmp_path)).words)


def test_a_setting_of_doubt_that_is_not_known_is_refused_and_not_passed_over(sealed: Callable[..., Bundle]) -> None:
    with pytest.raises(BundleError, match=r"bands\.json.*events_needed"):
        sealed({"bands.json": BANDS | {"events_needed": 5}})


def test_the_bundles_own_days_of_teaching_are_told(sealed: Callable[..., Bundle]) -> None:
    assert "with less than 10 days of teaching so far" in _text(sealed({"bands.json": BANDS | {"days_needed": 10}}))


def test_a_protected_attribute_among_the_inputs_is_denounced(sealed: Callable[..., Bundle]) -> None:
    bundle = sealed({}, features=FEATURES | {"gender": "numeric"})
    assert "among its inputs are protected attributes: gender. Do not use it." in _text(bundle)


def test_a_course_run_is_not_taken_for_a_group_of_the_fairness_check(
    sealed: Callable[..., Bundle], evaluation: Content
) -> None:
    rows = [row for row in evaluation["metrics"] if "gender" not in row["group"]]
    bundle = sealed({"evaluation.json": evaluation | {"metrics": rows, "data": {"course_runs": []}}})
    assert "No protected attribute was available" in _text(bundle)


def test_markup_in_names_is_shown_and_not_run(
    sealed: Callable[..., Bundle], evaluation: Content, tmp_path: Path
) -> None:
    hostile = "<script>alert(1)</script> | [x](javascript:y) *صف* _a_ &amp; `z`"
    text = json.dumps(evaluation).replace("AAA_2013J", json.dumps(hostile)[1:-1])
    changed = json.loads(text)
    changed["data"] |= {"notes": [hostile, "1. one"], "sources": [hostile]}
    bundle = sealed({"evaluation.json": changed}, facts=Manifest(name=hostile))
    reader = Reader(_written(bundle, tmp_path))
    assert not reader.all("script")
    assert reader.words.count(hostile) >= 4
    assert all(str(link["href"]).startswith("#") for link in reader.all("a"))
    check_tables(_written(bundle, tmp_path), least=4)


def test_the_contact_can_be_followed(whole: Bundle, tmp_path: Path) -> None:
    page = _written(whole, tmp_path, "Advice, advice@uni.example")
    assert "Ask: Advice, advice@uni.example" in Reader(page).words
    assert "mailto:advice@uni.example" in [link["href"] for link in Reader(page).all("a")]


def test_the_same_bundle_gives_the_same_card(whole: Bundle, page: str, tmp_path: Path) -> None:
    assert _written(read_bundle(whole.path), tmp_path) == page


def test_a_card_in_the_bundle_would_break_its_seal(whole: Bundle) -> None:
    with pytest.raises(SettingError, match="would break the bundle's seal"):
        write_card(whole, whole.path / "docs" / "card.md")
    read_bundle(whole.path)
    write_card(whole, whole.path / "card.md")
    read_bundle(whole.path)


def test_a_card_is_markdown_or_html(whole: Bundle, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"ends in \.md or \.html"):
        write_card(whole, tmp_path / "card.pdf")


def _run(*arguments: object, env: dict[str, str] | None = None) -> str:
    app = typer.Typer()
    app.callback()(lambda: None)  # or the only command would need no name
    add_to(app)
    result = CliRunner().invoke(app, ["card", *map(str, arguments)], env=env)
    if result.exception:
        raise result.exception
    return str(result.stdout)


def test_the_command_prints_markdown(whole: Bundle) -> None:
    assert _run(whole.path, env={"EARLYBELL_CONTACT": "room 3"}) == card(whole, "room 3")


@pytest.mark.parametrize("name", ["card.md", "card.html"])
def test_the_command_writes_by_suffix(whole: Bundle, tmp_path: Path, name: str) -> None:
    assert _run(whole.path, "--out", tmp_path / "new" / name) == f"Wrote the card to {tmp_path / 'new' / name}.\n"
    assert (tmp_path / "new" / name).read_text().startswith("<!DOCTYPE" if name == "card.html" else "# Model card")


def test_the_command_refuses_a_bundle_that_was_changed(whole: Bundle) -> None:
    (whole.path / "evaluation.json").write_text("{}")
    with pytest.raises(BundleError, match="changed after sealing"):
        _run(whole.path)


@pytest.mark.parametrize(
    ("least", "reason", "outcome", "sentence"),
    [
        (0.5, "", "passed", "The model reached every gate that was set"),
        (0.99, "", "missed", "**The model missed a gate**"),
        (0.99, "a *trial*", "waived", "Its gates were waived. The reason: a \\*trial\\*"),
    ],
    ids=["passed", "missed", "waived"],
)
def test_the_gates_are_told_with_figures_and_thresholds(
    whole: Bundle, evaluation: Content, least: float, reason: str, outcome: str, sentence: str
) -> None:
    (whole.path / "manifest.json").unlink()
    verdict = judge(as_evaluation(evaluation), Gates(min_auc=least, max_calibration_error=0.9), reason)
    write_verdict(verdict, whole.path)
    text = _text(seal(whole.path, FACTS))
    assert sentence in text
    assert f"| Gates | {outcome} |" in text
    reached = "yes" if least == 0.5 else "no"
    assert f"| AUC | {verdict.findings[0].value:.3f} | at least {least:.3f} | {reached} |" in text


def test_a_card_of_a_bundle_without_a_verdict_says_so(whole: Bundle) -> None:
    assert "The bundle does not record whether the model reached any gates." in _text(whole)
    assert "| Gates | not recorded |" in _text(whole)
