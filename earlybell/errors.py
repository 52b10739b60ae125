"""Every exception of Earlybell. Each names the thing, the offending value and the way out.

The exit code of a command is the `exit_code` of the error that ended it (0: done, 1: a defect of ours).
"""

from collections.abc import Sequence


class EarlybellError(Exception):
    """What a user can mend. `thing` is what is wrong, `value` what was found, `way_out` what to do."""

    exit_code = 1

    def __init__(self, thing: str, value: object, way_out: str) -> None:
        self.thing, self.value, self.way_out = thing, value, way_out
        super().__init__(thing, value, way_out)

    def __str__(self) -> str:
        return f"{self.thing}: {self.value!r}. {self.way_out}"


class SettingError(EarlybellError):
    """An argument or an environment variable is wrong or missing."""

    exit_code = 2


class SourceError(EarlybellError):
    """A source cannot be read, or breaks the canonical tables."""

    exit_code = 3


class TrainingError(EarlybellError):
    """The data does not hold what training or evaluation needs."""

    exit_code = 4


class GateError(EarlybellError):
    """A model missed a gate that the user set."""

    exit_code = 5


class BundleError(EarlybellError):
    """A bundle is broken, was changed, or is of a format that this version does not know."""

    exit_code = 6


class RegistryError(EarlybellError):
    """The model registry refused, or cannot be reached."""

    exit_code = 7


class ReproductionError(EarlybellError):
    """A model was trained again from its snapshot and is not the same."""

    exit_code = 9


class MissingPackageError(EarlybellError):
    """A command needs packages of an extra that is not installed."""

    exit_code = 8


class TrailError(EarlybellError):
    """The audit trail cannot be written or read, or is not whole."""

    exit_code = 10


class RequestError(EarlybellError):
    """A request does not hold what a prediction needs; the server answers 400. `value` is JSON.

    It may be the first of several faults: `others`, and how many `more` that are not told.
    """

    exit_code = 11

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

    def __str__(self) -> str:
        return f"{self.thing}: {self.value}. {self.way_out}"


class PipelineError(EarlybellError):
    """Kubeflow Pipelines or the Pushgateway cannot be reached or refuses, or a run on the cluster failed."""

    exit_code = 13
