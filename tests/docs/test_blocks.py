"""Commands in the documents are run by a test, or say that they are not; and all of them exist."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

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
_BETWEEN = "();<>|&\n"  # what ends a command, or redirects it
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
    # Who runs them: test_tutorial, tests/cluster/test_j_circle, tests/helm/test_upgrade.
    assert ran == {"docs/tutorial/first-run.md", "docs/tutorial/whole-circle.md", "helm/earlybell/README.md"}


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each command of a script, without comments, without what a variable or a command would give."""
    text = re.sub(r"\\\n|(?m:(?:^|\s)#.*)|\$\{[^}]*\}|\$\([^)]*\)", " ", text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars=_BETWEEN)
    lexer.whitespace, lexer.whitespace_split = " \t", True
    words = list[str]()
    for token in (*lexer, "\n"):
        if set(token) <= set(_BETWEEN):
            yield words
            words = []
        elif words or not re.match(r"\w+=", token):  # a variable may stand before a command
            words.append(token)


def _ours(block: Block) -> Iterator[list[str]]:
    """The commands of Earlybell in a block: the program's name, then its words."""
    for words in _commands(block.text):
        if words[:1] in (["earlybell"], [".venv/bin/earlybell"]):
            yield ["earlybell", *words[1:]]
        elif words[:3] == ["python", "-m", "pipelines"]:
            yield ["pipelines", *words[3:]]


def _parse(words: list[str]) -> None:
    """Let Typer take the words, without doing anything."""
    command: Any = typer.main.get_command({"earlybell": app, "pipelines": pipelines}[words[0]])
    arguments = words[1:]
    while hasattr(command, "commands"):  # a group
        command, arguments = command.commands[arguments[0]], arguments[1:]
    command.make_context("command", arguments)


@pytest.mark.parametrize("block", [block for block in SHELL if any(_ours(block))], ids=_called)
def test_a_command_and_its_options_exist(block: Block) -> None:
    for words in _ours(block):
        _parse(words)


@pytest.mark.parametrize("block", [block for block in SHELL if "make " in block.text], ids=_called)
def test_a_target_of_make_exists(block: Block) -> None:
    for words in _commands(block.text):
        if words[:1] == ["make"]:
            assert {word for word in words[1:] if "=" not in word} <= TARGETS
