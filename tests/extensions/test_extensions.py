"""One file per extension: a package outside of ours adds one of each kind, and training, report and card have them."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from components.train import find_candidates
from earlybell.bundle import Bundle, read_bundle
from earlybell.extensions import Extension
from earlybell.gates import read_verdict
from earlybell.tables.sql import connect, parquet
from tests.cluster.documented import commands

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(__file__).parent / "example"
PROJECT = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
POINTS: Mapping[str, Mapping[str, str]] = PROJECT["entry-points"]
MOST_LINES = 60
KEY = "0123456789abcdef" * 4


def _installed(place: Path) -> Path:
    """The example's dist-info in `place`, as an installer writes it of its pyproject.toml."""
    facts = place / f"earlybell_example-{PROJECT['version']}.dist-info"
    facts.mkdir()
    text = f"Metadata-Version: 2.1\nName: {PROJECT['name']}\nVersion: {PROJECT['version']}\n"
    (facts / "METADATA").write_text(text)
    lines = [
        line
        for group, points in POINTS.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]
    (facts / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return place


def _earlybell(*arguments: str, home: Path, extensions: Path | None) -> subprocess.CompletedProcess[str]:
    paths = [ROOT, *([EXAMPLE, extensions] if extensions else [])]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "EARLYBELL"))}
    environment |= {"EARLYBELL_HOME": str(home), "PYTHONPATH": os.pathsep.join(map(str, paths))}
    environment |= {"EARLYBELL_PSEUDONYM_KEY": KEY}
    code = "from earlybell.cli.main import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def extensions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _installed(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def bundle(home: Path, extensions: Path) -> Bundle:
    """The model that `earlybell train` makes of the extension's source."""
    out = home / "bundle"
    gates = ["--min-auc", "0", "--max-calibration-error", "1", "--min-brier-skill", "-1"]
    gates += ["--min-worst-auc", "0", "--max-worst-calibration-error", "1"]
    done = _earlybell("train", "lms:60", "--out", str(out), *gates, home=home, extensions=extensions)
    assert done.returncode == 0, done.stderr[-3000:]
    return read_bundle(out)


def test_an_extension_is_one_file_of_few_lines() -> None:
    modules = {value.partition(":")[0] for points in POINTS.values() for value in points.values()}
    files = {path for path in EXAMPLE.rglob("*.py") if path.name != "__init__.py"}
    assert {f"earlybell_example.{path.stem}" for path in files} == modules
    assert len(modules) == sum(map(len, POINTS.values())) == len(POINTS)
    for path in files:
        assert len(path.read_text().splitlines()) <= MOST_LINES, path.name


def test_its_source_is_read_and_stands_in_the_manifest(bundle: Bundle) -> None:
    assert bundle.manifest.data.sources == ("lms:60",)
    assert bundle.manifest.data.learners == 120


def test_its_feature_comes_last_has_words_and_is_computed_by_the_bundles_sql(bundle: Bundle) -> None:
    feature = bundle.catalogue.features[-1]
    assert (feature.name, feature.family) == ("evening_share", "daytime")
    assert feature.say(0.25) == "25% of the activity is in the evening"
    assert '"evening_share"' in bundle.sql


def test_its_feature_counts_what_was_known_before_each_moment(bundle: Bundle, home: Path) -> None:
    (features,) = home.glob("runs/*/artifacts/**/features.parquet")
    (events,) = home.glob("runs/*/artifacts/**/tables/events.parquet")
    counted = f"""SELECT moment_id, count(*) FILTER (hour(occurred_at) >= 18) / count(*) AS share
        FROM {parquet(features)} JOIN {parquet(events)} USING (course_id, learner_id)
        WHERE occurred_at < as_of GROUP BY ALL"""
    differ = f"""SELECT count(*), count(share), max(abs(share - evening_share)),
        count(*) FILTER ((share IS NULL) <> (evening_share IS NULL))
        FROM {parquet(features)} LEFT JOIN ({counted}) USING (moment_id)"""
    rows, known, difference, one_alone = connect().execute(differ).fetchall()[0]
    assert rows > known > rows / 2
    assert difference < 1e-9
    assert one_alone == 0


def test_its_candidate_is_measured_beside_ours(bundle: Bundle) -> None:
    names = {candidate.name for candidate in bundle.evaluation.candidates}
    assert names == {*find_candidates(), "stump"}
    assert bundle.evaluation.figure("roc_auc", 0.4, candidate="stump")


def test_its_metric_is_measured_of_every_candidate(bundle: Bundle) -> None:
    for candidate in bundle.evaluation.candidates:
        row = bundle.evaluation.figure("log_loss", 0.4, candidate=candidate.name)
        assert row is not None
        assert row.value is not None
        assert 0 < row.value < 3


def test_its_target_is_learned_measured_and_answered_as_far_as_it_may_be(bundle: Bundle) -> None:
    figures = bundle.evaluation.heads[-1]
    assert figures.head.title == "Is active next week"
    assert figures.moments > 100
    assert figures.answered == any(answered.head.name == "active" for answered in bundle.heads)


def test_its_gate_is_in_the_verdict_with_its_bound(bundle: Bundle) -> None:
    verdict = read_verdict(bundle.path)
    assert verdict is not None
    finding = verdict.findings[-1]
    measured = bundle.evaluation.figure("log_loss", 0.4)
    assert measured is not None
    assert (finding.metric, finding.value, finding.bound) == ("log_loss", measured.value, 2.0)
    assert finding.requirement == "at most 2.000"


@pytest.mark.parametrize("name", ["report.html", "card.html"])
def test_report_and_card_have_candidate_feature_metric_and_gate(
    bundle: Bundle, home: Path, extensions: Path, name: str
) -> None:
    command, out = name.partition(".")[0], home / name
    done = _earlybell(command, str(bundle.path), "--out", str(out), home=home, extensions=extensions)
    assert done.returncode == 0, done.stderr
    page = out.read_text()
    for words in ("Boosted stumps", "Log loss", "at most 2.000"):
        assert words in page, words


def test_the_bundle_says_which_extensions_made_it(bundle: Bundle) -> None:
    made = msgspec.json.decode((bundle.path / "extensions.json").read_bytes(), type=list[Extension])
    assert {f"earlybell.{extension.group}" for extension in made} == set(POINTS)
    assert {(extension.package, extension.version) for extension in made} == {("earlybell-example", "1.0")}
    assert "extensions.json" in bundle.manifest.files


def test_the_bundle_predicts_where_the_extensions_are_not_installed(bundle: Bundle, home: Path) -> None:
    """All that a feature needs is in the bundle; the data are tables, which the extension's source has written."""
    tables = next((home / "runs").glob("*/artifacts/**/tables"))
    done = _earlybell("predict", str(bundle.path), f"tables:{tables}", "--as-of", "0.4", home=home, extensions=None)
    assert done.returncode == 0, done.stderr
    assert "lms:60" not in _earlybell("extract", "lms:60", str(home / "x"), home=home, extensions=None).stdout


def test_the_guides_extension_is_installed_measured_and_reported(tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "EARLYBELL"))}
    environment |= {"PIP_TARGET": str(installed), "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    environment |= {"PYTHONPATH": os.pathsep.join([str(ROOT), str(installed)]), "EARLYBELL_PSEUDONYM_KEY": KEY}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    script = commands("Install an extension of your own")
    done = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    evaluation = read_bundle(tmp_path / "model").evaluation
    assert evaluation.figure("log_loss", 0.4)
    assert "How surprising it is who ended in fail or withdrawal" in (tmp_path / "report.html").read_text()
