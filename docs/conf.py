"""How `make docs` makes the site. The pages are written for GitHub, and need nothing of Sphinx in them."""

import re
from pathlib import Path

from sphinx.application import Sphinx

REPOSITORY = "https://github.com/earlybell/earlybell/blob/main/"
DOCS = Path(__file__).parent

project = "Earlybell"
copyright = "The Earlybell authors, Apache License 2.0"
extensions = ["myst_parser"]
myst_heading_anchors = 4  # as GitHub makes them
nitpicky = True
html_theme = "furo"
html_title = "Earlybell"
html_copy_source = False
html_show_sphinx = False
linkcheck_ignore = [re.escape(REPOSITORY)]  # a test looks at these in the checkout


def _outward(source: str, page: Path) -> str:
    """The page with its links to files beside `docs` as links to the repository."""

    def link(match: re.Match[str]) -> str:
        path, hash_sign, anchor = match[1].partition("#")
        target = (page.parent / path).resolve()
        if "://" in path or not path or target.is_relative_to(DOCS):
            return match[0]
        return f"]({REPOSITORY}{target.relative_to(DOCS.parent)}{hash_sign}{anchor})"

    return re.sub(r"\]\(([^()\s]+)\)", link, source)


def _contents(source: str) -> str:
    """The table of contents of an index: the pages that it links to, in its order."""
    pages = dict.fromkeys(re.findall(r"\]\((?!\.\.|https?:)([^()#\s]+)\.md\)", source))
    return "\n".join(["", "```{toctree}", ":hidden:", "", *pages, "```", ""])


def _read(app: Sphinx, name: str, source: list[str]) -> None:
    page = DOCS / f"{name}.md"
    source[0] = _outward(source[0], page) + (_contents(source[0]) if page.name == "index.md" else "")


def setup(app: Sphinx) -> None:
    """Let Sphinx read the pages so."""
    app.connect("source-read", _read)
