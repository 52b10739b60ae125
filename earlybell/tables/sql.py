"""What every room needs to speak SQL with DuckDB: a connection, and texts and paths put into a statement."""

import os
import re
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import duckdb

from earlybell.errors import MEMORY, SettingError

_Setting: TypeAlias = str | bool | int | float | list[str]

MOST_BYTES = 3 * 10**9  # without it; a smaller machine gives what DuckDB takes of it, 80%
_most_bytes = MOST_BYTES  # of this process
_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
SCRATCH = "scratch.duckdb"  # the file of a scratch database
_PATTERN = re.compile(r"[*?\[]")  # what DuckDB takes for a pattern in the path of a file to read


def connect(**config: _Setting) -> duckdb.DuckDBPyConnection:
    """A connection to a database in memory; nothing of it is printed.

    Where DuckDB takes a process for interactive it draws a progress bar on stdout, amid what `--json` prints.
    It would fetch an extension that a statement needs from its makers' server: every one of ours does without.
    It would take most of the machine's memory: what needs more than EARLYBELL_MEMORY goes through files in a temporary
    folder of its own.

    Raises:
        SettingError: EARLYBELL_MEMORY is not a size.
    """
    spill = Path(tempfile.gettempdir()) / f"earlybell-{uuid.uuid4().hex}"
    ours = {"temp_directory": str(spill), **config, "autoinstall_known_extensions": False}
    connection = duckdb.connect(config=ours)
    connection.execute("SET enable_progress_bar = false")
    if "memory_limit" not in config:
        _bound_memory(connection)
    return connection


def take_at_most(size: int) -> None:
    """Let all connections of this process take so many bytes at most, where EARLYBELL_MEMORY says nothing else."""
    global _most_bytes
    _most_bytes = size


def _bound_memory(connection: duckdb.DuckDBPyConnection) -> None:
    stated = os.environ.get(MEMORY, "")
    if not stated and _bytes_of(connection) <= _most_bytes:
        return
    try:
        connection.execute(f"SET memory_limit = {quoted(stated or f'{_most_bytes}B')}")
    except duckdb.Error:
        raise SettingError(f"{MEMORY} is not a size", stated, "Write it as 8GB.") from None


def _bytes_of(connection: duckdb.DuckDBPyConnection) -> float:
    """What DuckDB would take by itself."""
    ((limit,),) = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    number, unit = limit.split()
    return float(number) * _UNITS[unit]


def connect_scratch(folder: Path, **config: _Setting) -> duckdb.DuckDBPyConnection:
    """The same to a new database in the folder, which the caller removes: it may be larger than the memory.

    Nothing of it has to outlast the process. So DuckDB keeps no log of what changes, which takes as long as most
    changes do, and does not put the rest in its place at the end. A cursor of the connection begins in memory:
    `USE scratch` is its first statement.
    """
    connection = connect(**config, temp_directory=str(folder / "spill"))
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    connection.execute(f"ATTACH {quoted(folder / SCRATCH)} AS scratch (RECOVERY_MODE no_wal_writes)")
    connection.execute("USE scratch")
    return connection


def quoted(text: object) -> str:
    """A text, or the path of a file to write, as a literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """The name of a column, table or role, with whatever characters, as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def quoted_path(path: Path | str) -> str:
    """The path of one file to read as a literal of SQL: no character of it is taken for a pattern."""
    return quoted(_PATTERN.sub(lambda match: f"[{match[0]}]", str(path)))


def parquet(paths: Path | Sequence[Path], *options: str) -> str:
    """A call of read_parquet for these files, as they are: what a folder is called (`year=2026`) is no column.

    Args:
        options: more of its own, as `binary_as_string = true`.
    """
    listed = ", ".join(map(quoted_path, [paths] if isinstance(paths, Path) else paths))
    return f"read_parquet({', '.join([f'[{listed}]', 'hive_partitioning = false', *options])})"
