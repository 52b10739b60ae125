"""Features of requests by the kernel: a bundle's SQL, planned once, over the arrays of the instances as they are."""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from earlybell.bundle import Bundle
from earlybell.predict.features import Observed
from earlybell.predict.kernel import Column, Kernel, NotUnderstoodError, UnusualError
from earlybell.predict.kernel.columns import concatenated, staged, staged_words
from earlybell.predict.moments import MOMENTS, moments_of
from earlybell.tables import BY_NAME
from earlybell.tables.codec import TABLES_READ, Instance
from earlybell.tables.sifting import Columns

IDS = ("course_id", "assessment_id")  # of one course run: two requests may have the same for two
_TABLES = {name: BY_NAME[name] for name in TABLES_READ} | {MOMENTS.name: MOMENTS}


class Planned:
    """A kernel and the features that it computes; several threads may use it at once."""

    def __init__(self, kernel: Kernel, names: Sequence[str]) -> None:
        self._kernel, self._names = kernel, names

    def observe(self, instances: Sequence[Instance], go_on: Callable[[], None]) -> list[Observed]:
        """What is known at the moment of each instance of every learner enrolled then: as `Workspace.observe_all`.

        Args:
            go_on: called before each instruction; what it raises ends this.

        Raises:
            UnusualError: DuckDB must say what becomes of these values.
        """
        tables = _Staged(instances)
        columns = self._kernel.run(tables.rows, tables.column, go_on)
        order = np.argsort(columns["moment_id"].values)
        values = np.empty((len(order), len(self._names)), dtype=np.float32)
        with np.errstate(over="ignore"):
            for place, name in enumerate(self._names):
                numbers, null, _ = columns[name]
                values[:, place] = numbers
                if null is not None:
                    values[null, place] = np.nan
        if np.isinf(values).any():
            raise UnusualError("a feature is infinite")
        return split(tables.moments, columns["days_seen"].values[order], values[order])


def planned(bundle: Bundle) -> Planned | None:
    """What computes the features of a bundle; None: its SQL is not understood, and DuckDB does."""
    kernel = _kernel(bundle.sql)
    return Planned(kernel, bundle.catalogue.names) if kernel else None


def split(
    moments: Sequence[Columns], days_seen: npt.NDArray[np.float64], values: npt.NDArray[np.float32]
) -> list[Observed]:
    """What is observed of all instances, by instance."""
    ends = np.cumsum([length(columns) for columns in moments])[:-1]
    parts = zip(moments, np.split(days_seen, ends), np.split(values, ends), strict=True)
    return [Observed(**columns, days_seen=days, values=of_instance) for columns, days, of_instance in parts]


def length(columns: Columns) -> int:
    """Rows of a table."""
    return len(next(iter(columns.values())))


@cache
def _kernel(sql: str) -> Kernel | None:
    try:
        return Kernel(sql, [*_TABLES.values()])
    except (NotUnderstoodError, ValueError, ArithmeticError, LookupError, TypeError):
        # Beside what the kernel says: a plan of another form than it reads. Nothing has run, and DuckDB runs the SQL.
        return None


class _Staged:
    """The tables of instances, one instance after the other."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.moments = [moments_of(instance) for instance in instances]
        self._tables = [
            instance.rows | {MOMENTS.name: moments} for instance, moments in zip(instances, self.moments, strict=True)
        ]
        self._coded = [instance.coded for instance in instances]
        self.rows = {name: sum(length(tables[name]) for tables in self._tables) for name in self._tables[0]}

    def column(self, table: str, name: str) -> Column:
        """A column of a table.

        Raises:
            UnusualError: it has an integer or a time that is far away.
        """
        if (table, name) == (MOMENTS.name, "moment_id"):
            return Column(np.arange(self.rows[table]))
        of_type = _TABLES[table].column(name).type
        columns = [
            staged_words(words) if (words := coded.get(table, {}).get(name)) else staged(of_type, tables[table][name])
            for tables, coded in zip(self._tables, self._coded, strict=True)
        ]
        if len(columns) > 1 and name in IDS:
            columns = [_apart(column, number) for number, column in enumerate(columns)]
        return concatenated(columns)


def _apart(ids: Column, number: int) -> Column:
    """Ids that no other instance has."""
    return ids._replace(words=tuple(f"{number}/{word}" for word in ids.words or ()))
