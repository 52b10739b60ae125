"""The page of a proposal: what changed, for whom, by how much, and what to do."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from msgspec import structs

from components.basis import Basis
from components.report.proposal import write_proposal
from components.retraining import BandMove, Change, Compared, Comparison, Decision, Proposal
from earlybell.bundle.figures import Measured


def _row(group: str, metric: str, before: float, after: float, cutoff: float = 0.4) -> Compared:
    gap = after - before
    return Compared(
        group=group,
        cutoff=cutoff,
        metric=metric,
        champion=Measured(before, before - 0.02, before + 0.02),
        candidate=Measured(after, after - 0.02, after + 0.02),
        difference=Measured(gap, gap - 0.01, gap + 0.01),
        learners=1_234,
    )


PROPOSAL = Proposal(
    decision=Decision(
        train=True,
        cause="calendar",
        sentence="The last training was 14 days ago.",
        warnings=("FMT-101-04, week 8: Clicks in 28 days have halved.",),
        basis=Basis("d", "s"),
        at=datetime(2026, 11, 30),
    ),
    champion="7",
    champion_digest="a" * 64,
    candidate_digest="b" * 64,
    changes=(Change("course runs", "8", "10; new: FMT-101-04, FMT-102-04"),),
    comparison=Comparison(
        course_runs=("FMT-101-04",),
        left_out="course_run",
        learners=1_234,
        at=0.4,
        rows=(
            _row("all", "brier", 0.2, 0.17),
            _row("all", "roc_auc", 0.7, 0.78),
            _row("FMT-101-04", "brier", 0.21, 0.18),
            Compared(group="gender=F", cutoff=0.4, metric="brier", suppressed=True),
        ),
        moves=(BandMove("low", "low", 0.9), BandMove("low", "high", None)),
        finding="better",
    ),
)


def _words(proposal: Proposal, out: Path) -> str:
    write_proposal(proposal, out)
    return " ".join(re.sub("<[^>]+>", " ", out.read_text()).split())


def test_the_page_says_what_changed_for_whom_and_by_how_much(tmp_path: Path) -> None:
    text = _words(PROPOSAL, tmp_path / "page.html")
    assert "The candidate is better. The candidate is better than version 7: its Brier score differs by -0.0300" in text
    assert "The last training was 14 days ago." in text
    assert "Clicks in 28 days have halved." in text
    assert "course runs 8 10; new: FMT-101-04, FMT-102-04" in text
    assert "40% 1,234 0.200 0.180 to 0.220 0.170 0.150 to 0.190 -0.030 -0.040 to -0.020" in text
    assert "FMT-101-04 1,234 0.210" in text
    assert "low, as before 90.0%" in text
    assert "earlybell approve VERSION" in text
    assert "kubectl annotate inferenceservice" in text


def test_what_is_too_few_is_not_shown(tmp_path: Path) -> None:
    text = _words(PROPOSAL, tmp_path / "page.html")
    assert "Not shown, as one of their groups has fewer than 20 learners: gender." in text
    assert "gender=F" not in text
    assert "low to high too few" in text


def test_the_same_proposal_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_proposal(PROPOSAL, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("left_out", ["course_run", "learner"])
def test_the_page_says_whether_the_champion_knows_these_learners_and_what_was_left_out(
    left_out: str, tmp_path: Path
) -> None:
    comparison = structs.replace(PROPOSAL.comparison, left_out=left_out, seen=True, finding="not comparable")
    text = _words(structs.replace(PROPOSAL, comparison=comparison), tmp_path / "page.html")
    assert "They cannot be compared fairly. The candidate cannot be compared with version 7." in text
    assert "The champion has learned from these learners, so that its figures are too good." in text
    assert f"left out the {left_out.replace('_', ' ')}." in text


def test_where_nothing_can_be_compared_the_page_says_so(tmp_path: Path) -> None:
    nothing = structs.replace(PROPOSAL, comparison=Comparison(at=0.4), changes=())
    text = _words(nothing, tmp_path / "page.html")
    assert text.count("Nothing could be compared.") == 3
    assert "Nothing but the models themselves." in text
