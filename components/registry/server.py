"""Where MLflow is, and what its errors mean to a user."""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from earlybell.causes import innermost, remedy
from earlybell.clock import HungError
from earlybell.errors import EarlybellError, RegistryError
from earlybell.home import home_folder

_DENIED = ("UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED", "PERMISSION_DENIED")


def connect() -> MlflowClient:
    """A client of the server that MLflow's variables name; without them of a database below `EARLYBELL_HOME`.

    Raises:
        RegistryError: the address is not one that MLflow knows, or its database cannot be opened.
    """
    tracking = os.environ.get("MLFLOW_TRACKING_URI") or _address(_database())
    registry = os.environ.get("MLFLOW_REGISTRY_URI") or tracking
    with mendable(tracking), warnings.catch_warnings():
        # MLflow 3.17 declares its tables in a way that SQLAlchemy 2.1 warns of.
        warnings.filterwarnings("ignore", "The ``noload`` loader strategy")
        if not os.environ.get("MLFLOW_TRACKING_URI"):
            _make_database()
        return MlflowClient(tracking_uri=tracking, registry_uri=registry)


def artifact_location() -> str | None:
    """Where a new experiment keeps its artifacts: absolute, so that any folder may ask; None: where its server says."""
    return None if os.environ.get("MLFLOW_TRACKING_URI") else (_home() / "artifacts").as_uri()


@contextmanager
def mendable(address: str) -> Iterator[None]:
    """Turn whatever MLflow at `address` raises into a RegistryError without credentials.

    It raises what its stores do: exceptions of its own, of requests, SQLAlchemy, boto3, OSError or ImportError. They
    are not chained, since their text may hold credentials.
    """
    try:
        yield
    except EarlybellError:
        raise
    except Exception as error:
        raise _mendable(without_credentials(address), error) from None


def late(error: HungError) -> RegistryError:
    """What an answer that did not come in time means."""
    address = without_credentials(os.environ.get("MLFLOW_TRACKING_URI") or _address(_database()))
    way_out = "Look at its server, and at the store of its artifacts; DNS may hang too."
    return RegistryError(f"the model registry at {address} does not answer", str(error), way_out)


def without_credentials(text: str) -> str:
    """The text without the user and password of the addresses in it."""
    return re.sub(r"://\S*@", "://", text)


def _mendable(address: str, error: Exception) -> RegistryError:
    message = without_credentials(str(error) or type(error).__name__).splitlines()[0][:300]
    # What requests raises is an OSError, and MLflow's own exception comes on top of it.
    if isinstance(error, MlflowException) and isinstance(error.__context__, OSError):
        way_out = remedy(
            error,
            "Start it, or set MLFLOW_TRACKING_URI to its address.",
            what="the registry",
            setting="MLFLOW_TRACKING_URI",
            trust="MLFLOW_TRACKING_SERVER_CERT_PATH",
            login="set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
            address=address,
        )
        cause = without_credentials(innermost(error))
        return RegistryError(f"the model registry at {address} cannot be reached", cause, way_out)
    if getattr(error, "error_code", "") in _DENIED:
        way_out = "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD to those of a user who may do this."
        return RegistryError(f"the model registry at {address} lets only known users do this", message, way_out)
    way_out = "Check MLFLOW_TRACKING_URI, and look into the server's log."
    return RegistryError(f"the model registry at {address} refused", message, way_out)


def _database() -> Path:
    return _home() / "mlflow.db"


def _address(database: Path) -> str:
    """SQLAlchemy decodes %; MLflow would make a folder of the undecoded name, but not for an address with a driver."""
    path = str(database)
    driver = "+pysqlite" if re.search("[%?]", path) else ""
    return f"sqlite{driver}:///{path.replace('%', '%25').replace('?', '%3F')}"


def _make_database() -> None:
    """MLflow's own way puts the present folder into SQL, as the place of an experiment that nobody uses: with an
    apostrophe in its name that fails."""
    if not _database().exists():
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # warns when it is imported, see `connect`

        _home().mkdir(parents=True, exist_ok=True)
        SqlAlchemyStore(_address(_database()), artifact_location())  # type: ignore[no-untyped-call]


def _home() -> Path:
    return home_folder().resolve() / "mlflow"
