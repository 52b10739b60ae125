"""Markdown: whatever is written into it is read as it was, by a parser that is not ours."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from components.report.blocks import Block, Bullets, Code, Page, Section, Strong, Table, Text, listed
from components.report.markdown import to_markdown
from components.report.sections.contest import linked
from tests.components.report.pages import Reader

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)
_MARKS = st.text("\\`*_[](){}<>#+-=.!|~&:;\"'$ 1a", max_size=12)


def _written(*blocks: Block) -> str:
    return to_markdown(Page("", "Title", blocks, []))


def _read(*blocks: Block) -> Reader:
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(_written(*blocks))
    return Reader(f"<main>{html}</main>")


def _words(*blocks: Block) -> str:
    return _read(*blocks).words.removeprefix("Title").strip()


@example("__0__")
@example(">0")
@example(" > 0")
@given(_TEXT | _MARKS)
def test_a_value_stays_text_wherever_it_is_written(value: str) -> None:
    words = " ".join(value.split())
    assert _words(value) == words
    assert _words(Bullets([value])) == words
    assert _words(f"Before {value}") == f"Before {words}".strip()
    assert _words((Strong("Before"), f" {value}")) == f"Before {words}".strip()
    assert _words(Table("Caption", ("Head",), [(value,)])) == f"Caption Head {words}".strip()


@given(_TEXT | _MARKS)
def test_a_code_span_shows_what_is_in_it(value: str) -> None:
    if value.strip():
        assert " ".join(_words(("So: ", Code(value), ".")).split()) == f"So: {' '.join(value.split())}."


@given(st.lists(_MARKS | st.sampled_from(["-", "1.", "#", "word", "---", "="]), max_size=60))
def test_shorter_lines_say_the_same(words: list[str]) -> None:
    text: Text = ("Begin ", *listed(words, " "))
    assert _words(text) == " ".join(f"Begin {' '.join(words)}".split())


def test_no_line_of_prose_is_long_and_tables_keep_theirs() -> None:
    wide = Table("Caption", ("Head",), [("x" * 200,)])
    lines = _written("word " * 60, Bullets(["item " * 60, "short"]), wide).splitlines()
    assert max(len(line) for line in lines if "|" not in line) <= 100
    assert max(map(len, lines)) > 200
    assert [line[:4] for line in lines if "item" in line] == ["- it", "  it", "  it", "  it"]


def test_sections_are_headings_with_their_blocks_below() -> None:
    sections = [Section("How to, now?", ["Text"]), Section("Then", [None])]
    assert (
        to_markdown(Page("", "Title", ["Intro"], sections))
        == "# Title\n\nIntro\n\n## How to, now?\n\nText\n\n## Then\n"
    )


@pytest.mark.parametrize(
    ("contact", "links"),
    [
        ("Advice, advice@uni.example.", ["mailto:advice@uni.example"]),
        ("See https://uni.example/a?b=c, or ask.", ["https://uni.example/a?b=c"]),
        ("javascript:alert(1) [x](javascript:alert(1)) <a href=x>", []),
    ],
    ids=["e-mail", "web", "neither"],
)
def test_addresses_become_links_and_nothing_else_does(contact: str, links: list[str]) -> None:
    assert [link["href"] for link in _read(linked(contact)).all("a")] == links
    assert _words(linked(contact)) == contact
