"""Blocks as one HTML page that needs no other file and no script, and that a screen reader can walk through."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import count
from pathlib import Path

from components.report import blocks as b

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{name}</title>
<style>
{style}
</style>
</head>
<body>
<header>
<h1>{title}</h1>
{intro}
{lead}
</header>

<nav aria-label="Contents">
<ol>
{contents}
</ol>
</nav>

<main>
{sections}
</main>
{footer}
</body>
</html>
"""
_WITH_RANGE = re.compile(r"([^()]+ )\(([^()]+ to [^()]+)\)")
_MIDDLING, _LONG = 20, 30  # characters of a cell that would be a tall and narrow one on a phone


def to_html(page: b.Page) -> str:
    """The page as a whole file. The same page gives the same text."""
    write = _Writer(brackets=page.brackets)
    lead, *sections = (write.section(section, lead=not i) for i, section in enumerate(page.sections))
    shown = page.sections[1:]
    return _PAGE.format(
        name=escape(page.name),
        style=Path(__file__).with_name("page.css").read_text(encoding="utf-8"),
        title=escape(page.title),
        intro=write.blocks(page.intro),
        lead=lead,
        contents="\n".join(f'<li><a href="#{s.anchor}">{escape(s.short or s.title)}</a></li>' for s in shown),
        sections="\n\n".join(sections),
        footer=f"<footer><p>{escape(page.footer)}</p></footer>" if page.footer else "",
    )


class _Writer:
    def __init__(self, *, brackets: bool) -> None:
        self._range = r"\1<small>(\2)</small>" if brackets else r"\1<small>\2</small>"
        self._ids = (f"table-{number}" for number in count(1))

    def section(self, section: b.Section, *, lead: bool) -> str:
        kind, anchor = ' class="lead"' if lead else "", escape(section.anchor)
        head = f'<section{kind} aria-labelledby="{anchor}">\n<h2 id="{anchor}">{escape(section.title)}</h2>'
        return f"{head}\n{self.blocks(section.blocks)}\n</section>"

    def blocks(self, blocks: Sequence[b.Block | None]) -> str:
        return "\n".join(self._block(block) for block in blocks if block)

    def _block(self, block: b.Block) -> str:
        match block:
            case b.Heading(title):
                return f"<h3>{escape(title)}</h3>"
            case b.Hint(text):
                return f'<p class="how">{_text(text)}</p>'
            case b.Bullets(items):
                return "\n".join(("<ul>", *(f"<li>{_text(item)}</li>" for item in items), "</ul>"))
            case b.Facts(facts):
                pairs = (f"<div><dt>{escape(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in facts)
                return "\n".join(('<dl class="facts">', *pairs, "</dl>"))
            case b.Table():
                return self._table(block)
            case b.Command(line):
                return f"<pre><code>{escape(line)}</code></pre>"
            case b.Picture(svg, caption):
                return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
            case b.Grid(inner):
                return f'<div class="grid">\n{self.blocks(inner)}\n</div>'
            case b.Details(summary, inner):
                return f"<details>\n<summary>{escape(summary)}</summary>\n{self.blocks(inner)}\n</details>"
            case _:
                return f"<p>{_text(block)}</p>"

    def _table(self, table: b.Table) -> str:
        name = next(self._ids)
        header = "".join(_cell("th", title, "col") if title else "<td></td>" for title in table.header)
        return "\n".join(
            (
                f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{name}">',
                f'<table>\n<caption><span id="{name}">{escape(table.caption)}</span></caption>',
                f"<thead><tr>{header}</tr></thead>\n<tbody>",
                *self._rows(table),
                "</tbody>\n</table>\n</div>",
            )
        )

    def _rows(self, table: b.Table) -> Iterator[str]:
        for number, (name, *cells) in enumerate(table.rows):
            if cells:
                yield "\n".join(("<tr>", _cell("th", name, "row"), *map(self._figure, cells), "</tr>"))
            else:
                between = "</tbody>\n<tbody>\n" if number else ""
                yield f'{between}<tr><th scope="rowgroup" colspan="{len(table.header)}">{_text(name)}</th></tr>'

    def _figure(self, cell: b.Text) -> str:
        if isinstance(cell, b.Tally):
            return f'<td class="{"right" if cell.right else "wrong"}">{_text(cell)}</td>'
        if cell == "not measured":
            return f'<td><span class="none">{cell}</span></td>'
        if isinstance(cell, str) and _WITH_RANGE.fullmatch(cell):
            return f"<td>{_WITH_RANGE.sub(self._range, escape(cell))}</td>"
        return _cell("td", cell)


def _cell(tag: str, text: b.Text, scope: str = "") -> str:
    size = sum(len(part if isinstance(part, str) else part.text) for part in b.parts_of(text))
    kind = ' class="wide"' if size > _LONG and scope != "row" else ' class="words"' if size > _MIDDLING else ""
    return f"<{tag}{kind}{f' scope={chr(34)}{scope}{chr(34)}' if scope else ''}>{_text(text)}</{tag}>"


def _text(text: b.Text) -> str:
    return "".join(map(_part, b.parts_of(text)))


def _part(part: b.Part) -> str:
    match part:
        case str():
            return escape(part)
        case b.Link(text, target):
            return f'<a href="{escape(target)}">{escape(text)}</a>'
        case b.Tally(number, text):
            return f"<b>{escape(number)}</b>{escape(text)}"
        case b.Badge(text):
            return f' <span class="badge">{escape(text)}</span>'
        case _:
            tag = {b.Strong: "strong", b.Code: "code", b.Small: "small"}[type(part)]
            return f"<{tag}>{escape(part.text)}</{tag}>"
