"""Moodle's routes, as `lib/mlbackend/python/classes/processor.php` asks them."""

import asyncio
import io
import lzma
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct, structs
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

from earlybell.errors import BundleError, RequestError
from serving.mlbackend import metrics
from serving.mlbackend.card import Model, check_model
from serving.mlbackend.dataset import Rows, read_labelled, read_unlabelled, write_rows
from serving.mlbackend.fits import Fits, in_turn
from serving.mlbackend.gate import HEALTH, ROUTES
from serving.mlbackend.refusal import RefusedError
from serving.mlbackend.settings import Settings
from serving.mlbackend.store import ModelFolder, Store, check_head
from serving.mlbackend.tasks import ERROR, LOG, MODEL, NO_DATASET, OK, Result, Task

VERSION = "3.0.5"  # of the protocol; Moodle takes from 3.0.5 to below 4
AT_ONCE = 4  # data sets that are read, or predicted, at a time: each is held in memory
_FIELDS = 20  # of a request; Moodle sends six
_HALF = 0.5
_ZIP_BYTES = 512 * 2**20  # of a model that is imported, unpacked


class Answer(Struct, omit_defaults=True):
    """What Moodle reads of an answer; it shows `errors` where the status is not 0.

    Attributes:
        predictions: for each sample its id, its class, and the probability of that class.
        runid: of an evaluation, for the question after its log.
    """

    status: int
    info: tuple[str, ...]
    errors: tuple[str, ...] = ()
    predictions: list[tuple[str, str, str]] | None = None
    score: float | None = None
    deviation: float | None = None
    auc: float | None = None
    brier: float | None = None
    base_rate: float | None = None
    runid: int | None = None

    def response(self) -> Response:
        # `info` has no default, so that it is never left out.
        return Response(msgspec.json.encode(self), media_type="application/json")


@dataclass(frozen=True)
class Failure:
    """A training that failed, and the state of the rows that it was for."""

    state: str
    refusal: RefusedError | None = None


