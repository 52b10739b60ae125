"""Commands about a Moodle: courses, moodle-grants, sync."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earlybell.cli.options import BadShareOption, Json, Source, need_training
from earlybell.counts import counted
from pipelines.settings import TrainingSettings

if TYPE_CHECKING:
    from components.extract.sync import Synced


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    example = "'moodle-db:postgresql://earlybell@db/moodle?code=idnumber:^([A-Z]+[0-9]+)'"
    app.command(epilog=f"Example: earlybell courses {example}")(courses)
    app.command(epilog="Example: earlybell moodle-grants moodle-db:mysql://earlybell@db/moodle")(moodle_grants)
    app.command(epilog="Example: earlybell sync " + example + " tables")(sync)


def courses(source: Source, as_json: Json = False) -> None:
    """List the course runs that a Moodle's database has, by the course that they are runs of.

    It shows what the options code, category, match and since of the address choose. Nothing is extracted.
    """
    need_training("courses")
    from components.extract.moodle_db import place_of, preview

    shown = preview(place_of(source))
    if as_json:
        runs = {
            code: [
                {
                    "course_id": str(run.id),
                    "name": run.shortname,
                    "by_rule": run.tied,
                    "starts_at": run.starts and run.starts.isoformat(),
                    "ends_at": run.ends and run.ends.isoformat(),
                    "enrolled": shown.enrolled.get(run.id, 0),
                }
                for run in of_code
            ]
            for code, of_code in shown.runs.items()
        }
        typer.echo(json.dumps({"courses": runs, "relative_dates": shown.relative}, indent=1, ensure_ascii=False))
        return
    for code, of_code in shown.runs.items():
        typer.echo(f"{code}: {counted(len(of_code), 'run')}")
        for run in of_code:
            dates = f"{run.starts:%Y-%m-%d}" if run.starts else "no start  "
            dates += f" to {run.ends:%Y-%m-%d}" if run.ends else " to no end    "
            rule = "" if run.tied else "  (by no rule)"
            typer.echo(f"  {run.id:>8}  {dates}  {shown.enrolled.get(run.id, 0):>6,} enrolled  {run.shortname}{rule}")
    if shown.relative:
        typer.echo(f"not read, as their dates are relative to each learner: {counted(shown.relative, 'course')}")


def moodle_grants(source: Source) -> None:
    """Print the SQL that makes the address's user a role which may read what Earlybell needs, and nothing else.

    It asks no database. Names, e-mails, addresses and tokens are not among the columns.
    """
    need_training("moodle-grants")
    from components.extract.moodle_db import place_of, read_address, script

    typer.echo(script(read_address(place_of(source))), nl=False)


def sync(
    source: Source,
    tables: Annotated[Path, typer.Argument(help="folder of canonical tables: new, or of an earlier sync")],
    full: Annotated[
        bool, typer.Option("--full", help="read the whole log again; what Moodle has purged of it stays")
    ] = False,
    max_bad_share: BadShareOption = TrainingSettings.max_bad_share,
    as_json: Json = False,
) -> None:
    """Bring a folder of tables to what a Moodle has now, reading of its log only what is new.

    The tables are as `earlybell extract` would make them anew. Rows that Moodle has purged from its log stay. A sync
    that was killed has changed no table, and the next one goes on from where it was.
    """
    need_training("sync")
    from components.extract.sync import sync as sync_tables
    from earlybell.tables.pseudonyms import key_from_environment

    with shown():
        synced = sync_tables(source, tables, key=key_from_environment(), max_bad_share=max_bad_share, whole=full)
    if as_json:
        typer.echo(json.dumps(asdict(synced), indent=1))
        return
    for concern in synced.concerns:
        typer.echo(f"warning: {concern}")
    typer.echo(_in_a_line(synced))


@contextmanager
def shown() -> Iterator[None]:
    """A bar for each step in a terminal; elsewhere the steps' own lines, for a pod's log."""
    if not sys.stderr.isatty():
        yield
        return
    from components.reporting import Report, reported_to
    from earlybell.cli.progress import progress

    running = set[str]()
    with progress(None, "Syncing", dict.fromkeys(("extract", "log", "compare"), 1)) as tell:

        def tell_from_its_start(report: Report) -> None:
            if report.step not in running:
                running.add(report.step)
                tell(Report(report.step, "started"))
            tell(report)

        with reported_to(tell_from_its_start):
            yield


def _in_a_line(synced: "Synced") -> str:
    of_log, questions = counted(synced.log_rows, "row"), counted(synced.questions, "question")
    read = f"{of_log} of the log read, {synced.rows_read:,} in all, by {questions}"
    if synced.differences is None:
        rows = [count for count in synced.rows.values() if count]
        changes = f"{counted(sum(rows), 'row')} in {counted(len(rows), 'table')}"
    else:
        changes = "; ".join(
            f"{table} {', '.join(f'{count:,} {word}' for word, count in asdict(difference).items() if count)}"
            for table, difference in synced.differences.items()
        )
    why = f" ({synced.because})" if synced.because else ""
    return f"Synced in {synced.seconds:.1f} s{why}: {changes or 'nothing has changed'}; {read}."
