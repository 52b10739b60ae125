"""How a version has answered lately, as Prometheus counted it."""

import json
import math
import urllib.parse
import urllib.request
from dataclasses import dataclass

from earlybell.errors import SettingError

WINDOW = "5m"
_TIMEOUT = 10.0  # seconds
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


def ask(address: str, namespace: str) -> dict[str, Answers]:
    """How each version of a namespace has answered.

    Args:
        address: of Prometheus, as http://prometheus:9090.

    Raises:
        SettingError: Prometheus cannot be asked there.
    """
    where = f'namespace=~"{namespace}|"'  # a Prometheus that knows no namespaces has this site alone
    total = f"sum by (model_version) (increase(earlybell_requests_total{{{where},{_ASKED}}}[{WINDOW}]))"
    bad = (
        f'sum by (model_version) (increase(earlybell_requests_total{{{where},{_ASKED},outcome=~"{_OURS}"}}[{WINDOW}]))'
    )
    seconds = f'sum by (le, model_version) (rate(earlybell_seconds_bucket{{{where},stage="whole"}}[{WINDOW}]))'
    requests, errors = _query(address, total), _query(address, bad)
    p50, p99 = (_query(address, f"histogram_quantile({share}, {seconds})") for share in (0.5, 0.99))
    return {
        version: Answers(count, errors.get(version, 0.0) / count if count else None, p50.get(version), p99.get(version))
        for version, count in requests.items()
    }


def _query(address: str, query: str) -> dict[str, float]:
    """The value of each model version; what is no number is left out."""
    url = f"{address.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        if not url.startswith(("http://", "https://")):
            raise ValueError("it is no HTTP address")
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 (checked above)
            found = json.load(answer)["data"]["result"]
    except (OSError, ValueError, KeyError) as error:
        way_out = "Give its address by --prometheus, as http://localhost:9090 behind a `kubectl port-forward`."
        raise SettingError("Prometheus cannot be asked", f"{address}: {error}", way_out) from None
    values = {one["metric"].get("model_version", ""): float(one["value"][1]) for one in found}
    return {version: value for version, value in values.items() if math.isfinite(value)}
