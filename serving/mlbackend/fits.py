"""Trainings and evaluations: a process each, so many at a time, and each with an end."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

from serving.mlbackend.metrics import FIT_SECONDS, FITS_ENDED, FITTING, WAITING
from serving.mlbackend.refusal import RefusedError
from serving.mlbackend.settings import Limits
from serving.mlbackend.tasks import RESULT, TASK, Result, Task

PASSWORD = "EARLYBELL_MLBACKEND_PASSWORD"  # noqa: S105 (the name of a variable)

_log = logging.getLogger("earlybell.mlbackend")


@asynccontextmanager
async def in_turn(lock: asyncio.Lock | asyncio.Semaphore, seconds: float) -> AsyncIterator[None]:
    """
    Raises:
        RefusedError: its turn does not come within so many seconds.
    """
    try:
        async with asyncio.timeout(seconds):
            await lock.acquire()
    except TimeoutError:
        reason = f"its turn did not come within {seconds:g} seconds: try again later"
        raise RefusedError(503, "busy", reason) from None
    try:
        yield
    finally:
        lock.release()


class Fits:
    """Runs tasks in turn."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._turns, self._waiting = limits, asyncio.Semaphore(limits.fits), 0

    async def run(self, task: Task, folder: Path) -> Result:
        """Do a task in a folder of its own.

        Raises:
            RefusedError: too many wait, or it takes too long, or its process failed.
        """
        async with self.turn(self._turns):
            began, outcome = time.monotonic(), "ended"
            FITTING.inc()
            try:
                result = await self._process(task, folder)
                outcome = "ok"
            except RefusedError as refusal:
                outcome = refusal.outcome
                raise
            finally:
                FITTING.dec()
                FIT_SECONDS.labels(task.kind).observe(time.monotonic() - began)
                FITS_ENDED.labels(task.kind, outcome).inc()
            return result

    @asynccontextmanager
    async def turn(self, lock: asyncio.Lock | asyncio.Semaphore) -> AsyncIterator[None]:
        """Wait, as one of so many, for what a training or an evaluation has.

        Raises:
            RefusedError: too many wait, or its turn does not come in time.
        """
        if self._waiting >= self._limits.waiting:
            raise RefusedError(503, "busy", f"{self._waiting} trainings and evaluations wait already: try again later")
        async with AsyncExitStack() as stack:
            with self._counted():
                await stack.enter_async_context(in_turn(lock, self._limits.fit_seconds))
            yield

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._waiting += 1
        WAITING.set(self._waiting)
        try:
            yield
        finally:
            self._waiting -= 1
            WAITING.set(self._waiting)

    async def _process(self, task: Task, folder: Path) -> Result:
        (folder / TASK).write_bytes(msgspec.json.encode(task))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "serving.mlbackend.fitting",
            str(folder),
            stdin=asyncio.subprocess.PIPE,  # held as long as this server lives
            env={name: value for name, value in os.environ.items() if name != PASSWORD},
        )
        try:
            async with asyncio.timeout(self._limits.fit_seconds):
                code = await process.wait()
        except TimeoutError:
            reason = f"it has not ended within {self._limits.fit_seconds:g} seconds: raise --max-seconds"
            raise RefusedError(504, "too slow", reason) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code:
            _log.error("a process that fits ended", extra={"kind": task.kind, "code": code})
            ended = f"by signal {-code}: was there too little memory?" if code < 0 else f"with exit code {code}"
            raise RefusedError(500, "defect", f"the process that fits ended {ended}; see the log of the back end")
        return msgspec.json.decode((folder / RESULT).read_bytes(), type=Result)
