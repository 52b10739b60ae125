"""The changes that make mutants: Cosmic Ray's to Python, of one operator to a like one, and our own to SQL in strings.

Left alone are type annotations, docstrings, messages, and `strict=True`, which guards against columns of other lengths.
"""

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python.tree import Name
from parso.tree import BaseNode, Leaf, NodeOrLeaf

Position = tuple[int, int]  # line from 1, column from 0

_PYTHON = (
    ("", ("AddNot", "NumberReplacer", "RemoveDecorator", "ZeroIterationForLoop")),
    ("Replace", ("TrueWithFalse", "FalseWithTrue", "AndWithOr", "OrWithAnd", "BreakWithContinue", "ContinueWithBreak")),
    ("ReplaceUnaryOperator_", ("USub_UAdd", "Delete_Invert", "Delete_Not")),
    ("ReplaceBinaryOperator_", ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul", "Pow_Mul")),
    ("ReplaceBinaryOperator_", ("BitOr_BitAnd", "BitAnd_BitOr")),
    ("ReplaceComparisonOperator_", ("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is")),
    ("ReplaceComparisonOperator_", ("Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt")),
)

_SQL: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?<![<>=!-])<(?![=>])", ("<=", ">=")),
    (r"<=", ("<", ">")),
    (r"(?<![<>=-])>(?!=)", (">=", "<=")),
    (r">=", (">", "<")),
    (r"(?<![<>=!])=(?!=)", ("<>",)),
    (r"\bAND\b", ("OR",)),
    (r"\bOR\b(?! REPLACE)", ("AND",)),
    (r"\bIS NULL\b", ("IS NOT NULL",)),
    (r"\bIS NOT NULL\b", ("IS NULL",)),
    (r"(?<= )\+(?= )", ("-",)),
    (r"(?<= )-(?= )", ("+",)),
    (r"(?<= )%(?= )", ("*",)),
    (r"\bDISTINCT ", ("",)),
    (r"\bmin\(", ("max(",)),
    (r"\bmax\(", ("min(",)),
    (r"\bleast\(", ("greatest(",)),
    (r"\bgreatest\(", ("least(",)),
    (r"\bSEMI JOIN\b", ("ANTI JOIN",)),
    (r"\bLEFT JOIN\b", ("JOIN",)),
    (r"\bUNION ALL\b", ("EXCEPT ALL",)),
    (r"\b(PARTITION|ORDER) BY [\w.]+(, [\w.]+)*", ("",)),
    (r"\bWEEK\b", ("DAY",)),
    (r"\bDAY\b", ("WEEK",)),
    (r"(?<![\w.'])\d+\b(?!')", ("{}",)),
)
_IS_SQL = re.compile(r"\b(SELECT|FROM|WHERE|JOIN|OVER|CASE|COPY|CAST|INTERVAL|AND)\b|::|(timezone|us|microseconds)\(")


class ReplaceInSql(Operator):  # type: ignore[misc]  # Cosmic Ray has no types
    """Cosmic Ray's kind of operator for one pattern of SQL in strings and f-strings; a number becomes the next one."""

    def __init__(self, pattern: str, replacements: tuple[str, ...]) -> None:
        self._pattern, self._replacements = re.compile(pattern), replacements

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[tuple[Position, Position]]:
        for _ in self._mutated(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Leaf, index: int) -> Leaf:
        node.value = list(self._mutated(node))[index]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()

    def _mutated(self, node: NodeOrLeaf) -> Iterator[str]:
        if not isinstance(node, Leaf) or not _is_string(node) or not _is_sql(node):
            return
        for match in self._pattern.finditer(node.value):
            for replacement in self._replacements:
                new = str(int(match[0]) + 1) if replacement == "{}" else replacement
                yield node.value[: match.start()] + new + node.value[match.end() :]


