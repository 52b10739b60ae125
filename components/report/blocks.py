"""What the report and the model card consist of, as typed blocks; `html` and `markdown` write them.

A text is a string, a part such as `Strong`, or a tuple of both. It is shown as it is: marks and tags in it mean
nothing. A text among blocks is a paragraph; None among them is nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Strong:
    text: str


@dataclass(frozen=True)
class Code:
    """What a computer reads, as a command or a digest."""

    text: str


@dataclass(frozen=True)
class Small:
    """A remark on what stands before it."""

    text: str


@dataclass(frozen=True)
class Badge:
    """What distinguishes a row of a table, in a word."""

    text: str


@dataclass(frozen=True)
class Link:
    """A link to `#` and a section's id, or to an address."""

    text: str
    target: str


@dataclass(frozen=True)
class Tally:
    """A cell that counts right or wrong answers, in a colour."""

    count: str
    text: str
    right: bool


Part = str | Strong | Code | Small | Badge | Link | Tally
Text = Part | tuple[Part, ...]


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    title: str


@dataclass(frozen=True)
class Hint:
    """How to read what follows: a paragraph in a quiet colour."""

    text: Text


@dataclass(frozen=True)
class Bullets:
    items: Sequence[Text]


@dataclass(frozen=True)
class Facts:
    """A few facts side by side: what each is, and its value."""

    facts: Sequence[tuple[str, Text]]


@dataclass(frozen=True)
class Table:
    """A table. The first cell of a row names the row; a row of one cell is a heading of the rows after it.

    A range in a cell stands in brackets: `0.773 (0.750 to 0.791)`.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Text]]


@dataclass(frozen=True)
class Command:
    """A line for the command line."""

    line: str


@dataclass(frozen=True)
class Picture:
    """An `<svg>` element of `pictures`, which is written as it is. Markdown has its caption alone."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Grid:
    """Blocks side by side, where there is room."""

    blocks: "Sequence[Block | None]"


@dataclass(frozen=True)
class Details:
    """Blocks that a click on the summary opens."""

    summary: str
    blocks: "Sequence[Block | None]"


Block = Text | Heading | Hint | Bullets | Facts | Table | Command | Picture | Grid | Details


@dataclass(frozen=True)
class Section:
    """A heading of level 2 and what stands under it.

    Attributes:
        id: what links name; without one it is made of the title, as GitHub does.
        short: the title in the contents; without one the title itself.
    """

    title: str
    blocks: Sequence[Block | None]
    id: str = ""
    short: str = ""

    @property
    def anchor(self) -> str:
        return self.id or re.sub(r"[^\w -]", "", self.title.lower()).replace(" ", "-")


@dataclass(frozen=True)
class Page:
    """A whole report or card.

    Attributes:
        name: the title of the browser's window.
        intro: blocks between the title and the first section.
        sections: the first is set apart from the others, and not listed in the contents.
        brackets: whether ranges keep their brackets in HTML, where they are set small anyway.
    """

    name: str
    title: str
    intro: Sequence[Block | None]
    sections: Sequence[Section]
    footer: str = ""
    brackets: bool = False


def listed(parts: Sequence[Part], mark: str = ", ") -> tuple[Part, ...]:
    """Parts of a text one after the other."""
    return tuple(part for i, item in enumerate(parts) for part in ((mark, item) if i else (item,)))


def sentences(*texts: str | None) -> str:
    """A paragraph of those sentences that there are."""
    return " ".join(text for text in texts if text)


def parts_of(text: Text) -> tuple[Part, ...]:
    """The parts of a text."""
    return text if isinstance(text, tuple) else (text,)
