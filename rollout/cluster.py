"""The cluster as a release needs it: read only, an object at a time, as plain data."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from earlybell.errors import ClusterError
from rollout.kubectl import Answer, Kubectl, kubeconfigs
from rollout.objects import HTTPRoute, InferenceService, Pod, Resource, Revision

if TYPE_CHECKING:
    from rollout import pod

KSERVE = "/apis/serving.kserve.io/v1beta1"
RUNTIMES = "/apis/serving.kserve.io/v1alpha1"
KNATIVE = "/apis/serving.knative.dev/v1"
GATEWAY = "/apis/gateway.networking.k8s.io/v1"
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")  # of the pod, if one is around this
OF_SERVICE = "serving.kserve.io/inferenceservice"  # KServe's label on all that it makes


class Cluster:
    """A namespace of the cluster that kubectl would ask: of a kubeconfig, else of the pod that this runs in.

    Attributes:
        namespace: its name.
        server: the API server's address.
        kubectl: how a person asks the same cluster.
    """

    def __init__(self, namespace: str = "", context: str = "") -> None:
        """Args:
            namespace: instead of the context's or the pod's own.
            context: of the kubeconfig, instead of its present one.

        Raises:
            ClusterError: there is neither a kubeconfig nor a pod around this, or kubeconfig is broken.
            SettingError: kubectl is missing, and this is no pod.
        """
        self._api = _pod() if _in_pod() and not context else Kubectl(context)
        self.namespace, self.server = namespace or self._api.namespace, self._api.server
        self.kubectl = f"kubectl --context={shlex.quote(context)}" if context else "kubectl"

    def service(self, name: str) -> InferenceService | None:
        """The InferenceService; None before the first release."""
        return cast(InferenceService | None, self._get(KSERVE, "inferenceservices", name))

    def route(self, name: str) -> HTTPRoute | None:
        """The HTTPRoute with the weights of the Standard mode; None where there is none."""
        return cast(HTTPRoute | None, self._get(GATEWAY, "httproutes", name))

    def runtimes(self) -> list[str]:
        """The names of the ServingRuntimes of the namespace."""
        answer = self._ask(f"{RUNTIMES}/namespaces/{self.namespace}/servingruntimes", "servingruntimes")
        return [runtime["metadata"]["name"] for runtime in answer.get("items", [])]

    def runtimes_of_all(self) -> list[str] | None:
        """The names of the ClusterServingRuntimes; None for who may not list them, as most in a site may not."""
        try:
            answer = self._ask(f"{RUNTIMES}/clusterservingruntimes", "clusterservingruntimes")
        except ClusterError:
            return None
        return [runtime["metadata"]["name"] for runtime in answer.get("items", [])]

    def revisions(self, name: str) -> dict[str, Revision]:
        """Knative's revisions of an InferenceService, by name."""
        revisions = cast(list[Revision], self._list(KNATIVE, "revisions", name))
        return {revision["metadata"]["name"]: revision for revision in revisions}

    def pods(self, name: str) -> list[Pod]:
        """The pods of an InferenceService, but for those that are going."""
        pods = cast(list[Pod], self._list("/api/v1", "pods", name))
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def _get(self, api: str, kind: str, name: str) -> Resource | None:
        answer = self._ask(f"{api}/namespaces/{self.namespace}/{kind}/{name}", kind)
        return cast(Resource, answer) if answer else None

    def _list(self, api: str, kind: str, name: str) -> list[Resource]:
        query = urlencode({"labelSelector": f"{OF_SERVICE}={name}"})
        answer = self._ask(f"{api}/namespaces/{self.namespace}/{kind}?{query}", kind)
        return list(answer.get("items", []))

    def _ask(self, path: str, kind: str) -> dict[str, Any]:
        """What is there, and {} if nothing is."""
        answer = self._api.get(path)
        return dict(json.loads(answer.text)) if answer.status == 200 else self._refused(answer, kind)

    def _refused(self, answer: Answer, kind: str) -> dict[str, Any]:
        if answer.status == 404 and answer.text:
            return {}
        if answer.status == 404:
            way_out = "Install KServe (and, for the Standard mode, the Gateway API) as docs/how-to/install.md says."
            raise ClusterError(f"the cluster at {self.server} does not know", kind, way_out)
        if answer.status == 403:
            way_out = f"Ask for the rights of earlybell-promotion or earlybell-viewer in {self.namespace}."
            raise ClusterError("the cluster does not let you read this", answer.text, way_out)
        if answer.status == 401:
            way_out = "Log in again: the token or certificate of your kubeconfig is not good, or no longer."
            raise ClusterError("the cluster does not know who you are", self.server, way_out)
        way_out = "See the log of its API server."
        raise ClusterError("the cluster refused", f"{self.server}: {answer.status} {answer.text}".strip(), way_out)


def _pod() -> "pod.Pod":
    from rollout.pod import Pod  # its client takes a second to import

    return Pod(ACCOUNT)


def _in_pod() -> bool:
    """Whether a pod is around this, and no kubeconfig: kubectl looks for that first."""
    return ACCOUNT.is_dir() and not any(file.is_file() and file.stat().st_size for file in kubeconfigs())
