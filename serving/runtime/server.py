"""KServe's own server with ours around it: the guard, the metrics of all workers, the OpenAPI document, an address."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from socket import socket
from typing import Any

import msgspec
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from grpc_interceptor.exceptions import Unavailable
from kserve import InferRequest, ModelServer
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from kserve.protocol.dataplane import DataPlane
from msgspec import Struct

from earlybell.errors import RequestError
from serving.runtime import adapter, metrics, openapi, vector
from serving.runtime.admission import NOT_READY, RefusedError, current
from serving.runtime.guard import JSON_LENGTH, Guard
from serving.runtime.mirror import Mirror
from serving.runtime.model import LearnerRisk, TooSlowError
from serving.runtime.protocol import Http
from serving.runtime.rpc import GrpcServer
from serving.runtime.settings import MODEL_NAME, Settings, check_free

GRACE_SECONDS = 30  # to finish what was begun, when it ends

_log = logging.getLogger("kserve")


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then stop accepting, finish what was begun, flush the trail.

    Raises:
        BundleError: the bundle cannot be served.
        TrailError: the audit trail cannot be opened.
        SettingError: the tokens cannot be read.
    """
    for port in (settings.http_port, settings.grpc_port):
        check_free(settings.host, port)
    model = LearnerRisk(settings)
    try:
        server = _server(settings)
        rest = _RestServer(server, settings)
        served = adapter.Workers(rest, metrics.forget) if settings.workers > 1 else rest
        adapter.run(server, [model], served, GrpcServer(server, settings) if server.enable_grpc else None)
    finally:
        model.close()


def _server(settings: Settings) -> ModelServer:
    server = ModelServer(
        http_port=settings.http_port,
        grpc_port=settings.grpc_port,
        workers=settings.workers,
        enable_grpc=settings.grpc_port > 0,
        enable_latency_logging=False,
        grace_period=GRACE_SECONDS,
    )
    server.dataplane = _DataPlane(model_registry=server.registered_models)
    return server


class _DataPlane(DataPlane):  # type: ignore[misc]
    def decode_inference_request(self, body: bytes, headers: dict[str, str], model_name: str) -> InferRequest:
        try:
            return vector.decoded(body, int(headers[JSON_LENGTH]), model_name)
        except RequestError as error:
            raise InvalidInput(str(error)) from None


class _RestServer(adapter.Rest):
    """KServe's routes behind the guard. Worker processes get a copy of it, and load the model anew."""

    def __init__(self, server: ModelServer, settings: Settings) -> None:
        super().__init__(server, settings.host, Http)
        self._settings = settings

    @property
    def _model(self) -> LearnerRisk:
        model: LearnerRisk = self.dataplane.model_registry.get_model(MODEL_NAME)
        return model

    def run(self, sockets: list[socket] | None = None) -> None:
        """In a worker process."""
        _end_with_parent()
        model = self._model
        try:
            super().run(sockets)
        finally:
            model.close()

    def add_middlewares(self, app: FastAPI) -> None:
        settings = self._settings
        logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # a line a request; the metrics count them
        app.add_middleware(
            Guard,
            access=self._model.access,
            limits=settings.limits,
            version=self._model.version,
            mirror=Mirror(settings.mirror, settings.mirror_token) if settings.mirror else None,
        )

    def add_routes(self, app: FastAPI) -> None:
        ours = {"/v1/models/{name}:predict": self._predict, "/v1/models/{name}:explain": self._explain}
        for path, answer in (ours | {"/v2/models/{name}/infer": self._infer}).items():
            app.add_route(path, answer, methods=["POST"])  # Starlette's: FastAPI's look for what a handler needs
        app.add_route("/metrics", self._metrics, methods=["GET"])
        document = openapi.document(self._model.bundle)
        app.openapi = lambda: document  # type: ignore[method-assign]

    def add_exception_handlers(self, app: FastAPI) -> None:
        """KServe's own write what was wrong with a request to the log, and FastAPI's have a form of their own."""
        for kind, status in _STATUS.items():
            app.add_exception_handler(kind, _handler(status))
        app.add_exception_handler(RefusedError, _refused)
        app.add_exception_handler(Exception, _defect)

    async def _predict(self, request: Request) -> Response:
        name = await self._ready(request)
        return _written((await self.dataplane.infer(name, await _body(request), dict(request.headers)))[0])

    async def _explain(self, request: Request) -> Response:
        name = await self._ready(request)
        return _written((await self.dataplane.explain(name, await _body(request), dict(request.headers)))[0])

    async def _infer(self, request: Request) -> Response:
        name = await self._ready(request)
        headers = dict(request.headers)
        infer_request = self.dataplane.decode_inference_request(await request.body(), headers, name)
        answer, json_length = (await self.dataplane.infer(name, infer_request, headers))[0].to_rest()
        if json_length is None:
            return _json(answer)
        return Response(answer, headers={JSON_LENGTH: str(json_length)}, media_type="application/octet-stream")

    async def _ready(self, request: Request) -> str:
        """The name of the model that is asked, if it is ready; else KServe would load it again."""
        name = str(request.path_params["name"])
        if not await self.dataplane.model_ready(name, disable_predictor_health_check=True):
            current().outcome = NOT_READY
            raise ModelNotReady(name)
        return name

    async def _metrics(self, _: Request) -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _end_with_parent() -> None:
    """A worker whose parent is gone, as by `kill -9`, ends as by SIGTERM: nobody else would tell it."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(GRACE_SECONDS)
            os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


async def _body(request: Request) -> Any:
    """What the JSON of a V1 request says."""
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"Unrecognized request format: {error}") from None


def _written(answer: Struct) -> Response:
    """An answer of V1."""
    return Response(msgspec.json.encode(answer), media_type="application/json")


def _json(answer: object) -> Response:
    """What KServe says."""
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


_STATUS = {InvalidInput: 400, ModelNotFound: 404, ModelNotReady: 503, Unavailable: 503, TooSlowError: 504}


def _handler(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        reason = getattr(error, "details", None) or str(error)
        return JSONResponse({"error": reason}, status)

    return answer


async def _refused(request: Request, error: Exception) -> Response:
    status, reason = (error.status, error.reason) if isinstance(error, RefusedError) else (500, str(error))
    return JSONResponse({"error": reason}, status)


async def _defect(request: Request, error: Exception) -> Response:
    _log.error("a defect of ours", exc_info=error)
    return JSONResponse({"error": f"a defect of ours ({type(error).__name__}); it is in the log"}, 500)
