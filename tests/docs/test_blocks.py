"""Commands in the documents are run by a test, or say that they are not; and all of them exist."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest
import typer

from earlybell.cli.main import app
from pipelines.__main__ import app as pipelines
from tests.cluster.documented import HOW_TO
from tests.docs.markdown import MARK, ROOT, Block, blocks, name, pages

BLOCKS = [block for page in pages() for block in blocks(page)]
SHELL = [block for block in BLOCKS if block.kind.partition(" ")[0] == "sh"]
# Who runs what: a test on the cluster the guides, test_tutorial the lesson, others these blocks in another language.
RUN = {"php", "python", "yaml"}
SHOWN = {"text", "console"}  # nothing to run: what a program prints, or how it is called
TARGETS = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))


def _called(block: Block) -> str:
    return f"{name(block.page)}: {block.text.splitlines()[0][:60]}"


def test_there_are_no_blocks_of_other_kinds() -> None:
    assert {block.kind for block in BLOCKS} == {"sh", "sh not-run"} | RUN | SHOWN


@pytest.mark.parametrize("block", SHELL, ids=_called)
def test_a_reader_sees_which_commands_no_test_runs(block: Block) -> None:
    assert block.before.startswith(MARK) == (block.kind == "sh not-run"), block.before


def test_only_pages_whose_commands_a_test_reads_have_commands_that_are_run() -> None:
    ran = {name(block.page) for block in SHELL if block.kind == "sh" and block.page.parent != HOW_TO}
    assert ran == {"docs/tutorial/first-run.md", "helm/earlybell/README.md"}  # test_tutorial, tests/helm/test_upgrade


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each command, by the shell's rules: without comments, pipes and what a variable holds."""
    text = re.sub(r"\\\n", " ", re.sub(r"\$\{[^}]*\}|\$\([^)]*\)", "", text))
    for line in re.split(r"\n|&&|\|\|?|(?<=[^>])&(?!&)", text):
        yield shlex.split(re.sub(r"<<? .*|>.*|[()]", "", re.sub(r"(^|\s)#.*", "", line)))


def _ours(block: Block) -> Iterator[list[str]]:
    """The commands of Earlybell in a block."""
    for words in _commands(block.text):
        for start, word in enumerate(words):
            if word.rpartition("/")[2] == "earlybell" and "helm" not in words:
                yield ["earlybell", *words[start + 1 :]]
            elif words[start : start + 3] == ["python", "-m", "pipelines"]:
                yield words[start:]


def _parse(words: list[str]) -> None:
    """Let Typer take the words, without doing anything."""
    group = typer.main.get_command(app if words[0] == "earlybell" else pipelines)
    rest = words[1:] if words[0] == "earlybell" else words[3:]
    while isinstance(group, click.Group) or hasattr(group, "commands"):
        group = group.commands[rest[0]]
        rest = rest[1:]
    group.make_context("command", rest)


@pytest.mark.parametrize("block", [block for block in SHELL if any(_ours(block))], ids=_called)
def test_a_command_and_its_options_exist(block: Block) -> None:
    for words in _ours(block):
        _parse(words)


@pytest.mark.parametrize("block", [block for block in SHELL if "make " in block.text], ids=_called)
def test_a_target_of_make_exists(block: Block) -> None:
    for words in _commands(block.text):
        if words[:1] == ["make"]:
            assert {word for word in words[1:] if "=" not in word} <= TARGETS
