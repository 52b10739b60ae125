"""What a site's values for the chart say of every pod: KFP's tasks get the same. Without values, the chart's defaults.

`--values` names the files that helm is given, which checks them; they are read when the pipelines are built.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import yaml

from earlybell.errors import SettingError

VARIABLE = "EARLYBELL_VALUES"
TRUST_PATH = "/etc/earlybell/trust"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY")
_USER = 65532
# OpenSSL, requests, curl, boto3, MLflow and libpq read one each.
_TRUSTING = (
    "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "PGSSLROOTCERT",
)  # fmt: skip
# Of the cluster itself; Kubernetes puts its API server's address in the place of the last.
_DIRECT = ("localhost", "127.0.0.1", "::1", ".svc", ".cluster.local", ".{pipelines}", "$(KUBERNETES_SERVICE_HOST)")
Values = dict[str, Any]


@dataclass(frozen=True)
class Toleration:
    """A taint of nodes that a pod bears, in Kubernetes' words."""

    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None
    seconds: int | None = None


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
    node_affinity: Values
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
    values: Values = reduce(_merged, map(_read, files), {})
    trust, proxy, scheduling = (_part(values, name) for name in ("trust", "proxy", "scheduling"))
    security = {"runAsUser": _USER, "runAsGroup": _USER} | _part(values, "podSecurity")
    names = {"config_map": trust.get("configMap") or "", "secret": trust.get("secret") or ""}
    trusting = dict.fromkeys(_TRUSTING if any(names.values()) else (), f"{TRUST_PATH}/{trust.get('key', 'ca.crt')}")
    return Site(
        variables=trusting | _proxied(values, proxy) | _part(values, "env"),
        proxy_secret=proxy.get("secret") or "",
        trust_config_map=names["config_map"],
        trust_secret=names["secret"],
        node_selector=_part(scheduling, "nodeSelector"),
        tolerations=[_toleration(toleration) for toleration in scheduling.get("tolerations") or []],
        node_affinity=_part(_part(scheduling, "affinity"), "nodeAffinity"),
        user=security["runAsUser"],
        group=security["runAsGroup"],
    )


def _read(file: Path) -> Values:
    try:
        values = yaml.safe_load(file.read_text()) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        way_out = "Name a file of values that helm takes."
        raise SettingError("the chart's values cannot be read", str(file), f"{error}. {way_out}") from None
    if not isinstance(values, dict):
        raise SettingError("the chart's values are no mapping", str(file), "Name a file of values that helm takes.")
    return values


def _merged(earlier: Values, later: Values) -> Values:
    """Mappings in one another, all else by the later one."""
    both = {
        key: _merged(earlier[key], later[key]) for key in earlier.keys() & later.keys() if _maps(earlier, later, key)
    }
    return earlier | later | both


def _maps(earlier: Values, later: Values, key: str) -> bool:
    return isinstance(earlier[key], dict) and isinstance(later[key], dict)


def _part(values: Values, name: str) -> Values:
    part = values.get(name) or {}
    if not isinstance(part, dict):
        raise SettingError(f"{name} of the chart's values is no mapping", part, "See the README of helm/earlybell.")
    return part


def _proxied(values: Values, proxy: Values) -> dict[str, str]:
    """Variables of its proxy, in both spellings, as some clients read the one and some the other."""
    addresses = {name: proxy.get(name.partition("_")[0].lower()) for name in PROXIES}
    variables = {name: address for name, address in addresses.items() if address}
    if not variables and not proxy.get("secret"):
        return {}
    pipelines = _part(values, "networkPolicies").get("pipelines", "kubeflow")
    variables["NO_PROXY"] = ",".join([*_DIRECT, *proxy.get("noProxy", [])]).replace("{pipelines}", pipelines)
    return variables | {name.lower(): value for name, value in variables.items()}


def _toleration(toleration: Values) -> Toleration:
    words = {key: toleration.get(key) for key in ("key", "operator", "value", "effect")}
    return Toleration(**words, seconds=toleration.get("tolerationSeconds"))
