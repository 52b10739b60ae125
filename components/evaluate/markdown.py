"""Markdown: values written into it so that they stay text, and its way to HTML that a screen reader can walk through.

A table has a paragraph in bold before it, its caption; the first cell of a row names the row.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKS = re.compile(
    r"""
    [\\`*\[\]|]                                            # marks wherever they stand
    | (?<!\w)_ | _(?!\w) | ~(?=~) | <(?=[A-Za-z/!?]) | &(?=\#?\w+;)
    | ^[-+>](?=\s|$) | ^\#(?=\#*(?:\s|$)) | ^[-=](?=[-=]+$)  # marks at the beginning of a line
    | (?:(?<=^\d)|(?<=^\d\d)|(?<=^\d{3})|(?<=^\d{4}))[.)](?=\s|$)
    """,
    re.VERBOSE,
)
_ADDRESS = re.compile(r"(https?://[^\s<>]*[^\s<>.,;:!?)]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)", re.ASCII)
_WITH_RANGE = re.compile(r"([^()]+ )(\([^()]+ to [^()]+\))")


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


class Section(NamedTuple):
    """A heading of level 2 by its id and title, and the HTML from it to the next."""

    id: str
    title: str
    html: str


def text(value: object) -> str:
    """A value as one line of Markdown that shows it as it is; what is Markdown already is left alone."""
    return value if isinstance(value, Markdown) else _MARKS.sub(r"\\\g<0>", " ".join(str(value).split()))


def code(value: object) -> Markdown:
    """A value as a code span."""
    line = " ".join(str(value).split())
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    pad = " " if "`" in line else ""
    return Markdown(f"{fence}{pad}{line}{pad}{fence}")


def linked(value: str) -> Markdown:
    """Text whose web and e-mail addresses are links."""
    words = (f"<{word}>" if _ADDRESS.fullmatch(word) else text(word) for word in _ADDRESS.sub(r" \1 ", value).split())
    return Markdown(" ".join(words))


def table(caption: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> Markdown:
    """A table with its caption; columns are aligned, so that it can be read as it stands."""
    cells = [[text(cell) for cell in row] for row in (header, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return Markdown(f"**{text(caption)}**\n\n" + "\n".join(f"| {line} |" for line in lines))


def to_html(markdown: str) -> tuple[str, list[Section]]:
    """The HTML before the first heading of level 2, and the sections from there on. HTML in `markdown` is shown as text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parts: list[list[Token]] = [[]]
    for token in _accessible(parser.parse(markdown)):
        if (token.type, token.tag) == ("heading_open", "h2"):
            parts.append([])
        parts[-1].append(token)
    intro, *html = (parser.renderer.render(part, parser.options, {}) for part in parts)
    headings = [(str(part[0].attrs["id"]), part[1].content) for part in parts[1:]]
    return intro, [Section(*heading, one) for heading, one in zip(headings, html, strict=True)]


def _accessible(tokens: list[Token]) -> list[Token]:
    """The tokens with an id on each heading, scopes on the heads of tables, and each table in a box that scrolls."""
    found: list[Token] = []
    for i, token in enumerate(tokens):
        match token.type:
            case "heading_open" if token.tag == "h2":
                token.attrs["id"] = _slug(tokens[i + 1].content)
            case "th_open":
                token.attrs["scope"] = "col"
            case "td_open" if tokens[i - 1].type == "tr_open":
                _name_row(tokens[i : i + 3])
            case "td_open":
                _set_small(tokens[i + 1])
            case "table_open":
                token, caption = _captioned(token, found[-2], f"table-{i}")
                found[-3:] = token
        ...
    return found
