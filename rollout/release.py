"""The steps of a release, and what must hold before each: a version is brought up, gets traffic, and serves.

Only what `kubectl apply` takes is made here. Once a version is on trial a step changes its share and nothing else; the
champion's pin never changes in the step that moves traffic.
"""

from dataclasses import dataclass
from typing import NoReturn, cast

from components.registry import Version
from earlybell.errors import ClusterError, SettingError
from rollout import manifest
from rollout.cluster import Cluster
from rollout.manifest import Target
from rollout.objects import (
    BUDGET,
    ROUTE,
    SERVICE,
    HTTPRoute,
    InferenceService,
    PodDisruptionBudget,
    Predictor,
    Resource,
    service_of,
)
from rollout.state import Deployed, Mode, Pin, Rollout, backend, belongs, condition, mode_of, pin_of

_AT_ONCE = 50  # percent, for what is not on trial yet: a 100 typed for a 10 must not end the champion's pods


@dataclass(frozen=True)
class Step:
    """What is asked for.

    Attributes:
        version: of the registered model.
        traffic: its share in percent; None for all of it, for good.
        runtime: the ServingRuntime, where one is named.
        options: further ones of the command, as they were given, for the commands that are told.
        kubectl: how a person asks the same cluster.
    """

    version: Version
    traffic: int | None
    runtime: str = ""
    options: str = ""
    kubectl: str = "kubectl"

    def command(self, traffic: int | None) -> str:
        """The command of another step with the same version."""
        return self.of(self.version.version, self.runtime, traffic)

    def of(self, version: str, runtime: str, traffic: int | None) -> str:
        """The command of a step with another version."""
        on = f" --runtime {runtime}" if runtime else ""
        share = "--promote" if traffic is None else f"--traffic {traffic}"
        return f"`earlybell release {version}{on} {share}{self.options} | {self.kubectl} apply -f -`"


def release(step: Step, objects: list[Resource], now: Rollout | None, namespace: str) -> list[Resource]:
    """The objects to apply, in their order: what else there is, the route, the InferenceService last.

    Args:
        objects: of the rendered overlay.
        now: how it stands on the cluster; None before the first release.

    Raises:
        ClusterError: the step may not be taken now.
        SettingError: the overlay cannot be pinned, or is of another mode than the cluster's InferenceService.
    """
    rendered = service_of(objects)
    mode, name = mode_of(rendered), rendered["metadata"]["name"]
    if now is not None and now.mode is not mode:
        way_out = f"Give the overlay of the mode {now.mode} by --overlay."
        raise SettingError(f"InferenceService {name} is deployed in another mode than the overlay's", mode, way_out)
    target, base = _Rules(step, rendered, mode, now).target()
    serving = pin_of(target.stable) if now is None or target.percent is None else now.stable.pin
    others = [resource for resource in objects if resource["kind"] not in (BUDGET, ROUTE, SERVICE)]
    for resource in objects:
        if resource["kind"] == BUDGET:
            others += manifest.budgets(cast(PodDisruptionBudget, resource), serving, _other(serving, target, now))
    routes = [
        manifest.route(cast(HTTPRoute, resource), name, target) for resource in objects if resource["kind"] == ROUTE
    ]
    released: list[Resource] = [*others, *routes, manifest.service(base, target, mode, serving.version)]
    return [{**resource, "metadata": {**resource["metadata"], "namespace": namespace}} for resource in released]


def _other(serving: Pin, target: Target, now: Rollout | None) -> Pin | None:
    """What is on trial after the step; without a trial, what goes."""
    before = [version.pin for version in (now.trial, now.stable) if version] if now else []
    return next((pin for pin in (pin_of(target.trial or target.stable), *before) if pin != serving), None)


def may_run(objects: list[Resource], now: Rollout | None, cluster: Cluster) -> None:
    """Refuse what the cluster cannot do as yet. The way back is never barred.

    Raises:
        ClusterError: a ServingRuntime is not there, or not all pods of what shall get more traffic are ready.
    """
    _has_runtimes(objects, now, cluster)
    if now and now.trial and now.mode is Mode.standard:
        for canary in service_of(objects)["spec"].get("canary", []):
            if canary["trafficPercent"] > now.trial.desired_traffic:
                _has_pods(now, now.trial, canary["predictor"].get("minReplicas", 1), cluster)


