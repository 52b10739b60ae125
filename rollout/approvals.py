"""No version that a retraining proposed comes to learners before somebody has approved it.

A person approves by `earlybell approve`, or on the cluster by an annotation of the InferenceService. Who may annotate
it may move traffic, too; the API server's own audit log knows who did.
"""

from components.registry import Version, find, settle
from earlybell.errors import GateError, RegistryError
from rollout.release import Step, raises_share
from rollout.state import Rollout

APPROVED_VERSION = "earlybell.io/approved-version"
APPROVAL_REASON = "earlybell.io/approval-reason"


def check_proposal(step: Step, now: Rollout | None) -> None:
    """Refuse a version whose proposal waits or was rejected. The way back is never barred.

    Args:
        now: how it stands on the cluster; None before the first release.

    Raises:
        GateError: nobody has approved it.
    """
    version = step.version
    if not (version.waits or version.rejected) or not raises_share(step, now):
        return
    if version.waits and now is not None and _annotated(now)[0] == version.version:
        return
    way_out = f'Read its proposal, then `earlybell approve {version.version} --reason "REASON"`.'
    value = f"rejected by {version.decided}" if version.rejected else version.proposed
    raise GateError(f"the proposal of version {version.version} of {version.name} is not approved", value, way_out)


def take_annotation(now: Rollout, name: str, *, dry_run: bool) -> str:
    """Let the registry know of an approval by the annotation; what was done, in a line, or empty: nothing.

    Args:
        name: of the registered model.
    """
    number, reason = _annotated(now)
    try:
        version = find(name, number) if number.isdigit() else None
    except RegistryError as error:
        return f"{APPROVED_VERSION}: {error}"
    if version is None or not version.waits:
        return ""
    if not dry_run:
        settle(version, _by(now, version, reason), approved=True)
    return f"{'would approve' if dry_run else 'approved'} version {number}, as its annotation says"


def _by(now: Rollout, version: Version, reason: str) -> str:
    namespace = now.service["metadata"].get("namespace", "")
    return f"annotation of InferenceService {namespace}/{version.name}: {reason or 'no reason given'}"


def _annotated(now: Rollout) -> tuple[str, str]:
    """The version that the annotation approves, and its reason; empty without."""
    notes = now.service["metadata"].get("annotations", {})
    return notes.get(APPROVED_VERSION, ""), notes.get(APPROVAL_REASON, "")
