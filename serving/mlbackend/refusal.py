"""A request that goes no further: Moodle shows its administrator the status and the text."""

from dataclasses import dataclass


@dataclass
class RefusedError(Exception):
    """
    Attributes:
        status: of HTTP.
        outcome: what it counts as.
        reason: what Moodle shows.
    """

    status: int
    outcome: str
    reason: str
