"""Extensions: found in our own folders and in installed packages, and refused by name where they cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

from components.metrics import Metric
from earlybell.errors import SettingError
from earlybell.extensions import find_extensions, installed
from earlybell.gates import Gate

METRIC = 'from components.metrics import Metric\nMETRIC = Metric("{}", lambda sample: sample.total)\n'
ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that packages are imported from."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def _install(place: Path, package: str, code: str, *, group: str = "metrics", module: str = "") -> None:
    """Put a package of one module there, with its entry point."""
    module = module or package.replace("-", "_")
    (place / f"{module}.py").write_text(code)
    facts = place / f"{package.replace('-', '_')}-2.1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.1\n")
    (facts / "entry_points.txt").write_text(f"[earlybell.{group}]\nthing = {module}:METRIC\n")


def _metrics() -> dict[str, Metric]:
    return find_extensions("metrics", Metric, "components.metrics")


def test_our_own_come_first_in_their_order_and_then_all_others_by_name(place: Path) -> None:
    _install(place, "a-later", METRIC.format("zeta"))
    _install(place, "b-sooner", METRIC.format("alpha"))
    names = list(_metrics())
    assert names[:4] == ["roc_auc", "pr_auc", "brier", "brier_skill"]
    assert names[-2:] == ["alpha", "zeta"]


def test_every_module_of_ours_that_is_named_like_a_metric_has_it() -> None:
    files = {path.stem for path in (ROOT / "components/metrics").glob("*.py")} - {"__init__", "resamples", "sample"}
    assert files == set(_metrics())


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (METRIC.format("roc_auc"), r"has a name that is taken: 'roc_auc'\. Give it another name, or uninstall it-"),
        ("METRIC = 3", r"is no Metric: 'int'\. Name another object, or uninstall it-breaks"),
        ("1 / 0", r"cannot be loaded: .ZeroDivisionError.*\. Mend it, or uninstall it-breaks"),
        ("", r"cannot be loaded: .AttributeError.*\. Mend it, or uninstall it-breaks"),
    ],
    ids=["name taken", "another kind", "error", "nothing there"],
)
def test_what_cannot_be_taken_is_named_with_its_package_and_the_way_out(place: Path, code: str, message: str) -> None:
    module = f"it_breaks_{abs(hash(code))}"
    _install(place, "it-breaks", code, module=module)
    with pytest.raises(
        SettingError, match=rf"thing = {module}:METRIC of earlybell.metrics, .* it-breaks 2\.1, {message}"
    ):
        _metrics()


def test_two_packages_cannot_have_one_name(place: Path) -> None:
    _install(place, "the-first", METRIC.format("gini"))
    _install(place, "the-second", METRIC.format("gini"))
    with pytest.raises(SettingError, match="has a name that is taken: 'gini'"):
        _metrics()


def test_a_kind_finds_none_of_another_group(place: Path) -> None:
    _install(place, "of-metrics", METRIC.format("gini"))
    assert "gini" not in find_extensions("gates", Gate, "earlybell.gates")


def test_what_is_installed_is_known_by_package_version_and_the_digest_of_its_files(place: Path) -> None:
    assert not installed()
    _install(place, "of-metrics", METRIC.format("gini"))
    (before,) = installed()
    assert (before.group, before.entry_point) == ("metrics", "thing = of_metrics:METRIC")
    assert (before.package, before.version) == ("of-metrics", "2.1")
    with (place / "of_metrics.py").open("a") as file:
        file.write("# another")
    (after,) = installed()
    assert after.digest != before.digest


def test_the_digest_is_of_all_files_of_a_package(place: Path) -> None:
    (place / "whole/inner").mkdir(parents=True)
    for name in ("whole/__init__.py", "whole/inner/__init__.py", "whole/inner/metric.py", "whole/words.yaml"):
        (place / name).write_text("")
    _install(place, "whole", "", module="unused")
    (place / "whole-2.1.dist-info/entry_points.txt").write_text("[earlybell.metrics]\ng = whole.inner.metric:METRIC\n")
    (before,) = installed()
    (place / "whole/words.yaml").write_text("a: word")
    assert installed()[0].digest != before.digest


def test_a_report_section_makes_no_other_bundle(place: Path) -> None:
    _install(place, "a-section", "", group="report_sections")
    assert not installed()


@pytest.mark.parametrize(
    "module", ["earlybell.predict", "earlybell.bundle", "earlybell.trail", "serving.runtime.server"]
)
def test_what_serves_loads_no_extension(place: Path, module: str) -> None:
    _install(place, "loud", "import sys; sys.exit('loaded')")
    code = f"import sys, {module}; sys.exit('earlybell.extensions' in sys.modules or 'loud' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": f"{ROOT}:{place}"}, check=True, timeout=120)
