"""What the adapter uses of KServe's own is there in the KServe that is installed, and nobody else uses it."""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import pytest

from serving.runtime import adapter

RUNTIME = Path(adapter.__file__).parent
METHODS = [(owner, name) for owner, names in adapter.PRIVATE.items() for name in names]
ATTRIBUTES = [(owner, name) for owner, names in adapter.PRIVATE_ATTRIBUTES.items() for name in names]


@pytest.mark.parametrize(("owner", "name"), METHODS)
def test_a_private_method_is_there(owner: type, name: str) -> None:
    assert callable(getattr(owner, name))


@pytest.mark.parametrize(("owner", "name"), ATTRIBUTES)
def test_a_private_attribute_is_set_by_the_constructor(owner: type, name: str) -> None:
    constructor = ast.parse(textwrap.dedent(inspect.getsource(owner.__init__)))  # type: ignore[misc]
    targets = (node for node in ast.walk(constructor) if isinstance(node, ast.Attribute))
    assert any(node.attr == name and isinstance(node.ctx, ast.Store) for node in targets)


def _private_members_of_others(file: Path) -> set[str]:
    """Attributes with an underscore that are not of `self` or `cls`."""
    nodes = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute))
    return {
        node.attr
        for node in nodes
        if node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    }


def test_what_is_used_of_kserves_own_is_named() -> None:
    named = {name for _, name in METHODS + ATTRIBUTES}
    used = _private_members_of_others(RUNTIME / "adapter.py")
    assert used <= named
    text = (RUNTIME / "adapter.py").read_text()
    assert {name for name in named if len(re.findall(rf"\b{name}\b", text)) < 2} == set(), "named, and no longer used"


@pytest.mark.parametrize("file", sorted(RUNTIME.glob("*.py")), ids=lambda file: file.name)
def test_no_other_module_uses_what_kserve_keeps_to_itself(file: Path) -> None:
    if file.name != "adapter.py":
        kserves = {name for _, name in METHODS + ATTRIBUTES}
        assert not _private_members_of_others(file) & kserves
        overridden = {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}
        assert not overridden & {name for _, name in METHODS}
