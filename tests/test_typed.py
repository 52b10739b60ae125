"""What functions hand to each other is typed: `dict[str, Any]` is for what stands right next to a library."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("earlybell", "components", "pipelines", "rollout", "serving")
MOST = 55  # it may only fall: whoever has fewer lowers it
UNTYPED = "dict[str, Any]"


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def _aliases() -> set[str]:
    """Other names of the same, as `Object = dict[str, Any]`."""
    return {
        target.id
        for _, module in _modules()
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.value) == UNTYPED
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _annotations(module: ast.Module) -> Iterator[ast.expr]:
    """Of the arguments and results of all functions."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            yield from (argument.annotation for argument in every if argument and argument.annotation)
            if node.returns:
                yield node.returns


def _untyped(annotation: ast.expr, aliases: set[str]) -> int:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    return sum(
        (isinstance(node, ast.Subscript) and ast.unparse(node) == UNTYPED)
        or (isinstance(node, ast.Name) and node.id in aliases)
        for node in ast.walk(annotation)
    )


def test_fewer_and_fewer_functions_take_or_give_a_dictionary_of_anything() -> None:
    aliases = _aliases()
    counts = {
        name: sum(_untyped(annotation, aliases) for annotation in _annotations(module)) for name, module in _modules()
    }
    total = sum(counts.values())
    where = ", ".join(f"{name}: {count}" for name, count in sorted(counts.items(), key=lambda item: -item[1]) if count)
    assert total <= MOST, f"{UNTYPED} stands {total} times in signatures, {MOST} at most: give it a type. {where}"


def test_the_core_of_a_bundle_has_none() -> None:
    aliases = _aliases()
    for name, module in _modules():
        if name.startswith(("earlybell/bundle/", "components/evaluate/", "components/report/")):
            assert not any(_untyped(annotation, aliases) for annotation in _annotations(module)), name
