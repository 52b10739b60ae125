"""The commands `card` and `report`: a model in words, and what was measured of it in pictures and tables."""

from pathlib import Path
from typing import Annotated

import typer

from earlybell.cli.options import BundlePath, need_training
from earlybell.cli.ready import ready_files


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: earlybell card bundle --out card.html --contact advice@university.example")(card)
    app.command(epilog="Example: earlybell report bundle --out report.html")(report)


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
    from components.report import card as card_of
    from components.report import write_card
    from earlybell.bundle import read_bundle

    ready_files({"--out": out})
    opened = read_bundle(bundle)
    if out is None:
        typer.echo(card_of(opened, contact), nl=False)
        return
    write_card(opened, out, contact)
    typer.echo(f"Wrote the card to {out}.")


def report(bundle: BundlePath, out: Annotated[Path, typer.Option(help="HTML file to write")]) -> None:
    """Write the report: what was measured of a model, as one HTML file with pictures.

    It reads the sealed bundle alone. Training leaves one beside the files of the bundle.
    """
    need_training("report")
    from components.report import write_report
    from earlybell.bundle import read_bundle
    from earlybell.gates import read_verdict

    ready_files({"--out": out})
    write_report(read_bundle(bundle).evaluation, out, read_verdict(bundle))
    typer.echo(f"Wrote the report to {out}.")
