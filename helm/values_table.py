"""Write the table of values of the chart's README, from the comments of values.yaml: `python helm/values_table.py`."""

import re
from collections.abc import Iterator
from pathlib import Path

CHART = Path(__file__).parent / "earlybell"
BEGIN, END = "<!-- values: written by helm/values_table.py -->\n", "<!-- end of values -->\n"
_KEY = re.compile(r"(?P<indent> *)(?P<key>[\w-]+):(?: (?P<value>.*))?")


def rows(text: str) -> Iterator[tuple[str, str, str]]:
    """Each value with a comment right above it: its name, its default as YAML, the comment."""
    path: list[str] = []
    comment: list[str] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.lstrip().startswith("# "):
            comment.append(line.strip().removeprefix("# "))
            continue
        if match := _KEY.fullmatch(line):
            path = [*path[: len(match["indent"]) // 2], match["key"]]
            if comment and number:
                yield ".".join(path), match["value"] or "see values.yaml", " ".join(comment)
        comment = []


def table(text: str) -> str:
    """The values as a table in Markdown."""
    cells = "".join(f"| `{name}` | `{default}` | {meaning} |\n" for name, default, meaning in rows(text))
    return f"| value | default | meaning |\n|---|---|---|\n{cells}"


def written(readme: str, values: str) -> str:
    """The README with the table of these values in its place."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table(values)}{END}{after}"


if __name__ == "__main__":
    README = CHART / "README.md"
    README.write_text(written(README.read_text(), (CHART / "values.yaml").read_text()))
