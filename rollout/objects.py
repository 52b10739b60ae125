"""Kubernetes' objects as a release reads and writes them: plain data, of which it names what it uses.

What has no name here is passed through as it is. The fields are those of Kubernetes, KServe, Knative and the Gateway
API.
"""

from collections.abc import Iterable, Mapping
from typing import NotRequired, Required, TypedDict, cast

SERVICE, ROUTE, BUDGET = "InferenceService", "HTTPRoute", "PodDisruptionBudget"


class Metadata(TypedDict, total=False):
    """Of every object."""

    name: Required[str]
    namespace: str
    labels: dict[str, str]
    annotations: dict[str, str]
    generation: int
    creationTimestamp: str
    deletionTimestamp: str


class Resource(TypedDict):
    """Any object."""

    apiVersion: str
    kind: str
    metadata: Metadata


class Condition(TypedDict):
    """Of a status."""

    type: str
    status: str
    observedGeneration: NotRequired[int]


class Status(TypedDict, total=False):
    """What has conditions."""

    conditions: list[Condition]


class Variable(TypedDict):
    """Of a container's environment."""

    name: str
    value: NotRequired[str]


class Container(TypedDict, total=False):
    """A container of a pod."""

    name: str
    env: list[Variable]


class Model(Container, total=False):
    """A predictor's model: the container that serves, and what it serves."""

    runtime: str
    storageUri: str


class Predictor(TypedDict, total=False):
    """The spec of a predictor of an InferenceService."""

    name: str
    model: Model
    labels: dict[str, str]
    annotations: dict[str, str]
    minReplicas: int
    maxReplicas: int
    canaryTrafficPercent: int


class Canary(TypedDict):
    """A predictor on trial, in the Standard mode."""

    trafficPercent: int
    predictor: Predictor


class ServiceSpec(TypedDict):
    """The spec of an InferenceService."""

    predictor: Predictor
    canary: NotRequired[list[Canary]]


class TrafficTarget(TypedDict, total=False):
    """The share of a Knative revision."""

    revisionName: str
    percent: int | None


class ComponentStatus(TypedDict, total=False):
    """What KServe says of a predictor in the Knative mode."""

    traffic: list[TrafficTarget]
    latestCreatedRevision: str
    latestReadyRevision: str
    latestRolledoutRevision: str
    previousRolledoutRevision: str


class CanaryStatus(TypedDict):
    """What KServe says of a canary in the Standard mode."""

    name: str
    ready: NotRequired[bool]


class ServiceStatus(Status, total=False):
    """The status of an InferenceService."""

    deploymentMode: str
    components: dict[str, ComponentStatus]
    canaryStatuses: list[CanaryStatus]


class InferenceService(Resource):
    """KServe's InferenceService."""

    spec: ServiceSpec
    status: NotRequired[ServiceStatus]


class BackendReference(TypedDict):
    """A Service that a route leads to."""

    name: str
    port: NotRequired[int]
    weight: NotRequired[int]


class Rule(TypedDict, total=False):
    """Of a route."""

    backendRefs: list[BackendReference]


class RouteSpec(TypedDict, total=False):
    """The spec of an HTTPRoute."""

    rules: list[Rule]


class RouteStatus(TypedDict, total=False):
    """The status of an HTTPRoute: the conditions of each gateway."""

    parents: list[Status]


class HTTPRoute(Resource):
    """The Gateway API's HTTPRoute."""

    spec: RouteSpec
    status: NotRequired[RouteStatus]


class Selector(TypedDict):
    """Of pods, by their labels."""

    matchLabels: dict[str, str]


class BudgetSpec(TypedDict):
    """The spec of a PodDisruptionBudget."""

    selector: Selector


class PodDisruptionBudget(Resource):
    """Kubernetes' PodDisruptionBudget."""

    spec: BudgetSpec


class RevisionSpec(TypedDict, total=False):
    """The spec of a Knative revision."""

    containers: list[Container]


class Revision(Resource):
    """Knative's Revision."""

    spec: NotRequired[RevisionSpec]
    status: NotRequired[Status]


class Pod(Resource):
    """Kubernetes' Pod."""

    status: NotRequired[Status]


def service_of(objects: Iterable[Mapping[str, object]]) -> InferenceService:
    """The InferenceService among objects, which has to be there."""
    return cast(InferenceService, next(found for found in objects if found["kind"] == SERVICE))
