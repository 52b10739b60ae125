"""The commands of a document, as a reader would copy them: what `docs/operations.md` says is what the tests run."""

import re
from pathlib import Path

OPERATIONS = Path(__file__).parents[2] / "docs/operations.md"


def commands(heading: str, document: Path = OPERATIONS) -> str:
    """The shell commands below a heading, up to the next of its rank: all blocks that are fenced as `sh`, in order.

    What tests do not have is fenced as `sh not-run`.
    """
    lines = document.read_text().splitlines()
    start = next((n for n, line in enumerate(lines) if line.lstrip("#").strip() == heading and line[:1] == "#"), None)
    assert start is not None, f"{document.name} has no heading {heading!r}"
    rank = lines[start].split(" ")[0]
    section: list[str] = []
    for line in lines[start + 1 :]:
        if re.fullmatch(r"#{1,6} .*", line) and len(line.split(" ")[0]) <= len(rank):
            break
        section.append(line)
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", "\n".join(section) + "\n")
    return "\n".join(blocks)
