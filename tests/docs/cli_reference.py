"""Write the reference of the command line from the commands' own help: `python -m tests.docs.cli_reference FILE`."""

import os
import re
import sys
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

_HEAD = """# The command line

This page is made from the commands' own help by `make docs`. `earlybell COMMAND --help` says the same.
[Exit codes](exit-codes.md) and [settings](settings.md) have pages of their own.
"""


def reference() -> str:
    """The page: every command of `earlybell` and of `python -m pipelines`, with its arguments and options."""
    # A help text names a default, which must not be that of the writer's own environment.
    for name in [name for name in os.environ if name.startswith(("EARLYBELL_", "KFP_"))]:
        del os.environ[name]
    from earlybell.cli.main import app
    from pipelines.__main__ import app as pipelines

    return "\n".join([_HEAD, _commands(app, "earlybell"), _commands(pipelines, "python -m pipelines")]).rstrip() + "\n"


def _commands(app: typer.Typer, name: str) -> str:
    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name=name)
    text = re.sub(r"(?m)^#", "##", text)  # below the page's title
    text = re.sub(r"(?m)^Example: (.+)$", r"Example: `\1`", text)
    return re.sub(r"\n{3,}", "\n\n", text)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference())
