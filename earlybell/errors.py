"""Every exception of Earlybell, its exit code, and how a program ends by one.

Each names the thing, the offending value and the way out. The exit code of a command is the `exit_code` of the error
that ended it (0: done, 1: a defect of ours).
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

MEMORY = "EARLYBELL_MEMORY"  # the variable of the environment that says how much DuckDB may take
INTERRUPTED = 130  # as a shell says it of Ctrl-C


class EarlybellError(Exception):
    """What a user can mend. `thing` is what is wrong, `value` what was found, `way_out` what to do.

    Attributes:
        exit_code: of a command that it ends.
        meaning: of that code, in words.
    """

    exit_code = 1
    meaning = "a defect of ours"

    def __init__(self, thing: str, value: object, way_out: str) -> None:
        self.thing, self.value, self.way_out = thing, value, way_out
        super().__init__(thing, value, way_out)

    def __str__(self) -> str:
        return f"{self.thing}: {self.value!r}. {self.way_out}"


class SettingError(EarlybellError):
    """An argument or an environment variable is wrong or missing."""

    exit_code = 2
    meaning = "a wrong setting"


class SourceError(EarlybellError):
    """A source cannot be read, or breaks the canonical tables."""

    exit_code = 3
    meaning = "a source that cannot be used"


class ConnectionLostError(SourceError):
    """A source was being read, and its connection broke: it may be there again in a minute."""


class TrainingError(EarlybellError):
    """The data does not hold what training or evaluation needs."""

    exit_code = 4
    meaning = "too little to train on"


class GateError(EarlybellError):
    """A model missed a gate that the user set, or nobody has approved it."""

    exit_code = 5
    meaning = "a gate was missed, or nobody approved"


class BundleError(EarlybellError):
    """A bundle is broken, was changed, or is of a format that this version does not know."""

    exit_code = 6
    meaning = "a bundle that cannot be trusted"


class RegistryError(EarlybellError):
    """The model registry refused, or cannot be reached."""

    exit_code = 7
    meaning = "the registry"


class ReproductionError(EarlybellError):
    """A model was trained again from its snapshot and is not the same."""

    exit_code = 9
    meaning = "a model that was not reproduced"


class MissingPackageError(EarlybellError):
    """A command needs packages of an extra that is not installed."""

    exit_code = 8
    meaning = "a package is missing"


class TrailError(EarlybellError):
    """The audit trail cannot be written or read, or is not whole."""

    exit_code = 10
    meaning = "the audit trail is not whole or cannot be kept"


class RequestError(EarlybellError):
    """A request does not hold what a prediction needs; the server answers 400. `value` is JSON.

    It may be the first of several faults: `others`, and how many `more` that are not told.
    """

    exit_code = 11
    meaning = "a request that does not hold what it must"

    def __init__(
        self, thing: str, value: object, way_out: str, *, others: Sequence["RequestError"] = (), more: int = 0
    ) -> None:
        super().__init__(thing, value, way_out)
        self.others, self.more = others, more

    def __str__(self) -> str:
        lines = [f"{self.thing}: {self.value}. {self.way_out}", *map(str, self.others)]
        return "\n".join([*lines, f"And {self.more:,} more faults."] if self.more else lines)


class ClusterError(EarlybellError):
    """The Kubernetes cluster cannot be reached, refuses, or is not where a step of a release needs it to be."""

    exit_code = 12
    meaning = "the cluster"

    def __str__(self) -> str:
        return f"{self.thing}: {self.value}. {self.way_out}"


class PipelineError(EarlybellError):
    """Kubeflow Pipelines or the Pushgateway cannot be reached or refuses, or a run on the cluster failed."""

    exit_code = 13
    meaning = "Kubeflow Pipelines"


def exit_codes(*errors: type[EarlybellError]) -> str:
    """The exit codes of a command that may end by these errors; by any, where none is named."""
    ends = {error.exit_code: error.meaning for error in (EarlybellError, *(errors or EarlybellError.__subclasses__()))}
    codes = {0: "done"} | ends | {INTERRUPTED: "interrupted"}
    return f"Exit codes: {', '.join(f'{code} {codes[code]}' for code in sorted(codes))}."


@contextmanager
def _memory_named() -> Iterator[None]:
    """
    Raises:
        SettingError: DuckDB needs more memory than it may take, and cannot put aside on the disk what it holds.
    """
    try:
        yield
    except Exception as error:
        duckdb = sys.modules.get("duckdb")  # whoever has not loaded it cannot have its error
        if duckdb is None or not isinstance(error, duckdb.OutOfMemoryException):
            raise
        stated = os.environ.get(MEMORY) or "its default"
        raise SettingError(f"{MEMORY} is too little for these tables", stated, "Give more, as 6GB.") from error


@contextmanager
def ended_by_own_errors(
    tell: Callable[[str], object], leave: Callable[[EarlybellError], object] = lambda error: None
) -> Iterator[None]:
    """End the program by an error's message and exit code, without a traceback; a defect of ours goes on as it is.

    Args:
        tell: takes the line for stderr.
        leave: takes the error, before the program ends.
    """
    try:
        with _memory_named():
            yield
    except EarlybellError as error:
        leave(error)
        tell(f"error: {error}")
        sys.exit(error.exit_code)
