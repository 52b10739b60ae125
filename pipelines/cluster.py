"""What a task is given on a cluster: resources, retries, a time limit, settings, Secrets, volumes. Without effect here.

Nothing is answered from the cache. KFP's key is a task's parameters, image, command and the ids of its input artifacts,
not what is in them: `extract` with the same sources would be answered by last week's tables. And behind an `extract`
that runs anew every id is new, so that caching a later step could never save anything.
"""

from dataclasses import dataclass
from typing import Any

from kfp import kubernetes
from kfp.dsl.structures import ResourceSpec

from pipelines.site import PROXIES, TRUST_PATH, site

SETTINGS = "earlybell-settings"
SOURCES = "earlybell-sources"
SOURCES_PATH = "/sources"
RETRIES = 2
_SITE = site()


@dataclass(frozen=True)
class Need:
    """What a task asks for, at least and at most, and how many seconds one attempt may take."""

    cpu: tuple[str, str]
    memory: tuple[str, str]
    seconds: int


@dataclass(frozen=True)
class Service:
    """What a task needs to use a service, as variables: settings of the site, and keys of a Secret, by the same names.

    Attributes:
        settings: keys of the ConfigMap, without which no pod starts.
        may: keys of it that a site may do without.
        held_by, keys: a Secret and its keys.
        optional: a site may do without the Secret.
        label: of the pod, set to "true": Azure gives the identity of its account to no pod without.
        patience: variables and their values, by which its client waits for a service that is away for a minute or two:
            as KFP 2.17 sets Argo up, a task whose program fails is not tried again.
    """

    settings: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    held_by: str = ""
    keys: tuple[str, ...] = ()
    optional: bool = True
    label: str = ""
    patience: tuple[tuple[str, str], ...] = ()


LIGHT = Need(("100m", "1"), ("512Mi", "2Gi"), 1800)
TABLES = Need(("500m", "2"), ("2Gi", "8Gi"), 7200)
MODELS = Need(("1", "4"), ("3Gi", "12Gi"), 21600)

PSEUDONYM = Service(held_by="earlybell-pseudonym", keys=("EARLYBELL_PSEUDONYM_KEY",), optional=False)
# Of the role that reads Moodle's database, or of its web services; without them a site reads files alone.
MOODLE = Service(held_by="earlybell-moodle", keys=("EARLYBELL_MOODLE_PASSWORD", "EARLYBELL_MOODLE_TOKEN"))
# Its address is never optional: a model would be registered in the pod's own files, and be gone with them.
MLFLOW = Service(
    settings=("MLFLOW_TRACKING_URI",),
    held_by="earlybell-mlflow",
    keys=("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"),
    patience=(("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "6"), ("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "2")),
)
# For who uses it alone: KFP's launcher, which runs in the same container, would take these variables for its own store.
STORE = Service(
    may=("AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "MLFLOW_S3_ENDPOINT_URL", "AZURE_STORAGE_ACCOUNT"),
    held_by="earlybell-s3",
    keys=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_CONNECTION_STRING"),
    label="azure.workload.identity/use",
    patience=(("AWS_MAX_ATTEMPTS", "10"),),
)
TRAIL = Service(may=("EARLYBELL_TRAIL", "EARLYBELL_TRAIL_ANCHORS"), held_by="earlybell-trail", keys=("PGPASSWORD",))
PUSHGATEWAY = Service(may=("EARLYBELL_PUSHGATEWAY",))


def on_cluster(task: Any, need: Need, *services: Service, sources: bool = False) -> Any:
    """The task of KFP with what it needs on a cluster.

    Args:
        services: that it uses; it sees the settings and Secrets of no other.
        sources: it reads the site's files at `/sources`.
    """
    _limit(task, need)
    _confine(task)
    _settle(task)
    for service in services:
        _give(task, service)
    if sources:
        kubernetes.mount_pvc(task, SOURCES, SOURCES_PATH)
    return task


def _give(task: Any, service: Service) -> None:
    for names, optional in ((service.settings, False), (service.may, True)):
        if names:
            kubernetes.use_config_map_as_env(task, SETTINGS, {name: name for name in names}, optional=optional)
    if service.held_by:
        keys = {key: key for key in service.keys}
        kubernetes.use_secret_as_env(task, service.held_by, keys, optional=service.optional)
    if service.label:
        kubernetes.add_pod_label(task, service.label, "true")
    for name, value in service.patience:
        task.set_env_variable(name, value)


def _limit(task: Any, need: Need) -> None:
    """Resources, time and attempts; `backoff_max_duration` counts from the first attempt's start, its work included.

    What is tried again says Argo's `retryPolicy`, which a pipeline cannot set: under KFP's own settings a pod that was
    lost (deleted, its node gone), and not a program that failed.
    """
    # KFP's own setters each read the sources of the whole stack for the name of a method: 50 of them take four seconds.
    task.container_spec.resources = ResourceSpec(*need.cpu, *need.memory)
    whole = (RETRIES + 1) * need.seconds + 3600
    task.set_retry(RETRIES, backoff_duration="60s", backoff_factor=2, backoff_max_duration=f"{whole}s")
    task.set_caching_options(False)
    kubernetes.set_timeout(task, need.seconds)


def _confine(task: Any) -> None:
    """No root, and a place for temporary files that ends with the pod."""
    kubernetes.set_security_context(task, run_as_user=_SITE.user, run_as_group=_SITE.group, run_as_non_root=True)
    kubernetes.empty_dir_mount(task, "tmp", "/tmp", size_limit="20Gi")  # noqa: S108 (of the pod)
    kubernetes.set_image_pull_policy(task, "IfNotPresent")


def _settle(task: Any) -> None:
    """The site's variables, authorities, proxy and nodes."""
    for name, value in _SITE.variables.items():
        task.set_env_variable(name, value)
    if _SITE.trust_config_map:
        kubernetes.use_config_map_as_volume(task, _SITE.trust_config_map, TRUST_PATH)
    if _SITE.trust_secret:
        kubernetes.use_secret_as_volume(task, _SITE.trust_secret, TRUST_PATH)
    if _SITE.proxy_secret:
        for spelling in (str.upper, str.lower):
            keys = {name: spelling(name) for name in PROXIES}
            kubernetes.use_secret_as_env(task, _SITE.proxy_secret, keys, optional=True)
    for key, value in _SITE.node_selector.items():
        kubernetes.add_node_selector(task, key, value)
    for toleration in _SITE.tolerations:
        kubernetes.add_toleration(
            task,
            toleration.key,
            toleration.operator,
            toleration.value,
            toleration.effect,
            toleration.toleration_seconds,
        )
    if _SITE.node_affinity:
        kubernetes.add_node_affinity_json(task, _SITE.node_affinity)
