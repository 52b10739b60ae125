"""Whatever is asked: the right status, an error that names the field and the value, and the server goes on."""

import httpx

from tests.serving.running import Server


def test_server_is_up(server: Server) -> None:
    assert httpx.get(f"{server.url}/v2/health/live", trust_env=False).json() == {"live": True}
