"""The proxy of the environment for an address, as kubectl and other Go programs choose it: sites set it for them."""

import os
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def proxy_of(address: str) -> str:
    """What HTTP_PROXY or HTTPS_PROXY names, also in lower case; empty for this machine and what NO_PROXY names.

    Entries of NO_PROXY are hosts with all below them (`campus.example`), those below alone (`.campus.example`),
    addresses, networks (`10.0.0.0/8`), each with a port or without, and `*`.
    """
    parts = urlsplit(address)
    host, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)
    if not host or host == "localhost" or _inside(host, "127.0.0.0/8") or _inside(host, "::1"):
        return ""
    if any(_names(entry.strip().lower(), host, port) for entry in _variable("no").split(",") if entry.strip()):
        return ""
    return _variable(parts.scheme)


def _variable(name: str) -> str:
    return os.environ.get(f"{name}_proxy".upper()) or os.environ.get(f"{name}_proxy") or ""


def _names(entry: str, host: str, port: int) -> bool:
    if entry == "*" or _inside(host, entry):
        return True
    name, colon, only = entry.rpartition(":")
    if colon and only.isdigit():
        if int(only) != port:
            return False
        entry = name.strip("[]")
    entry = entry.removeprefix("*")
    return _inside(host, entry) or host == entry or host.endswith(entry if entry.startswith(".") else f".{entry}")


def _inside(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
