"""What tests look at in the documents: their headings, links and blocks, as GitHub reads them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MARK = "*Not run by our tests."  # begins the line before a block that no test runs
_FENCE = re.compile(r"(?ms)^(?P<before>[^\n]*)\n\n```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its kind, as `sh not-run`, its text, and the line of prose before it."""

    page: Path
    kind: str
    text: str
    before: str


def pages() -> list[Path]:
    """Every document of the repository, by path."""
    top_level = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    return [*top_level, ROOT / "helm/earlybell/README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name(page: Path) -> str:
    """A page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    matches = _FENCE.finditer(page.read_text())
    return [Block(page, match["kind"], match["text"], match["before"]) for match in matches]


def anchors(page: Path) -> set[str]:
    """The anchors of a page, which GitHub and the site make of its headings."""
    headings = re.findall(r"(?m)^#{1,6} +(.*?) *$", _prose(page))
    seen, slugs = Counter[str](), set[str]()
    for heading in headings:
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")
        slugs.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return slugs


def links(page: Path) -> Iterator[str]:
    """The targets of a page's links and pictures that are no address of another site."""
    for target in re.findall(r"\]\(([^()\s]+)\)", re.sub(r"`[^`\n]*`", "", _prose(page))):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


def _prose(page: Path) -> str:
    return re.sub(r"(?ms)^```.*?^```$", "", page.read_text())
