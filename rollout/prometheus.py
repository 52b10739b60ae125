"""How each version has answered lately, on each image that serves it: the figures that the chart's alerts go by."""

import json
import math
import urllib.parse
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

from earlybell.causes import innermost, remedy
from earlybell.clock import within
from earlybell.errors import SettingError
from earlybell.proxies import proxy_of

Key = tuple[str, str]  # a version, and its revision as the chart's PodMonitor names it: two images may serve a version

ASKED, ERRORS = (
    "earlybell:version_asked:per_second",
    "earlybell:version_errors:ratio10m",
)  # recorded by the chart's rules
_WINDOW = 600  # seconds, of both
SECONDS = 10.0  # for an answer


@dataclass(frozen=True)
class Answers:
    """The last ten minutes of a version.

    Attributes:
        requests: how many there were.
        errors: the share that failed by our doing; None without a request.
        p50, p99: seconds, None without a request.
    """

    requests: float = 0.0
    errors: float | None = None
    p50: float | None = None
    p99: float | None = None


def ask(address: str, namespace: str, name: str) -> dict[Key, Answers]:
    """How each version of an InferenceService has answered, by its revision (empty where Prometheus knows none).

    Nothing at all where Prometheus does not have the chart's rules.

    Args:
        address: of Prometheus, as http://prometheus:9090.
        name: of the InferenceService.

    Raises:
        SettingError: Prometheus cannot be asked there.
    """
    # A Prometheus that knows no namespaces or InferenceServices has this site alone.
    where = f'namespace=~"{namespace}|",inferenceservice=~"{name}|"'
    requests, errors = (_query(address, f"{figure}{{{where}}}") for figure in (ASKED, ERRORS))
    whole = f'earlybell_seconds_bucket{{{where},stage="whole"}}'
    seconds = f"sum by (le, model_version, revision) (rate({whole}[{_WINDOW}s]))"
    p50, p99 = (_query(address, f"histogram_quantile({share}, {seconds})") for share in (0.5, 0.99))
    return {key: Answers(rate * _WINDOW, errors.get(key), p50.get(key), p99.get(key)) for key, rate in requests.items()}


def _query(address: str, query: str) -> dict[Key, float]:
    """The value of each version and revision; what is no number is left out."""
    url = f"{address.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        if not url.startswith(("http://", "https://")):
            raise ValueError("it is no HTTP address")
        series = json.loads(within(SECONDS, lambda: _read(url)))["data"]["result"]
    except (OSError, ValueError, KeyError) as error:
        other = "Give its address by --prometheus, as http://localhost:9090 behind a `kubectl port-forward`."
        login = "or go round it by a `kubectl port-forward`"
        way_out = remedy(error, other, what="Prometheus", setting="--prometheus", login=login, address=address)
        raise SettingError("Prometheus cannot be asked", f"{address}: {innermost(error)}", way_out) from None
    values = {_key(sample["metric"]): float(sample["value"][1]) for sample in series}
    return {key: value for key, value in values.items() if math.isfinite(value)}


def _read(url: str) -> bytes:
    proxies = urllib.request.ProxyHandler({urlsplit(url).scheme: proxy} if (proxy := proxy_of(url)) else {})
    with urllib.request.build_opener(proxies).open(url, timeout=SECONDS) as answer:
        content: bytes = answer.read()
    return content


def _key(labels: dict[str, str]) -> Key:
    return labels.get("model_version", ""), labels.get("revision", "")
