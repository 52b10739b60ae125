"""Copies of requests for a challenger, off the critical path: bounded, and its answers are thrown away."""

import asyncio
import logging

import httpx

from serving.runtime.metrics import MIRRORED

WAITING, WAITING_BYTES = 100, 64 * 2**20  # copies, and what they hold; more are dropped and counted
SECONDS = 10.0  # for a challenger to answer

_log = logging.getLogger("kserve")


class Mirror:
    """Sends what it is given to the same path at another address, one at a time, in the order given."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self._token = address.rstrip("/"), token
        self._queue: asyncio.Queue[tuple[str, bytes, dict[str, str]]] = asyncio.Queue()
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None

    def send(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        """Leave a copy to be sent; returns at once."""
        self._task = self._task or asyncio.create_task(self._run())
        if self._queue.qsize() >= WAITING or self._bytes + len(body) > WAITING_BYTES:
            MIRRORED.labels("dropped").inc()
            return
        self._bytes += len(body)
        self._queue.put_nowait((path, body, headers))

    async def _run(self) -> None:
        # No proxy of the environment, but its authorities: SSL_CERT_FILE.
        verify = httpx.create_ssl_context()
        async with httpx.AsyncClient(timeout=SECONDS, verify=verify, trust_env=False) as client:
            while True:
                path, body, headers = await self._queue.get()
                MIRRORED.labels(await self._copy(client, path, body, headers)).inc()
                self._bytes -= len(body)

    async def _copy(self, client: httpx.AsyncClient, path: str, body: bytes, headers: dict[str, str]) -> str:
        if self._token:
            headers = headers | {"authorization": f"Bearer {self._token}"}
        try:
            async with asyncio.timeout(SECONDS):  # httpx counts for each part of the answer anew
                response = await client.post(f"{self._address}{path}", content=body, headers=headers)
        except Exception as error:  # whatever is wrong with a copy: the next one is sent all the same
            _log.warning("mirror: %s did not answer: %s", self._address, type(error).__name__)
            return "failed"
        return "answered" if response.is_success else "refused"
