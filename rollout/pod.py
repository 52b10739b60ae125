"""The API server of the pod that this runs in, by the pod's account: what needs neither a kubeconfig nor kubectl."""

import json
import logging
import os
import warnings
from functools import partial
from pathlib import Path

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from earlybell.causes import innermost, remedy
from earlybell.clock import within
from earlybell.errors import ClusterError
from rollout.kubectl import Answer

SECONDS = 20.0  # for an answer, with all that it takes
_TIMEOUT = (5.0, 15.0)  # to connect, and between two parts of the answer


class Pod:
    """The API server that the pod's environment names.

    Attributes:
        server: its address.
        namespace: the pod's own.
    """

    def __init__(self, account: Path) -> None:
        """Args:
            account: the folder of its token.

        Raises:
            ClusterError: the pod's account is not whole.
        """
        settings = client.Configuration()
        settings.retries = Retry(1, backoff_factor=0.2)
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # what it warns of, an error says in full
        try:
            InClusterConfigLoader(str(account / "token"), str(account / "ca.crt")).load_and_set(settings)
            own = os.environ.get("POD_NAMESPACE") or (account / "namespace").read_text().strip()
        except (ConfigException, OSError) as error:
            way_out = "Set automountServiceAccountToken for this pod, or KUBECONFIG."
            raise ClusterError("the pod's account is not whole", str(error), way_out) from None
        self._client = client.ApiClient(settings)
        self.server, self.namespace = str(settings.host), own

    def get(self, path: str) -> Answer:
        """What is at a path.

        Raises:
            ClusterError: the API server cannot be reached.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of urllib3, about how this client reads headers
                text = within(SECONDS, partial(self._read, path))
        except ApiException as error:
            if error.status:
                return Answer(error.status, _message(error))
            raise self._unreachable(error) from None  # TLS
        except (HTTPError, OSError) as error:
            raise self._unreachable(error) from None
        return Answer(200, text)

    def _read(self, path: str) -> str:
        answer = self._client.call_api(
            path,
            "GET",
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
            _preload_content=False,
            _return_http_data_only=True,
            _request_timeout=_TIMEOUT,
        )
        return str(answer.data.decode())

    def _unreachable(self, error: Exception) -> ClusterError:
        other = "See the network policies of this pod's namespace."
        way_out = remedy(
            error, other, what="the cluster", setting="KUBERNETES_SERVICE_HOST", trust="its account's ca.crt"
        )
        return ClusterError("the cluster cannot be reached", f"{self.server}: {innermost(error)}", way_out)


def _message(error: ApiException) -> str:
    """What Kubernetes says; empty where the answer is not of its form: it does not know the kind then."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return ""
