"""The command mlbackend: what Moodle's own analytics ask."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from earlybell.cli.options import need_mlbackend, need_training
from earlybell.errors import MissingPackageError, SettingError, exit_codes
from earlybell.writable import check_folder

PASSWORD = "EARLYBELL_MLBACKEND_PASSWORD"  # noqa: S105 (the name of a variable)
_TAKEN = re.compile(r"[A-Za-z0-9_-]+")  # by Moodle's settings, which drop other characters


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    example = "Example: earlybell mlbackend models --user moodle"
    app.command(epilog=f"{example}\n\n{exit_codes(SettingError, MissingPackageError)}")(mlbackend)


def mlbackend(
    folder: Annotated[Path, typer.Argument(help="where models and their rows are kept; made if it is not there")],
    user: Annotated[str, typer.Option(help="that Moodle's settings name")] = "moodle",
    host: Annotated[
        str, typer.Option(help="address to listen on; in a container 0.0.0.0, or :: for IPv6 and IPv4")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 5000,
    max_body_mib: Annotated[int, typer.Option(min=1, help="of one request")] = 128,
    max_rows: Annotated[int, typer.Option(min=2, help="of one model, all its data sets together")] = 1_000_000,
    max_fits: Annotated[int, typer.Option(min=1, help="trainings and evaluations that run at once; others wait")] = 1,
    max_seconds: Annotated[
        float, typer.Option(min=0.1, help="that a training or evaluation may wait, and then take")
    ] = 1800.0,
) -> None:
    """Answer an unmodified Moodle's analytics, as its back end "Python", until it is told to end.

    The password is read from EARLYBELL_MLBACKEND_PASSWORD. Moodle takes letters, digits, _ and - in both.
    """
    need_training("mlbackend")
    need_mlbackend("mlbackend")
    password = os.environ.get(PASSWORD, "")
    _check("--user", user, user)
    _check(PASSWORD, password, "(not shown)" if password else "")
    check_folder(folder, "FOLDER")
    from serving.mlbackend.server import serve
    from serving.mlbackend.settings import Limits, Settings

    limits = Limits(body_bytes=max_body_mib * 2**20, rows=max_rows, fits=max_fits, fit_seconds=max_seconds)
    serve(Settings(folder, user, password, host, port, limits))


def _check(name: str, value: str, shown: str) -> None:
    """
    Raises:
        SettingError: Moodle's setting cannot hold it.
    """
    if not _TAKEN.fullmatch(value):
        raise SettingError(name, shown, "It has letters, digits, _ and - alone, as Moodle's settings take them.")
