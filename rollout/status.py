"""How a rollout stands, a row a version: what a person looks at before the next step."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from rollout.objects import Pod
from rollout.prometheus import Answers, Key
from rollout.state import Deployed, Rollout, belongs, condition, revision


@dataclass(frozen=True)
class Row:
    """A version on the cluster.

    Attributes:
        version: its number in the registry; empty if the cluster does not say.
        aliases: those that name it in the registry; None if that was not asked.
        traffic: percent, by the status.
        asked: percent, by the spec.
        ready: how many pods can answer.
        pods: how many there are.
        runtime: the ServingRuntime's name.
        since: when its oldest pod began, in UTC; empty without one.
        answers: of the last ten minutes; None if Prometheus was not asked.
        gates: how it was judged, in words, as `passed` or `waived: REASON`; None if the registry does not say.
    """

    version: str
    aliases: list[str] | None
    traffic: int
    asked: int
    ready: int
    pods: int
    runtime: str
    since: str
    answers: Answers | None
    gates: str | None

    @property
    def age(self) -> str:
        """How long its oldest pod has run: 40s, 12m, 7h, 3d."""
        if not self.since:
            return ""
        seconds = int((datetime.now(UTC) - datetime.fromisoformat(self.since)).total_seconds())
        return next(f"{seconds // size}{unit}" for size, unit in _UNITS if seconds >= size or size == 1)

    def to_json(self) -> dict[str, Any]:
        """The row for machines."""
        return asdict(self)


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def rows(
    now: Rollout,
    pods: list[Pod],
    aliases: dict[str, str] | None,
    answers: dict[Key, Answers] | None,
    verdicts: dict[str, str],
) -> list[Row]:
    """A row for what serves and one for what is on trial.

    Args:
        aliases: the version that each names; None if the registry was not asked.
        verdicts: in words, by version.
        answers: by version and revision; None if Prometheus was not asked.
    """
    deployed = [version for version in (now.stable, now.trial) if version is not None]
    return [_row(now, version, pods, aliases, answers, verdicts.get(version.pin.version)) for version in deployed]


def _row(
    now: Rollout,
    deployed: Deployed,
    pods: list[Pod],
    aliases: dict[str, str] | None,
    answers: dict[Key, Answers] | None,
    gates: str | None,
) -> Row:
    version, own_pods = deployed.pin.version, [pod for pod in pods if belongs(pod, deployed, now)]
    return Row(
        version=version,
        aliases=None if aliases is None else sorted(name for name, named in aliases.items() if named == version),
        traffic=deployed.traffic,
        asked=deployed.desired_traffic,
        ready=sum(condition(pod.get("status", {}), "Ready") for pod in own_pods),
        pods=len(own_pods),
        runtime=deployed.pin.runtime,
        since=min((pod["metadata"]["creationTimestamp"] for pod in own_pods), default=""),
        answers=None if answers is None else _recent_answers(now, deployed, answers),
        gates=gates,
    )


def _recent_answers(now: Rollout, deployed: Deployed, answers: dict[Key, Answers]) -> Answers:
    """Its own answers: where Prometheus knows no revisions those of its version, unless another image serves it too."""
    version, twice = deployed.pin.version, now.trial is not None and now.trial.pin.version == now.stable.pin.version
    keys = [(version, name) for name in (revision(deployed, now), "") if name or not twice]
    return next((answers[key] for key in keys if key in answers), Answers())
