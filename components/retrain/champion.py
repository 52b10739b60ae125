"""The champion's own training among the earlier ones, where the registry does not know it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from components.retraining import Trained
from earlybell.bundle import Bundle


def with_champion(trained: Sequence[Trained], champion: Bundle, version: str) -> list[Trained]:
    """The earlier trainings, and that of a bundle which came from a folder.

    Args:
        version: what records call the champion's.
    """
    if any(training.version == version for training in trained) or not champion.manifest.created_at:
        return [*trained]
    at = datetime.fromisoformat(champion.manifest.created_at)
    return [*trained, Trained(version, at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at)]
