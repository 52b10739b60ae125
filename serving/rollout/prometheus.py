"""How each version has answered lately, on each image that serves it, as Prometheus counted it."""

import json
import math
import urllib.parse
import urllib.request
from dataclasses import dataclass

from earlybell.clock import within
from earlybell.errors import SettingError

Key = tuple[str, str]  # a version, and its revision as the chart's PodMonitor names it: two images may serve a version

WINDOW = "5m"
SECONDS = 10.0  # for an answer
# What is the server's own doing, over HTTP and gRPC: not a request that was refused for what it holds.
_OURS = "defect|unavailable|too slow|internal|unknown|deadline exceeded|5.."
_ASKED = 'route!~"metadata|health|openapi|metrics|unknown"'


@dataclass(frozen=True)
class Answers:
    """The last five minutes of a version.

    Attributes:
        requests: how many there were.
        errors: the share that failed by our doing; None without a request.
        p50, p99: seconds, None without a request.
    """

    requests: float = 0.0
    errors: float | None = None
    p50: float | None = None
    p99: float | None = None


def ask(address: str, namespace: str) -> dict[Key, Answers]:
    """How each version of a namespace has answered, by its revision, which is empty where Prometheus knows none.

    Args:
        address: of Prometheus, as http://prometheus:9090.

    Raises:
        SettingError: Prometheus cannot be asked there.
    """
    where = f'namespace=~"{namespace}|"'  # a Prometheus that knows no namespaces has this site alone
    total, bad = (
        f"sum by (model_version, revision) (increase(earlybell_requests_total{{{where},{_ASKED}{more}}}[{WINDOW}]))"
        for more in ("", f',outcome=~"{_OURS}"')
    )
    whole = f'earlybell_seconds_bucket{{{where},stage="whole"}}'
    seconds = f"sum by (le, model_version, revision) (rate({whole}[{WINDOW}]))"
    requests, errors = _query(address, total), _query(address, bad)
    p50, p99 = (_query(address, f"histogram_quantile({share}, {seconds})") for share in (0.5, 0.99))
    return {
        key: Answers(count, errors.get(key, 0.0) / count if count else None, p50.get(key), p99.get(key))
        for key, count in requests.items()
    }


def _query(address: str, query: str) -> dict[Key, float]:
    """The value of each version and revision; what is no number is left out."""
    url = f"{address.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        if not url.startswith(("http://", "https://")):
            raise ValueError("it is no HTTP address")
        found = json.loads(within(SECONDS, lambda: _read(url)))["data"]["result"]
    except (OSError, ValueError, KeyError) as error:
        way_out = "Give its address by --prometheus, as http://localhost:9090 behind a `kubectl port-forward`."
        raise SettingError("Prometheus cannot be asked", f"{address}: {error}", way_out) from None
    values = {_key(one["metric"]): float(one["value"][1]) for one in found}
    return {key: value for key, value in values.items() if math.isfinite(value)}


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 (checked before)
        content: bytes = answer.read()
    return content


def _key(labels: dict[str, str]) -> Key:
    return labels.get("model_version", ""), labels.get("revision", "")
