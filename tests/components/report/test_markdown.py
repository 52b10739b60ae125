"""Markdown: whatever is written into it comes out of its HTML as it was."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.report.markdown import code, linked, listed, table, text, to_html, wrapped
from tests.components.report.pages import Reader

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)
_MARKS = st.text("\\`*_[](){}<>#+-=.!|~&:;\"'$ 1a", max_size=12)


def _words(markdown: str) -> str:
    intro, sections = to_html(markdown)
    return _read(intro + "".join(section.html for section in sections)).words


def _read(html: str) -> Reader:
    return Reader(f"<main>{html}</main>")


@example("__0__")
@example(">0")
@given(_TEXT | _MARKS)
def test_a_value_stays_text_wherever_it_is_written(value: str) -> None:
    said = " ".join(value.split())
    assert _words(f"{text(value)}") == said
    assert _words(f"- {text(value)}") == said
    assert _words(f"Before {text(value)}") == f"Before {said}".strip()
    assert _words(table("Caption", ("Head",), [(value,)])) == f"Caption Head {said}".strip()


@given(_TEXT | _MARKS)
def test_a_code_span_shows_what_is_in_it(value: str) -> None:
    if value.strip():
        assert " ".join(_words(f"So: {code(value)}.").split()) == f"So: {' '.join(value.split())}."


@given(st.lists(_MARKS | st.sampled_from(["-", "1.", "#", "word", "---", "="]), max_size=60))
def test_shorter_lines_say_the_same(words: list[str]) -> None:
    said = listed(words, " ")
    assert _words(wrapped(f"Begin {said}")) == _words(f"Begin {said}")


def test_no_line_of_prose_is_long_and_tables_keep_theirs() -> None:
    wide = table("Caption", ("Head",), [("x" * 200,)])
    lines = wrapped(f"{'word ' * 60}\n\n- {'item ' * 60}\n- short\n\n\n\n{wide}").splitlines()
    assert max(len(line) for line in lines if "|" not in line) <= 100
    assert max(map(len, lines)) > 200
    assert [line[:4] for line in lines if "item" in line] == ["- it", "  it", "  it", "  it"]


def test_headings_begin_sections_that_can_be_linked_to() -> None:
    intro, sections = to_html("# Title\n\nIntro\n\n## How to, now?\n\nText\n\n## Then\n")
    assert _read(intro).words == "Title Intro"
    assert [(section.id, section.title) for section in sections] == [("how-to-now", "How to, now?"), ("then", "Then")]
    assert '<h2 id="how-to-now">' in sections[0].html


def test_a_table_names_its_columns_and_rows_and_sets_ranges_small() -> None:
    html, _ = to_html(table("Caption", ("Run", "AUC"), [("A", "0.7 (0.6 to 0.8)")]))
    reader = _read(html)
    assert [cell.get("scope") for cell in reader.all("th")] == ["col", "col", "row"]
    assert "<small>(0.6 to 0.8)</small>" in html
    assert reader.words == "Caption Run AUC A 0.7 (0.6 to 0.8)"


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
    html, _ = to_html(linked(contact))
    assert [link["href"] for link in _read(html).all("a")] == links
    assert _read(html).words == contact
