"""What bodies of the Open Inference Protocol (V2) look like, of health and of errors. KServe reads and writes them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

_Positive = Annotated[int, Meta(ge=1)]


class Tensor(Struct, frozen=True):
    """An input or output; -1 in its shape is any number of rows."""

    name: str
    datatype: str
    shape: list[int]


class Features(Struct, frozen=True):
    """The feature vectors, row after row; null is missing."""

    name: Literal["features"]
    datatype: Literal["FP32"]
    shape: list[_Positive]
    data: list[float | None]


class DaysSeen(Struct, frozen=True):
    """The days of teaching that each learner has had."""

    name: Literal["days_seen"]
    datatype: Literal["FP32"]
    shape: list[_Positive]
    data: list[float | None]


class Whose(Struct, frozen=True):
    """Whose the rows are: a course run, and its learners, separated by commas."""

    course_id: str = ""
    learner_id: str = ""


class InferRequest(Struct, frozen=True):
    """Feature vectors of learners."""

    inputs: tuple[Features, DaysSeen]
    id: str = ""
    parameters: Whose = Whose()


class Output(Tensor, frozen=True):
    """A value a row; without data they follow the JSON."""

    data: list[float | str] = []


class InferResponse(Struct, frozen=True):
    """Risk, interval and band of each row."""

    model_name: str
    outputs: list[Output]
    model_version: str = ""
    id: str = ""


class Metadata(Struct, frozen=True):
    """What the model takes and gives."""

    name: str
    platform: str
    inputs: list[Tensor]
    outputs: list[Tensor]


class Ready(Struct, frozen=True):
    """Whether a model is ready."""

    name: str
    ready: bool


class ServerReady(Struct, frozen=True):
    """Whether the server is ready."""

    ready: bool


class ServerLive(Struct, frozen=True):
    """Whether the server is alive."""

    live: bool


class Error(Struct, frozen=True):
    """What is wrong, and the way out; a line for each fault of a request."""

    error: str
