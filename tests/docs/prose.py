"""How long the sentences of the documents are: `python -m tests.docs.prose [FILE ...]` lists those above 20 words."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_WORDS = 20
GENERATED = ("reference/cli.md", "reference/bad-input.md")  # the programs' own words


def documents() -> list[Path]:
    """The README and the pages that a person wrote, by path."""
    pages = (page for page in (ROOT / "docs").rglob("*.md") if not str(page).endswith(GENERATED))
    return sorted([ROOT / "README.md", *pages])


def sentences(markdown: str) -> Iterator[str]:
    """The sentences of a document, without its code: of paragraphs, items of lists and cells of tables."""
    text = re.sub(r"(?ms)^( *)```.*?^\1```$|^<!--.*?-->$|^<.*?>$", "\n\n", markdown)
    text = re.sub(r"(?m)^(    |#|\|[- |:]*$).*", "\n", text)
    text = re.sub(r"`[^`]*`", "CODE", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(?m)^ *([-*]|\d+\.) +", "\n", text).replace("|", "\n\n")
    for paragraph in re.split(r"\n\s*\n", text):
        for sentence in re.split(r"(?<=[.?!:])[*_)]*\s+(?=[*_(\"“]*[A-Z0-9])", " ".join(paragraph.split())):
            if len(sentence.split()) > 2:
                yield sentence


def long_sentences(markdown: str) -> list[str]:
    """The sentences of a document above `MOST_WORDS` words."""
    return [sentence for sentence in sentences(markdown) if len(sentence.split()) > MOST_WORDS]


def share_of_long(texts: list[str]) -> float:
    """The share, 0 to 1, of the sentences above `MOST_WORDS` words in these documents."""
    counts = [(len(long_sentences(text)), len(list(sentences(text)))) for text in texts]
    return sum(long for long, _ in counts) / sum(every for _, every in counts)


def main(names: list[str]) -> None:
    """List the long sentences of these files, else of all documents, and their share."""
    files = [Path(name) for name in names] or documents()
    for file in files:
        for sentence in long_sentences(file.read_text()):
            sys.stdout.write(f"{file}: {len(sentence.split())} words: {sentence}\n")
    sys.stdout.write(f"{share_of_long([file.read_text() for file in files]):.1%} of the sentences are long\n")


if __name__ == "__main__":
    main(sys.argv[1:])
