"""The folder of targets: what came next of each moment, and the heads that learn it."""

from pathlib import Path

from components.label.targets import find_targets
from components.label.window import ENDS
from earlybell.bundle.json_files import write_json
from earlybell.predict import open_tables
from earlybell.tables.sql import identifier, parquet, quoted


def label_targets(tables: Path, features: Path, out: Path) -> dict[str, int]:
    """Write the folder `out`: targets.parquet, a row a moment of the folder `features`, and heads.json.

    targets.parquet has moment_id and a column of float64 a target, by its name, null where there is none.

    Returns:
        How many moments have each target.

    Raises:
        SettingError: as `find_targets`.
    """
    targets = find_targets()
    out.mkdir(parents=True)
    connection = open_tables(tables)
    moments = f"SELECT moment_id, course_id, learner_id, as_of FROM {parquet(features / 'features.parquet')}"
    connection.execute(f"CREATE TABLE moments AS {moments}; CREATE TABLE covered AS {ENDS}")
    joins, columns = "", []
    for number, (name, target) in enumerate(targets.items()):
        joins += f" LEFT JOIN ({target.select}) AS t{number} USING (moment_id)"
        columns.append(f"t{number}.target::DOUBLE AS {identifier(name)}")
    select = f"SELECT {', '.join(['moment_id', *columns])} FROM moments{joins} ORDER BY moment_id"
    path = out / "targets.parquet"
    connection.execute(f"COPY ({select}) TO {quoted(path)} (FORMAT parquet)")
    write_json(out / "heads.json", tuple(target.head for target in targets.values()))
    counted = ", ".join(f"count({identifier(name)})" for name in targets)
    (counts,) = connection.execute(f"SELECT {counted} FROM {parquet(path)}").fetchall()
    return dict(zip(targets, counts, strict=True))
