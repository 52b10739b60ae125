"""Commands about the audit trail: create, verify, show, erase, pairs."""

import dataclasses
import json
from itertools import chain
from typing import Annotated

import msgspec
import typer

from earlybell.cli.options import Json
from earlybell.counts import counted
from earlybell.errors import SettingError, TrailError, exit_codes
from earlybell.trail import Approval, Waiver, compare, read_entries
from earlybell.trail import create as create_trail
from earlybell.trail import erase as erase_learner
from earlybell.trail import verify as verify_trail
from earlybell.trail.pairs import Pairs
from earlybell.trail.records import Record, read_payloads, record_of
from earlybell.trail.stores import shown

_ADDRESS_HELP = "sqlite:PATH, or postgresql://USER@HOST/DATABASE (the password in PGPASSWORD or a .pgpass)"
Address = Annotated[str, typer.Argument(help=_ADDRESS_HELP, metavar="ADDRESS")]
AnchorsOption = Annotated[
    str | None,
    typer.Option(help="file with the heads of chains, or none; for erase also log; PATH.anchors of sqlite:PATH"),
]

_EXIT_CODES = exit_codes(SettingError, TrailError)


def _ending(example: str) -> str:
    return f"{_EXIT_CODES}\n\nExample: earlybell trail {example}"


commands = typer.Typer(
    help="The audit trail: what was predicted of whom; whether it is whole; and erasing a learner.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(commands, name="trail")


@commands.command(epilog=_ending("create postgresql://earlybell@db/trail --owner earlybell_owner"))
def create(
    address: Annotated[str, typer.Argument(help=_ADDRESS_HELP, metavar="ADDRESS", envvar="EARLYBELL_TRAIL")],
    owner: Annotated[
        str, typer.Option(help="role that makes and owns the tables; the role in ADDRESS may then only read and add")
    ] = "",
) -> None:
    """Make the trail's tables, where they are missing."""
    create_trail(address, owner)
    typer.echo(f"The trail is in {shown(address)}.")


@commands.command(epilog=_ending("verify sqlite:trail.db --anchors /mnt/other/trail.anchors"))
def verify(address: Address, anchors: AnchorsOption = None, as_json: Json = False) -> None:
    """Say whether the trail is whole; if not, name what was changed, removed, inserted, reordered or cut off."""
    audit = verify_trail(address, anchors)
    if as_json:
        findings = [finding._asdict() for finding in audit.findings]
        typer.echo(json.dumps(dataclasses.asdict(audit) | {"whole": audit.whole, "findings": findings}))
    else:
        for finding in audit.findings:
            typer.echo(str(finding))
    audit.require(address)
    if not as_json:
        unanchored = "" if audit.anchored else " Without anchors an end that was cut off is not found."
        entries, writers = counted(audit.entries, "entry", "entries"), counted(audit.writers, "writer")
        typer.echo(f"Whole: {entries} of {writers}, {audit.erased:,} erased.{unanchored}")


@commands.command(epilog=_ending("show sqlite:trail.db --learner 5f2c0e6b1d7a49f8a3b1c2d4e5f60718 --json"))
def show(
    address: Address,
    learner: Annotated[str | None, typer.Option(help="pseudonym of a learner")] = None,
    request: Annotated[str | None, typer.Option(help="id of a request")] = None,
    as_json: Json = False,
) -> None:
    """Print what was predicted, for an appeal or a request for one's own data; --json: a line a record, with features.

    Of nobody in particular: also which models were trained or released without their gates, and which proposals were
    approved or rejected, by whom and why.
    Without a record it prints nothing.
    """
    for payload in read_payloads(address, learner=learner, request=request):
        typer.echo(json.dumps(json.loads(payload)) if as_json else _in_words(record_of(payload)))
    of_models = (
        chain(read_entries(address, Waiver), read_entries(address, Approval))
        if learner is None and request is None
        else ()
    )
    for record in of_models:
        typer.echo(msgspec.json.encode(record).decode() if as_json else str(record))


@commands.command(epilog=_ending('erase sqlite:trail.db --learner 5f2c0e6b… --reason "request 2026-17"'))
def erase(
    address: Address,
    learner: Annotated[str, typer.Option(help="pseudonym of a learner")],
    reason: Annotated[str, typer.Option(help="why; it stays in the trail, so do not name the learner")],
    by: Annotated[str, typer.Option(help="who erases; the user of this machine if not given")] = "",
    anchors: AnchorsOption = None,
    as_json: Json = False,
) -> None:
    """Erase all that the trail holds of a learner. The chain stays whole, and says who erased which entries and why."""
    count = erase_learner(address, learner, reason, who=by, anchors=anchors)
    typer.echo(json.dumps({"erased": count}) if as_json else f"Erased {counted(count, 'record')}.")


@commands.command(epilog=_ending("pairs sqlite:champion.db sqlite:challenger.db"))
def pairs(
    champion: Annotated[str, typer.Argument(help=_ADDRESS_HELP, metavar="CHAMPION")],
    challenger: Annotated[str, typer.Argument(help="as the first", metavar="CHALLENGER")],
    as_json: Json = False,
) -> None:
    """Compare two trails of the same request ids, learner by learner: a champion's and a mirrored challenger's."""
    paired = compare(champion, challenger)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(paired)))
    else:
        _show_pairs(paired)


def _in_words(record: Record) -> str:
    corrected = f", corrected for its course by {record.correction:+.3f} log-odds" if record.correction else ""
    doubt = f" ({record.doubt})" if record.doubt else ""
    trial = f", trial {record.trial}" if record.trial else ""
    return (
        f"{record.time.isoformat()}  request {record.request_id}  learner {record.learner_id}  "
        f"course run {record.course_id}  as of {record.as_of.isoformat()}: {record.band}{doubt}, "
        f"risk {_share(record.risk)} ({_share(record.low)} to {_share(record.high)}){corrected}, "
        f"by {record.model_name} {record.model_version}, asked by {record.caller}{trial}"
    )


def _show_pairs(paired: Pairs) -> None:
    typer.echo(f"pairs                    {paired.pairs:,}")
    typer.echo(f"missing in challenger    {paired.only_champion:,}")
    typer.echo(f"missing in champion      {paired.only_challenger:,}")
    typer.echo(f"same band                {_share(paired.band_agreement)}")
    typer.echo(f"correlation of risk      {_share(paired.correlation)}")
    typer.echo(f"mean difference of risk  {_share(paired.mean_difference)}")
    for difference in paired.largest:
        typer.echo(
            f"  {difference.learner_id}  {difference.course_id}  {difference.champion_risk:.3f} "
            f"{difference.champion_band} -> {difference.challenger_risk:.3f} {difference.challenger_band}  "
            f"request {difference.request_id}"
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
