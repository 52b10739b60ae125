"""What a site's values for the chart say of every pod: KFP's tasks get the same. Without values, the chart's defaults.

`--values` names the files that helm is given, which checks them; they are read when the pipelines are built.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import msgspec
import yaml

from earlybell.errors import SettingError

VARIABLE = "EARLYBELL_VALUES"
TRUST_PATH = "/etc/earlybell/trust"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY")
_USER = 65532
_WAY_OUT = "Name files of values that helm takes (the README of helm/earlybell)."
# OpenSSL, requests, curl, boto3, MLflow and libpq read one each.
_TRUSTING = (
    "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "PGSSLROOTCERT",
)  # fmt: skip
# Of the cluster itself; Kubernetes puts its API server's address in the place of the last.
_DIRECT = ("localhost", "127.0.0.1", "::1", ".svc", ".cluster.local", ".{pipelines}", "$(KUBERNETES_SERVICE_HOST)")


class Toleration(msgspec.Struct, rename="camel", frozen=True):
    """A taint of nodes that a pod bears, in Kubernetes' words."""

    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None
    toleration_seconds: int | None = None


class _Part(msgspec.Struct, rename="camel"):
    """A part of the chart's values, as far as tasks have it too."""


class _Trust(_Part):
    config_map: str | None = None
    secret: str | None = None
    key: str | None = None


class _Proxy(_Part):
    http: str | None = None
    https: str | None = None
    secret: str | None = None
    no_proxy: list[str] | None = None


class _Affinity(_Part):
    node_affinity: dict[str, Any] | None = None


class _Scheduling(_Part):
    node_selector: dict[str, str | None] | None = None
    tolerations: list[Toleration] | None = None
    affinity: _Affinity | None = None


class _PodSecurity(_Part):
    run_as_user: int | None = _USER
    run_as_group: int | None = _USER


class _NetworkPolicies(_Part):
    pipelines: str | None = None


class _Values(_Part):
    trust: _Trust | None = None
    proxy: _Proxy | None = None
    scheduling: _Scheduling | None = None
    pod_security: _PodSecurity | None = None
    network_policies: _NetworkPolicies | None = None
    env: dict[str, str | None] | None = None


@dataclass(frozen=True)
class Site:
    """What every pod of a site has.

    Attributes:
        variables: by name.
        proxy_secret: Secret with the addresses of its proxy; empty: none.
        trust_config_map, trust_secret: where its authorities' certificates lie; empty: not there.
        node_selector: labels that a node must have.
        tolerations: of nodes' taints.
        node_affinity: in Kubernetes' words; KFP knows no other affinity.
        user, group: that its pods run as; None: the cluster's choice.
    """

    variables: dict[str, str]
    proxy_secret: str
    trust_config_map: str
    trust_secret: str
    node_selector: dict[str, str]
    tolerations: list[Toleration]
    node_affinity: dict[str, Any]
    user: int | None
    group: int | None


def site() -> Site:
    """The site of the values' files that EARLYBELL_VALUES names.

    Raises:
        SettingError: as `read_site`.
    """
    return read_site([Path(name) for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name])


def read_site(files: Sequence[Path]) -> Site:
    """The site of files of values, a later one before an earlier one, as helm takes them.

    Raises:
        SettingError: a file cannot be read, or holds no values.
    """
    merged: dict[str, object] = reduce(_merged, map(_read, files), {})
    try:
        values = msgspec.convert(merged, _Values)
    except msgspec.ValidationError as error:
        named = ", ".join(map(str, files))
        raise SettingError("the chart's values are not of its form", f"{error} in {named}", _WAY_OUT) from None
    trust, proxy = values.trust or _Trust(), values.proxy or _Proxy()
    scheduling, security = values.scheduling or _Scheduling(), values.pod_security or _PodSecurity()
    trusting = dict.fromkeys(
        _TRUSTING if trust.config_map or trust.secret else (), f"{TRUST_PATH}/{trust.key or 'ca.crt'}"
    )
    pipelines = (values.network_policies or _NetworkPolicies()).pipelines or "kubeflow"
    return Site(
        variables=trusting | _proxied(proxy, pipelines) | _present(values.env),
        proxy_secret=proxy.secret or "",
        trust_config_map=trust.config_map or "",
        trust_secret=trust.secret or "",
        node_selector=_present(scheduling.node_selector),
        tolerations=scheduling.tolerations or [],
        node_affinity=(scheduling.affinity or _Affinity()).node_affinity or {},
        user=security.run_as_user,
        group=security.run_as_group,
    )


def _read(file: Path) -> dict[str, object]:
    try:
        values = yaml.safe_load(file.read_text()) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingError("the chart's values cannot be read", str(file), f"{error}. {_WAY_OUT}") from None
    if not isinstance(values, dict):
        raise SettingError("the chart's values are no mapping", str(file), _WAY_OUT)
    return {str(key): value for key, value in values.items()}


def _merged(earlier: Mapping[str, object], later: Mapping[str, object]) -> dict[str, object]:
    """Mappings in one another, all else by the later one."""
    merged = {**earlier, **later}
    for key in earlier.keys() & later.keys():
        before, after = earlier[key], later[key]
        if isinstance(before, dict) and isinstance(after, dict):
            merged[key] = _merged(before, after)
    return merged


def _present(values: Mapping[str, str | None] | None) -> dict[str, str]:
    """Without what is null, by which helm takes a key away."""
    return {key: value for key, value in (values or {}).items() if value is not None}


def _proxied(proxy: _Proxy, pipelines: str) -> dict[str, str]:
    """Variables of its proxy, in both spellings, as some clients read the one and some the other.

    Args:
        pipelines: the namespace of Kubeflow Pipelines.
    """
    addresses = zip(PROXIES, (proxy.http, proxy.https), strict=True)
    variables = {name: address for name, address in addresses if address}
    if not variables and not proxy.secret:
        return {}
    variables["NO_PROXY"] = ",".join([*_DIRECT, *(proxy.no_proxy or [])]).replace("{pipelines}", pipelines)
    return variables | {name.lower(): value for name, value in variables.items()}