class Backend:
    """The routes, over a store of models."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._limits, self._store = settings.limits, store
        self._fits, self._at_once = Fits(settings.limits), asyncio.Semaphore(AT_ONCE)
        # Of each model that is asked: one training at a time; and, for a moment each, one that changes its files.
        self._training, self._writing = (defaultdict[str, asyncio.Lock](asyncio.Lock) for _ in range(2))
        self._deletions = Counter[str]()
        self._failures: dict[str, Failure] = {}

    def app(self) -> Router:
        """The routes, without what stands before them and answers for what they raise."""
        paths = {**ROUTES, **HEALTH}
        handlers = {path: getattr(self, path.partition("/")[0].replace("import", "import_")) for path in paths}
        routes = [Route(f"/{path}", handlers[path], methods=list(methods)) for path, methods in paths.items()]
        return Router(routes, redirect_slashes=False)

    async def version(self, request: Request) -> Response:
        return PlainTextResponse(VERSION)

    async def health(self, request: Request) -> Response:
        if request.url.path.endswith("ready"):
            await asyncio.to_thread(self._store.check)
        return PlainTextResponse("ok")

    async def metrics(self, request: Request) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def training(self, request: Request) -> Response:
        """Rows are kept first, whatever becomes of the training: Moodle does not read a sample a second time."""
        async with self._asked(request) as form:
            kept = self._kept(form)
            try:
                async with self._rows(form, read_labelled, request) as rows:
                    if not len(rows):
                        return _answer(Result(NO_DATASET, ("The data set has no rows.",)), request)
                    async with self._changing(kept.uniqueid):
                        await asyncio.to_thread(kept.add, rows, self._limits.rows)
                    del rows
                async with self._fits.turn(self._training[str(kept.onnx)]):
                    result = await self._train(kept)
            except RequestError as error:
                return _refusal(request, error)
            return _answer(result, request)

    async def prediction(self, request: Request) -> Response:
        async with self._asked(request) as form:
            kept = self._kept(form)
            try:
                await self._catch_up(kept)
                async with self._rows(form, read_unlabelled, request) as rows:
                    if not kept.onnx.exists():
                        return _answer(Result(NO_DATASET, ("The model has not been trained yet.",)), request)
                    predictions = await asyncio.to_thread(_predictions, rows, kept.onnx)
            except BundleError:
                unreadable = "The model cannot be read: train it again, or import it."
                return _answer(Result(NO_DATASET, (unreadable,)), request)
            except RequestError as error:
                return _refusal(request, error)
            _note(request, OK)
            return Answer(OK, (), predictions=predictions).response()

    async def evaluation(self, request: Request) -> Response:
        """Its answer always names a run: Moodle asks for the log of it, whatever the status is."""
        async with self._asked(request) as form:
            kept, trained = self._kept(form), _field(form, "trainedmodeldirhash")
            task = Task(
                "evaluate",
                (),
                iterations=int(_number(form, "niterations", 10, 1, 100)),
                least_score=_number(form, "minscore", 0.7, 0, 1),
                most_deviation=_number(form, "maxdeviation", 0.05, 0, 1),
            )
            model = self._store.model(_field(form, "uniqueid"), trained) if trained else None
            with self._store.scratch() as folder:
                try:
                    async with self._rows(form, read_labelled, request) as rows:
                        path = await asyncio.to_thread(_to_evaluate, rows, model, folder)
                        del rows
                    trained = str(model.onnx) if model is not None else ""
                    result = await self._fits.run(structs.replace(task, parts=(str(path),), trained=trained), folder)
                except RequestError as error:
                    result = Result(ERROR, (str(error),), score=0.0)
                    _log_of_refusal(folder / LOG, str(error))
                async with self._changing(kept.uniqueid):
                    run = await asyncio.to_thread(kept.add_run, folder / LOG)
            return _answer(result, request, run)

    async def evaluationlog(self, request: Request) -> Response:
        return _file(self._asked_for(request).run(request.query_params.get("runid", "")))

    async def export(self, request: Request) -> Response:
        """The model, and none of the rows that it was fitted to."""
        onnx = self._asked_for(request).onnx
        if not onnx.exists():
            raise RefusedError(404, "not found", "this model has not been trained")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(onnx, MODEL)
        return Response(out.getvalue(), media_type="application/zip")

    async def import_(self, request: Request) -> Response:
        async with self._asked(request) as form:
            kept, upload = self._kept(form), _upload(form, "importzip")
            with self._store.scratch() as folder:
                await asyncio.to_thread(_unpack, upload.file, folder / MODEL)
                await asyncio.to_thread(check_model, folder / MODEL)
                async with self._changing(kept.uniqueid):
                    await asyncio.to_thread(kept.publish, folder / MODEL)
        return PlainTextResponse("Ok")

    async def deletemodel(self, request: Request) -> Response:
        async with self._asked(request) as form:
            uniqueid = _field(form, "uniqueid")
            async with self._changing(uniqueid):
                await asyncio.to_thread(self._store.delete, uniqueid)
                self._deletions[uniqueid] += 1
        return PlainTextResponse("Ok")

    @asynccontextmanager
    async def _asked(self, request: Request) -> AsyncIterator[FormData]:
        """What a form says; its files are gone afterwards."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("multipart/form-data", "application/x-www-form-urlencoded"):
            raise RefusedError(
                400, "bad request", f"content-type {kind[:80]!r}: send multipart/form-data, as Moodle does"
            )
        async with request.form(max_files=1, max_fields=_FIELDS) as form:
            yield form

    def _kept(self, form: FormData) -> ModelFolder:
        return self._store.model(_field(form, "uniqueid"), _field(form, "dirhash"))

    def _asked_for(self, request: Request) -> ModelFolder:
        query = request.query_params
        return self._store.model(query.get("uniqueid", ""), query.get("dirhash", ""))

    def _changing(self, uniqueid: str) -> AbstractAsyncContextManager[None]:
        """Alone with the files of a model: no longer than a disk takes, so that a deletion waits for no training."""
        return in_turn(self._writing[uniqueid], self._limits.fit_seconds)

    @asynccontextmanager
    async def _rows(self, form: FormData, read: Callable[[BinaryIO], Rows], request: Request) -> AsyncIterator[Rows]:
        """What is sent, in memory: so many at a time, none of which waits for a training. Its file goes at once."""
        upload = _upload(form, "dataset")
        async with in_turn(self._at_once, self._limits.fit_seconds):
            rows = await asyncio.to_thread(read, upload.file)
            await upload.close()
            request.state.noted = {"samples": len(rows)}
            metrics.SAMPLES.labels(request.url.path.strip("/")).inc(len(rows))
            yield rows

    async def _catch_up(self, kept: ModelFolder) -> None:
        """Train a model whose last training did not end, as by `kill -9`. Where it fails, the model before it stays.

        What failed is not tried again with the same rows: each prediction would wait for it to fail.
        """
        async with self._fits.turn(self._training[str(kept.onnx)]):
            async with self._changing(kept.uniqueid):
                behind, state = await asyncio.to_thread(_behind, kept), kept.state
            if not behind:
                return
            failure = self._failures.get(str(kept.onnx))
            try:
                if failure is None or failure.state != state:
                    await self._train(kept)
                elif failure.refusal is not None:
                    raise replace(failure.refusal)
            except RefusedError:
                if not kept.onnx.exists():
                    raise

    async def _train(self, kept: ModelFolder) -> Result:
        """Fit a model to all its rows. Rows may come meanwhile: it is behind them then."""
        name, deletions = str(kept.onnx), self._deletions[kept.uniqueid]
        async with self._changing(kept.uniqueid):
            state, parts = kept.state, tuple(map(str, kept.parts))
        if not parts:
            raise _deleted()
        with self._store.scratch() as folder:
            try:
                result = await self._fits.run(Task("train", parts, state), folder)
            except RefusedError as refusal:
                if refusal.outcome != "busy":
                    self._failures[name] = Failure(state, replace(refusal))
                raise
            finally:
                if self._deletions[kept.uniqueid] != deletions:  # what the fit says, or how it failed, is of no model
                    raise _deleted()
            if result.status != OK:
                self._failures[name] = Failure(state)
                return result
            async with self._changing(kept.uniqueid):
                if self._deletions[kept.uniqueid] != deletions:
                    raise _deleted()
                await asyncio.to_thread(kept.publish, folder / MODEL)
            self._failures.pop(name, None)
            return result


