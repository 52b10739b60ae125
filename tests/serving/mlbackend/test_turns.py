"""Who waits for whom, and for how long: the routes in this process, with fits that end when a test says so."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import httpx
import pytest

from serving.mlbackend.dataset import Rows, read_labelled, read_unlabelled
from serving.mlbackend.fits import Fits
from serving.mlbackend.gate import Gate
from serving.mlbackend.refusal import RefusedError
from serving.mlbackend.routes import AT_ONCE, Backend
from serving.mlbackend.settings import Limits, Settings
from serving.mlbackend.store import ModelFolder, Store
from serving.mlbackend.tasks import Result, Task
from tests.serving.mlbackend.moodle import DIRHASH, SECRET, UNIQUEID, USER, course, labelled, unlabelled

DATA, NOW = labelled(course(12, 0.5, seed=1)), unlabelled(course(4, 0.5, seed=2))


@dataclass
class Site:
    """A back end whose fits wait for `ended`, and then are refused or not.

    Attributes:
        fits: the tasks that were begun.
        read: how often a data set was read.
    """

    client: httpx.AsyncClient
    store: Store
    ended: asyncio.Event
    fits: list[Task] = field(default_factory=list)
    refusal: RefusedError | None = None
    read: int = 0

    async def ask(self, route: str, data: bytes = DATA, **fields: str) -> httpx.Response:
        files = {"dataset": ("1.csv", data, "application/octet-stream")}
        asked = {"uniqueid": UNIQUEID, "dirhash": DIRHASH} | fields
        return await self.client.post(f"/{route}", data=asked, files=files)

    async def fitting(self, count: int = 1) -> None:
        async with asyncio.timeout(30):
            while len(self.fits) < count:
                await asyncio.sleep(0.005)

    @property
    def model(self) -> ModelFolder:
        return self.store.model(UNIQUEID, DIRHASH)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Site], Awaitable[None]], Limits], None]:
    @asynccontextmanager
    async def started(limits: Limits) -> AsyncIterator[Site]:
        settings = Settings(tmp_path / "models", USER, SECRET, limits=limits)
        store = Store(settings.folder)
        transport = httpx.ASGITransport(Gate(Backend(settings, store).app(), settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://test", auth=(USER, SECRET)) as client:
            site = Site(client, store, asyncio.Event())

            async def process(fits: Fits, task: Task, folder: Path) -> Result:
                site.fits.append(task)
                await site.ended.wait()
                if site.refusal is not None:
                    raise site.refusal
                (folder / "model.onnx").write_bytes(b"model")
                (folder / "log.zip").write_bytes(b"log")
                return Result(0)

            def reading(read: Callable[[BinaryIO], Rows]) -> Callable[..., Rows]:
                def counted(file: BinaryIO) -> Rows:
                    site.read += 1
                    return read(file)

                return counted

            monkeypatch.setattr(Fits, "_process", process)
            monkeypatch.setattr("serving.mlbackend.routes.read_labelled", reading(read_labelled))
            monkeypatch.setattr("serving.mlbackend.routes.read_unlabelled", reading(read_unlabelled))
            yield site
        store.close()

    def run(test: Callable[[Site], Awaitable[None]], limits: Limits) -> None:
        async def main() -> None:
            async with asyncio.timeout(60), started(limits) as site:
                await test(site)

        asyncio.run(main())

    return run


Run = Callable[[Callable[[Site], Awaitable[None]], Limits], None]


def test_who_waits_for_a_training_of_the_same_model_waits_no_longer_than_a_fit_may(run: Run) -> None:
    async def test(site: Site) -> None:
        first = asyncio.create_task(site.ask("training"))
        await site.fitting()
        for route, data in (("prediction", NOW), ("training", DATA)):
            answer = await site.ask(route, data)
            assert (answer.status_code, answer.text) == (
                503,
                "its turn did not come within 0.2 seconds: try again later",
            )
        site.ended.set()
        assert (await first).status_code == 200
        assert len(site.model.parts) == 1  # the same rows again, in their own place

    run(test, Limits(fit_seconds=0.2))


def test_it_counts_among_those_that_wait(run: Run) -> None:
    async def test(site: Site) -> None:
        first = asyncio.create_task(site.ask("training"))
        await site.fitting()
        second = asyncio.create_task(site.ask("prediction", NOW))
        await asyncio.sleep(0.1)
        answer = await site.ask("prediction", NOW)
        assert (answer.status_code, answer.text[:16]) == (503, "1 trainings and ")
        site.ended.set()
        await asyncio.gather(first, second)

    run(test, Limits(waiting=1))


def test_a_prediction_that_waits_holds_no_rows_and_others_are_read_meanwhile(run: Run) -> None:
    async def test(site: Site) -> None:
        first = asyncio.create_task(site.ask("training"))
        await site.fitting()
        waiting = [asyncio.create_task(site.ask("prediction", NOW)) for _ in range(AT_ONCE + 1)]
        await asyncio.sleep(0.1)
        assert site.read == 1
        other = await site.ask("prediction", NOW, uniqueid="1" * 40)
        assert other.json()["status"] == 2
        site.ended.set()
        await asyncio.gather(first, *waiting)

    run(test, Limits())


@pytest.mark.parametrize("route", ["training", "evaluation"])
def test_while_a_fit_is_waited_for_nothing_of_the_upload_is_left(
    run: Run, route: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("starlette.formparsers.MultiPartParser.spool_max_size", 1)

    def uploads() -> list[str]:
        """Files without a name, as uploads are, below the folder for them."""
        links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return [link for link in links if link.startswith(str(tmp_path)) and link.endswith("(deleted)")]

    async def test(site: Site) -> None:
        asking = asyncio.create_task(site.ask(route))
        await site.fitting()
        assert not uploads()
        site.ended.set()
        assert (await asking).json()["status"] == 0

    run(test, Limits())


def test_rows_that_could_not_be_fitted_are_not_fitted_again_for_each_prediction(run: Run) -> None:
    async def test(site: Site) -> None:
        site.ended.set()
        site.refusal = RefusedError(504, "too slow", "it has not ended")
        assert (await site.ask("training")).status_code == 504
        for _ in range(2):
            answer = await site.ask("prediction", NOW)
            assert (answer.status_code, answer.text) == (504, "it has not ended")
        assert len(site.fits) == 1
        assert (await site.ask("training", labelled(course(8, 0.5, seed=3)))).status_code == 504
        assert len(site.fits) == 2  # other rows are tried

    run(test, Limits())


def test_a_deletion_waits_for_no_fit_but_for_a_write(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(site: Site) -> None:
        loop, publishing, go_on = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        publish = ModelFolder.publish

        def slow(kept: ModelFolder, onnx: Path) -> None:
            loop.call_soon_threadsafe(publishing.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(30)
            publish(kept, onnx)

        monkeypatch.setattr(ModelFolder, "publish", slow)
        site.ended.set()
        training = asyncio.create_task(site.ask("training"))
        await publishing.wait()
        deleting = asyncio.create_task(site.ask("deletemodel"))
        await asyncio.sleep(0.1)
        assert not deleting.done()
        go_on.set()
        assert [(await asked).status_code for asked in (training, deleting)] == [200, 200]
        assert not site.model.onnx.exists()  # it did not come back behind the deletion

    run(test, Limits())


def test_rows_that_come_amid_a_training_are_kept_and_learned_next(run: Run) -> None:
    async def test(site: Site) -> None:
        first = asyncio.create_task(site.ask("training"))
        await site.fitting()
        second = asyncio.create_task(site.ask("training", labelled(course(8, 0.5, seed=3))))
        while len(site.model.parts) < 2:
            await asyncio.sleep(0.005)
        site.ended.set()
        assert [answer.json()["status"] for answer in await asyncio.gather(first, second)] == [0, 0]
        assert [len(task.parts) for task in site.fits] == [1, 2]

    run(test, Limits())