def _has_pods(now: Rollout, trial: Deployed, least: int, cluster: Cluster) -> None:
    """KServe calls a canary ready that has one pod of several."""
    name = now.service["metadata"]["name"]
    trial_pods = [pod for pod in cluster.pods(name) if belongs(pod, trial, now)]
    ready = sum(condition(pod.get("status", {}), "Ready") for pod in trial_pods)
    if ready < least:
        wait = _all_ready(cluster.kubectl, cluster.namespace, backend(name, trial.name), least)
        raise ClusterError(f"not all pods of {trial.pin} are ready", f"{ready} of {least}", f"First {wait}.")


def _all_ready(kubectl: str, namespace: str, deployment: str, pods: int) -> str:
    wait = f"--for=jsonpath='{{.status.readyReplicas}}'={pods} --timeout=10m"
    return f"`{kubectl} wait -n {namespace} {wait} deployment/{deployment}`"


def _has_runtimes(objects: list[Resource], now: Rollout | None, cluster: Cluster) -> None:
    """KServe would wait without end for one that is not there. What is deployed already is not asked about."""
    deployed = [version.pin for version in (now.stable, now.trial) if version] if now else []
    needed = {pin.runtime for pin in map(pin_of, manifest.predictors(service_of(objects))) if pin not in deployed}
    if not (missing := needed - {""} - set(available := cluster.runtimes())):
        return
    of_all = cluster.runtimes_of_all()
    if missing := missing - set(of_all or []):
        known = ", ".join(sorted({*available, *(of_all or [])})) or "none; the chart brings ours"
        unknown = " (ClusterServingRuntimes you may not list)" if of_all is None else ""
        way_out = f"Name one by --runtime. There are: {known}{unknown}."
        raise ClusterError(f"no such ServingRuntime in {cluster.namespace}", ", ".join(missing), way_out)


