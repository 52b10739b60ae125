"""Small requests that are there at the same time are observed together: DuckDB takes nearly as long for one alone."""

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from earlybell.errors import RequestError
from earlybell.predict import Observed
from earlybell.predict.workspace import Workspace, groups
from earlybell.tables.codec import Instance

PATIENCE = 4  # rounds of the event loop in which nobody comes
_Waiting: TypeAlias = tuple[Sequence[Instance], asyncio.Future[list[Observed]]]


class Together:
    """Observes in the event loop, with a workspace of its own, whatever its requests ask until it runs again."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._waiting: list[_Waiting] = []

    async def observe(self, instances: Sequence[Instance]) -> list[Observed]:
        """Of a request, each of its instances as `Workspace.observe` does.

        Raises:
            RequestError: values of these cannot be computed with. Those of other requests do not matter.
        """
        loop = asyncio.get_running_loop()
        observed: asyncio.Future[list[Observed]] = loop.create_future()
        self._waiting.append((instances, observed))
        if len(self._waiting) == 1:
            loop.call_soon(self._wait, 1, PATIENCE)
        return await observed

    def _wait(self, before: int, patience: int) -> None:
        """Run as soon as nobody else comes: the event loop reads and parses a request in several rounds."""
        if patience:
            patience = PATIENCE if len(self._waiting) > before else patience - 1
            asyncio.get_running_loop().call_soon(self._wait, len(self._waiting), patience)
        else:
            self._run()

    def _run(self) -> None:
        waiting = [request for request in self._waiting if not request[1].done()]  # whose client has not gone away
        self._waiting = []
        try:
            observed = iter(self._observed([instance for instances, _ in waiting for instance in instances]))
            for instances, future in waiting:
                future.set_result([next(observed) for _ in instances])
        except RequestError:
            for request in waiting:
                self._alone(*request)
        except Exception as error:
            for _, future in waiting:
                future.set_exception(error)

    def _observed(self, instances: Sequence[Instance]) -> list[Observed]:
        return [observed for group in groups(instances) for observed in self._workspace.observe_all(group)]

    def _alone(self, instances: Sequence[Instance], future: "asyncio.Future[list[Observed]]") -> None:
        """One of them cannot be computed with: this one, or another."""
        try:
            future.set_result([self._workspace.observe(instance) for instance in instances])
        except Exception as error:
            future.set_exception(error)
