"""history.json: how the course runs went that a model learned from, by how much of the run had passed.

A course that comes next is compared with these as a whole. What is told of one learner never depends on classmates.
"""

from datetime import datetime

from msgspec import Struct

STAGES = tuple(round(0.05 * step, 2) for step in range(1, 21))  # shares of a course run


class RunHistory(Struct, frozen=True, kw_only=True):
    """One finished course run.

    Attributes:
        code: of the course, shared by its runs.
        starts_at: in UTC.
        learners: of the run.
        repeaters: the share who had tried the course before; None: not known.
        base_rates: of those still enrolled at each stage, the share who ended in label 1.
        left: the share who had left by each stage.
    """

    course_id: str
    code: str
    starts_at: datetime
    learners: int
    repeaters: float | None
    base_rates: tuple[float, ...]
    left: tuple[float, ...]


class History(Struct, frozen=True):
    """The runs that a model learned from; `stages` are the shares of a run that their figures are of."""

    stages: tuple[float, ...] = STAGES
    runs: tuple[RunHistory, ...] = ()
