"""Commands about data: simulate, extract, features, pseudonym."""

import json
from pathlib import Path
from typing import Annotated

import typer

from earlybell.cli.options import (
    BadShareOption,
    EngineOption,
    Ids,
    IdsOption,
    Json,
    Source,
    need_training,
)
from earlybell.cli.ready import ready_engine, ready_sources
from earlybell.cli.tables import tables_of
from earlybell.predict import check_as_of
from earlybell.writable import check_folder
from pipelines.settings import TrainingSettings


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: earlybell simulate site --settings learners=500,weeks=12,seed=7")(simulate)
    app.command(epilog="Example: earlybell extract 'moodle-log:exports?pass_mark=50%&weekend=fri,sat' tables")(extract)
    app.command(epilog="Example: earlybell features tables:tables features --as-of weekly")(features)
    app.command(epilog="Example: earlybell pseudonym 4711")(pseudonym)


def simulate(
    out: Annotated[Path, typer.Argument(help="folder to write")],
    settings: Annotated[
        str, typer.Option(help="name=value,...: learners, courses, runs, weeks, events, seed, current")
    ] = "",
) -> None:
    """Write a simulated Moodle site as canonical tables, and each learner's true risk apart, in `truth`."""
    need_training("simulate")
    from components.extract.simulate import parse
    from components.extract.simulate import simulate as simulate_site

    world = parse(settings)
    check_folder(out, "the folder")
    simulate_site(out, world)
    typer.echo(f"Wrote a simulated site to {out}.")


def extract(
    source: Source,
    out: Annotated[Path, typer.Argument(help="folder to write")],
    ids: IdsOption = Ids.pseudonymous,
    max_bad_share: BadShareOption = TrainingSettings.max_bad_share,
    as_json: Json = False,
) -> None:
    """Turn a source into the canonical tables, checked; a bad row goes to quarantine with its reason.

    Ids become a keyed hash; the key comes from the environment variable EARLYBELL_PSEUDONYM_KEY.
    """
    need_training("extract")
    from components.extract import extract as extract_tables
    from earlybell.tables.pseudonyms import key_from_environment

    ready_sources([source], ids)
    check_folder(out, "the folder")
    facts = extract_tables([source], out, key=key_from_environment(), ids=ids.value, max_bad_share=max_bad_share)
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    for table, rows in facts["rows"].items():
        typer.echo(f"{table:14} {rows:>12,} rows")
    for entry in facts["quarantine"]:
        typer.echo(f"quarantine: {entry['rows']:,} rows of {entry['file']}: {entry['reason']}")
    for note in facts["notes"]:
        typer.echo(f"note: {note}")
    typer.echo(f"Wrote {out}.")


def features(
    source: Source,
    out: Annotated[Path, typer.Argument(help="folder to write")],
    as_of: Annotated[
        str, typer.Option("--as-of", help="a share of the run, a date by the site's clock, or weekly")
    ] = "weekly",
    ids: IdsOption = Ids.pseudonymous,
    engine: EngineOption = TrainingSettings.engine,
) -> None:
    """Write what is known of every learner at a moment, or at each week: features, their SQL and the catalogue."""
    need_training("features")
    from components.features import CATALOGUE, compute_features

    check_as_of(as_of)
    ready_engine(engine)
    ready_sources([source], ids)
    check_folder(out, "the folder", empty=True)
    with tables_of([source], ids) as tables:
        count = compute_features(tables, as_of, out, engine)
    typer.echo(f"Wrote {len(CATALOGUE.names)} features of {count:,} moments to {out}.")


def pseudonym(
    learner: Annotated[str, typer.Argument(help="a learner's id, exactly as the source has it", metavar="ID")],
) -> None:
    """Print a learner's pseudonym, by which `earlybell trail show` and `trail erase` find what was predicted.

    The key comes from the environment variable EARLYBELL_PSEUDONYM_KEY, the same as when the source was extracted.
    """
    from earlybell.tables.pseudonyms import key_from_environment, usable_key
    from earlybell.tables.pseudonyms import pseudonym as pseudonym_of

    typer.echo(pseudonym_of(usable_key(key_from_environment()), learner))
