"""The documents are in plain English: short sentences, and a README of one screen."""

from tests.docs.markdown import ROOT
from tests.docs.prose import documents, long_sentences, sentences, share_of_long


def test_few_sentences_have_more_than_twenty_words() -> None:
    assert share_of_long([page.read_text() for page in documents()]) < 0.02, "python -m tests.docs.prose lists them"


def test_the_readme_fits_one_screen() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 70


def test_a_sentence_ends_with_its_mark_its_paragraph_its_item_or_its_cell() -> None:
    page = "# No\n\nFirst it is one. Then another one\n\n- An item of words\n\n| a cell of words | three more words |\n"
    assert list(sentences(page)) == [
        "First it is one.",
        "Then another one",
        "An item of words",
        "a cell of words",
        "three more words",
    ]


def test_code_is_no_sentence() -> None:
    assert long_sentences("```sh\n" + "word " * 30 + "\n```\n\nShort it is `" + "word " * 30 + "`.\n") == []
