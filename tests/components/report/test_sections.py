"""Sections: those of our folder, in the order that each states, and those that other packages bring."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.report import card, write_card, write_report
from components.report.figures import Figures
from components.report.sections import report_sections
from earlybell.bundle import read_bundle
from earlybell.errors import SettingError
from tests.components.report.pages import Reader, as_evaluation, check_references, check_tables, sample_evaluation
from tests.docs.markdown import ROOT

Install = Callable[[str], None]


def _guide() -> str:
    """The module that the guide shows."""
    (module,) = re.findall(r"```python\n(from components\.report .*?)```", _text("docs/how-to/extend.md"), re.DOTALL)
    return str(module)


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package with one module, the text of which is given."""
    place = tmp_path / "installed"

    def make(module: str) -> None:
        facts = place / "remarks-1.0.dist-info"
        facts.mkdir(parents=True)
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: remarks\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(
            "[earlybell.report_sections]\nremarks = remarks_section:REPORTSECTION\n"
        )
        (place / "remarks_section.py").write_text(module)
        monkeypatch.syspath_prepend(place)

    yield make
    sys.modules.pop("remarks_section", None)


def test_sections_stand_in_the_order_that_they_state() -> None:
    ids = [section.anchor for section in report_sections(Figures(as_evaluation(sample_evaluation())))]
    assert ids[:4] == ["trust", "new-course", "candidates", "table1"]
    assert ids[-2:] == ["data", "limits"]


def test_the_guides_section_comes_last_in_report_and_card(install: Install, bundle: Path, tmp_path: Path) -> None:
    install(_guide())
    opened = read_bundle(bundle)
    write_report(opened.evaluation, tmp_path / "report.html")
    write_card(opened, tmp_path / "card.html")
    for name in ("report.html", "card.html"):
        page = (tmp_path / name).read_text(encoding="utf-8")
        assert re.findall("<h2 .*?</h2>", page)[-1] == '<h2 id="what-was-remarked">What was remarked</h2>'
        assert '<a href="#what-was-remarked">' in page
        check_tables(page, least=9)
        check_references(page)
    assert "\n## What was remarked\n\n**Candidates**\n\n| Model" in card(opened)


def test_what_it_writes_is_shown_and_not_run(install: Install, tmp_path: Path) -> None:
    install(_guide().replace("What was remarked", "<script>alert(1)</script>"))
    write_report(as_evaluation(sample_evaluation()), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</h2>" in page
    assert "<script" not in page


def test_a_section_that_has_nothing_to_say_is_left_out(install: Install) -> None:
    page = Figures(as_evaluation(sample_evaluation() | {"candidates": []}))
    before = report_sections(page)
    install(_guide())
    assert report_sections(page) == before


def test_what_is_no_section_is_refused_by_name(install: Install) -> None:
    install("REPORTSECTION = 1\n")
    with pytest.raises(SettingError, match="remarks = remarks_section:REPORTSECTION .* is no ReportSection"):
        report_sections(Figures(as_evaluation(sample_evaluation())))


def test_the_guides_section_is_one_short_file() -> None:
    assert len(_guide().splitlines()) <= 60


@pytest.mark.parametrize(
    ("chosen", "ends", "expected"),
    [
        ("xgboost", (0.1, 0.03, 0.2), "Over the better baseline, Random forest, XGBoost gains 0.100 (0.030 to 0.200)"),
        ("xgboost", (0.1, -0.03, 0.2), "mean over the cut-offs: a baseline may be as good."),
        (
            "forest",
            (0.01, -0.03, 0.04),
            "A baseline is as good: the best other candidate, XGBoost, gains 0.010 (-0.030",
        ),
    ],
    ids=["clearly better", "not clearly better", "a baseline was chosen"],
)
def test_the_chosen_candidate_is_compared_with_the_better_baseline(
    chosen: str, ends: tuple[float, float, float], expected: str, tmp_path: Path
) -> None:
    content = sample_evaluation()
    content["candidates"][1]["baseline"] = True
    skill = dict(zip(("value", "low", "high"), ends, strict=True))
    gain = {"candidate": "xgboost", "baseline": "forest", "brier_skill": skill}
    write_report(as_evaluation(content | {"chosen": chosen, "gain": gain}), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert expected in Reader(page).words
    assert 'Random forest <span class="badge">baseline</span>' in page


def test_without_baselines_nothing_is_compared_with_one(tmp_path: Path) -> None:
    write_report(as_evaluation(sample_evaluation()), tmp_path / "report.html")
    assert "baseline" not in Reader((tmp_path / "report.html").read_text()).words
