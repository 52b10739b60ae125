"""What the chart and the manifests render to."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.apiserver import program
from tests.helm.tools import ROOT

CHART = ROOT / "helm/earlybell"
OVERLAYS = sorted(path.parent for path in (ROOT / "manifests").glob("*/overlays/*/kustomization.yaml"))
Object = dict[str, Any]


def _rule(name: str, cidr: str, port: int, *others: str) -> str:
    """A rule of networkPolicies as helm takes it from --set-json."""
    blocks = ",".join(f'{{"ipBlock":{{"cidr":"{block}"}}}}' for block in (cidr, *others))
    return f'networkPolicies.{name}=[{{"to":[{blocks}],"ports":[{port}]}}]'


# Sites that differ in what they have, as further arguments of helm.
SITES = {
    "defaults": (),
    "dev": ("-f", "values-dev.yaml"),
    "aws": ("-f", "values-aws.yaml"),
    "azure": ("-f", "values-azure.yaml"),
    "gateway": ("--set", "gateway.create=true,gateway.hostname=risk.example.org,gateway.httpsPort=8443"),
    "trail_owner": ("--set", "trail.owner.role=owner"),
    "pushgateway": ("--set", "pushgateway.address=http://pushgateway.monitoring.svc:9091"),
    "private_registry": ("--set", "imagePullSecrets[0].name=registry,podLabels.site=one"),
    "groups": ("--set", "rbac.promoters={mlops},rbac.viewers={teachers,it}"),
    "sources": ("--set-json", 'networkPolicies.sources=[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8"}}],"ports":[3306]}]'),
    "sync": (
        *(
            "--set",
            "sync.enabled=true,sources.create=true,trust.configMap=authorities,imagePullSecrets[0].name=registry",
        ),
        *("--set-json", _rule("sources", "10.1.2.3/32", 5432)),
    ),
    "sources_volume": ("--set", "sources.create=true,sources.storageClass=nfs"),
    "mlbackend": (
        "--set",
        "mlbackend.enabled=true,networkPolicies.moodle={lms},mlbackend.args={--max-fits=2},monitoring.force=true",
    ),
    "mlbackend_behind_the_gateway": (
        "--set",
        "mlbackend.enabled=true,mlbackend.hostname=analytics.example.org,mlbackend.storageClass=fast,"
        "gateway.create=true,gateway.hostname=risk.example.org,trust.configMap=authorities",
    ),
    "serving_options": ("--set", "serving.args={--rate=600},serving.keep=false,trail.anchors=none"),
    "monitoring": (
        "--set",
        "monitoring.force=true,monitoring.webhook.url=http://receiver.example.org/alerts,monitoring.email.to=it@example.org,"
        "monitoring.email.from=earlybell@example.org,monitoring.email.smarthost=smtp.example.org:587,"
        "monitoring.email.user=earlybell,monitoring.email.secret=mail,monitoring.labels.release=prometheus,"
        "monitoring.probe.exporter=blackbox-exporter.monitoring.svc:9115,"
        "monitoring.probe.url=https://risk.example.org/v2/models/learner-risk/ready,"
        "pushgateway.address=http://pushgateway.monitoring.svc:9091",
    ),
    "openshift": ("-f", "values-openshift.yaml"),
    "ipv6_only": (
        *("--set", "serving.host=::,monitoring.probe.exporter=[fd00::9]:9115"),
        *("--set-json", _rule("apiServer", "fd00::1/128", 443), "--set-json", _rule("dns", "fd00::a/128", 53)),
    ),
    "dual_stack": (
        *("--set", "serving.host=::"),
        *(
            "--set-json",
            _rule("stores", "0.0.0.0/0", 443, "::/0"),
            "--set-json",
            _rule("apiServer", "10.96.0.1/32", 443, "fd00::1/128"),
        ),
    ),
    "nodelocal_dns_of_another_address": ("--set-json", _rule("dns", "10.96.0.10/32", 53, "169.254.25.10/32")),
    "proxy_and_authorities": (
        *(
            "--set",
            "proxy.https=http://proxy.example.org:3128,proxy.noProxy={.example.org},trust.configMap=authorities",
        ),
        *("--set", "env.TZ=Europe/Berlin,trail.owner.role=owner", "--set-json", _rule("proxy", "10.1.2.3/32", 3128)),
    ),
    "proxy_with_a_password": ("--set", "proxy.secret=proxy", "--set-json", _rule("proxy", "10.1.2.3/32", 3128)),
    "nodes": (
        "--set-json",
        'scheduling={"nodeSelector":{"kubernetes.io/arch":"arm64"},"tolerations":[{"key":"own","operator":"Exists"}],'
        '"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":'
        '[{"matchExpressions":[{"key":"gpu","operator":"DoesNotExist"}]}]}}},"priorityClassName":"system-cluster-critical","runtimeClassName":""}',
        *("--set", "trail.owner.role=owner"),
    ),
    "no_processor_limit": (
        "--set",
        f"{','.join(f'{name}.resources.limits.cpu=null' for name in ('serving', 'aliases', 'tests', 'sync'))}",
    ),
    "all_off": (
        "--set",
        "monitoring.enabled=false,aliases.enabled=false,networkPolicies.enabled=false,tests.enabled=false",
    ),
}


# What a site must name where helm cannot look into a cluster.
NAMED = ("--set-json", 'networkPolicies.apiServer=[{"to":[{"ipBlock":{"cidr":"10.96.0.1/32"}}],"ports":[443]}]')


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm at the chart; what it printed, whether it failed or not."""
    return subprocess.run([program("helm"), *arguments], cwd=CHART, text=True, capture_output=True)


@cache
def rendered(*arguments: str) -> list[Object]:
    """The objects that `helm install` with these arguments makes, hooks and tests among them."""
    done = helm("template", "earlybell", ".", "--namespace", "site", *NAMED, *arguments)
    assert done.returncode == 0, done.stderr
    return _objects(done.stdout)


@cache
def built(overlay: Path) -> list[Object]:
    """The objects of an overlay of manifests/, as kubectl builds it."""
    text = subprocess.check_output([program("kubectl"), "kustomize", overlay], text=True)
    return _objects(text)


def _objects(text: str) -> list[Object]:
    """By libyaml: PyYAML's own reader takes ten times as long."""
    return [manifest for manifest in yaml.load_all(text, yaml.CSafeLoader) if manifest]


def named(objects: list[Object]) -> dict[str, Object]:
    """Objects by kind and name."""
    return {f"{manifest['kind']}/{manifest['metadata']['name']}": manifest for manifest in objects}


def pods(objects: list[Object]) -> dict[str, Object]:
    """The pods that objects lead to (their `spec`), by kind and name of the object; a ServingRuntime's among them."""
    places: dict[str, tuple[str, ...]] = {
        "Pod": ("spec",),
        "Job": ("spec", "template", "spec"),
        "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
        "ServingRuntime": ("spec",),
    }
    specs = {}
    for name, value in named(objects).items():
        if path := places.get(value["kind"]):
            for key in path:
                value = value[key]
            specs[name] = value
    return specs
