"""Blocks as Markdown that can be read as it stands; a value is escaped, so that it stays text.

A table has a paragraph in bold before it, its caption.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from components.report import blocks as b

_MARKS = re.compile(
    r"""
    [\\`*\[\]|]                                            # marks wherever they stand
    | (?<![^\W_])_ | _(?![^\W_]) | ~(?=~) | <(?=[A-Za-z/!?]) | &(?=\#?\w+;)
    | ^> | ^[-+](?=\s|$) | ^\#(?=\#*(?:\s|$)) | ^[-=](?=[-=]+$)  # marks at the beginning of a line
    | (?:(?<=^\d)|(?<=^\d\d)|(?<=^\d{3})|(?<=^\d{4}))[.)](?=\s|$)
    """,
    re.VERBOSE,
)
_BEGINS = re.compile(r" (?=>|(?:[-+*=:|]+|#+|\d+[.)])(?: |$))")
WIDTH = 100


def to_markdown(page: b.Page) -> str:
    """The page as a whole file. The same page gives the same text."""
    heads = (b.Section(page.title, page.intro), *page.sections)
    parts = (
        part
        for level, section in enumerate(heads)
        for part in (f"{'##' if level else '#'} {_text(section.title)}", *_blocks(section.blocks))
    )
    return "\n\n".join((*parts, *_blocks([page.footer or None]))) + "\n"


def _blocks(blocks: Sequence[b.Block | None]) -> Iterator[str]:
    for block in blocks:
        if block:
            yield from _block(block)


def _block(block: b.Block) -> Iterator[str]:
    match block:
        case b.Heading(title):
            yield f"### {_text(title)}"
        case b.Bullets(items):
            yield "\n".join(_wrapped(f"- {_text(item)}", "  ") for item in items)
        case b.Facts(facts):
            yield from _block(b.Bullets([(f"{name}: ", *b.parts_of(value)) for name, value in facts]))
        case b.Table():
            yield f"**{_text(block.caption)}**"
            yield _table(block)
        case b.Command(line):
            yield f"    {line}"
        case b.Grid(inner):
            yield from _blocks(inner)
        case b.Details(summary, inner):
            yield from _blocks([b.Strong(summary), *inner])
        case b.Hint(text) | b.Picture(_, text):
            yield _wrapped(_text(text))
        case _:
            yield _wrapped(_text(block))


def _table(table: b.Table) -> str:
    """Its columns are aligned."""
    wide = len(table.header)
    rows = [table.header, *(row if len(row) > 1 else [row[0], *[""] * (wide - 1)] for row in table.rows)]
    cells = [[_text(cell) for cell in row] for row in rows]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines)


def _text(text: b.Text) -> str:
    """A text as one line."""
    lines: list[str] = []
    for plain, parts in groupby(b.parts_of(text), lambda part: isinstance(part, str)):
        if plain:
            whole = re.sub(r"\s+", " ", "".join(map(str, parts)))
            lines.append(_MARKS.sub(r"\\\g<0>", whole if lines else whole.lstrip()))
        else:
            lines += map(_part, parts)
    return "".join(lines).strip()


def _part(part: b.Part) -> str:
    match part:
        case b.Strong(text):
            return f"**{_text(text)}**"
        case b.Code(text):
            return _code(text)
        case b.Link(text, target) if target.removeprefix("mailto:") == text:
            return f"<{text}>"
        case b.Link(text, target):
            return f"[{_text(text)}]({target})"
        case b.Tally(number, text):
            return f"{number} {_text(text)}"
        case b.Badge(text):
            return f" ({_text(text)})"
        case b.Small(text):
            return _text(text)
        case _:
            return _text(part)


def _code(text: str) -> str:
    line = " ".join(text.split())
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _wrapped(line: str, indent: str = "") -> str:
    breakable = _BEGINS.sub("\0", line)  # no line may begin with what would begin a list or a heading
    lines = textwrap.wrap(breakable, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")
