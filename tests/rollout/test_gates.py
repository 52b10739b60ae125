"""No version comes to learners without a passed verdict, or a reason that the registry and the trail keep."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from earlybell.errors import GateError, SettingError, TrailError
from earlybell.trail import Waiver, read_entries, verify
from tests.rollout.site import ANOTHER, MODEL, Site

REASON = "a trial in one course"


@pytest.fixture
def before(campus: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Version 4 was registered before verdicts were."""
    monkeypatch.delenv("EARLYBELL_TRAIL", raising=False)
    monkeypatch.delenv("EARLYBELL_TRAIL_ANCHORS", raising=False)
    campus.registry.delete_model_version_tag(MODEL, "4", "gates")
    yield campus
    campus.registry.set_model_version_tag(MODEL, "4", "gates", "passed")
    campus.registry.delete_model_version_tag(MODEL, "4", "gates_waived")


def _steps(campus: Site, *steps: tuple[int, int]) -> None:
    for version, traffic in steps:
        campus.apply(campus.release(version, "--traffic", traffic))
        campus.knative_settles()


def _serves(before: Site, *steps: tuple[int, int]) -> None:
    """Steps that were taken before verdicts were."""
    before.registry.set_model_version_tag(MODEL, "4", "gates", "passed")
    _steps(before, *steps)
    before.registry.delete_model_version_tag(MODEL, "4", "gates")


@pytest.mark.parametrize("step", [("--traffic", 100), ("--promote",)])
def test_a_version_without_a_verdict_is_not_released_and_the_way_out_is_told(
    before: Site, step: tuple[object, ...]
) -> None:
    with pytest.raises(GateError, match="version 4 of learner-risk has no passed verdict: 'not recorded'. Train again"):
        before.release(4, *step)
    _steps(before, (3, 100))
    with pytest.raises(GateError, match='--without-gates "REASON" .*EARLYBELL_TRAIL'):
        before.release(4, "--traffic", 0)


def test_a_version_whose_tag_says_that_it_missed_is_not_released(before: Site) -> None:
    before.registry.set_model_version_tag(MODEL, "4", "gates", "missed")
    with pytest.raises(GateError, match="no passed verdict: 'missed'"):
        before.release(4, "--traffic", 100)


def test_a_reason_is_kept_by_the_trail_and_the_registry_and_the_next_steps_need_it_no_more(
    before: Site, tmp_path: Path
) -> None:
    _steps(before, (3, 100))
    trail = f"sqlite:{tmp_path}/trail.db"
    before.apply(before.release(4, "--traffic", 0, "--without-gates", REASON, "--trail", trail))
    before.knative_settles()
    (waiver,) = read_entries(trail, Waiver)
    assert (waiver.command, waiver.model_name, waiver.model_version) == ("release", MODEL, "4")
    assert (waiver.digest, waiver.reason) == (f"{4:064x}", REASON)
    assert verify(trail).whole
    tags = before.registry.get_model_version(MODEL, "4").tags
    assert (tags["gates"], tags["gates_waived"]) == ("waived", REASON)
    _steps(before, (4, 10), (4, 100))
    assert len(list(read_entries(trail, Waiver))) == 1


def test_the_status_says_how_each_version_was_judged(before: Site, tmp_path: Path) -> None:
    _serves(before, (3, 100), (4, 10))
    assert _gates(before) == {"3": "passed", "4": "not recorded"}
    assert "Gates of version 4: not recorded." in before.run("status").stdout.splitlines()
    before.release(4, "--traffic", 50, "--without-gates", REASON, "--trail", f"sqlite:{tmp_path}/trail.db")
    assert _gates(before) == {"3": "passed", "4": f"waived: {REASON}"}
    assert f"Gates of version 4: waived: {REASON}." in before.run("status").stdout.splitlines()


def _gates(campus: Site) -> dict[str, str]:
    rows = json.loads(campus.run("status", "--json").stdout)["versions"]
    return {row["version"]: row["gates"] for row in rows}


def test_the_way_back_is_never_barred(before: Site) -> None:
    _serves(before, (3, 100), (4, 10))
    with pytest.raises(GateError):
        before.release(4, "--traffic", 50)
    _steps(before, (4, 0))
    assert before.spec["predictor"]["canaryTrafficPercent"] == 0


def test_what_serves_already_goes_on_to_serve_on_a_new_image_too(before: Site) -> None:
    _serves(before, (4, 100))
    assert before.release(4, "--traffic", 0, "--runtime", ANOTHER)
    assert before.release(4, "--promote")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--without-gates", " ", "--trail", "sqlite:trail.db"), "needs a reason"),
        (("--without-gates", REASON), "nowhere to be recorded.*--trail or EARLYBELL_TRAIL"),
        (
            ("--without-gates", REASON, "--trail", "sqlite:trail.db", "--trail-anchors", "log"),
            "cannot go to the log.*Standard output is the manifest",
        ),
    ],
    ids=["empty", "no trail", "anchors in the log"],
)
def test_a_reason_that_nobody_could_read_later_is_refused(before: Site, options: tuple[str, ...], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        before.release(4, "--traffic", 100, *options)
    assert "gates" not in before.registry.get_model_version(MODEL, "4").tags


def test_where_the_trail_cannot_be_written_nothing_is_waived(before: Site, tmp_path: Path) -> None:
    (tmp_path / "trail.db").write_text("no database")
    with pytest.raises(TrailError, match="cannot be written"):
        before.release(4, "--traffic", 100, "--without-gates", REASON, "--trail", f"sqlite:{tmp_path}/trail.db")
    assert "gates" not in before.registry.get_model_version(MODEL, "4").tags


def test_a_version_that_passed_needs_no_reason(before: Site, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="version 3 of learner-risk passed its gates.*Leave out --without-gates"):
        before.release(3, "--traffic", 100, "--without-gates", REASON, "--trail", f"sqlite:{tmp_path}/trail.db")
    assert list(tmp_path.iterdir()) == []
