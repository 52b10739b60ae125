"""A reader of the documents, on GitHub or on the site, finds what they point at."""

import re
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, anchors, links, name, pages


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)} links to {link}, and there is no such file"
        assert target.is_relative_to(ROOT), f"{name(page)} links out of the repository: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{name(page)} links to {link}, and no heading is called so"


def test_every_page_is_in_the_contents_of_its_folder() -> None:
    for index in (ROOT / "docs").rglob("index.md"):
        named = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
        below = {page for page in index.parent.glob("*.md") if page != index}
        assert below <= named, f"{name(index)} does not link to them"


def test_the_door_of_the_documents_leads_to_every_folder() -> None:
    door = ROOT / "docs/index.md"
    named = {(door.parent / link).resolve() for link in links(door)}
    assert set((ROOT / "docs").glob("*/index.md")) <= named


def test_no_document_names_what_is_beside_the_repository() -> None:
    for page in pages():
        assert not re.search(r"/work/|/tmp/wt|shared/", page.read_text()), name(page)
