"""What the back end is told: plain data."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """What a request, and a model, may cost.

    Attributes:
        body_bytes: of a request's body.
        body_seconds: to send it.
        rows: of all data sets of one model together.
        fits: trainings and evaluations that run at once; others wait.
        waiting: of those that wait; more are refused.
        fit_seconds: to wait, and then to run. Moodle itself waits for ever.
    """

    body_bytes: int = 128 * 2**20
    body_seconds: float = 120.0
    rows: int = 1_000_000
    fits: int = 1
    waiting: int = 16
    fit_seconds: float = 1800.0


@dataclass(frozen=True)
class Settings:
    """Where it listens, where models lie, and who may ask.

    Attributes:
        folder: of models and of the rows that they are trained on.
        user, password: as Moodle's settings have them.
    """

    folder: Path
    user: str
    password: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 5000
    limits: Limits = Limits()
