"""The command `card`: a model in words."""

from pathlib import Path
from typing import Annotated

import typer

from earlybell.cli.options import BundlePath, need_training
from earlybell.cli.ready import ready_files


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(epilog="Example: earlybell card bundle --out card.html --contact advice@university.example")(card)


def card(
    bundle: BundlePath,
    out: Annotated[
        Path | None, typer.Option(help="file to write, .md or .html; without it, Markdown in the terminal")
    ] = None,
    contact: Annotated[
        str, typer.Option(envvar="EARLYBELL_CONTACT", help="whom a learner asks about a prediction, in words")
    ] = "",
) -> None:
    """Write the model card: use, data, figures, fairness, doubt and limits of a model, and how to contest a prediction.

    It reads the sealed bundle alone, and says what the bundle does not record.
    """
    need_training("card")
    from components.evaluate.card import card as card_of
    from components.evaluate.card import write_card
    from earlybell.bundle import read_bundle

    ready_files({"--out": out})
    opened = read_bundle(bundle)
    if out is None:
        typer.echo(card_of(opened, contact), nl=False)
        return
    write_card(opened, out, contact)
    typer.echo(f"Wrote the card to {out}.")