class _Rules:
    """What a step leads to from where the rollout stands, or why it may not be taken."""

    def __init__(self, step: Step, rendered: InferenceService, mode: Mode, now: Rollout | None) -> None:
        self._step, self._rendered, self._mode = step, rendered, mode
        self._now, self._trial = now, now.trial if now else None
        self._pin = Pin(step.version.version, step.runtime or self._runtime())

    def target(self) -> tuple[Target, InferenceService]:
        """What it leads to, and the InferenceService that its other fields come from."""
        if self._now is None:
            return self._first(), self._rendered
        if self._step.traffic is None:
            return self._promote(self._now)
        if self._trial and self._pin == self._trial.pin:
            return self._share(self._now, self._trial, self._step.traffic)
        return self._bring(self._now, self._step.traffic)

    def _runtime(self) -> str:
        """The runtime where none is named: that of the same version on the cluster, else the overlay's."""
        deployed = [self._now.stable, self._trial] if self._now else []
        pins = {version.pin for version in deployed if version and version.pin.version == self._step.version.version}
        if len(runtimes := {pin.runtime for pin in pins if pin.runtime}) > 1:
            way_out = "Say by --runtime which one."
            raise SettingError("this version is deployed on two runtimes", ", ".join(sorted(runtimes)), way_out)
        return next(iter(runtimes), "") or pin_of(self._rendered["spec"]["predictor"]).runtime

    def _fresh(self) -> Predictor:
        """The overlay's predictor for what is asked; one with a runtime of its own needs a name of its own."""
        tag = f"-{self._step.runtime.removeprefix('earlybell-').replace('.', '-')}" if self._step.runtime else ""
        deployed = [self._now.stable, self._trial] if self._now else []
        names = [version.name for version in deployed if version and version.pin == self._pin]
        name = next(iter(names), f"v{self._pin.version}{tag}") if self._mode is Mode.standard else ""
        return manifest.pinned(self._rendered["spec"]["predictor"], self._step.version, self._pin, name)

    def _first(self) -> Target:
        if self._step.traffic not in (None, 100):
            self._refuse("the first release takes all traffic, not", f"{self._step.traffic}%", (100, ""))
        return Target(self._fresh())

    def _bring(self, now: Rollout, traffic: int) -> tuple[Target, InferenceService]:
        """Something that is not on trial yet."""
        self._may_be_brought(now, traffic)
        fresh = self._fresh()
        if self._mode is Mode.knative:
            return Target(fresh, percent=traffic), self._rendered
        return self._beside(now, fresh, traffic), now.service

    def _beside(self, now: Rollout, fresh: Predictor, traffic: int) -> Target:
        """Both with their pods, so that a later step moves traffic alone."""
        stable = manifest.beside(now.stable.predictor, self._rendered["spec"]["predictor"])
        return Target(stable, manifest.canary(fresh), traffic)

    def _may_be_brought(self, now: Rollout, traffic: int) -> None:
        stable, trial = now.stable, self._trial
        again = self._pin == stable.pin
        if trial and trial.desired_traffic:
            way_out = f"Promote it, or take it back first: {self._back(trial)}."
            raise ClusterError("a canary is under way", f"{trial.pin} with {trial.desired_traffic}%", way_out)
        if again and (self._mode is Mode.standard or not trial):
            settings, other = self._step.command(None), self._step.of("OTHER", "", 0)
            way_out = f"For other settings: {settings}. To go back, bring another version up: {other}."
            raise ClusterError("this is what serves, so there is nothing to split", str(stable.pin), way_out)
        if traffic and (self._mode is Mode.standard or trial or not stable.ready):
            self._refuse("a version that is not up gets no traffic", str(self._pin), (0, ""))
        if traffic > _AT_ONCE:
            value, then = f"{self._pin} with {traffic}%", f"{self._wait()}, then {self._step.command(10)}"
            self._refuse(f"what is not on trial yet gets at most {_AT_ONCE}%", value, (0, then))

    def _share(self, now: Rollout, trial: Deployed, traffic: int) -> tuple[Target, InferenceService]:
        """Another share for what is on trial. Without traffic before and after, it is brought up anew."""
        if traffic and not trial.ready:
            self._refuse("what is on trial is not ready", str(trial.pin), (0, self._wait()))
        if self._mode is Mode.standard:
            again = not (traffic or trial.desired_traffic)
            target = Target(now.stable.predictor, trial.predictor, traffic)
            return self._beside(now, self._fresh(), traffic) if again else target, now.service
        if traffic or trial.desired_traffic:
            return Target(trial.predictor, percent=traffic), now.service
        return Target(self._fresh(), percent=0), self._rendered

    def _promote(self, now: Rollout) -> tuple[Target, InferenceService]:
        stable, trial = now.stable, self._trial
        if trial and self._pin == trial.pin:
            self._may_be_promoted(trial, same=trial.pin == stable.pin)
            predictor = manifest.without(trial.predictor, "canaryTrafficPercent")
            return Target(predictor if self._mode is Mode.knative else self._in_place(stable, predictor)), now.service
        if self._pin != stable.pin:
            self._refuse("this is not on trial", str(self._pin), (0, ""))
        if not trial:
            return Target(self._fresh()), self._rendered
        if trial.desired_traffic or trial.traffic:
            way_out = f"Take it back first: {self._back(trial)}."
            raise ClusterError("what is on trial has traffic", f"{trial.pin} with {trial.desired_traffic}%", way_out)
        if self._mode is Mode.knative:
            # Without the field all traffic goes to the latest revision that is ready: to what was taken back.
            self._refuse("Knative would send all traffic to what was taken back", str(trial.pin), (0, self._wait()))
        return Target(manifest.alone(stable.predictor, self._rendered["spec"]["predictor"])), now.service

    def _in_place(self, stable: Deployed, predictor: Predictor) -> Predictor:
        """What was a canary as what serves.

        KServe's webhook lets a predictor have another name with another model alone. So a new image of the same version
        comes into the predictor that serves, whose pods are replaced one by one.
        """
        serving = manifest.alone(predictor, self._rendered["spec"]["predictor"])
        return {**serving, "name": stable.name} if pin_of(predictor).version == stable.pin.version else serving

    def _may_be_promoted(self, trial: Deployed, same: bool) -> None:
        if not trial.ready:
            self._refuse("what is on trial is not ready", str(trial.pin), (0, self._wait()))
        if not same and (trial.desired_traffic < 100 or trial.traffic < 100):
            value = (
                f"{trial.desired_traffic}%"
                if trial.desired_traffic < 100
                else f"{trial.traffic}% as yet: the gateway has not taken it"
            )
            self._refuse("only what has all traffic is promoted, and this has", value, (100, ""))

    def _wait(self) -> str:
        kind = "CanaryPredictorReady" if self._mode is Mode.standard else "PredictorReady"
        return f"`{self._step.kubectl} wait --for=condition={kind} isvc/{self._rendered['metadata']['name']}`"

    def _refuse(self, thing: str, value: str, way: tuple[int | None, str]) -> NoReturn:
        traffic, then = way
        more = f", then {then}" if then else ""
        raise ClusterError(thing, value, f"First {self._step.command(traffic)}{more}.")

    def _back(self, trial: Deployed) -> str:
        """The command that takes from what is on trial its traffic."""
        twice = self._now is not None and trial.pin.version == self._now.stable.pin.version
        return self._step.of(trial.pin.version, trial.pin.runtime if twice else "", 0)


