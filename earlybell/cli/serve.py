"""Commands about serving: serve, token, request."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from earlybell.cli.options import (
    BundlePath,
    Ids,
    IdsOption,
    ModelVersionOption,
    Source,
    TrailAnchorsOption,
    need_serving,
)
from earlybell.cli.ready import home, ready_files, ready_sources, ready_trail
from earlybell.cli.tables import tables_of
from earlybell.errors import SettingError
from earlybell.writable import check_folder

TokensFile = Annotated[Path | None, typer.Option(help="file of who may ask; `earlybell token` writes it")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: earlybell serve bundle --tokens tokens.json --trail sqlite:trail.db")(serve)
    app.command(epilog="Example: earlybell token moodle --file tokens.json --days 90")(token)
    app.command(epilog="Example: earlybell request tables:tables --course AAA_2013J | curl --json @- ADDRESS")(request)


def serve(
    bundle: BundlePath,
    tokens: TokensFile = None,
    no_tokens: Annotated[bool, typer.Option("--no-tokens", help="let anybody ask; for trying on one machine")] = False,
    trail: Annotated[
        str,
        typer.Option(envvar="EARLYBELL_TRAIL", help="sqlite:PATH or postgresql://…; .earlybell/trail.db if not given"),
    ] = "",
    trail_anchors: TrailAnchorsOption = "",
    trail_journal: Annotated[
        Path | None, typer.Option(help="folder on a volume that lasts: answer while the trail is down, else refuse")
    ] = None,
    model_version: ModelVersionOption = "",
    bundle_digest: Annotated[
        str,
        typer.Option(envvar="EARLYBELL_BUNDLE_DIGEST", help="that the bundle must have; else it is not asked"),
    ] = "",
    host: Annotated[
        str, typer.Option(help="address to listen on; in a container 0.0.0.0, or :: for IPv6 and IPv4")
    ] = "127.0.0.1",
    http_port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
    grpc_port: Annotated[int, typer.Option(min=0, max=65535, help="0: no gRPC")] = 8081,
    workers: Annotated[int, typer.Option(min=1, help="processes that answer")] = 1,
    mirror: Annotated[str, typer.Option(help="address of a challenger that gets a copy of each request")] = "",
    max_body_mib: Annotated[int, typer.Option(min=1, help="of one request")] = 64,
    max_inflight_mib: Annotated[
        int | None,
        typer.Option(min=2, help="of all requests at once, in each worker; once and a half the largest if not given"),
    ] = None,
    max_rows: Annotated[int, typer.Option(min=1, help="of one request, all tables together")] = 1_000_000,
    max_seconds: Annotated[float, typer.Option(min=0.1, help="to send a body, and to answer it")] = 30.0,
    rate: Annotated[int, typer.Option(min=1, help="requests a minute of one caller, in each worker")] = 6000,
) -> None:
    """Answer over HTTP and gRPC (KServe's V1 and V2 protocols) until it is told to end.

    A challenger's token is read from EARLYBELL_MIRROR_TOKEN.
    """
    need_serving("serve")
    _check_callers(tokens, no_tokens)
    in_flight_mib = _in_flight(max_inflight_mib, max_body_mib)
    from serving.runtime.settings import Limits, Settings

    trail = trail or f"sqlite:{_make_home() / 'trail.db'}"
    ready_trail(trail, trail_anchors)
    if trail_journal:
        check_folder(trail_journal, "--trail-journal")
    settings = Settings(
        bundle=bundle,
        trail=trail,
        model_version=model_version,
        bundle_digest=bundle_digest,
        host=host,
        http_port=http_port,
        grpc_port=grpc_port,
        workers=workers,
        tokens=tokens,
        trail_anchors=trail_anchors,
        trail_journal=trail_journal,
        mirror=mirror,
        mirror_token=os.environ.get("EARLYBELL_MIRROR_TOKEN", ""),
        limits=Limits(max_body_mib * 2**20, max_rows, max_seconds, rate, in_flight_mib * 2**20),
    )
    with _metrics_shared(workers):
        from serving.runtime.server import serve as run

        run(settings)


def _check_callers(tokens: Path | None, no_tokens: bool) -> None:
    """Raises:
    SettingError: it is not said who may ask, or said twice.
    """
    if (tokens is None) != no_tokens:
        way_out = "Name a file by --tokens (see `earlybell token`), or let anybody ask by --no-tokens."
        raise SettingError("who may ask is not said, or said twice", str(tokens), way_out)


def _in_flight(most_mib: int | None, body_mib: int) -> int:
    """MiB of all requests at once.

    Raises:
        SettingError: they do not hold more than one body.
    """
    in_flight_mib = most_mib or body_mib + max(1, body_mib // 2)
    if in_flight_mib <= body_mib:
        way_out = f"It must hold the largest body of one caller ({body_mib} MiB), and more for the others."
        raise SettingError("--max-inflight-mib", in_flight_mib, way_out)
    return in_flight_mib


@contextmanager
def _metrics_shared(workers: int) -> Iterator[None]:
    """A folder in which several workers keep their metrics; prometheus_client asks for it when it is imported."""
    with tempfile.TemporaryDirectory(prefix="earlybell-metrics-") as folder:
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def _make_home() -> Path:
    place = home()
    place.mkdir(parents=True, exist_ok=True)
    return place


def token(
    name: Annotated[str, typer.Argument(help="of the caller, as metrics and records show it")],
    file: Annotated[Path, typer.Option(help="file of tokens; made if it is not there")],
    days: Annotated[int, typer.Option(min=1, help="until it expires")] = 90,
    revoke: Annotated[bool, typer.Option("--revoke", help="take all tokens of the caller out, and make none")] = False,
    revoke_earlier: Annotated[
        bool, typer.Option("--revoke-earlier", help="take all but the last one out, when the caller has changed over")
    ] = False,
) -> None:
    """Make a caller's token and print it, once: the file keeps its SHA-256 and its expiry alone.

    Earlier tokens of the caller stay until they expire, so that it can change over without a gap.
    """
    need_serving("token")
    ready_files({"--file": file})
    from serving.runtime import access

    if revoke or revoke_earlier:
        typer.echo(f"Took {access.revoke(file, name, keep_last=not revoke)} tokens of {name} out of {file}.")
    else:
        typer.echo(access.add_token(file, name, days, datetime.now(UTC)))


def request(
    source: Source,
    course: Annotated[str, typer.Option(help="id of the course run")],
    learner: Annotated[str | None, typer.Option(help="id of one learner; else all of the course run")] = None,
    as_of: Annotated[str, typer.Option("--as-of", help="a time in UTC, as 2026-03-01T08:00:00Z; else now")] = "",
    corrections: Annotated[
        Path | None, typer.Option(help="file of `predict --corrections` or `predict-site`: send the course's along")
    ] = None,
    ids: IdsOption = Ids.pseudonymous,
) -> None:
    """Print the body of a request for a prediction: a course run's activity in the canonical tables."""
    from earlybell.predict import correction_at, open_tables, read_corrections
    from earlybell.tables.codec import encode, read_time

    at = read_time("--as-of", as_of) if as_of else datetime.now(UTC).replace(tzinfo=None)
    first: dict[str, object] = {"as_of": as_of} if as_of else {}
    if corrections:
        first["correction"] = msgspec.to_builtins(correction_at(read_corrections(corrections), course, at).to_send)
    ready_sources([source], ids)
    with tables_of([source], ids) as tables:
        instance = encode(open_tables(tables), course, learner)
    typer.echo(json.dumps({"instances": [first | instance]}))
