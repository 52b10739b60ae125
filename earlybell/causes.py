"""Why something over the network cannot be reached: the innermost cause in its own words, and a remedy that fits."""

import re
from collections.abc import Iterator

from earlybell.proxies import proxy_of

# By what a chain of errors says, the first that fits: Python's and urllib3's words, libpq's, and Go's (kubectl's).
_KINDS = {
    "proxy": r"ProxyError|proxyconnect|connect to proxy|Tunnel connection failed|socks connect|Proxy Authentication",
    "plain": r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|HTTP response to HTTPS client|first record does not look like",
    "certificate": r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|x509:|tls: |SSLError|SSLCert|doesn't match",
    "name": r"no such host|gaierror|NameResolutionError|Name or service not known|name resolution|server misbehaving"
    r"|could not translate host name|No address associated",
    "refused": r"connection refused|ConnectionRefusedError|was refused",
    "time": r"time[d ]*-?out|TimeoutError|deadline exceeded|No route to host|Network is unreachable|request canceled",
    "login": r"\b401\b|Unauthorized",
    "right": r"\b403\b|Forbidden",
}
_REMEDIES = {
    "proxy": "The proxy fails, not {what}: check HTTPS_PROXY and HTTP_PROXY, and name in NO_PROXY what needs none.",
    "plain": "It speaks HTTP without TLS there: write http:// in {setting}, or another port.",
    "certificate": "Name the authority that signed its certificate by {trust}, and the host as the certificate does.",
    "name": "Check the host's name in {setting}, and this machine's DNS.",
    "refused": "Start it, or name another address by {setting}: nothing listens at this one.",
    "time": "Check the address in {setting}, the network and its firewalls: nothing came back in time.",
    "login": "Log in: {login}.",
    "right": "Ask for the right to do this, or log in as another: {login}.",
}


def innermost(error: BaseException) -> str:
    """The words of the error that all others are about, on one line."""
    return next((message for link in reversed([*_chain(error)]) if (message := _line(str(link)))), type(error).__name__)


def remedy(
    error: BaseException | str,
    otherwise: str,
    *,
    what: str,
    setting: str,
    trust: str = "SSL_CERT_FILE",
    login: str = "",
    address: str = "",
) -> str:
    """What mends the innermost cause of an error.

    Args:
        error: as it was raised, or a program's words.
        otherwise: the remedy for what is none of these.
        what: is asked.
        setting: names its address.
        trust: names the authorities that are trusted.
        login: how a caller says who they are; empty: a refusal is none of these.
        address: of what is asked, if the client goes by HTTPS_PROXY and its like.
    """
    links = [error] if isinstance(error, str) else [f"{type(link).__name__}: {link}" for link in _chain(error)]
    cause = next((kind for kind, words in _KINDS.items() if re.search(words, "\n".join(links), re.I)), "")
    if not cause or (cause in ("login", "right") and not login):
        return otherwise
    proxy = " The way there is by the proxy of the environment: NO_PROXY takes it out." if proxy_of(address) else ""
    return _REMEDIES[cause].format(what=what, setting=setting, trust=trust, login=login) + (
        proxy if cause != "proxy" else ""
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what it is about, and so on: clients hide that in several places."""
    seen = set[int]()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        inside = (following.__cause__, getattr(following, "reason", None), *following.args, following.__context__)
        following = next((inner for inner in inside if isinstance(inner, BaseException)), None)


def _line(message: str) -> str:
    """Without the client's own objects in it (`<urllib3…>: `)."""
    return re.sub(r"^.*>: ", "", " ".join(message.split()))[:300]
