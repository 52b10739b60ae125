"""What the process that fits is asked, and what it answers: files of JSON."""

from typing import Literal

from msgspec import Struct

# Moodle's numbers of what became of it.
OK, ERROR, NO_DATASET, LOW_SCORE, NOT_ENOUGH_DATA = 0, 1, 2, 4, 8
TASK, RESULT, MODEL, LOG = "task.json", "result.json", "model.onnx", "log.zip"


class Task(Struct, frozen=True):
    """
    Attributes:
        parts: files of rows, as `dataset.write_rows` writes them.
        state: of these rows, for the model's card.
        iterations: of an evaluation, at least.
        least_score: below it a score is low.
        most_deviation: above it there is too little data.
        trained: file of a model that is evaluated as it is; empty: models are fitted for it.
    """

    kind: Literal["train", "evaluate"]
    parts: tuple[str, ...]
    state: str = ""
    iterations: int = 10
    least_score: float = 0.7
    most_deviation: float = 0.05
    trained: str = ""


class Result(Struct, frozen=True):
    """
    Attributes:
        status: one of the above, or a sum of the last two.
        info: for who looks at Moodle's page.
        score: what Moodle calls accuracy.
        deviation: of the scores of the iterations.
        auc, brier, base_rate: of learners that the models did not see.
    """

    status: int
    info: tuple[str, ...] = ()
    score: float | None = None
    deviation: float | None = None
    auc: float | None = None
    brier: float | None = None
    base_rate: float | None = None
