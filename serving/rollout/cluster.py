"""The cluster as a release needs it: read only, an object at a time, as plain data."""

import json
import logging
import os
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from earlybell.clock import within
from earlybell.errors import ClusterError

Object = dict[str, Any]

KSERVE = "/apis/serving.kserve.io/v1beta1"
RUNTIMES = "/apis/serving.kserve.io/v1alpha1"
KNATIVE = "/apis/serving.knative.dev/v1"
GATEWAY = "/apis/gateway.networking.k8s.io/v1"
OF_SERVICE = "serving.kserve.io/inferenceservice"  # KServe's label on all that it makes
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
SECONDS = 30.0  # for an answer, with all that it takes
_TIMEOUT = (5.0, 20.0)  # seconds to connect, and to be answered


class Cluster:
    """A namespace of the cluster that kubeconfig's present context, or the pod that this runs in, names.

    Attributes:
        namespace: its name.
        server: the API server's address.
    """

    def __init__(self, namespace: str = "") -> None:
        """Args:
            namespace: instead of the context's or the pod's own.

        Raises:
            ClusterError: there is neither a kubeconfig nor a pod around this, or kubeconfig is broken.
        """
        settings, own = _settings()
        settings.retries = Retry(1, backoff_factor=0.2)
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # what it warns of, an error says in full
        self._client = client.ApiClient(settings)
        self.namespace, self.server = namespace or own, str(settings.host)

    def service(self, name: str) -> Object | None:
        """The InferenceService; None before the first release."""
        return self._get(KSERVE, "inferenceservices", name)

    def route(self, name: str) -> Object | None:
        """The HTTPRoute with the weights of the Standard mode; None where there is none."""
        return self._get(GATEWAY, "httproutes", name)

    def runtimes(self) -> list[str]:
        """The names of the ServingRuntimes of the namespace."""
        found = self._ask(f"{RUNTIMES}/namespaces/{self.namespace}/servingruntimes", "servingruntimes")
        return [one["metadata"]["name"] for one in found.get("items", [])]

    def runtimes_of_all(self) -> list[str] | None:
        """The names of the ClusterServingRuntimes; None for who may not list them, as most in a site may not."""
        try:
            found = self._ask(f"{RUNTIMES}/clusterservingruntimes", "clusterservingruntimes")
        except ClusterError:
            return None
        return [one["metadata"]["name"] for one in found.get("items", [])]

    def revisions(self, name: str) -> dict[str, Object]:
        """Knative's revisions of an InferenceService, by name."""
        return {one["metadata"]["name"]: one for one in self._list(KNATIVE, "revisions", name)}

    def pods(self, name: str) -> list[Object]:
        """The pods of an InferenceService, but for those that are going."""
        return [one for one in self._list("/api/v1", "pods", name) if "deletionTimestamp" not in one["metadata"]]

    def _get(self, api: str, kind: str, name: str) -> Object | None:
        found = self._ask(f"{api}/namespaces/{self.namespace}/{kind}/{name}", kind)
        return found or None

    def _list(self, api: str, kind: str, name: str) -> list[Object]:
        query = [("labelSelector", f"{OF_SERVICE}={name}")]
        found = self._ask(f"{api}/namespaces/{self.namespace}/{kind}", kind, query)
        return list(found.get("items", []))

    def _ask(self, path: str, kind: str, query: list[tuple[str, str]] | None = None) -> Object:
        """What is there, and {} if nothing is."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of urllib3, about how this client reads headers
                call = partial(
                    self._client.call_api,
                    path,
                    "GET",
                    query_params=query or [],
                    header_params={"Accept": "application/json"},
                    auth_settings=["BearerToken"],
                    response_type="object",
                    _return_http_data_only=True,
                    _request_timeout=_TIMEOUT,
                )
                answer = within(SECONDS, call)
        except ApiException as error:
            return self._refused(error, kind)
        except (HTTPError, OSError) as error:
            way_out = "Start it, or name another by KUBECONFIG or kubectl config use-context."
            raise ClusterError("the cluster cannot be reached", f"{self.server}: {_cause(error)}", way_out) from None
        return dict(answer)

    def _refused(self, error: ApiException, kind: str) -> Object:
        said = _message(error)
        if error.status == 404 and said:
            return {}
        if error.status == 404:
            way_out = "Install KServe (and, for the Standard mode, the Gateway API) as docs/operations.md says."
            raise ClusterError(f"the cluster at {self.server} does not know", kind, way_out) from None
        if error.status == 403:
            way_out = f"Ask for the rights of earlybell-promotion or earlybell-viewer in {self.namespace}."
            raise ClusterError("the cluster does not let you read this", said, way_out) from None
        if error.status == 401:
            way_out = "Log in again: the token or certificate of your kubeconfig is not good, or no longer."
            raise ClusterError("the cluster does not know who you are", self.server, way_out) from None
        raise ClusterError("the cluster refused", f"{error.status} {said or error.reason}", "See its log.") from None


def _settings() -> tuple[client.Configuration, str]:
    """How to ask the API server, and the namespace that is meant when none is named."""
    settings, file = client.Configuration(), os.environ.get("KUBECONFIG") or None
    try:
        if file is None and _ACCOUNT.exists():
            config.load_incluster_config(settings)
            return settings, _ACCOUNT.read_text().strip()
        config.load_kube_config(file, client_configuration=settings)
        _, context = config.list_kube_config_contexts(file)
    except (ConfigException, OSError, TypeError, KeyError, yaml.YAMLError) as error:
        way_out = "Set KUBECONFIG to a kubeconfig that `kubectl get pods` works with."
        raise ClusterError(
            "there is no kubeconfig that names a cluster", " ".join(str(error).split()), way_out
        ) from None
    return settings, context["context"].get("namespace") or "default"


def _message(error: ApiException) -> str:
    """What Kubernetes says; empty where the answer is not of its form: it does not know the kind then."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return ""


def _cause(error: BaseException) -> str:
    """The innermost reason, without the client's own objects in it."""
    reason = getattr(error, "reason", None) or error
    return str(reason).rpartition(">: ")[2][:200]
