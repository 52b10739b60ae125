"""MLflow's aliases follow the traffic: `champion` serves the rest or all of it, `challenger` is on trial with a share.

They never run ahead: the champion moves once a promotion is seen to be done, and what gets no traffic is no challenger.
"""

from typing import NamedTuple

from rollout.state import Rollout, pin_of

CHAMPION, CHALLENGER = "champion", "challenger"


class Change(NamedTuple):
    """An alias that does not say what gets the traffic.

    Attributes:
        alias: its name.
        before: the version that it names; None for none.
        after: the version that it shall name; None for none.
    """

    alias: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.alias}: {self.before or 'none'} -> {self.after or 'none'}"


def changes(now: Rollout, aliases: dict[str, str]) -> list[Change]:
    """What must change so that the aliases follow the traffic; nothing while it cannot be told.

    Args:
        aliases: the version that each names in the registry.
    """
    targets = {CHAMPION: _champion(now) or aliases.get(CHAMPION), CHALLENGER: _challenger(now, aliases.get(CHALLENGER))}
    if targets[CHALLENGER] == targets[CHAMPION]:
        targets[CHALLENGER] = None  # the same version on another image
    all_changes = [Change(alias, aliases.get(alias), version) for alias, version in targets.items()]
    return [change for change in all_changes if change.before != change.after]


def _champion(now: Rollout) -> str | None:
    """The version that serves, once it is seen to; None while that cannot be told."""
    stable, desired = now.stable, pin_of(now.service["spec"]["predictor"])
    if not (stable.ready and stable.traffic and stable.pin.version):
        return None
    moving = now.trial is None and (stable.traffic < 100 or stable.pin.version != desired.version)
    return None if moving else stable.pin.version


def _challenger(now: Rollout, named: str | None) -> str | None:
    """The version on trial that gets traffic; while its share is on the way, it stays named."""
    trial = now.trial
    if trial is None:
        return None
    if trial.ready and trial.traffic:
        return trial.pin.version
    return trial.pin.version if trial.desired_traffic and trial.pin.version == named else None
