"""A database for requests: always the same empty tables, so that a bundle's SQL is planned once and not for each."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from earlybell.bundle import Bundle
from earlybell.errors import RequestError
from earlybell.predict.features import Observed, as_observed, confine, observed_sql, sql_of_bundle
from earlybell.predict.moments import moments_at
from earlybell.tables import BY_NAME, SQL_TYPES
from earlybell.tables.codec import TABLES_READ, Instance

_MOMENTS = "moment_id BIGINT, course_id VARCHAR, learner_id VARCHAR, as_of TIMESTAMP, days_seen DOUBLE"


class Workspace:
    """Features of one instance at a time, by a bundle's SQL; no two threads may use it at once.

    The rows of an instance live in a transaction that is rolled back: nothing of it stays.

    Raises:
        BundleError: the SQL is not one SELECT over the canonical tables, or reaches for anything else.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._names = bundle.catalogue.names
        self._connection = duckdb.connect(config={"threads": 1, "preserve_insertion_order": False})
        for name in TABLES_READ:
            columns = ", ".join(f"{column.name} {SQL_TYPES[column.type]}" for column in BY_NAME[name].columns)
            self._connection.execute(f"CREATE TABLE {name} ({columns})")
        self._connection.execute(f"CREATE TABLE moments ({_MOMENTS})")
        # Planning and optimising takes far longer than running it over one class. Without the optimizer, whose plans
        # depend on the rows, DuckDB keeps the plan: a third of the time for a learner, a third more for a class of 200.
        self._connection.execute("SET enable_optimizer = false")
        confine(self._connection)
        self._connection.execute(f"PREPARE look_at AS INSERT INTO moments {moments_at('$1::TIMESTAMP')}")
        with sql_of_bundle():
            self._connection.execute(f"PREPARE observe AS {observed_sql(bundle.sql, self._names)}")

    def observe(self, instance: Instance) -> Observed:
        """What is known at its moment of every learner enrolled then; nobody is no error.

        Raises:
            RequestError: its values cannot be computed with, as they lie too far apart.
        """
        with self._rolled_back():
            for name, columns in instance.rows.items():
                if len(next(iter(columns.values()))):
                    self._connection.register("given", columns)
                    self._connection.execute(f"INSERT INTO {name} SELECT {', '.join(columns)} FROM given")
            self._connection.execute(f"EXECUTE look_at('{instance.as_of}')")
            return as_observed(self._connection.execute("EXECUTE observe").fetchnumpy(), self._names)

    def interrupt(self) -> None:
        """End what another thread runs here; it gets duckdb.InterruptException."""
        self._connection.interrupt()

    @contextmanager
    def _rolled_back(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except duckdb.DataError as error:
            raise RequestError("values that cannot be computed with", str(error).split("\n")[0], "Mend them.") from None
        finally:
            self._connection.execute("ROLLBACK")
            self._connection.unregister("given")
