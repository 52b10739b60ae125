"""The commands of guides and lessons, as a reader would copy them: what `docs` says is what the tests run."""

import re
from pathlib import Path

HOW_TO, TUTORIAL = (Path(__file__).parents[2] / "docs" / name for name in ("how-to", "tutorial"))


def commands(heading: str) -> str:
    """The shell commands below a heading of a guide or lesson: all blocks that are fenced as `sh`, in order.

    They go up to the next heading of its rank. What tests do not have is fenced as `sh not-run`. No two pages have the
    same heading.
    """
    pages = sorted(page for folder in (HOW_TO, TUTORIAL) for page in folder.glob("*.md"))
    sections = [section for page in pages for section in _sections(page, heading)]
    assert len(sections) == 1, f"{len(sections)} pages of {HOW_TO} and {TUTORIAL} have the heading {heading!r}"
    return "\n".join(re.findall(r"(?ms)^```sh\n(.*?)^```", sections[0]))


def _sections(page: Path, heading: str) -> list[str]:
    """What stands in a page below each heading of these words."""
    lines, fenced = page.read_text().splitlines(keepends=True), False
    ranks = list[int]()  # of each line: how many # it begins with, 0 if it is no heading
    for line in lines:
        fenced ^= line.startswith("```")
        match = None if fenced else re.match(r"(#{1,6}) ", line)
        ranks.append(len(match[1]) if match else 0)
    starts = [n for n, rank in enumerate(ranks) if rank and lines[n].lstrip("#").strip() == heading]
    ends = (next((n for n in range(start + 1, len(lines)) if 0 < ranks[n] <= ranks[start]), None) for start in starts)
    return ["".join(lines[start + 1 : end]) for start, end in zip(starts, ends, strict=True)]