def raises_share(step: Step, now: Rollout | None) -> bool:
    """Whether the step brings the version nearer to learners than it is: what serves already, is."""
    if now is None:
        return True
    version, trial = step.version.version, now.trial
    if version == now.stable.pin.version:
        return False
    if trial is None or version != trial.pin.version or step.traffic is None:
        return True
    return step.traffic > trial.desired_traffic


def advice(step: Step, objects: list[Resource], now: Rollout | None) -> list[str]:
    """What the step does, and what to look at before the next: for the person, a line each.

    Args:
        objects: what the step applies.
        now: how it stands before that.
    """
    version, traffic, service = step.version.version, step.traffic, service_of(objects)
    look = "`earlybell status`: pods ready, no errors, p99 as the champion's; and the alerts"
    if now is None:
        then = _wait(step, service, "Ready")
        return [f"First release: version {version} serves once it is ready. Then: {then}, and {look}."]
    if traffic is None:
        return [
            f"Version {version} serves alone. Look at {look}.",
            *_after(step, pin_of(service["spec"]["predictor"]), now),
        ]
    if traffic == 0:
        up = _until_up(step, service, now.mode)
        return [f"Version {version} gets no traffic. To go on: {up}, then {step.command(10)}."]
    following = next((share for share in (50, 100) if share > traffic), None)
    cold = traffic == 100 and now.mode is Mode.knative
    how = "Back, by a cold start, since the pods of before go now" if cold else "Back at once"
    return [
        f"Version {version} gets {traffic}% of the traffic once it is ready. Look at {look}.",
        f"To go on: {step.command(following)}. {how}: {step.command(0)}.",
    ]


def _after(step: Step, serving: Pin, now: Rollout) -> list[str]:
    """The way back once it is promoted, if something else served before."""
    old = now.stable.pin
    if not old.version or old == serving:
        return []
    back = step.of(old.version, old.runtime if old.version == serving.version else "", 0)
    return [f"The way back is now that of any version, beginning with {back}."]


def _until_up(step: Step, service: InferenceService, mode: Mode) -> str:
    if mode is Mode.knative:
        return _wait(step, service, "PredictorReady")
    canary, metadata = service["spec"]["canary"][0]["predictor"], service["metadata"]
    deployment, least = backend(metadata["name"], canary["name"]), canary.get("minReplicas", 1)
    pods = _all_ready(step.kubectl, metadata["namespace"], deployment, least)
    return f"{_wait(step, service, 'CanaryPredictorReady')}, {pods}"


def _wait(step: Step, service: InferenceService, kind: str) -> str:
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    return f"`{step.kubectl} wait -n {namespace} --for=condition={kind} --timeout=10m isvc/{name}`"
