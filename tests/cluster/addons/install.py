"""What a site's cluster has before us: DNS, metrics, volumes, a Gateway, Knative with Kourier, and KServe.

usage: install.py STATE. Everything comes from the parts' own manifests, out of their Go modules; what differs is here.
"""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.cluster.addons.modules import module, programs, run

Object = dict[str, Any]
HERE = Path(__file__).parent
STATE = Path(sys.argv[1]).resolve()
KUBECTL, HELM = programs() / "kubectl", programs() / "helm"
os.environ["KUBECONFIG"] = str(STATE / "admin.conf")

# Knative refuses these parts of a pod unless it is told to let them through: see the chart's README.
KNATIVE_FEATURES = {
    "kubernetes.podspec-securitycontext": "enabled",
    "kubernetes.podspec-topologyspreadconstraints": "enabled",
}


def image(program: str, at: str = "/app") -> str:
    """Put one of our static programs on the node as an image; its name."""
    name = f"localhost/{program}:1"
    run(HERE.parent / "image", STATE, name, programs() / program, at)
    return name


def read(*paths: Path) -> list[Object]:
    manifests = (manifest for path in paths for manifest in _documents(path.read_text()))
    return [manifest for manifest in manifests if "kind" in manifest]


def _documents(text: str) -> list[Object]:
    """Of megabytes of definitions: PyYAML's own reader takes four times as long as libyaml's, which it comes with."""
    return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]


def apply(objects: list[Object]) -> None:
    """Definitions and namespaces first, and then what needs them."""
    early = ("CustomResourceDefinition", "Namespace")
    for part in ([o for o in objects if o["kind"] in early], [o for o in objects if o["kind"] not in early]):
        if part:
            listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": part})
            run(KUBECTL, "apply", "--server-side", "--force-conflicts", "-f", "-", text=listed)


def edit(objects: list[Object], kind: str, name: str, change: Callable[[Object], object]) -> None:
    change(next(manifest for manifest in objects if manifest["kind"] == kind and manifest["metadata"]["name"] == name))


def containers(workload: Object) -> list[Object]:
    return list(workload["spec"]["template"]["spec"]["containers"])


def local(workload: Object, name: str) -> Object:
    """Let a workload's first container run an image of ours, which is never pulled, and ask for nothing."""
    first = containers(workload)[0]
    first.update(image=name, imagePullPolicy="IfNotPresent", resources={})
    return first


def certificate(name: str, host: str) -> tuple[str, str]:
    """A self-signed certificate and its key, kept in STATE; base64."""
    key, cert = STATE / f"pki/{name}.key", STATE / f"pki/{name}.crt"
    if not key.exists():
        subject = ["-subj", f"/CN={host.removeprefix('*.')}", "-addext", f"subjectAltName=DNS:{host}"]
        made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"]
        subprocess.run([*made, "-keyout", key, "-out", cert, *subject], check=True, stderr=subprocess.DEVNULL)
    return base64.b64encode(cert.read_bytes()).decode(), base64.b64encode(key.read_bytes()).decode()


def tls_secret(name: str, namespace: str, pair: tuple[str, str]) -> Object:
    data = {"tls.crt": pair[0], "tls.key": pair[1]}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": data}


def namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def dns() -> None:
    image("coredns", "/coredns")
    apply(read(HERE / "dns.yaml"))


def metrics() -> None:
    base = module("metrics_server") / "manifests/base"
    objects = read(*(base / f"{name}.yaml" for name in ("apiservice", "deployment", "rbac", "service")))
    labels = {"k8s-app": "metrics-server"}
    for manifest in objects:
        if manifest["kind"] == "Deployment":
            local(manifest, image("metrics-server"))["args"].append("--kubelet-insecure-tls")
            manifest["spec"]["selector"] = {"matchLabels": labels}
            manifest["spec"]["template"]["metadata"] = {"labels": labels}
        if manifest["kind"] == "Service":
            manifest["spec"]["selector"] = labels
    apply(objects)


def volumes() -> None:
    """The class `local-path`, the default one: folders of STATE. Its helper's image is the base of our images."""
    objects = read(module("local_path") / "deploy/local-path-storage.yaml")

    def change(settings: Object) -> None:
        paths = [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [str(STATE / "volumes")]}]
        settings["data"]["config.json"] = json.dumps({"nodePathMap": paths})
        helper = settings["data"]["helperPod.yaml"]
        settings["data"]["helperPod.yaml"] = helper.replace("image: busybox", "image: dev.local/earlybell/base:1")

    edit(objects, "ConfigMap", "local-path-config", change)
    edit(
        objects,
        "Deployment",
        "local-path-provisioner",
        lambda o: local(o, image("local-path"))["command"].__setitem__(0, "/app"),
    )
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    edit(objects, "StorageClass", "local-path", lambda o: o["metadata"].update(annotations=default))
    apply(objects)


def gateway() -> None:
    image("traefik", "/traefik")
    crds = sorted((module("gateway_api") / "config/crd/standard").glob("*.yaml"))
    apply([*read(*crds), *read(HERE / "traefik.yaml")])


