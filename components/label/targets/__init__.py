"""The targets, a module each: what a finished run shows to have come next of a learner, at each moment.

A target is of later facts alone, and of what the source has: where it would lie after the run or after the last record,
a moment has none. A head of the model learns each.
"""

from dataclasses import dataclass
from functools import cache

from earlybell.bundle.heads import Head
from earlybell.extensions import find_extensions


@dataclass(frozen=True)
class Target:
    """What one head learns.

    Attributes:
        head: what it answers, and in which words.
        select: DuckDB SQL for `moment_id` and `target`, a number (0 or 1 of a probability); no row or null: there is
            none. It reads the canonical tables, `moments` (moment_id, course_id, learner_id, as_of) and `covered`
            (course_id, and until when its records are there: `ended`).
        order: of our own ones.
    """

    head: Head
    select: str
    order: int = 99

    @property
    def name(self) -> str:
        return self.head.name


@cache
def find_targets() -> dict[str, Target]:
    """Every target by its name, our own first.

    Raises:
        SettingError: as `find_extensions`.
    """
    return find_extensions("targets", Target, __name__)