class ReplaceException(Operator):  # type: ignore[misc]  # Cosmic Ray has no types
    """Of a class that is caught, makes one that nothing raises; Cosmic Ray's own makes a name that is not there."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[tuple[Position, Position]]:
        for caught in _caught(node):
            yield caught.start_pos, caught.end_pos

    def mutate(self, node: NodeOrLeaf, index: int) -> NodeOrLeaf:
        caught = _caught(node)[index]
        siblings = caught.parent.children if caught.parent is not None else []
        siblings[siblings.index(caught)] = Name("StopAsyncIteration", caught.start_pos, prefix=" ")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()


def _caught(node: NodeOrLeaf) -> list[NodeOrLeaf]:
    """The classes of an `except`, where it names any."""
    if not isinstance(node, BaseNode) or node.type != "except_clause":
        return []
    classes = node.children[1]
    if not isinstance(classes, BaseNode) or classes.type != "atom":
        return [classes]
    inner = classes.children[1]
    return list(inner.children[::2]) if isinstance(inner, BaseNode) and inner.type == "testlist_comp" else [inner]


def _is_string(node: NodeOrLeaf) -> bool:
    return node.type in ("string", "fstring_string")


def _is_sql(leaf: Leaf) -> bool:
    """Of a part of a string: whether the whole is SQL, with what is implicitly joined to it."""
    whole: NodeOrLeaf = leaf
    while whole.parent is not None and whole.parent.type in ("fstring", "strings"):
        whole = whole.parent
    if whole.parent is not None and whole.parent.type == "simple_stmt":  # a docstring
        return False
    return bool(_IS_SQL.search(" ".join(part.get_code() for part in ast_nodes(whole) if _is_string(part))))


@dataclass(frozen=True)
class Mutant:
    """One change to a module: in which function (`""`: none), what its lines were and are, and the changed module."""

    path: str
    line: int
    function: str
    was: str
    now: str
    source: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.was}  ->  {self.now or '(nothing)'}"


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Every mutant of a module that Python can compile, by line."""
    changed = (code for operator in _operators() for code in _changed(source, operator) if _compiles(code))
    functions = _functions(source)
    mutants = [_mutant(path, source, code, functions) for code in dict.fromkeys(changed)]
    guarded = [mutant for mutant in mutants if "strict=False" not in mutant.now]
    return sorted(guarded, key=lambda mutant: (mutant.line, mutant.now))


def _operators() -> Iterator[Operator]:
    provider = OperatorProvider()
    yield from (provider[prefix + name]() for prefix, names in _PYTHON for name in names)
    yield ReplaceException()
    yield from (ReplaceInSql(pattern, replacements) for pattern, replacements in _SQL)


def _changed(source: str, operator: Operator) -> Iterator[str]:
    annotations = _annotations(source)
    nodes = ast_nodes(get_ast(source))
    positions = ((node, start) for node in nodes for start, _ in operator.mutation_positions(node))
    for occurrence, (node, start) in enumerate(positions):
        star_of_parameters = node.parent is not None and node.parent.type == "parameters"
        if not star_of_parameters and not any(first <= start < last for first, last in annotations):
            yield mutate_code(source, operator, occurrence)


def _annotations(source: str) -> list[tuple[Position, Position]]:
    """Where type annotations begin and end."""
    nodes = list(ast.walk(ast.parse(source)))
    annotations = [node.annotation for node in nodes if isinstance(node, ast.arg | ast.AnnAssign)]
    annotations += [node.returns for node in nodes if isinstance(node, ast.FunctionDef)]
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0))
        for node in annotations
        if node is not None
    ]


def _functions(source: str) -> list[tuple[int, int, str]]:
    """First line, last line and name of every function and class, the innermost last."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return sorted((node.lineno, node.end_lineno or node.lineno, node.name) for node in nodes)


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _mutant(path: str, source: str, changed: str, functions: list[tuple[int, int, str]]) -> Mutant:
    before, after = source.splitlines(), changed.splitlines()
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    blocks = [block for block in blocks if block[0] != "equal"]
    first, last = blocks[0][1], blocks[-1][2]
    was, now = _joined(before[first:last]), _joined(after[blocks[0][3] : blocks[-1][4]])
    function = next((name for start, end, name in reversed(functions) if start <= first + 1 <= end), "")
    return Mutant(path, first + 1, function, was, now, changed)


def _joined(lines: list[str]) -> str:
    return " ".join(filter(None, map(str.strip, lines)))