def knative() -> None:
    serving, kourier = module("knative"), module("kourier")
    core, envoy = serving / "config/core", "dev.local/earlybell/envoy:1"
    names = ("100-namespace.yaml", "200-serviceaccount.yaml", "300-knativecertificate.yaml")
    # The folders' symbolic links do not travel in a module: networking and caching come from their own.
    folders = [
        core / "200-roles",
        core / "300-resources",
        module("networking") / "config",
        module("caching") / "config",
    ]
    folders += [core / "configmaps", core / "deployments", core / "webhooks", kourier / "config"]
    objects = read(
        *(core / name for name in names), *(path for folder in folders for path in sorted(folder.glob("*.yaml")))
    )
    objects = [manifest for manifest in objects if manifest["kind"] != "HorizontalPodAutoscaler"]
    settings = {
        "config-network": {
            "ingress-class": "kourier.ingress.networking.knative.dev",
            "domain-template": "{{.Name}}-{{.Namespace}}.{{.Domain}}",
        },
        "config-domain": {"example.com": ""},
        # Half of the defaults: the tests often wait for pods to go that nobody needs any more.
        "config-autoscaler": {"stable-window": "30s", "scale-to-zero-grace-period": "15s"},
        # An image of `localhost` counts as Docker Hub's: what a revision runs is named dev.local/NAME:TAG.
        "config-deployment": {
            "queue-sidecar-image": image("knative-queue"),
            "registries-skipping-tag-resolving": "dev.local",
        },
        "config-features": KNATIVE_FEATURES,
    }
    for manifest in objects:
        if manifest["kind"] == "ConfigMap" and manifest["metadata"]["name"] in settings:
            manifest["data"] = settings[manifest["metadata"]["name"]]
        if manifest["kind"] == "Deployment":
            match = re.fullmatch(r"ko://knative.dev/\S+/cmd/(\w+)", containers(manifest)[0]["image"])
            local(manifest, image(f"knative-{match[1]}") if match else envoy)
    tls = {"CERTS_SECRET_NAMESPACE": "kourier-system", "CERTS_SECRET_NAME": "gateway-tls"}

    def serve_tls(deployment: Object) -> None:
        for variable in containers(deployment)[0]["env"]:
            if variable["name"] in tls:
                variable["value"] = tls[variable["name"]]

    edit(objects, "Deployment", "net-kourier-controller", serve_tls)
    pair = certificate("gateway", "*.example.com")
    apply([*objects, tls_secret("gateway-tls", "kourier-system", pair)])


def kserve() -> None:
    charts = module("kserve") / "charts"
    gateway_settings = "kserve.controller.gateway"
    values = {
        "kserve.controller.image": "localhost/kserve-controller",
        "kserve.controller.tag": "1",
        "kserve.controller.imagePullPolicy": "IfNotPresent",
        "kserve.storage.image": "dev.local/earlybell/storage-initializer",
        "kserve.storage.tag": "1",
        f"{gateway_settings}.disableIstioVirtualHost": "true",
        f"{gateway_settings}.ingressGateway.enableGatewayApi": "true",
        f"{gateway_settings}.localGateway.gatewayService": "kourier-internal.kourier-system.svc.cluster.local",
    }
    image("kserve-controller", "/manager")
    apply([*render(charts / "kserve-crd", {}), namespace("kserve")])
    pair = certificate("webhook", "kserve-webhook-server-service.kserve.svc")
    now, later = [tls_secret("kserve-webhook-server-cert", "kserve", pair)], list[Object]()
    for manifest in render(charts / "kserve-resources", values):
        for hook in manifest.get("webhooks", []):
            hook["clientConfig"]["caBundle"] = pair[0]
        if manifest["kind"] == "Deployment":
            server, *_ = containers(manifest)  # without the proxy of its metrics
            server["args"].remove("--leader-elect")
            server["resources"] = {}
            manifest["spec"]["template"]["spec"]["containers"] = [server]
        if manifest["kind"] not in ("Certificate", "Issuer"):  # cert-manager's part, played by the certificate above
            (later if manifest["kind"] == "ClusterStorageContainer" else now).append(manifest)
    apply(now)
    run(KUBECTL, "-n", "kserve", "rollout", "status", "deploy", "--timeout=300s")
    apply(later)  # its webhook must answer first


def render(chart: Path, values: dict[str, str]) -> list[Object]:
    sets = [f"--set-string={key}={value}" for key, value in values.items() if value not in ("true", "false")]
    sets += [f"--set={key}={value}" for key, value in values.items() if value in ("true", "false")]
    text = run(HELM, "template", chart.name, chart, "-n", "kserve", *sets)
    return _documents(text)


if __name__ == "__main__":
    for step in (dns, gateway, knative, metrics, volumes, kserve):
        print(f"installing {step.__name__}", flush=True)  # noqa: T201
        step()
    run(KUBECTL, "wait", "deploy", "-A", "--all", "--for=condition=Available", "--timeout=300s")