def _deleted() -> RefusedError:
    return RefusedError(409, "deleted", "the model was deleted while it was trained")


def _to_evaluate(rows: Rows, model: ModelFolder | None, folder: Path) -> Path:
    """A file of rows, for the process that evaluates.

    Raises:
        RequestError: there are none, or the trained model cannot be asked about them.
    """
    if not len(rows):
        raise RequestError("data set", "0 rows", "There is nothing to evaluate.")
    if model is not None:
        try:
            check_head(rows.head, Model(model.onnx).card.head)
        except BundleError:
            state = "unreadable" if model.onnx.exists() else "none"
            raise RequestError("trained model", state, "Train or import it first.") from None
    path = folder / "rows.parquet"
    write_rows(rows, path)
    return path


def _behind(kept: ModelFolder) -> bool:
    """Whether there are rows that the model was not fitted to. One that was imported has none."""
    state = kept.state
    try:
        return bool(state) and Model(kept.onnx).card.state != state
    except BundleError:  # there is none yet, or its file was damaged
        return True


def _predictions(rows: Rows, onnx: Path) -> list[tuple[str, str, str]]:
    model = Model(onnx)
    check_head(rows.head, model.card.head)
    return answers(rows.samples, model.risk(rows.values).tolist())


def answers(samples: Sequence[str], risks: Sequence[float]) -> list[tuple[str, str, str]]:
    """As Moodle reads them, with all digits: it shows what is .6 or more, and rounding could make .6 of less."""
    classes = [("1", risk) if risk > _HALF else ("0", 1 - risk) for risk in risks]
    return [(sample, kind, repr(p)) for sample, (kind, p) in zip(samples, classes, strict=True)]


def _answer(result: Result, request: Request, run: int | None = None) -> Response:
    _note(request, result.status)
    fields = {name: getattr(result, name) for name in ("score", "deviation", "auc", "brier", "base_rate")}
    errors = result.info if result.status else ()
    return Answer(result.status, result.info, errors, runid=run, **fields).response()


def _refusal(request: Request, error: RequestError) -> Response:
    """A data set that cannot be used, as Moodle shows it."""
    _note(request, ERROR)
    return Answer(ERROR, (), (str(error),)).response()


def _note(request: Request, status: int) -> None:
    """For the log and the metrics: a bad data set is answered with HTTP's 200, as Moodle wants it."""
    noted = getattr(request.state, "noted", {})
    request.state.noted = noted | {"moodle_status": status} | ({"outcome": f"status {status}"} if status else {})


def _field(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _number(form: FormData, name: str, usual: float, least: float, most: float) -> float:
    text = _field(form, name)
    try:
        value = float(text) if text else usual
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise RequestError(name, repr(text[:80]), f"It must be a number from {least:g} to {most:g}.")
    return value


def _upload(form: FormData, name: str) -> UploadFile:
    upload = form.get(name)
    if not isinstance(upload, UploadFile):
        raise RequestError("file", name, "It is missing in the request, or is no file.")
    return upload


def _unpack(file: BinaryIO, out: Path) -> None:
    """
    Raises:
        RequestError: it is no archive with one model.
    """
    way_out = f"It must be a ZIP archive with one {MODEL}, as this back end exports it."
    try:
        with zipfile.ZipFile(file) as archive:
            members = [entry for entry in archive.infolist() if Path(entry.filename).name == MODEL]
            if len(members) != 1 or members[0].file_size > _ZIP_BYTES:
                raise RequestError("importzip", f"{len(members)} models", way_out)
            with archive.open(members[0]) as packed, out.open("wb") as unpacked:
                left = _ZIP_BYTES
                while left > 0 and (piece := packed.read(1 << 20)):
                    left -= len(piece)
                    unpacked.write(piece)
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
    ) as error:
        raise RequestError("importzip", repr(str(error)[:80]), way_out) from None


def _log_of_refusal(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("evaluation.txt", text)


def _file(path: Path) -> Response:
    if not path.is_file():
        raise RefusedError(404, "not found", "there is no such run: the back end keeps the last ones of a model")
    return FileResponse(path, media_type="application/zip")
