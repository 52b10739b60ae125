"""No version comes to learners without a passed verdict, or a reason that the registry and the trail keep."""

from components.registry import Version, waive
from earlybell.errors import GateError, SettingError
from earlybell.trail import keep_entry, new_waiver
from rollout.release import Step, raises_share
from rollout.state import Rollout

_RELEASED = ("passed", "waived")


def check_verdict(step: Step, now: Rollout | None, *, waived: bool) -> None:
    """Refuse a version that nobody may release. The way back is never barred, and what serves is not asked about.

    Args:
        now: how it stands on the cluster; None before the first release.
        waived: whether a reason is given for which its gates do not count.

    Raises:
        GateError: it has no verdict in the registry, and no reason is given.
        SettingError: it passed its gates, and a reason is given.
    """
    version = step.version
    if waived and version.gates == "passed":
        way_out = "Leave out --without-gates."
        raise SettingError(f"version {version.version} of {version.name} passed its gates", version.verdict, way_out)
    if waived or version.gates in _RELEASED or not raises_share(step, now):
        return
    way_out = (
        'Train again, or give --without-gates "REASON" once: the registry tags it with that, and the trail of --trail '
        "(or EARLYBELL_TRAIL) keeps who said so."
    )
    raise GateError(f"version {version.version} of {version.name} has no passed verdict", version.verdict, way_out)


def waive_gates(version: Version, reason: str, trail: str, anchors: str) -> None:
    """Let a version serve without its gates. The trail has it first: nothing is waived that it does not know.

    Raises:
        TrailError: the trail cannot be written.
        RegistryError: MLflow cannot be reached, or refused; the trail has the waiver then.
    """
    waiver = new_waiver(
        "release", reason, model_name=version.name, model_version=version.version, digest=version.digest
    )
    keep_entry(waiver, trail, anchors)
    waive(version, reason)
