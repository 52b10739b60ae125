"""The README's pictures: made of a report and a worklist, and there."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from components.report import write_report
from earlybell.bundle import read_bundle
from tests.docs.markdown import ROOT
from tests.docs.pictures import list_picture, report_picture

ENTRY = {"rank": "1", "course_id": "MATH<1>", "learner_id": "5f2c0e6b1d7a49f8", "as_of": "2026-03-01T00:00:00"}
ENTRY |= {"risk": "0.8", "low": "0.7", "high": "0.9", "band": "high", "reasons": "no activity for 12 days"}
PICTURES = sorted((ROOT / "docs").rglob("*.svg"))


def _texts(picture: str) -> list[str]:
    root = ElementTree.fromstring(picture)  # noqa: S314 (ours)
    return [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_list_shows_risk_band_and_reasons() -> None:
    texts = _texts(list_picture([ENTRY, ENTRY | {"rank": "2", "reasons": ""}]))
    assert texts[0] == "MATH<1>, as of 2026-03-01: whom to look at first"
    assert {"1", "5f2c0e6b", "80%", "high", "no activity for 12 days", "no single reason"} <= set(texts)


def test_a_report_s_picture_has_its_words_and_its_pictures(bundle: Path, tmp_path: Path) -> None:
    write_report(read_bundle(bundle).evaluation, tmp_path / "report.html")
    picture = report_picture((tmp_path / "report.html").read_text())
    texts = _texts(picture)
    assert texts[0] == "How well does Earlybell see who ended in fail or withdrawal?"
    assert any(text.startswith("• Of 100 pairs of one learner") for text in texts)
    assert "Share of the course run that has passed" in texts


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_whole_small_titled_and_for_light_and_dark(picture: Path) -> None:
    text = picture.read_text()
    assert ElementTree.fromstring(text).find("{http://www.w3.org/2000/svg}title") is not None  # noqa: S314 (ours)
    assert re.search(r"@media \(prefers-color-scheme: dark\)", text)
    assert len(text) < 80_000
