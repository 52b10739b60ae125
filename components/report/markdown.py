"""Markdown: values written into it so that they stay text, and its way to HTML that a screen reader can walk through.

A table has a paragraph in bold before it, its caption; the first cell of a row names the row.
"""

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

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
_NAME = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_ADDRESS = re.compile(rf"(https?://[^\s<>]*[^\s<>.,;:!?)]|[\w.+-]+@{_NAME}(?:\.{_NAME})+)", re.ASCII)
_WITH_RANGE = re.compile(r"([^()]+ )(\([^()]+ to [^()]+\))")

WIDTH = 100
_LONG = 30  # characters of a cell that would be a tall and narrow one on a phone


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
    return value if isinstance(value, Markdown) else _escaped(_one_line(value))


def code(value: object) -> Markdown:
    """A value as a code span."""
    line = _one_line(value)
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    pad = " " if "`" in line else ""
    return Markdown(f"{fence}{pad}{line}{pad}{fence}")


def linked(value: str) -> Markdown:
    """Text whose web and e-mail addresses are links."""
    parts = enumerate(_ADDRESS.split(_one_line(value)))
    return Markdown("".join(f"<{part}>" if i % 2 else _escaped(part) for i, part in parts))


def table(caption: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> Markdown:
    """A table with its caption; columns are aligned, so that it can be read as it stands."""
    cells = [[text(cell) for cell in row] for row in (header, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return Markdown(f"**{text(caption)}**\n\n" + "\n".join(f"| {line} |" for line in lines))


def listed(values: Iterable[object], mark: str = ", ") -> Markdown:
    """Values one after the other."""
    return Markdown(mark.join(map(text, values)))


def wrapped(markdown: str) -> str:
    """The same Markdown in short lines, one blank line between blocks; tables, headings and indented code are left."""
    blocks = re.split(r"\n\s*\n", markdown.strip("\n"))
    return "\n\n".join(block if block.startswith(("|", "#", "    ")) else _wrapped(block) for block in blocks) + "\n"


def to_html(markdown: str) -> tuple[str, list[Section]]:
    """The HTML before the first heading of level 2, and the sections from there on; tags in `markdown` stay text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parts: list[list[Token]] = [[]]
    for token in _accessible(parser.parse(markdown)):
        if (token.type, token.tag) == ("heading_open", "h2"):
            parts.append([])
        parts[-1].append(token)
    intro, *html = (parser.renderer.render(part, parser.options, {}) for part in parts)
    headings = [(str(part[0].attrs["id"]), part[1].content) for part in parts[1:]]
    return intro, [Section(*heading, one) for heading, one in zip(headings, html, strict=True)]


def _one_line(value: object) -> str:
    return " ".join(str(value).split())


def _escaped(line: str) -> str:
    return _MARKS.sub(r"\\\g<0>", line)


def _wrapped(block: str) -> str:
    return "\n".join(map(_wrapped_item, re.split(r"\n(?=- )", block.strip())))


def _wrapped_item(item: str) -> str:
    kept = _BEGINS.sub("\0", _one_line(item))  # no line may begin with what would begin a list or a heading
    lines = textwrap.wrap(
        kept, WIDTH, subsequent_indent="  " * item.startswith("- "), break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines).replace("\0", " ")


def _accessible(tokens: list[Token]) -> list[Token]:
    """The tokens with ids of headings, scopes and captions of tables, and each table in a box that scrolls."""
    found: list[Token] = []
    for i, token in enumerate(tokens):
        _mark(tokens, i)
        if token.type == "table_open":
            caption = found[-2]
            del found[-3:]
            found += _captioned(token, caption, f"table-{i}")
        else:
            found.append(token)
        if token.type == "table_close":
            found.append(Token("box_close", "div", -1, block=True))
    return found


def _mark(tokens: list[Token], i: int) -> None:
    token, kind = tokens[i], tokens[i].type
    if kind == "heading_open" and token.tag == "h2":
        token.attrSet("id", re.sub(r"[^\w -]", "", tokens[i + 1].content.lower()).replace(" ", "-"))
    elif kind == "th_open":
        token.attrSet("scope", "col")
    elif kind == "td_open" and tokens[i - 1].type == "tr_open":
        token.tag = tokens[i + 2].tag = "th"
        token.attrSet("scope", "row")
    elif kind == "td_open" and (found := _WITH_RANGE.fullmatch(tokens[i + 1].content)):
        value, small = found.groups()
        inside = [_words(value), Token("small_open", "small", 1), _words(small), Token("small_close", "small", -1)]
        tokens[i + 1].children = inside
    elif kind == "td_open" and len(tokens[i + 1].content) > _LONG:
        token.attrSet("class", "wide")


def _words(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _captioned(table: Token, caption: Token, name: str) -> list[Token]:
    about = {"class": "scroll", "role": "region", "tabindex": "0", "aria-labelledby": name}
    return [
        Token("box_open", "div", 1, attrs={**about}, block=True),
        table,
        Token("caption_open", "caption", 1),
        Token("span_open", "span", 1, attrs={"id": name}),
        Token("inline", "", 0, children=[one for one in caption.children or [] if one.tag != "strong"]),
        Token("span_close", "span", -1),
        Token("caption_close", "caption", -1, block=True),
    ]
