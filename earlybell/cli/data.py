"""Commands about data: simulate, extract, doctor, features, pseudonym."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
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
from earlybell.counts import Count, counted
from earlybell.errors import TrainingError
from earlybell.predict import check_as_of
from earlybell.writable import check_folder
from pipelines.settings import TrainingSettings

_SHOWN = 8  # ids of course runs in a line


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: earlybell simulate site --settings learners=500,weeks=12,seed=7")(simulate)
    app.command(epilog="Example: earlybell extract 'moodle-log:exports?pass_mark=50%&weekend=fri,sat' tables")(extract)
    app.command(epilog="Example: earlybell doctor tables:tables")(doctor)
    app.command(epilog="Example: earlybell features tables:tables features --as-of weekly")(features)
    app.command(epilog="Example: earlybell pseudonym 4711")(pseudonym)


def simulate(
    out: Annotated[Path, typer.Argument(help="folder to write")],
    settings: Annotated[
        str, typer.Option(help="name=value,...: learners, courses, runs, weeks, events, seed, current, scenario, onset")
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
        typer.echo(f"{table:14} {rows:>12,} {Count(rows):row|rows}")
    for entry in facts["quarantine"]:
        typer.echo(f"quarantine: {counted(entry['rows'], 'row')} of {entry['file']}: {entry['reason']}")
    for note in facts["notes"]:
        typer.echo(f"note: {note}")
    typer.echo(f"Wrote {out}.")


def doctor(source: Source, ids: IdsOption = Ids.pseudonymous, as_json: Json = False) -> None:
    """Tell what a source's data allow before any training: what is missing where, what to do, where it cannot work.

    It ends by exit code 4 where nothing can be trained on.
    """
    need_training("doctor")
    from components.extract.doctor import examine

    ready_sources([source], ids)
    with tables_of([source], ids) as tables:
        diagnosis = examine(tables, datetime.now(UTC).replace(tzinfo=None))
    if as_json:
        typer.echo(json.dumps(asdict(diagnosis), indent=1))
    else:
        teaching = sum(run.teaches for run in diagnosis.runs)
        typer.echo(f"{counted(len(diagnosis.runs), 'course run')}, of which a model can learn from {teaching:,}.")
        for finding in diagnosis.findings:
            courses = f" In {_some(finding.courses)}." if finding.courses else ""
            mark = "cannot work" if finding.stops else "less well"
            typer.echo(f"{finding.kind} ({mark}): {finding.words}.{courses} {finding.way_out}")
    if not diagnosis.trainable:
        way_out = "What is said above helps; `earlybell demo` shows what a site needs."
        raise TrainingError("nothing can be trained on", source, way_out)


def _some(names: Sequence[str]) -> str:
    """The first names of many, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


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
    from components.features import compute_features, find_catalogue

    check_as_of(as_of)
    ready_engine(engine)
    ready_sources([source], ids)
    check_folder(out, "the folder", empty=True)
    with tables_of([source], ids) as tables:
        count = compute_features(tables, as_of, out, engine)
    typer.echo(f"Wrote {len(find_catalogue().names)} features of {counted(count, 'moment')} to {out}.")


def pseudonym(
    learner: Annotated[str, typer.Argument(help="a learner's id, exactly as the source has it", metavar="ID")],
) -> None:
    """Print a learner's pseudonym, by which `earlybell trail show` and `trail erase` find what was predicted.

    The key comes from the environment variable EARLYBELL_PSEUDONYM_KEY, the same as when the source was extracted.
    """
    from earlybell.tables.pseudonyms import key_from_environment, usable_key
    from earlybell.tables.pseudonyms import pseudonym as pseudonym_of

    typer.echo(pseudonym_of(usable_key(key_from_environment()), learner))
