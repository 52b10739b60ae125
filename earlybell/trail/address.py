"""Where a trail is, for tasks of a pipeline: as its parameters say, else as the task's environment does."""

import os


def address_and_anchors(trail: str, anchors: str) -> tuple[str, str]:
    """The trail and its anchors; without a trail those of EARLYBELL_TRAIL and EARLYBELL_TRAIL_ANCHORS, else empty."""
    if trail:
        return trail, anchors
    return os.environ.get("EARLYBELL_TRAIL", ""), os.environ.get("EARLYBELL_TRAIL_ANCHORS", "")
