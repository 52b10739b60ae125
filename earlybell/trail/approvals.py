"""Approvals in the trail: who let the proposal of a retraining go on, or did not, and why. They name no learner."""

from datetime import UTC, datetime

import msgspec

from earlybell.trail.user import user_name


class Approval(msgspec.Struct, frozen=True, tag_field="kind", tag="approval", omit_defaults=True):
    """A decision on a proposal.

    Attributes:
        time: when, in UTC.
        who: the user of the machine where it was decided.
        approved: or rejected.
        model_name: of the registered model.
        model_version: its number in the registry; empty where it was approved before it had one.
        digest: of the bundle.
        reason: as it was given.
        proposed: what was proposed, in a sentence.
        writer, seq: its place in the chain; empty and 0 before it has one.
    """

    time: datetime
    who: str
    approved: bool
    model_name: str
    model_version: str
    digest: str
    reason: str
    proposed: str
    writer: str = ""
    seq: int = 0

    @property
    def in_short(self) -> str:
        """By whom, when and why."""
        return f"{self.who}, {self.time:%Y-%m-%d %H:%M} UTC: {self.reason}"

    def __str__(self) -> str:
        version = f"version {self.model_version}" if self.model_version else "a new version"
        decided = "approved" if self.approved else "rejected"
        return (
            f"{self.time.isoformat()}  {version} of {self.model_name} (digest {self.digest[:12]}) {decided} by "
            f"{self.who}: {self.reason}. Proposed: {self.proposed}"
        )


def new_approval(
    reason: str, *, approved: bool, model_name: str, model_version: str, digest: str, proposed: str
) -> Approval:
    """A decision of this user, now."""
    return Approval(datetime.now(UTC), user_name(), approved, model_name, model_version, digest, reason, proposed)
