"""Waivers in the trail: who let a model go on without its gates, and why. They say nothing of a learner."""

from datetime import UTC, datetime
from typing import Literal

import msgspec

from earlybell.trail.user import user_name


class Waiver(msgspec.Struct, frozen=True, tag_field="kind", tag="waiver", omit_defaults=True):
    """What `--without-gates` let go on.

    Attributes:
        time: when, in UTC.
        who: the user of the machine where it was said.
        command: `train`, which judges a model, or `release`, which brings a version to learners.
        model_name: of the registered model.
        model_version: its number in the registry; empty for `train`, which has none yet.
        digest: of the bundle, as the version's tag `bundle_digest`.
        reason: as it was given.
        missed: the gates that it missed, with figures and bounds; empty where it missed none, or was never judged.
        writer, seq: its place in the chain; empty and 0 before it has one.
    """

    time: datetime
    who: str
    command: Literal["train", "release"]
    model_name: str
    model_version: str
    digest: str
    reason: str
    missed: tuple[str, ...]
    writer: str = ""
    seq: int = 0

    def __str__(self) -> str:
        version = f"version {self.model_version}" if self.model_version else "a new version"
        missed = f" Missed: {'; '.join(self.missed)}." if self.missed else ""
        return (
            f"{self.time.isoformat()}  {self.command} of {version} of {self.model_name} (digest {self.digest[:12]}) "
            f"without gates, by {self.who}: {self.reason}.{missed}"
        )


def new_waiver(
    command: Literal["train", "release"],
    reason: str,
    *,
    model_name: str,
    model_version: str,
    digest: str,
    missed: tuple[str, ...] = (),
) -> Waiver:
    """A waiver of this user, now."""
    return Waiver(datetime.now(UTC), user_name(), command, model_name, model_version, digest, reason, missed)
