"""The one place that talks to MLflow: registers sealed bundles, fetches them back, and names versions by aliases."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.registry.registry import (
        Proposed,
        Version,
        fetch,
        fetch_proposal,
        find,
        read_aliases,
        read_trained,
        read_waiting,
        record_missed,
        register,
        set_alias,
        settle,
        waive,
    )

__all__ = [
    "Proposed",
    "Version",
    "fetch",
    "fetch_proposal",
    "find",
    "read_aliases",
    "read_trained",
    "read_waiting",
    "record_missed",
    "register",
    "set_alias",
    "settle",
    "waive",
]

# MLflow reads some of these when it is imported: it reports nothing to its makers, says only what went wrong, and gives
# up after about a minute on a server that does not answer (by its own defaults, many). What the user has set stays.
os.environ.update(
    {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
        **os.environ,
    }
)


def __getattr__(name: str) -> Any:
    """MLflow takes seconds to import: only who registers or fetches waits for it, and not who compiles a pipeline."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from components.registry import registry

    return getattr(registry, name)
