"""HTML: blocks as a browser reads them."""

from hypothesis import given
from hypothesis import strategies as st

from components.report.blocks import (
    Badge,
    Block,
    Bullets,
    Code,
    Command,
    Details,
    Facts,
    Grid,
    Heading,
    Hint,
    Link,
    Page,
    Section,
    Small,
    Strong,
    Table,
    Tally,
)
from components.report.html import to_html
from components.report.sections.contest import linked
from tests.components.report.pages import Reader, check_headings, check_references, check_tables

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)


def _written(*blocks: Block, brackets: bool = False) -> str:
    return to_html(Page("Name", "Title", [], [Section("Lead", blocks)], brackets=brackets))


def _words(*blocks: Block, brackets: bool = False) -> str:
    return Reader(_written(*blocks, brackets=brackets)).words.partition("Lead ")[2]


@given(_TEXT)
def test_a_value_stays_text_in_every_block(value: str) -> None:
    plain = value.replace("\r", " ")
    texts = (plain, Strong(plain), Code(plain), Small(plain), Badge(plain), Link(plain, "#lead"))
    blocks: list[Block] = [
        texts,
        Heading(plain),
        Hint(plain),
        Bullets([plain]),
        Facts([(plain, plain)]),
        Command(plain),
    ]
    blocks += [Table(plain, (plain, "x"), [(plain, plain), (plain,), (plain, Tally(plain, plain, right=True))])]
    page = to_html(
        Page(plain, plain, [], [Section("Lead", [*blocks, Grid(blocks), Details(plain, blocks)], id="lead")])
    )
    check_tables(page, least=3)
    check_references(page)
    if word := "".join(plain.split()):
        assert "".join(Reader(page).words.split()).count(word) >= 3 * 17


def test_sections_can_be_linked_to_and_are_listed_but_for_the_first() -> None:
    sections = [Section("Lead", []), Section("How to, now?", ["Text"]), Section("Then", [], id="end", short="End")]
    page = to_html(Page("Name", "Title", ["Intro"], sections))
    check_headings(page)
    check_references(page)
    assert '<h2 id="how-to-now">How to, now?</h2>' in page
    assert [link["href"] for link in Reader(page).all("a")] == ["#how-to-now", "#end"]
    assert Reader(page).words == "Name Title Intro Lead How to, now? End How to, now? Text Then"


def test_a_table_names_its_columns_and_rows_and_sets_ranges_small() -> None:
    table = Table("Caption", ("Run", "AUC"), [("A", "0.7 (0.6 to 0.8)")])
    reader = Reader(_written(table))
    assert [cell.get("scope") for cell in reader.all("th")] == ["col", "col", "row"]
    assert "<small>(0.6 to 0.8)</small>" in _written(table, brackets=True)
    assert "<small>0.6 to 0.8</small>" in _written(table)
    assert _words(table, brackets=True) == "Caption RunAUC A 0.7 (0.6 to 0.8)"


def test_a_row_of_one_cell_is_the_heading_of_a_group_of_rows() -> None:
    page = _written(Table("Caption", ("Run", "AUC"), [("First",), ("A", "1"), ("Second",), ("B", "2")]))
    assert page.count("<tbody>") == 2
    assert page.count('<th scope="rowgroup" colspan="2">') == 2


def test_addresses_become_links() -> None:
    links = Reader(_written(linked("Advice, advice@uni.example, https://uni.example/a?b=c&d"))).all("a")
    assert [link["href"] for link in links] == ["mailto:advice@uni.example", "https://uni.example/a?b=c&d"]
