"""What report and card say of heads: every figure of those that are answered, and why others are not."""

import re
from pathlib import Path

import pytest

from components.report import card, write_report
from earlybell.bundle import read_bundle


@pytest.fixture(scope="module")
def page(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("report") / "report.html"
    write_report(read_bundle(bundle).evaluation, out)
    text = re.sub(r"<[^>]+>", " ", out.read_text().split('id="outlook"')[1].split("</section>")[0])
    return re.sub(r"\s+", " ", text)


def test_the_report_has_each_figure_beside_its_baselines(page: str, bundle: Path) -> None:
    for title in ("Hands in the next work", "Leaves within three weeks", "Final score"):
        assert title in page
    assert "It is answered. It saves" in page
    assert "It is not answered: it is no better than the mean of the learners themselves." in page
    score = read_bundle(bundle).evaluation.heads[2]
    for row in score.rows:
        if row.metric == "mae" and row.mean.value is not None:
            assert f"{row.mean.value:.1f}" in page, (row.by, row.cutoff)
    for caption in ("Final score: this model", "Final score: mean of the learners", "Final score: latest score"):
        assert caption in page


def test_the_card_has_a_line_for_each_head(bundle: Path) -> None:
    text = card(read_bundle(bundle)).split("## What comes next")[1].split("\n## ")[0]
    text = " ".join(text.split())
    assert re.search(r"\*\*Final score\.\*\* At 40% of the run: MAE [\d.]+ \(.*\), R2 .*, Held by the interval", text)
    assert re.search(r"\*\*Hands in the next work\.\*\* At 40% of the run: AUC [\d.]+ ", text)
    assert re.search(r"\*\*Leaves within three weeks\.\*\* Not answered: it is no better", text)
