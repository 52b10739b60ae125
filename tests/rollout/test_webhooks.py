"""`make cluster` ends once KServe's webhook answers, and no sooner: its script on a real API server."""

import json
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.apiserver import ApiServer, program
from tests.rollout.gate import Keys
from tests.rollout.site import runtime
from tests.serving.running import end, free_ports

ANSWERS = Path(__file__).parents[1] / "cluster/answers"


@contextmanager
def _webhook(port: int, keys: Keys, *, allowed: bool) -> Iterator[None]:
    class Review(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = {"uid": review["request"]["uid"], "allowed": allowed}
            kind = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
            body = json.dumps(kind | {"response": answer}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys.folder / "server.crt", keys.folder / "server.key")
    with ThreadingHTTPServer(("127.0.0.1", port), Review) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


def _is_asked(cluster: ApiServer) -> None:
    """The API server takes a moment to see a webhook."""
    asks = ["create", "--dry-run=server", "-f", "-"]
    for _ in range(100):
        if (
            "failed calling webhook"
            in cluster.kubectl(*asks, stdin=yaml.safe_dump(runtime("asks")), check=False).stderr
        ):
            return
        time.sleep(0.1)
    raise TimeoutError("the webhook is not called")


@pytest.mark.parametrize("allowed", [True, False], ids=["allows", "refuses"])
def test_it_waits_until_the_webhook_answers(
    cluster: ApiServer, tmp_path: Path, allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,), keys = free_ports(1), Keys(tmp_path)
    rule = {"apiGroups": ["serving.kserve.io"], "apiVersions": ["*"], "operations": ["CREATE"]}
    hook = {
        "name": "servingruntime.kserve-webhook-server.validator",
        "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": keys.data("ca.crt")},
        "rules": [rule | {"resources": ["servingruntimes"]}],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(kind | {"metadata": {"name": "w"}, "webhooks": [hook]}))
    _is_asked(cluster)
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    waiting = subprocess.Popen([ANSWERS, program("kubectl")])
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(6)
        with _webhook(port, keys, allowed=allowed):
            assert waiting.wait(30) == 0
    finally:
        end(waiting)
        cluster.kubectl("delete", "validatingwebhookconfiguration", "w")
